"""Settings › Site key: who keeps it, a new recovery sheet, another passphrase, rotation."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.app.context import KeyState, KeyWays
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.keys import PassphraseDialog, RecoveryKeyDialog, RotateKeyDialog
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.states import Banner

_KEPT = {
    "keyring": "in the key ring of this system",
    "passphrase": "behind a passphrase that is typed at every start",
    "file": "in a key file",
}
_SLOTS = {
    "keyring": "key ring",
    "passphrase": "passphrase",
    "key_file": "key file",
    "recovery": "recovery key",
}


class KeysPage(QWidget):
    """Read when it comes into sight and when the vault changed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._rotating = False
        heading = QLabel("Site key")
        heading.setFont(ui_font(step=3, bold=True))
        about = WrappedLabel(
            "One key seals every password in the store; it never lies in the store itself. Whoever has neither the key nor "
            "the recovery sheet cannot open a single password, from a backup neither."
        )
        self.banner = Banner()
        form = QFormLayout()
        self._values: dict[str, QLabel] = {}
        for title in (
            "State",
            "Kept by this profile",
            "Opened by",
            "Name of the key",
            "Old keys kept for backups",
        ):
            value = QLabel("…")
            value.setAccessibleName(title)
            form.addRow(title, value)
            self._values[title] = value
        self.recovery = self._button("Print a new recovery key…", "print", RecoveryKeyDialog)
        self.passphrase = self._button("Change the passphrase…", "edit", PassphraseDialog)
        self.rotate = self._button(
            "Rotate the site key…",
            "refresh",
            lambda desk, window: RotateKeyDialog(desk, window, goes_on=self._rotating),
        )
        buttons = QHBoxLayout()
        for button in (self.recovery, self.passphrase, self.rotate):
            buttons.addWidget(button)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.setSpacing(SPACE)
        for widget in (heading, about, self.banner):
            column.addWidget(widget)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addStretch()
        desk.bridge.changed.connect(self._changed)

    def _button(self, text: str, icon_name: str, make: Callable[[Desk, QWidget], QDialog]) -> QPushButton:
        button = QPushButton(text)
        set_icon(button, icon_name)

        def ask() -> None:
            dialog = make(self._desk, self.window())
            dialog.finished.connect(lambda _: self.read())
            dialog.open()

        button.clicked.connect(ask)
        button.setEnabled(False)
        return button

    def showEvent(self, event: object) -> None:
        self.read()

    def _changed(self, change: Change) -> None:
        if change.topic == "vault" and self.isVisible():
            self.read()

    def read(self) -> None:
        key = self._desk.context.key
        self._desk.work.read(self, lambda: (key.state(), key.ways()), self._show, self._failed, key="ways")

    def _failed(self, error: DsmError) -> None:
        self.banner.fail(error, ("Try again", self.read))

    def _show(self, found: tuple[KeyState, KeyWays]) -> None:
        state, ways = found
        self._rotating = ways.rotating
        self.banner.hide()
        self._values["State"].setText(words.sentence(state.value))
        self._values["Kept by this profile"].setText(_KEPT[ways.mine])
        slots = ", ".join(_SLOTS.get(slot, slot) for slot in ways.slots)
        self._values["Opened by"].setText(slots or "nothing yet")
        self._values["Name of the key"].setText(ways.key_id[:16] or "none")
        self._values["Old keys kept for backups"].setText(str(ways.retired))
        why = self._desk.why_not(Permission.ADMIN)
        if not why and state is not KeyState.OPEN:
            why = "The site key is not open."
        half = "A rotation was begun and is not finished." if ways.rotating else ""
        no_words = "" if ways.mine == "passphrase" else "This profile keeps the key without a passphrase."
        for button, reason in (
            (self.recovery, why or half),
            (self.passphrase, why or no_words or half),
            (self.rotate, why),
        ):
            button.setEnabled(not reason)
            button.setToolTip(reason)
        self.rotate.setText("Go on rotating…" if ways.rotating else "Rotate the site key…")
