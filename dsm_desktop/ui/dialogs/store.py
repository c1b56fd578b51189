"""Putting a store back to a copy, and moving it to a server: typed, with the runner stopped, and a new start after it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from dsm_desktop.app.store_desk import Backup
from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.busy import BusyBar


class _StoreDialog(Dialog):
    """A word to type, a bar while it works, and only the way to a new start afterwards."""

    passing = True

    def __init__(
        self, desk: Desk, parent: QWidget | None, title: str, text: str, word: str, verb: str
    ) -> None:
        super().__init__(parent, title, text)
        self._desk, self._word, self._done = desk, word, False
        self.typed = QLineEdit()
        self.typed.setPlaceholderText(f"Type {word} to confirm")
        self.typed.setAccessibleName(f"Type {word} to confirm")
        self.progress = BusyBar(desk.settings, "Working on the store", word)
        self._cancel = self.add_cancel(default=True)
        self.go = self.add_action(verb, default=False)
        self.go.setEnabled(False)
        self.go.clicked.connect(self.start)
        self.typed.textChanged.connect(lambda _: self._follow())

    def _finish_body(self) -> None:
        self.body.addWidget(self.typed)
        self.body.addWidget(self.progress)

    def _follow(self) -> None:
        self.go.setEnabled(self.typed.text().strip().upper() == self._word)

    def work(self) -> Callable[[], str]:
        """What is done, off the UI thread; its sentence is shown."""
        raise NotImplementedError

    def start(self) -> None:
        if self._done:
            self.accept()
            self._desk.restart_wanted.emit()
            return
        self.go.setEnabled(False)
        self._cancel.setEnabled(False)
        self.typed.setEnabled(False)
        self.banner.hide()
        self.progress.begin(self._word)
        self._desk.work.command(self, self.work(), self._succeeded, self._refused)

    def _succeeded(self, sentence: str) -> None:
        self._done = True
        self.progress.finish(True)
        self._cancel.hide()
        self.banner.say(sentence, Tone.OK)
        self.go.setText("Start again")
        self.go.setEnabled(True)

    def _refused(self, error: DsmError) -> None:
        self.progress.finish(False)
        self._cancel.setEnabled(True)
        self.typed.setEnabled(True)
        self._follow()
        self.fail(error)

    def reject(self) -> None:
        """Nobody leaves in the middle, and after it only a new start is left."""
        if self._done:
            self.start()
        elif self._cancel.isEnabled():
            super().reject()


class PutBackDialog(_StoreDialog):
    def __init__(self, desk: Desk, copy: Backup, parent: QWidget | None) -> None:
        super().__init__(
            desk,
            parent,
            "Put the store back?",
            f"Servers, history, jobs and passwords become what they were {words.ago(copy.made_at)} "
            f"({words.stamp(copy.made_at)}). What is there now is kept in a copy beside it. The runner of this window is stopped "
            "first; close other desktops and agents yourself.",
            "RESTORE",
            "Put back",
        )
        self._copy = copy
        file = QLabel(copy.file.name)
        file.setAccessibleName("Copy")
        self.body.addWidget(file)
        self._finish_body()

    def work(self) -> Callable[[], str]:
        stored, file = self._desk.context.stored, self._copy.file
        return lambda: stored.put_back(file)


class MoveStoreDialog(_StoreDialog):
    """To Postgres, when a team outgrows one desktop."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            desk,
            parent,
            "Move the store to a server",
            "Everything is copied into an empty Postgres database and compared table by table; then this profile uses it. The "
            "file on this machine stays as it is. A password in the address goes to the key ring.",
            "MOVE",
            "Move",
        )
        self.address = QLineEdit()
        self.address.setPlaceholderText(
            "postgresql+psycopg://user@host/database?sslmode=verify-full&sslrootcert=…"
        )
        self.address.setAccessibleName("Address of the empty database")
        label = QLabel("Address of the empty database")
        label.setBuddy(self.address)
        self.body.addWidget(label)
        self.body.addWidget(self.address)
        self.address.textChanged.connect(lambda _: self._follow())
        self._finish_body()
        self.address.setFocus()

    def _follow(self) -> None:
        self.go.setEnabled(
            self.typed.text().strip().upper() == self._word and bool(self.address.text().strip())
        )

    def work(self) -> Callable[[], str]:
        stored, address = self._desk.context.stored, self.address.text().strip()
        return lambda: stored.move(address)
