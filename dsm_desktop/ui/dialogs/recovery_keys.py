"""Recovery keys of ESXi hosts, opened for a person: asked once more who he is, then shown for once, to be typed, copied or printed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from dsm_desktop.core.settings import SecuritySettings
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.credential import PasswordLine
from dsm_desktop.ui.dialogs.secret_sheet import copy_secret
from dsm_desktop.ui.printing import preview_picture
from dsm_desktop.ui.theme import fixed_font, ui_font

Opened = tuple[str, str, str]
"""(host, recovery id, key)"""
_SECONDS = 30
_WIDE = 900
"""Pixels: a key of 16 groups stands in one line."""


class RecoveryKeysDialog(Dialog):
    """Page 1 asks: the passphrase where this profile has one, else the host's name (or how many hosts) typed. Then the keys, until
    it is closed; to see them again is to be asked again, and noted again."""

    passing = True

    def __init__(self, desk: Desk, hosts: Sequence[str], parent: QWidget | None) -> None:
        self._hosts = list(dict.fromkeys(hosts))
        what = self._hosts[0] if len(self._hosts) == 1 else words.plural(len(self._hosts), "host")
        super().__init__(
            parent,
            f"Recovery keys of {what}" if len(self._hosts) > 1 else f"Recovery key of {what}",
            "A host that does not start because of a change of BIOS, TPM or Secure Boot asks for it (Shift+O at its boot loader, "
            "then encryptionRecoveryKey=…). Who has it can open the host's configuration. That you look is noted in the audit log.",
        )
        self._desk, self._opened, self._seconds = desk, list[Opened](), _SECONDS
        self.setMinimumWidth(680)
        self._by_passphrase = desk.context.key.kind == "passphrase"
        self._wanted = what if len(self._hosts) == 1 else str(len(self._hosts))
        ask = "Your passphrase" if self._by_passphrase else f"Type {self._wanted} to confirm"
        self.asked: QLineEdit = PasswordLine(ask) if self._by_passphrase else QLineEdit()
        self.asked.setAccessibleName(ask)
        self.asked.textChanged.connect(lambda _: self._follow())
        self._label = QLabel(f"{ask}:")
        self._label.setBuddy(self.asked)
        self.keys = QPlainTextEdit()
        self.keys.setReadOnly(True)
        self.keys.setFont(fixed_font())
        self.keys.setTabChangesFocus(True)
        self.keys.setAccessibleName("Recovery keys")
        self.keys.setMinimumHeight(170)
        self.keys.hide()
        for widget in (self._label, self.asked, self.keys):
            self.body.addWidget(widget)
        self.copy, self.print = QPushButton("Copy"), QPushButton("Print…")
        self.copy.clicked.connect(lambda: copy_secret(self._text(), self._seconds))
        self.print.setToolTip("A sheet for the safe; the program keeps no file of it")
        self.print.clicked.connect(lambda: preview_picture("recovery keys", self._paint, self.window()))
        for button in (self.copy, self.print):
            button.setAutoDefault(False)
            button.hide()
            self.buttons.addWidget(button)
        self.done_button = self.add_cancel()
        self.show_button = self.add_action("Show")
        self.show_button.clicked.connect(self.open_keys)
        reads = desk.context.reads
        desk.work.read(self, lambda: reads.settings("security"), self._take)
        self._follow()
        self.asked.setFocus()

    def _take(self, chosen: object) -> None:
        if isinstance(chosen, SecuritySettings):
            self._seconds = chosen.clipboard_seconds
        self.copy.setToolTip(f"The clipboard is cleared after {self._seconds} s")

    def _follow(self) -> None:
        typed = self.asked.text()
        self.show_button.setEnabled(bool(typed) if self._by_passphrase else typed.strip() == self._wanted)

    def open_keys(self) -> None:
        """Prove who asks, then open."""
        if not self.show_button.isEnabled():
            return
        typed, key, opens = (
            self.asked.text(),
            self._desk.context.key,
            self._desk.context.commands.recovery_keys,
        )

        def work() -> list[Opened]:
            if self._by_passphrase:
                key.unlock(typed)
            return opens.open(self._hosts)

        self.setEnabled(False)
        self._desk.work.command(self, work, self._show, self.fail)

    def _show(self, opened: list[Opened]) -> None:
        self.setEnabled(True)
        self.banner.hide()
        self._opened = opened
        self.asked.clear()
        for widget in (self.asked, self._label, self.show_button):
            widget.hide()
        self.keys.setPlainText(self._text())
        for shown in (self.keys, self.copy, self.print):
            shown.show()
        self.resize(_WIDE, max(self.height(), self.sizeHint().height()))
        self.done_button.setText("Done")
        self.done_button.setFocus()

    def _text(self) -> str:
        """One key is copied bare, so that it can be pasted; of several each with its host."""
        if len(self._opened) == 1 and not self.keys.isHidden():
            return self._opened[0][2]
        return "\n\n".join(f"{host}\nRecovery ID {found}\n{key}" for host, found, key in self._opened)

    def _paint(self, painter: QPainter, page: QRectF) -> None:
        painter.setFont(ui_font(step=4, bold=True))
        painter.drawText(page.adjusted(40, 40, -40, 0), "DSM Desktop: recovery keys of ESXi hosts")
        painter.setFont(fixed_font())
        wrap = Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignTop
        painter.drawText(page.adjusted(40, 90, -40, -40), int(wrap), self._sheet())

    def _sheet(self) -> str:
        return "\n\n".join(f"{host}\nRecovery ID {found}\n{key}" for host, found, key in self._opened)

    def done(self, result: int) -> None:
        """Nothing of it stays behind."""
        self._opened = []
        self.keys.clear()
        super().done(result)
