"""What clearing the blockers of hosts takes out of which VM, and what it leaves, before it is started."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.blockers import blockers_of
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.queries.vsphere_rows import BlockerRow, HostRow
from dsm_desktop.safety.findings import Cause, Remedy, Severity
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.views.vcenter_tables import why
from dsm_desktop.ui.widgets.panel import GridPanel

_HEIGHT = 190


def _done(row: BlockerRow) -> str:
    if not row.safe:
        return "Left as it is"
    return "Unmounted" if row.fix == Remedy.UNMOUNT_TOOLS else "Taken out"


def _after(row: BlockerRow) -> str:
    """What follows for whoever uses the VM."""
    if not row.safe:
        return row.way_out
    if row.cause == Cause.CLIENT_DEVICE:
        return "Whoever uses it must connect it anew."
    if row.fix == Remedy.UNMOUNT_TOOLS:
        return "Mount it again in vCenter if it is still wanted."
    return "Stands on the restore list: 'Put back' connects it again."


_COLUMNS = (
    Column("done", "What is done", _done, width=104),
    Column("name", "VM", lambda r: r.name, width=130),
    Column("host", "Host", lambda r: r.host, width=190),
    Column("what", "What it has", why, width=290),
    Column("after", "Then", _after, width=280),
)


class MediaOut(QWidget):
    """As the last check and the copy of vCenter know it: what is taken out first, then what is left. The job looks again itself."""

    def __init__(self, desk: Desk, hosts: Sequence[HostRow]) -> None:
        super().__init__()
        self.panel = GridPanel(desk.work, "media", _COLUMNS, icon_name="stop", tools=False)
        self.panel.when_empty(
            "Nothing is known to be in the way",
            "The job reads every VM of these hosts anew, and takes out what it finds by then.",
        )
        self.panel.setMinimumHeight(_HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self._desk, self._hosts = desk, {(host.vcenter_id, host.moid) for host in hosts}
        self._look()

    def _look(self) -> None:
        wanted = self._hosts

        def found(connection: Connection) -> list[BlockerRow]:
            rows = blockers_of(connection, vsphere_view(connection).sites)
            of_these = (
                row
                for row in rows
                if (row.vcenter_id, row.host_id) in wanted and row.severity != Severity.INFO
            )
            return sorted(of_these, key=lambda row: not row.safe)

        self._desk.work.query(self, found, self._show, self._failed, key="media")

    def _failed(self, error: DsmError) -> None:
        self.panel.error(error, self._look)

    def _show(self, rows: Sequence[BlockerRow]) -> None:
        unread = {row.host for row in rows if row.what == "host" and row.cause == Cause.NOT_READ}
        known = [row for row in rows if row.what != "host" or row.cause != Cause.NOT_READ]
        self.panel.set_rows(self.panel.model.prepare(known))
        self.panel.note(
            f"The drives of VMs on {', '.join(sorted(unread))} were not read yet: the job may take out more than is named here."
            " 'Check now' on the Blockers page, or a dry run, names it first."
            if unread
            else "",
            stays=True,
        )
