"""A certificate or SSH key that nobody has approved yet, or another than before: both fingerprints, and a person's word."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from dsm_desktop.app.context import Commands
from dsm_desktop.commands import vcenters
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.vsphere_rows import HostRow, VcenterRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.servers import grouped
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.labels import WrappedLabel

GoOn = tuple[str, Callable[[], object]]
"""What is done once it is trusted, with its words on the button ("and read")."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What `name` shows: `what` "certificate" or "SSH key", SHA-256 in hex; `known` "" = nothing was approved so far. `compare`
    says where a person finds the right one."""

    name: str
    what: str
    known: str
    shown: str
    compare: str
    approve: Callable[[Commands], object]


class TrustDialog(Dialog):
    """Cancel is the default. Another fingerprint than before wants the name typed."""

    passing = True

    def __init__(self, desk: Desk, shown: Shown, go_on: GoOn | None, parent: QWidget | None) -> None:
        first = not shown.known
        super().__init__(
            parent,
            f"Trust the {shown.what} of {shown.name}?"
            if first
            else f"The {shown.what} of {shown.name} has changed",
            f"No password is sent until you have compared the fingerprint: {shown.compare}"
            + ("" if first else " A new installation or a renewal changes it; so does somebody in between."),
        )
        self._desk, self._shown = desk, shown
        self._words, self._go_on = go_on if go_on is not None else ("", lambda: None)
        self.setMinimumWidth(640)
        form = QFormLayout()
        for title, value in (("Trusted until now", shown.known), ("Shown now", shown.shown)):
            if value:
                self._add_fingerprint(form, title, value)
        self.body.addLayout(form)
        self.typed = QLineEdit()
        self.typed.setPlaceholderText(f"Type {shown.name} to confirm")
        self.typed.setAccessibleName(f"Type {shown.name} to confirm")
        self.typed.textChanged.connect(lambda _: self._follow())
        self.typed.setVisible(not first)
        self.body.addWidget(self.typed)
        self.add_cancel("Do not trust", default=True)
        self.trust_button = self.add_action(f"Trust {self._words}".strip(), default=False)
        self.trust_button.clicked.connect(self.trust)
        self._follow()

    def _add_fingerprint(self, form: QFormLayout, title: str, value: str) -> None:
        text = grouped(value)
        if self._shown.what == "SSH key":
            text += f"\nas ssh-keygen says it: {openssh(value)}"
        label = WrappedLabel(text)
        label.setAccessibleName(title)
        form.addRow(title, label)

    @property
    def sure(self) -> bool:
        """First contact, or the name was typed."""
        return not self._shown.known or self.typed.text().strip() == self._shown.name

    def _follow(self) -> None:
        unsure = "" if self.sure else "Compare the fingerprints, then type the name above."
        allow(self.trust_button, self._desk.why_not(Permission.CONFIGURE) or unsure)

    def trust(self) -> None:
        """Keep it as the one to be shown from now on, and go on."""
        if self.sure:
            self.setEnabled(False)
            self._desk.change(self, self._shown.approve, lambda _: self._done(), self.fail)

    def _done(self) -> None:
        self._go_on()
        self.accept()


def openssh(fingerprint: str) -> str:
    """A SHA-256 in hex as OpenSSH prints it: "SHA256:" and base64."""
    return "SHA256:" + base64.b64encode(bytes.fromhex(fingerprint)).decode().rstrip("=")


def trust_vcenter(
    desk: Desk, row: VcenterRow, parent: QWidget | None, go_on: GoOn | None = None
) -> TrustDialog:
    """For a vCenter's certificate; it is read afterwards, unless something else was to be done."""
    shown = Shown(
        row.name, "certificate", row.fingerprint, row.shown_fingerprint,
        "vCenter's own administration page (port 5480) shows it.",
        lambda c: c.do(vcenters.approve_vcenter_certificate, row.id, row.shown_fingerprint),
    )  # fmt: skip
    read = ("and read", lambda: desk.submit("vcenter_sync", [], {"vcenter_id": row.id}))
    return TrustDialog(desk, shown, go_on or read, parent)


def trust_host(desk: Desk, row: HostRow, parent: QWidget | None, go_on: GoOn | None = None) -> TrustDialog:
    """For the certificate of a stand-alone host."""
    shown = Shown(
        row.name, "certificate", row.fingerprint, row.shown_fingerprint,
        "the host's own console shows it under View Support Information.",
        lambda c: c.do(vcenters.approve_host_certificate, row.id, row.shown_fingerprint),
    )  # fmt: skip
    read = ("and read", lambda: desk.submit("host_refresh", [row.id], {}))
    return TrustDialog(desk, shown, go_on or read, parent)


def trust_ssh_key(desk: Desk, row: HostRow, parent: QWidget | None, go_on: GoOn | None = None) -> TrustDialog:
    """For the SSH key of a host."""
    shown = Shown(
        row.name, "SSH key", row.ssh_key, row.shown_ssh_key,
        "`ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub` (or _ed25519_, _ecdsa_) on the host's own console prints it.",
        lambda c: c.do(vcenters.approve_ssh_key, row.id, row.shown_ssh_key),
    )  # fmt: skip
    return TrustDialog(desk, shown, go_on, parent)
