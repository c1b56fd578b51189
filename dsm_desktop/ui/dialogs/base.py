"""The frame of every dialog: a heading, a sentence, the contents, an error strip, and buttons that say what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui.help import give_help
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.widgets.states import Banner

if TYPE_CHECKING:
    from dsm_desktop.ui.desk import Desk


class Dialog(QDialog):
    """Opened with `open()`, never blocking. Esc and Cancel close without doing anything; where something was typed they ask."""

    passing = False
    """What is typed here only confirms or unlocks; nobody misses it."""

    def __init__(self, parent: QWidget | None, title: str, text: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._let_go = False
        heading = QLabel(title)
        heading.setFont(ui_font(step=3, bold=True))
        heading.setWordWrap(True)
        self.text = QLabel(text)
        self.text.setWordWrap(True)
        self.text.setVisible(bool(text))
        self.banner = Banner()
        self.body = QVBoxLayout()
        self.body.setSpacing(SPACE)
        self.buttons = QHBoxLayout()
        self.buttons.addWidget(give_help(self))
        self.buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE * 2)
        column.setSpacing(SPACE + SPACE // 2)
        for widget in (heading, self.text, self.banner):
            column.addWidget(widget)
        column.addLayout(self.body, 1)
        column.addLayout(self.buttons)

    def add_cancel(self, label: str = "Cancel", *, default: bool = False) -> QPushButton:
        """The way out; the default button where the other does harm."""
        button = QPushButton(label)
        button.clicked.connect(self.reject)
        button.setAutoDefault(default)
        button.setDefault(default)
        self.buttons.addWidget(button)
        if default:
            button.setFocus()
        return button

    def add_action(self, label: str, *, default: bool = True) -> QPushButton:
        """The deed, named by its verb."""
        button = QPushButton(label)
        button.setAutoDefault(default)
        button.setDefault(default)
        self.buttons.addWidget(button)
        return button

    def dirty(self) -> bool:
        """Whether closing now would lose what a person has typed and not saved."""
        return not self.passing and any(map(_typed, self.findChildren(QWidget)))

    def holds_back(self) -> bool:
        """Whether it is in sight and would ask before it closes."""
        return not self._let_go and self.isVisible() and self.dirty()

    def reject(self) -> None:
        if not self.holds_back():
            super().reject()
            return
        ask = UnsavedDialog(self, [self.windowTitle()])
        ask.accepted.connect(self._throw_away)
        ask.open()

    def _throw_away(self) -> None:
        self._let_go = True
        self.reject()

    def hand_in(
        self,
        desk: Desk,
        kind: str,
        ids: list[int],
        params: dict[str, Any],
        then: Callable[[], object] = lambda: None,
        **more: Any,
    ) -> None:
        """Hand a job in and close, then do `then`. Refused (a target was removed, the store is away), it stays with all that was
        typed and says why."""

        def taken() -> None:
            if isValid(self):
                self.accept()
            then()

        def refused(error: DsmError) -> None:
            if isValid(self) and self.isVisible():
                self.fail(error)
            else:
                desk.fail(error)

        self.setEnabled(False)
        desk.submit(kind, ids, params, taken=taken, refused=refused, **more)

    def fail(self, error: DsmError) -> None:
        """Show why it did not work; what was typed stays."""
        self.setEnabled(True)
        self.banner.fail(error)


class UnsavedDialog(Dialog):
    """Between Esc and the loss of what was typed. Accepted: it may go."""

    def __init__(self, parent: QWidget, names: Sequence[str]) -> None:
        """`names` of what is not saved."""
        what, hold = " and ".join(f"'{name}'" for name in names), "holds" if len(names) == 1 else "hold"
        super().__init__(parent, "Throw away what you entered?", f"{what} {hold} entries that are not saved.")
        self.add_cancel("Keep editing", default=True)
        self.add_action("Throw away", default=False).clicked.connect(self.accept)


def _typed(field: QWidget) -> bool:
    """Typed by a person, not filled in by the program; no search line (it has a cross to clear it), no password."""
    if isinstance(field, QPlainTextEdit):
        return not field.isReadOnly() and field.document().isModified() and bool(field.toPlainText().strip())
    return (
        isinstance(field, QLineEdit)
        and field.isModified()
        and not field.isReadOnly()
        and not field.isClearButtonEnabled()
        and field.echoMode() is QLineEdit.EchoMode.Normal
        and bool(field.text().strip())
    )
