"""The recovery keys of hosts that are sealed by a TPM: whose, since when; opened in a dialog of its own."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries.recovery_keys import RecoveryKeyRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.recovery_keys import RecoveryKeysDialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_HERE, _GONE = (
    Status("In the list", "status-ok", Tone.OK),
    Status("Gone from the list", "status-off", Tone.MUTED),
)
KEYS = (
    Column("host", "Host", lambda r: r.host, width=200),
    Column("tag", "Service tag", lambda r: r.service_tag, width=100),
    Column("recovery_id", "Recovery ID", lambda r: r.recovery_id, width=290),
    Column("saved", "Saved", lambda r: r.saved_at, kind="time", width=90),
    Column("newest", "Newest", lambda r: "yes" if r.newest else "no", width=70, help="The one the host asks for, unless it was set back"),
    Column("now", "Host now", lambda r: r.host_id, status=lambda r: _HERE if r.host_id is not None else _GONE, width=150),
)  # fmt: skip


class RecoveryKeysPage(QWidget):
    """`panel` is the table; its rows come from the view around it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.panel = GridPanel(desk.work, "recovery keys", KEYS, icon_name="key")
        self.panel.when_empty(
            "No recovery key saved yet",
            "Hosts with a TPM have one. “Check ESXi update…” and every ESXi update read it and keep it sealed.",
        )
        self.panel.opened.connect(lambda _: self.ask())
        ViewsButton(desk, self.panel, "recovery keys")
        self.show_keys = QPushButton("Show or print the keys…")
        self._why_not = desk.why_not(Permission.CONFIGURE)
        self.show_keys.clicked.connect(self.ask)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addStretch()
        bar.addWidget(self.show_keys)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.panel, 1)
        column.addLayout(bar)
        self.panel.chosen.connect(lambda _: self.follow())
        self.follow()

    def _chosen(self) -> list[RecoveryKeyRow]:
        rows = [self.panel.model.row_of(i) for i in self.panel.grid.selected_ids()]
        return [row for row in rows if row is not None]

    def follow(self) -> None:
        """The button acts on the chosen rows."""
        why = self._why_not or ("" if self._chosen() else "Choose one or more hosts first.")
        self.show_keys.setEnabled(not why)
        self.show_keys.setToolTip(why or "Asks once more who you are; noted in the audit log")

    def ask(self) -> None:
        """The dialog for the hosts of the chosen rows."""
        rows = self._chosen()
        if rows and not self._why_not:
            RecoveryKeysDialog(self._desk, [row.host for row in rows], self.window()).open()

    def narrow(self, hosts: Collection[int] | None) -> None:
        """Only the keys of these hosts (row ids); None = all, and those of hosts that are gone."""
        self.panel.narrow(None if hosts is None else lambda row: row.host_id in hosts)
