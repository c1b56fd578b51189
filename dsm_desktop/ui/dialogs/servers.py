"""Adding and removing servers on the list, trusting a certificate. Devices are not touched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.widgets.deeds import allow


class AddServerDialog(Dialog):
    """One address; it is read at once."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent, "Add a server", "Give the address of its iDRAC. To add many, use Find servers."
        )
        self._desk = desk
        self.address, self.name, self.notes = QLineEdit(), QLineEdit(), QPlainTextEdit()
        self.port = QSpinBox()
        self.port.setRange(1, 65_535)
        self.port.setValue(443)
        self.address.setPlaceholderText("10.0.0.21 or idrac-r750-04.example")
        self.notes.setMaximumHeight(70)
        self.notes.setTabChangesFocus(True)
        form = QFormLayout()
        for title, control in (
            ("Address", self.address),
            ("Port", self.port),
            ("Name", self.name),
            ("Notes", self.notes),
        ):
            control.setAccessibleName(title)
            form.addRow(title, control)
        self.body.addLayout(form)
        self.add_cancel()
        self.add_action("Add and read").clicked.connect(self.add)

    def add(self) -> None:
        address = self.address.text().strip()
        if not address:
            self.fail(BadInput("The address is missing.", hint="Give the iDRAC's IP address or name."))
            self.address.setFocus()
            return
        self.setEnabled(False)
        port, name, notes = self.port.value(), self.name.text().strip(), self.notes.toPlainText().strip()
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.add_server(address, port, name=name, notes=notes), self._added, self.fail
        )

    def _added(self, server_id: int) -> None:
        if "inventory_refresh" in self._desk.context.catalogue:
            self._desk.submit("inventory_refresh", [server_id], {})
        self.accept()


class RemoveServersDialog(Dialog):
    """Forgetting servers with their history; Cancel is the default."""

    def __init__(self, desk: Desk, rows: Sequence[ServerRow], parent: QWidget | None) -> None:
        what = rows[0].label if len(rows) == 1 else words.plural(len(rows), "server")
        super().__init__(
            parent,
            f"Remove {what} from the list?",
            "Inventory, logs and history kept here are removed too. Nothing is changed on the devices; a later scan finds them again.",
        )
        self._desk, self._ids = desk, [row.id for row in rows]
        names = QLabel(", ".join(row.label for row in rows[:12]) + (" …" if len(rows) > 12 else ""))
        names.setWordWrap(True)
        names.setAccessibleName("Servers to remove")
        self.body.addWidget(names)
        self.add_cancel(default=True)
        self.add_action(f"Remove {what}", default=False).clicked.connect(self.remove)

    def remove(self) -> None:
        self.setEnabled(False)
        commands, ids = self._desk.context.commands, self._ids
        self._desk.work.command(
            self, lambda: commands.remove_servers(ids), lambda _: self.accept(), self.fail
        )


class TrustDialog(Dialog):
    """A changed certificate: both fingerprints, side by side; Cancel is the default."""

    def __init__(self, desk: Desk, row: ServerRow, seen: str, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            f"The certificate of {row.label} has changed",
            "No login is sent until you have compared the fingerprints, for example on the iDRAC's own console. "
            "A new iDRAC firmware or a replaced board changes it; so does somebody in between.",
        )
        self._desk, self._row, self._seen = desk, row, seen
        form = QFormLayout()
        for title, value in (("Trusted until now", row.fingerprint), ("Shown by the device now", seen)):
            label = QLabel(grouped(value))
            label.setAccessibleName(title)
            label.setWordWrap(True)
            form.addRow(title, label)
        self.body.addLayout(form)
        self.add_cancel("Do not trust", default=True)
        trust = self.add_action("Trust the new certificate", default=False)
        allow(trust, desk.why_not(Permission.CONFIGURE))
        trust.clicked.connect(self.trust)

    def trust(self) -> None:
        self.setEnabled(False)
        commands, row, seen = self._desk.context.commands, self._row, self._seen
        self._desk.work.command(
            self, lambda: commands.trust_certificate(row.id, seen), lambda _: self.accept(), self.fail
        )


def grouped(fingerprint: str) -> str:
    """A fingerprint in groups of four digits, to be read aloud."""
    clean = fingerprint.replace(":", "").upper()
    return " ".join(clean[i : i + 4] for i in range(0, len(clean), 4)) or "none"
