"""Adding and changing a vCenter or a stand-alone host, and linking a host to its server by hand."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from dsm_desktop.commands import vcenters
from dsm_desktop.queries import Connection
from dsm_desktop.queries.credentials import CredentialRow, credential_rows
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.queries.vsphere_rows import HostRow, VcenterRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.servers import grouped
from dsm_desktop.ui.dialogs.trust import trust_vcenter
from dsm_desktop.ui.theme import Tone

_BY_RULES = "By address range, or the default"


class VcenterDialog(Dialog):
    """A new vCenter or stand-alone host, or an existing vCenter. What is saved is read at once."""

    def __init__(self, parent: QWidget | None, desk: Desk, row: VcenterRow | None) -> None:
        super().__init__(
            parent,
            f"Change {row.name}" if row else "Add a vCenter",
            "" if row else "Its certificate is shown before any login is sent.",
        )
        self._desk, self._row = desk, row
        self.address = QLineEdit(row.address if row else "")
        self.address.setPlaceholderText("Name or address")
        self.port = QSpinBox(minimum=1, maximum=65535, value=row.port if row else 443)
        self.name = QLineEdit(row.name if row and row.name != row.address else "")
        self.login = QComboBox()
        self.login.addItem(_BY_RULES, None)
        self.alone = QCheckBox("It is an ESXi host without a vCenter")
        self.alone.setVisible(row is None)
        form = QFormLayout()
        for title, widget in (
            ("Address", self.address),
            ("Port", self.port),
            ("Name", self.name),
            ("Login", self.login),
        ):
            widget.setAccessibleName(title)
            form.addRow(title, widget)
        form.addRow("", self.alone)
        self.body.addLayout(form)
        if row is not None:
            self._add_trust(form, row)
            remove = QPushButton("Remove…")
            remove.setAutoDefault(False)
            remove.clicked.connect(self.ask_remove)
            self.buttons.insertWidget(1, remove)
        self.add_cancel()
        self.add_action("Save and read" if row else "Add and read").clicked.connect(self.save)
        self.alone.toggled.connect(lambda _: self._read_logins())
        self._read_logins()

    def _add_trust(self, form: QFormLayout, row: VcenterRow) -> None:
        shown = QLabel(grouped(row.fingerprint))
        shown.setWordWrap(True)
        shown.setAccessibleName("Trusted certificate")
        form.addRow("Trusted", shown)
        if row.strange_certificate:
            button = QPushButton("Look at the certificate…")
            button.setAutoDefault(False)
            button.clicked.connect(lambda: trust_vcenter(self._desk, row, self.parentWidget()).open())
            form.addRow("", button)

    def _read_logins(self) -> None:
        kind = "esxi" if self.alone.isChecked() else "vcenter"

        def ask(connection: Connection) -> list[CredentialRow]:
            return credential_rows(connection, kind)

        def show(found: list[CredentialRow]) -> None:
            self.login.clear()
            self.login.addItem(_BY_RULES, None)
            for item in found:
                self.login.addItem(f"{item.name} ({item.username})", item.id)
                if self._row is not None and item.id == self._row.credential_id:
                    self.login.setCurrentIndex(self.login.count() - 1)
            if not found:
                word = "ESXi" if kind == "esxi" else "vCenter"
                self.text.setText(f"There is no {word} login yet: add one under Settings, Credentials.")
                self.text.show()

        self._desk.work.query(self, ask, show, self.fail, key="logins")

    def save(self) -> None:
        """Keep it, then read it."""
        row, address, port = self._row, self.address.text(), self.port.value()
        name, login = self.name.text().strip(), self.login.currentData()
        self.setEnabled(False)
        if row is not None:
            # Only what was changed here: somebody else may have changed the rest while this was open.
            before = {
                "address": row.address,
                "port": row.port,
                "name": row.name,
                "assigned_credential_id": row.credential_id,
            }
            typed = {
                "address": address,
                "port": port,
                "name": name or row.name,
                "assigned_credential_id": login,
            }
            values = {key: value for key, value in typed.items() if value != before[key]}
            self._desk.change(
                self,
                lambda c: c.do(vcenters.edit_vcenter, row.id, **values),
                lambda _: self._read(row.id),
                self.fail,
            )
        elif self.alone.isChecked():
            self._desk.change(
                self,
                lambda c: c.do(vcenters.add_esxi_host, address, port, name=name, credential_id=login),
                self._read_host,
                self.fail,
            )
        else:
            self._desk.change(
                self,
                lambda c: c.do(vcenters.add_vcenter, address, port, name=name, credential_id=login),
                self._read,
                self.fail,
            )

    def _read(self, vcenter_id: int) -> None:
        self._desk.submit("vcenter_sync", [], {"vcenter_id": vcenter_id})
        self.accept()

    def _read_host(self, host_id: int) -> None:
        self._desk.submit("host_refresh", [host_id], {})
        self.accept()

    def ask_remove(self) -> None:
        """Removing asks once more."""
        if self._row is not None:
            RemoveVcenterDialog(self._desk, self._row, self.parentWidget()).open()
            self.done(self.DialogCode.Rejected)


class RemoveVcenterDialog(Dialog):
    """Only the program's own copy goes."""

    def __init__(self, desk: Desk, row: VcenterRow, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            f"Remove {row.name}?",
            "Its hosts, VMs and cluster groups leave the program. Nothing in vCenter or on a host is changed.",
        )
        self._desk, self._row = desk, row
        self.add_cancel(default=True)
        self.add_action("Remove", default=False).clicked.connect(self.remove)

    def remove(self) -> None:
        """Take it off the list."""
        self.setEnabled(False)
        row_id = self._row.id
        self._desk.change(
            self, lambda c: c.do(vcenters.remove_vcenter, row_id), lambda _: self.accept(), self.fail
        )


class LinkDialog(Dialog):
    """Which server a host runs on, where service tag and hardware id do not say it."""

    def __init__(self, parent: QWidget | None, desk: Desk, row: HostRow) -> None:
        super().__init__(
            parent,
            f"Which server does {row.name} run on?",
            "A host and its server share health, locks and maintenance. Automatic takes the service tag, then the hardware id, "
            "then the address of the iDRAC.",
        )
        self._desk, self._host_id = desk, row.id
        by_hand = row.server_id if row.link == "hand" else None
        self.server = QComboBox()
        self.server.setAccessibleName("Server")
        self.server.setEditable(True)
        self.server.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.server.addItem("Automatic", None)
        self.body.addWidget(self.server)
        self.add_cancel()
        self.add_action("Link").clicked.connect(self.save)

        def show(rows: list[ServerRow]) -> None:
            for server in sorted(rows, key=lambda r: r.label.casefold()):
                self.server.addItem(f"{server.label} · {server.service_tag} · {server.model}", server.id)
            self.server.setCurrentIndex(max(self.server.findData(by_hand), 0) if by_hand is not None else 0)

        desk.work.query(self, list_servers, show, self.fail, key="servers")

    def save(self) -> None:
        """Keep the choice."""
        chosen = self.server.findText(self.server.currentText().strip())
        if chosen < 0:
            self.banner.say("No server is called so: choose one from the list, or Automatic.", Tone.WARNING)
            return
        server_id = self.server.itemData(chosen)
        self.setEnabled(False)
        self._desk.change(
            self,
            lambda c: c.do(vcenters.link_host, self._host_id, server_id),
            lambda _: self.accept(),
            self.fail,
        )
