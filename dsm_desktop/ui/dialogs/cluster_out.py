"""The numbers of a cluster, or of a host without one: what each host's absence would mean, gate by gate."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.views.cluster_out import ClusterOutView


class ClusterOutDialog(Dialog):
    """Looks only; "Judge now" asks vCenter afresh and keeps the judgement. `moid` of the cluster, or of a host in none."""

    def __init__(self, desk: Desk, name: str, vcenter_id: int, moid: str, parent: QWidget | None) -> None:
        super().__init__(parent, f"{name}: what if a host is out", "")
        self.setMinimumSize(1000, 620)
        self.view = ClusterOutView(desk)
        self.body.addWidget(self.view, 1)
        self.add_cancel("Close", default=True)
        self.view.show_cluster(vcenter_id, moid)
