"""The rail at the left: the areas of the program."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from dsm_desktop.ui import theme
from dsm_desktop.ui.icons import pixmap
from dsm_desktop.ui.theme import SPACE, ui_font

_WIDTH = 76
_HEIGHT = 62


class AreaButton(QAbstractButton):
    """Icon above word; the chosen one has a bar at its edge and bold words, so that colour is not all."""

    aside = Signal()

    def __init__(self, title: str, icon_name: str, shortcut: str) -> None:
        super().__init__()
        self._icon = icon_name
        self.badge = 0
        self.setText(title)
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setToolTip(f"{title} ({shortcut})")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        words = QFontMetrics(ui_font(step=-1, bold=True))
        return QSize(
            max(_WIDTH, words.horizontalAdvance(self.text()) + 2 * SPACE), max(_HEIGHT, words.height() + 48)
        )

    def set_badge(self, count: int) -> None:
        """A number that asks to be looked at; 0 = none."""
        if count != self.badge:
            self.badge = count
            self.setAccessibleDescription(f"{count} waiting for you" if count else "")
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        with_ctrl = (
            event.button() == Qt.MouseButton.LeftButton
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        )
        if with_ctrl or event.button() == Qt.MouseButton.MiddleButton:
            event.accept()
            self.aside.emit()
        else:
            super().mousePressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.look()
        area = self.rect()
        chosen = self.isChecked()
        if chosen or self.underMouse():
            ground = QColor(look.highlight)
            ground.setAlpha(40 if chosen else 20)
            painter.fillRect(area, ground)
        if chosen:
            painter.fillRect(QRect(0, 0, 4, area.height()), QColor(look.highlight))
        colour = look.link if chosen else look.rail_text
        picture = pixmap(self._icon, 24, colour, self.devicePixelRatioF())
        painter.drawPixmap((area.width() - 24) // 2, 10, picture)
        painter.setFont(ui_font(step=-1, bold=chosen))
        painter.setPen(QColor(colour))
        painter.drawText(QRect(0, 36, area.width(), 20), Qt.AlignmentFlag.AlignCenter, self.text())
        if self.hasFocus():
            painter.setPen(QColor(look.link))
            painter.drawRect(area.adjusted(5, 1, -2, -2))
        if self.badge:
            self._paint_badge(painter, look)

    def _paint_badge(self, painter: QPainter, look: theme.Look) -> None:
        spot = QRect(self.width() // 2 + 6, 4, 22, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.critical))
        painter.drawRoundedRect(spot, 8, 8)
        painter.setPen(QColor(look.base))
        painter.setFont(ui_font(step=-2, bold=True))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, str(min(self.badge, 99)))


class NavigationRail(QWidget):
    """`chosen(key)` when an area is picked, `aside(key)` with Ctrl or the middle button: in a tab of its own."""

    chosen = Signal(str)
    aside = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Areas")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, AreaButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, SPACE, 0, SPACE)
        self._column.setSpacing(2)
        self._column.addStretch()

    def add(self, key: str, title: str, icon_name: str, shortcut: str) -> None:
        button = AreaButton(title, icon_name, shortcut)
        button.clicked.connect(lambda: self.chosen.emit(key))
        button.aside.connect(lambda: self.aside.emit(key))
        self._buttons[key] = button
        self._group.addButton(button)
        self._column.insertWidget(self._column.count() - 1, button)

    def mark(self, key: str) -> None:
        self._buttons[key].setChecked(True)

    def badge(self, key: str, count: int) -> None:
        self._buttons[key].set_badge(count)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.look().rail))
        painter.setPen(QColor(theme.look().border))
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
