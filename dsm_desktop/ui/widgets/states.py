"""What a view shows when it has no rows to show, and the strip that tells of trouble without a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.ui import theme
from dsm_desktop.ui.announce import announce
from dsm_desktop.ui.icons import pixmap, set_icon
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.deeds import allow

_SENTENCE = 420  # pixels of a line of the sentence


class Picture(QWidget):
    """An icon drawn in the tone's colour of the look in force; says nothing to a screen reader, its neighbour does."""

    def __init__(self, name: str, size: int = 16, tone: Tone = Tone.PLAIN) -> None:
        super().__init__()
        self._name, self._size, self._tone = name, size, tone
        self.setFixedSize(size, size)
        self.setAccessibleName("Symbol")

    def show_icon(self, name: str, tone: Tone = Tone.PLAIN) -> None:
        self._name, self._tone = name, tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = theme.tone_colour(self._tone)
        painter.drawPixmap(0, 0, pixmap(self._name, self._size, colour, self.devicePixelRatioF()))


class StatePane(QWidget):
    """Empty, loading, error or no permission: a symbol, one line, one sentence, at most two ways on."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = Picture("server", 48, Tone.MUTED)
        self._title = QLabel()
        self._title.setFont(ui_font(step=2, bold=True))
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setFixedWidth(_SENTENCE)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._progress = QProgressBar()
        theme.show_busy(self._progress)
        self._progress.setTextVisible(False)
        self._progress.setFixedSize(220, 6)
        self._progress.setAccessibleName("Loading")
        self._again: Callable[[], object] | None = None
        self._buttons = QHBoxLayout()
        column = QVBoxLayout(self)
        column.setSpacing(SPACE)
        column.addStretch(2)
        for widget in (self._picture, self._title, self._text, self._progress):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(self._buttons)
        column.addStretch(3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The sentence in a line of its usual length, or as wide as there is room."""
        width = max(120, min(_SENTENCE, self.width() - 4 * SPACE))
        self._text.setFixedWidth(width)
        # Beside an alignment a layout does not ask a label how tall it is at its width.
        self._text.setMinimumHeight(max(0, self._text.heightForWidth(width)))

    def loading(self, what: str) -> None:
        """Named, because "please wait" says nothing."""
        self._show("refresh", Tone.MUTED, f"Reading {what} …", "")
        self._progress.show()

    def empty(
        self,
        icon_name: str,
        title: str,
        text: str,
        actions: list[tuple[str, Callable[[], object]]] | None = None,
        why_not: str = "",
    ) -> None:
        """`why_not`: what keeps a person from all of these actions, shown when pointed at."""
        self._show(icon_name, Tone.MUTED, title, text, actions, why_not)

    def error(self, error: DsmError, retry: Callable[[], object] | None = None) -> None:
        """What, where and why, the next step, and the details to copy."""
        name, tone = (
            ("lock", Tone.WARNING) if error.blame is Blame.DENIED else ("status-critical", Tone.CRITICAL)
        )
        where = f"{error.where}: " if error.where else ""
        actions: list[tuple[str, Callable[[], object]]] = [("Try again", retry)] if retry else []
        actions.append(("Copy details", lambda: copy_error(error)))
        self._show(name, tone, where + error.message, error.hint, actions)
        from dsm_desktop.store.failures import (
            StoreUnavailable,
        )  # lists are painted before the database library is there

        self._again = retry if isinstance(error, StoreUnavailable) else None

    def store_is_back(self) -> None:
        """Read what could not be read while the store was away."""
        again, self._again = self._again, None
        if again is not None:
            again()

    def _show(
        self,
        icon_name: str,
        tone: Tone,
        title: str,
        text: str,
        actions: list[tuple[str, Callable[[], object]]] | None = None,
        why_not: str = "",
    ) -> None:
        self._again = None
        self._picture.show_icon(icon_name, tone)
        self._title.setText(title)
        self._text.setText(text)
        self._fit()
        self._text.setVisible(bool(text))
        self._progress.hide()
        while (item := self._buttons.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if actions:
            self._buttons.addStretch()
            for label, do in actions:
                button = QPushButton(label)
                button.clicked.connect(lambda _=False, do=do: do())
                allow(button, why_not)
                self._buttons.addWidget(button)
            self._buttons.addStretch()


class Banner(QWidget):
    """A strip above a view: error, warning or news, with details and a way on. Never a dialog for background trouble."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone.INFO
        self._announced = ""
        self._error: DsmError | None = None
        self._picture = Picture("status-info", 18)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action, self._other = QPushButton(), QPushButton()
        self._copy = QPushButton("Copy details")
        self._copy.clicked.connect(lambda: self._error and copy_error(self._error))
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip("Close this message")
        self._close.setAccessibleName("Close this message")
        set_icon(self._close, "close")
        self._close.clicked.connect(self.dismiss)
        self._do: Callable[[], object] | None = None
        self._do_other: Callable[[], object] | None = None
        self._other.clicked.connect(lambda: self._do_other and self._do_other())
        self._action.clicked.connect(lambda: self._do and self._do())
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        for widget in (self._picture, self._text, self._action, self._other, self._copy, self._close):
            row.addWidget(widget)
        self.hide()

    def say(
        self,
        text: str,
        tone: Tone = Tone.INFO,
        action: tuple[str, Callable[[], object]] | None = None,
        *,
        stays: bool = False,
        why_not: str = "",
    ) -> None:
        """Show a sentence; one that `stays` goes only with its cause. `why_not`: what keeps a person from the action."""
        self._error = None
        self._close.setHidden(stays)
        self._fill(text, tone, action)
        allow(self._action, why_not)
        self._copy.hide()

    def fail(self, error: DsmError, action: tuple[str, Callable[[], object]] | None = None) -> None:
        """Show an error with its next step."""
        self._error = error
        self._close.show()
        self._fill(str(error), Tone.WARNING if error.blame is Blame.DENIED else Tone.CRITICAL, action)
        allow(self._action, "")
        self._copy.show()

    @property
    def failed(self) -> bool:
        """Whether it tells of a failure, not of news."""
        return self._error is not None

    def offer(self, label: str, do: Callable[[], object]) -> None:
        """One more way on, beside what is said."""
        self._do_other = do
        self._other.setText(label)
        self._other.show()

    def dismiss(self) -> None:
        self.hide()
        self.closed.emit()

    def _fill(self, text: str, tone: Tone, action: tuple[str, Callable[[], object]] | None) -> None:
        self._tone = tone
        names = {Tone.CRITICAL: "status-critical", Tone.WARNING: "status-warning", Tone.OK: "status-ok"}
        self._picture.show_icon(names.get(tone, "status-info"), tone)
        self._text.setText(text)
        self.setAccessibleName(text)
        self._other.hide()
        self._action.setVisible(action is not None)
        if action is not None:
            self._action.setText(action[0])
            self._do = action[1]
        self.show()
        self._announce()

    def _announce(self) -> None:
        """Once for what is said, and only where it can be seen: a locked window has disabled all that lies under its cover."""
        text = self._text.text()
        if self.isVisible() and self.isEnabled() and text != self._announced:
            self._announced = text
            announce(self, text, self._tone)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._announce()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.EnabledChange:
            self._announce()

    def setVisible(self, visible: bool) -> None:
        if not visible:
            self._announced = ""  # its cause is over: the same trouble later is news again
        super().setVisible(visible)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ground = QColor(theme.tone_colour(self._tone))
        ground.setAlpha(28)
        painter.fillRect(self.rect(), ground)
        painter.fillRect(0, 0, 3, self.height(), QColor(theme.tone_colour(self._tone)))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, super().minimumSizeHint().height())


def store_is_back() -> None:
    """Tell it to every pane of every window, also of those that stand beside the first one."""
    for window in QApplication.topLevelWidgets():
        for pane in window.findChildren(StatePane):
            pane.store_is_back()


def copy_error(error: DsmError) -> None:
    """The whole error as text: for a ticket."""
    parts = [f"{error.code}: {error.message}", error.where, error.hint, error.detail]
    QApplication.clipboard().setText("\n".join(p for p in parts if p))
