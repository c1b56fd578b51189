"""A field of tiles in sections: ten thousand servers in one look, drawn only where they are in sight."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip

from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.painting.sparkline import paint_mark
from dsm_desktop.ui.theme import SPACE, ui_font

ZOOMS = (QSize(20, 20), QSize(58, 30), QSize(118, 44), QSize(176, 62))
_HEAD = 30
_GAP = 4
_KEPT = 800  # tiles; more than three windows full


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the servers under it."""

    title: str
    rows: Sequence[ServerRow]


class TileField(QAbstractScrollArea):
    """`opened(server id)` on click, Enter or Space. Arrow keys go from tile to tile, plus and minus zoom."""

    opened = Signal(int)
    zoomed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._sections: Sequence[Section] = ()
        self._tops: list[int] = []
        self._starts: list[int] = []
        self._rows: list[ServerRow] = []
        self._zoom = 2
        self._pictures: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
        self.current = -1
        self.setAccessibleName("Fleet as tiles")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)

    @property
    def rows(self) -> list[ServerRow]:
        """All servers in the order they are drawn."""
        return list(self._rows)

    @property
    def zoom(self) -> int:
        return self._zoom

    def set_zoom(self, zoom: int) -> None:
        """0 = marks only … 3 = name, model, draw."""
        zoom = min(max(zoom, 0), len(ZOOMS) - 1)
        if zoom != self._zoom:
            self._zoom = zoom
            self._measure()
            self.zoomed.emit(zoom)
            self.reveal(self.current)

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Everything anew; the current tile stays on its server."""
        kept = self._rows[self.current].id if 0 <= self.current < len(self._rows) else None
        self._sections = sections
        self._rows = [row for section in sections for row in section.rows]
        self.current = next((n for n, row in enumerate(self._rows) if row.id == kept), -1)
        self._measure()

    # -- places -------------------------------------------------------------------------------------------------

    @property
    def _tile(self) -> QSize:
        return ZOOMS[self._zoom]

    @property
    def _per_line(self) -> int:
        return max(1, (self.viewport().width() - 2 * SPACE + _GAP) // (self._tile.width() + _GAP))

    def _measure(self) -> None:
        """The top of every section and the length of the whole."""
        top, start = SPACE, 0
        self._tops, self._starts = [], []
        for section in self._sections:
            self._tops.append(top)
            self._starts.append(start)
            lines = -(-len(section.rows) // self._per_line)
            top += _HEAD + lines * (self._tile.height() + _GAP) + SPACE
            start += len(section.rows)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, top - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._tile.height() + _GAP)
        self.viewport().update()

    def place(self, number: int) -> QRect:
        """Where a tile is in the whole picture."""
        section = bisect_right(self._starts, number) - 1
        line, column = divmod(number - self._starts[section], self._per_line)
        left = SPACE + column * (self._tile.width() + _GAP)
        top = self._tops[section] + _HEAD + line * (self._tile.height() + _GAP)
        return QRect(QPoint(left, top), self._tile)

    def tile_at(self, point: QPoint) -> int:
        """The tile under a point of the viewport, -1 for none."""
        y = point.y() + self.verticalScrollBar().value()
        section = bisect_right(self._tops, y) - 1
        if section < 0:
            return -1
        below = y - self._tops[section] - _HEAD
        column = (point.x() - SPACE) // (self._tile.width() + _GAP)
        if below < 0 or not 0 <= column < self._per_line:
            return -1
        offset = below // (self._tile.height() + _GAP) * self._per_line + column
        number = self._starts[section] + offset
        inside = offset < len(self._sections[section].rows)
        return number if inside and self.place(number).contains(QPoint(point.x(), y)) else -1

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look, offset = theme.look(), self.verticalScrollBar().value()
        painter.fillRect(self.viewport().rect(), QColor(look.base))
        end = offset + self.viewport().height()
        for number, section in enumerate(self._sections):
            top = self._tops[number]
            bottom = self._tops[number + 1] if number + 1 < len(self._tops) else end + 1
            if top > end or bottom < offset:
                continue
            painter.setFont(ui_font(bold=True))
            painter.setPen(QColor(look.text))
            spot = QRect(SPACE, top - offset, self.viewport().width() - 2 * SPACE, _HEAD - 4)
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, _heading(section))
            self._paint_section(painter, number, offset, end)
        if self.hasFocus() and self.current < 0:
            painter.setPen(QPen(QColor(look.link), 1))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -2, -2))

    def _paint_section(self, painter: QPainter, number: int, offset: int, end: int) -> None:
        section, start = self._sections[number], self._starts[number]
        step, per_line = self._tile.height() + _GAP, self._per_line
        top = self._tops[number] + _HEAD
        first = max(0, (offset - top) // step) * per_line
        last = min(len(section.rows), (max(0, end - top) // step + 1) * per_line)
        painter.setFont(ui_font(step=-1))
        for n in range(first, last):
            self._paint_tile(painter, start + n, self.place(start + n).translated(0, -offset))

    def _paint_tile(self, painter: QPainter, number: int, area: QRect) -> None:
        painter.drawPixmap(area.topLeft(), self._picture(self._rows[number]))
        if number == self.current:
            look = theme.look()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.text if self.hasFocus() else look.muted), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 3, 3)

    def _picture(self, row: ServerRow) -> QPixmap:
        """A tile, drawn once as long as what it shows is the same."""
        shown = (row.label, row.model, row.health, row.power_state, row.power_watts, row.inlet_celsius)
        key = (row.id, self._zoom, self.devicePixelRatioF(), theme.look().text, *shown)
        picture = self._pictures.get(key)
        if picture is None:
            picture = self._draw(row)
            self._pictures[key] = picture
            if len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        else:
            self._pictures.move_to_end(key)
        return picture

    def _draw(self, row: ServerRow) -> QPixmap:
        ratio, area = self.devicePixelRatioF(), QRect(QPoint(0, 0), self._tile)
        picture = QPixmap(self._tile * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(step=-1))
        colour = theme.tone_colour(words.health(row.health).tone)
        ground = QColor(colour)
        ground.setAlpha(34)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(area, 3, 3)
        painter.fillRect(QRect(0, 2, 3, area.height() - 4), QColor(colour))
        middle = area.height() / 2 if self._zoom < 2 else 14.0
        paint_mark(painter, QRectF(7, middle - 5, 10, 10), row.health, colour)
        if self._zoom:
            self._paint_words(painter, row, area.adjusted(22, 3, -4, -3))
        painter.end()
        return picture

    def _paint_words(self, painter: QPainter, row: ServerRow, area: QRect) -> None:
        look, metrics = theme.look(), painter.fontMetrics()
        lines = [_short(row.label) if self._zoom < 3 else row.label]
        if self._zoom > 1:
            lines.append(row.model.removeprefix("PowerEdge "))
        if self._zoom > 2:
            draw, inlet = words.number(row.power_watts, "W"), words.number(row.inlet_celsius, "°C")
            lines.append(" · ".join(p for p in (words.power(row.power_state).word, draw, inlet) if p))
        height = area.height() // len(lines)
        for number, text in enumerate(lines):
            painter.setPen(QColor(look.text if number == 0 else look.muted))
            spot = QRect(area.left(), area.top() + number * height, area.width(), height)
            short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, spot.width())
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, short)

    # -- pointing -----------------------------------------------------------------------------------------------

    def go(self, number: int) -> None:
        """Make a tile the current one and say it."""
        if not self._rows:
            return
        self.current = min(max(number, 0), len(self._rows) - 1)
        self.setAccessibleDescription(_said(self._rows[self.current]).replace("\n", ", "))
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.reveal(self.current)

    def reveal(self, number: int) -> None:
        """Scroll a tile into sight."""
        if 0 <= number < len(self._rows):
            area, bar = self.place(number), self.verticalScrollBar()
            if area.top() - _HEAD < bar.value():
                bar.setValue(area.top() - _HEAD)
            elif area.bottom() > bar.value() + self.viewport().height():
                bar.setValue(area.bottom() - self.viewport().height() + SPACE)
        self.viewport().update()

    def _beside(self, lines: int) -> int:
        """The tile above or below, across sections."""
        here = self.place(self.current)
        edge = here.bottom() + 1 if lines > 0 else here.top() - 1
        others = range(self.current + 1, len(self._rows)) if lines > 0 else range(self.current - 1, -1, -1)
        best = self.current
        for number in others:
            area = self.place(number)
            beyond = area.top() >= edge if lines > 0 else area.bottom() <= edge
            if not beyond:
                continue
            if best != self.current and area.top() != self.place(best).top():
                break
            if best == self.current or abs(area.left() - here.left()) < abs(
                self.place(best).left() - here.left()
            ):
                best = number
        return best

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current >= 0:
            self.opened.emit(self._rows[self.current].id)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self.set_zoom(self._zoom + (1 if key == Qt.Key.Key_Plus else -1))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.current >= 0:
            self.go(self._beside(1 if key == Qt.Key.Key_Down else -1))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.go(self.current + (-1 if key == Qt.Key.Key_Left else 1))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.go(0 if key == Qt.Key.Key_Home else len(self._rows) - 1)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self.tile_at(event.position().toPoint())
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.go(number)
            self.opened.emit(self._rows[number].id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.tile_at(event.position().toPoint()) >= 0
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self._zoom + (1 if event.angleDelta().y() > 0 else -1))
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = self.tile_at(event.pos())
            QToolTip.showText(event.globalPos(), _said(self._rows[number]) if number >= 0 else "", self)
            return True
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()


def _short(label: str) -> str:
    """A host name without its domain; addresses stay whole."""
    head = label.partition(".")[0]
    return label if head.isdecimal() else head


def _heading(section: Section) -> str:
    bad = sum(1 for row in section.rows if row.health in ("warning", "critical"))
    return f"{section.title}   {len(section.rows):,}" + (f", {bad:,} not healthy" if bad else "")


def _said(row: ServerRow) -> str:
    facts = [row.label, row.model, f"Health: {words.health(row.health).word}"]
    facts += [f"Power: {words.power(row.power_state).word}", row.problem]
    return "\n".join(f for f in facts if f)
