"""News in the corner of the window: short, with at most one way on, gone by itself; errors, and what is told only once, stay
until closed. What comes while the window is locked is told when it is opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store.failures import CommitUnknown, StoreUnavailable
from dsm_desktop.ui import theme
from dsm_desktop.ui.announce import announce
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.states import Picture, copy_error

SHOWN_MS = 6_000
_WIDTH = 380
_MOST = 4
_KEPT = 50  # of a locked night; what stays until closed is kept whatever its number
_ICONS = {Tone.CRITICAL: "status-critical", Tone.WARNING: "status-warning", Tone.OK: "status-ok"}


def _of_absence(error: DsmError | None) -> bool:
    """Whether it ends with the store's absence; what may or may not be saved wants a look all the same."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, CommitUnknown)


class _Card(QWidget):
    def __init__(self, news: News) -> None:
        super().__init__()
        self.tone, self.stays, self.error = news.tone, news.stays, news.error
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName(news.text)
        label = QLabel(news.text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setAutoRaise(True)
        close.setAccessibleName("Close this message")
        close.setToolTip("Close")
        set_icon(close, "close")
        close.clicked.connect(self.deleteLater)
        row = QHBoxLayout()
        row.addWidget(
            Picture(_ICONS.get(news.tone, "status-info"), 18, news.tone), alignment=Qt.AlignmentFlag.AlignTop
        )
        row.addWidget(label, 1)
        row.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE + 4, SPACE, SPACE, SPACE)
        column.addLayout(row)
        buttons = QHBoxLayout()
        buttons.addStretch()
        for title, do in news.actions:
            button = QPushButton(title)
            button.clicked.connect(lambda _=False, do=do: do())
            button.clicked.connect(self.deleteLater)
            buttons.addWidget(button)
        if news.error is not None:
            error = news.error
            copy = QPushButton("Copy details")
            copy.clicked.connect(lambda: copy_error(error))
            buttons.addWidget(copy)
        if buttons.count() > 1:
            column.addLayout(buttons)
        if not news.stays:
            QTimer.singleShot(SHOWN_MS, self, self.deleteLater)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = theme.look()
        painter.setPen(QColor(look.border))
        painter.setBrush(QColor(look.base))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.fillRect(0, 0, 4, self.height(), QColor(theme.tone_colour(self.tone)))


class NewsCorner(QWidget):
    """Lies over the lower right corner of its parent; takes no clicks beside its cards."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("News")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE)
        self.locked: Callable[[], bool] = lambda: False
        """While the window is locked nothing of the site is read from it."""
        self._kept: list[News] = []
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._settle)
        parent.installEventFilter(self)
        self.hide()

    def tell(self, news: News) -> None:
        """Show a card under the others; where the corner is full the oldest gives way that may go by itself, and what
        stays waits until another one is closed."""
        cards = self._cards()
        if news.error is not None and any(
            card.error and card.accessibleName() == news.text for card in cards
        ):
            return  # the same trouble once
        full = len(cards) >= _MOST
        passing = next((card for card in cards if not card.stays), None)
        if self.locked() or (news.stays and sum(card.stays for card in cards) >= _MOST):
            self._keep(news)
            return
        if full and passing is not None:
            self._column.removeWidget(passing)
            passing.deleteLater()
        card = _Card(news)
        card.destroyed.connect(self._soon.start)
        self._column.addWidget(card)
        card.show()  # the layout would do so later, and count it for nothing until then
        self.show()
        self.raise_()
        self._place()
        announce(card, news.text, news.tone)

    def store_is_back(self) -> None:
        """What was told of its absence is over."""
        self._kept = [news for news in self._kept if not _of_absence(news.error)]
        for card in self._cards():
            if _of_absence(card.error):
                card.deleteLater()

    def catch_up(self) -> None:
        """Tell what was kept, as far as there is room."""
        kept, self._kept = self._kept, []
        for news in kept:
            self.tell(news)

    def _keep(self, news: News) -> None:
        self._kept.append(news)
        passing = [one for one in self._kept if not one.stays]
        if len(passing) > _KEPT:
            self._kept.remove(passing[0])

    def _cards(self) -> list[_Card]:
        items = (self._column.itemAt(n) for n in range(self._column.count()))
        return [card for item in items if item and isinstance(card := item.widget(), _Card)]

    def _settle(self) -> None:
        """A card has gone: there is room for another one."""
        if not self.locked():
            self.catch_up()
        self._place()

    def texts(self) -> list[str]:
        """What is told now."""
        return [card.accessibleName() for card in self._cards()]

    def _place(self) -> None:
        if self._column.count() == 0:
            self.hide()
            return
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None
        self.move(parent.width() - self.width() - SPACE * 2, parent.height() - self.height() - SPACE * 6)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
