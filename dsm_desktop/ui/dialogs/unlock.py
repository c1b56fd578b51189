"""The site key: asking for it, and saying what does not work without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.app.context import KeyState
from dsm_desktop.core.errors import BadInput
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.credential import PasswordLine
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.states import Banner

_WHY = {
    KeyState.LOCKED: "The site key is locked: lists and history are shown; no job that logs in to a server can start.",
    KeyState.MISSING: "The site key is not on this machine: what needs no password works. Enter the recovery key to get it back.",
    KeyState.NOT_SET_UP: "This store has no site key yet: what needs no password works. `dsm-desktop admin init` makes one.",
    KeyState.WRONG: "The site key on this machine does not fit this store: nothing was overwritten. Enter the right one or the recovery key.",
}


def key_banner(desk: Desk, banner: Banner) -> None:
    """Above all areas while the key is not open."""
    state = desk.context.key.state()
    if state is KeyState.OPEN:
        banner.hide()
        return
    window = banner.window()
    banner.say(
        _WHY[state],
        Tone.WARNING if state is KeyState.LOCKED else Tone.CRITICAL,
        ("Unlock…", lambda: UnlockDialog(desk, window, lambda: key_banner(desk, banner)).open()),
    )


class UnlockDialog(Dialog):
    """Passphrase, key file or recovery key; a wrong one changes nothing."""

    passing = True

    def __init__(self, desk: Desk, parent: QWidget | None, unlocked: Callable[[], object]) -> None:
        super().__init__(parent, "Unlock the site key", "It opens the passwords kept in this store.")
        self._desk, self._unlocked = desk, unlocked
        self.passphrase, self.recovery = PasswordLine("Passphrase"), QLineEdit()
        self.file = QLineEdit()
        self.recovery.setPlaceholderText("as printed at the first start")
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("How to unlock")
        self.tabs.addTab(_page("Passphrase", self.passphrase), "Passphrase")
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        self.tabs.addTab(_page("Key file", self.file, choose), "Key file")
        self.tabs.addTab(_page("Recovery key", self.recovery), "Recovery key")
        self.body.addWidget(self.tabs)
        self.add_cancel("Go on without")
        self.add_action("Unlock").clicked.connect(self.unlock)
        self.passphrase.setFocus()

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Key file")
        if name:
            self.file.setText(name)

    def unlock(self) -> None:
        key, place = self._desk.context.key, self.tabs.currentIndex()
        text = (self.passphrase, self.file, self.recovery)[place].text()
        if not text.strip():
            self.fail(BadInput("Nothing was entered."))
            return
        ways: tuple[Callable[[], None], ...] = (
            lambda: key.unlock(text),
            lambda: key.unlock_with_file(Path(text)),
            lambda: key.recover(text.strip()),
        )
        self.setEnabled(False)
        self._desk.work.command(self, ways[place], lambda _: self._done(), self.fail)

    def _done(self) -> None:
        self.passphrase.clear()
        self.recovery.clear()
        self._unlocked()
        self._desk.tell("Unlocked.", Tone.OK)
        self.accept()


def _page(title: str, line: QLineEdit, more: QWidget | None = None) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    form = QFormLayout()
    line.setAccessibleName(title)
    form.addRow(title, line)
    column.addLayout(form)
    if more is not None:
        column.addWidget(more)
    column.addStretch()
    return page
