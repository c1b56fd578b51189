"""The Maintenance area before anything has ever run: what it is for, and the first step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsm_desktop.core.access import Permission
from dsm_desktop.queries.vsphere_rows import VcenterRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.widgets.states import StatePane

_WHAT_FOR = (
    "Firmware and ESXi of a whole cluster in one night: host after host is emptied, updated, proven and put back, and"
    " its VMs go on running on the others."
)


class MaintenanceStart(StatePane):
    """`plan` opens the wizard."""

    def __init__(self, desk: Desk, plan: Callable[[], None]) -> None:
        super().__init__()
        self._desk, self._plan = desk, plan

    def offer(self, hosts_known: bool, vcenters: Sequence[VcenterRow]) -> None:
        """The first step: a plan; where no host is known, reading the vCenters that are on the list; else adding one."""
        if hosts_known:
            self.empty(
                "maintenance",
                "No maintenance so far",
                f"{_WHAT_FOR}\n\nFirst comes a plan: it asks every host what it needs, names the VMs that will not move, and"
                " changes nothing.",
                [("Plan maintenance…", self._plan)],
                self._desk.why_not(Permission.OPERATE),
            )
        elif vcenters:
            self._offer_reading(vcenters)
        else:
            self.empty(
                "maintenance",
                "No cluster is known yet",
                f"{_WHAT_FOR}\n\nFirst add the vCenter of your clusters, or an ESXi host that has none.",
                [("Add vCenter…", self._add_vcenter)],
                self._desk.why_not(Permission.CONFIGURE),
            )

    def _offer_reading(self, vcenters: Sequence[VcenterRow]) -> None:
        """They are on the list, and nothing of them is known: why not, where that was told."""
        names = ", ".join(row.name for row in vcenters)
        troubles = [f"{row.name}: {row.problem}" for row in vcenters if row.problem]
        told = "\n".join(troubles) or f"No host of {names} is known so far."

        def read() -> None:
            for row in vcenters:
                self._desk.submit("vcenter_sync", [], {"vcenter_id": row.id})

        self.empty(
            "maintenance",
            "No cluster has been read yet",
            f"{_WHAT_FOR}\n\n{told}",
            [("Read now", read), ("Open vCenter", lambda: self._desk.area_opened.emit("vcenter"))],
            self._desk.why_not(Permission.OPERATE),
        )

    def _add_vcenter(self) -> None:
        from dsm_desktop.ui.dialogs.vcenter import VcenterDialog

        VcenterDialog(self, self._desk, None).open()
