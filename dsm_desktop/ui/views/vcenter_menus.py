"""What can be done to a host, a datastore, an alarm, a place in the tree: the menus of the vCenter area."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from dsm_desktop.commands import vcenters
from dsm_desktop.core.access import Permission
from dsm_desktop.jobs.declaration import Danger, Targets
from dsm_desktop.queries.vsphere import VsphereView
from dsm_desktop.queries.vsphere_rows import AlarmRow, ClusterRow, DatastoreRow, HostRow
from dsm_desktop.queries.vsphere_tree import Node
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.trust import trust_host, trust_ssh_key
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.deeds import entry

CLUSTER_WORK = (
    ("Plan maintenance…", "rolling_update"),
    ("Judge now", "cluster_safety_check"),
    ("Numbers…", "numbers"),
)
_NONE_TO_ACKNOWLEDGE = "None of these can be acknowledged: they are already, or their host has no vCenter."


class VcenterMenus:
    """Fills menus; `owner` stands behind the dialogs, `cluster_work` is what the buttons of a cluster's card do."""

    def __init__(
        self, desk: Desk, owner: QWidget, cluster_work: Callable[[str, ClusterRow | HostRow], object]
    ) -> None:
        self._desk, self._owner, self._cluster_work = desk, owner, cluster_work

    @property
    def _may_not_change(self) -> str:
        return self._desk.why_not(Permission.CONFIGURE)

    def _add_job(self, menu: QMenu, kind: str, ids: list[int], preset: dict[str, object]) -> None:
        """A declared job; whoever may not start it reads why."""
        job_type = self._desk.context.catalogue[kind]
        do = partial(self._desk.job_wanted.emit, kind, ids, preset)
        entry(menu, job_type.label, do, self._desk.why_not_start(kind), job_type.help.split("\n")[0])

    def hosts(self, menu: QMenu, rows: Sequence[HostRow]) -> None:
        """Every job for hosts, those that only look first; of a single one also its server, its keys, its link."""
        types = [t for t in self._desk.context.catalogue.values() if t.targets is Targets.HOST]
        for harmless in (True, False):
            for job_type in types:
                if (job_type.danger is Danger.NONE) == harmless:
                    self._add_job(menu, job_type.kind, [row.id for row in rows], {})
            menu.addSeparator()
        if len(rows) != 1:
            return
        row = rows[0]
        if not row.cluster_id and row.moid:
            menu.addAction("What if it is out…", partial(self._cluster_work, "numbers", row))
        if row.server_id is not None:
            menu.addAction(f"Show {row.server}", partial(self._desk.server_opened.emit, row.server_id))
        if row.strange_certificate:
            menu.addAction(
                "Look at its certificate…", lambda: trust_host(self._desk, row, self._owner).open()
            )
        if row.strange_ssh_key:
            menu.addAction("Look at its SSH key…", lambda: trust_ssh_key(self._desk, row, self._owner).open())
        if row.alone:
            entry(menu, "Remove from the list", partial(self.remove_host, row.id), self._may_not_change)
        entry(menu, "Link to a server…", partial(self.ask_link, row), self._may_not_change)

    def store(self, menu: QMenu, row: DatastoreRow) -> None:
        """Looking into it and sending to it."""
        entry(menu, "Browse…", partial(self.browse, row), self._desk.why_not_start("browse_datastore"))
        chosen: dict[str, object] = {"vcenter_id": row.vcenter_id, "datastore": row.moid}
        self._add_job(menu, "iso_upload", [], chosen)

    def alarms(self, menu: QMenu, rows: Sequence[AlarmRow]) -> None:
        """Acknowledging those that nobody has; of a stand-alone host there are none that could be."""
        keys: dict[int, list[str]] = {}
        for row in rows:
            if not row.acknowledged and row.vcenter_id > 0:
                keys.setdefault(row.vcenter_id, []).append(row.key)
        count = sum(map(len, keys.values()))
        text = f"Acknowledge {words.plural(count, 'alarm')}" if count else "Acknowledge"
        why_not = self._desk.why_not_start("acknowledge_alarms") or ("" if count else _NONE_TO_ACKNOWLEDGE)
        tip = "They go on to show, as seen; who did it stands in the audit log"
        entry(menu, text, lambda: self._acknowledge(keys), why_not, tip)

    def _acknowledge(self, keys: Mapping[int, Sequence[str]]) -> None:
        for vcenter_id, chosen in keys.items():
            params = {"vcenter_id": vcenter_id, "alarms": list(chosen)}
            self._desk.submit("acknowledge_alarms", [], params)

    def place(self, menu: QMenu, node: Node, view: VsphereView) -> None:
        """For a cluster, a host or a vCenter of the tree."""
        cluster = next(
            (c for c in view.clusters if (c.vcenter_id, c.moid) == (node.vcenter_id, node.moid)), None
        )
        if cluster is not None:
            for title, kind in CLUSTER_WORK:
                why_not = "" if kind == "numbers" else self._desk.why_not_start(kind)
                entry(menu, title, partial(self._cluster_work, kind, cluster), why_not)
        elif node.kind == "host":
            places = node.hosts()
            self.hosts(menu, [r for r in view.hosts if (r.vcenter_id, r.moid) in places])
        elif node.kind == "vcenter":
            for kind in ("vcenter_sync", "vcenter_connectivity_test"):
                label = self._desk.context.catalogue[kind].label
                read = partial(self._desk.submit, kind, [], {"vcenter_id": node.vcenter_id})
                entry(menu, label, read, self._desk.why_not_start(kind))

    def remove_host(self, host_id: int) -> None:
        """A stand-alone host leaves the list."""
        self._desk.change(self._owner, lambda c: c.do(vcenters.remove_esxi_host, host_id))

    def ask_link(self, row: HostRow) -> None:
        """Which server a host runs on; also asked by Enter on a host without one."""
        from dsm_desktop.ui.dialogs.vcenter import LinkDialog

        if why_not := self._may_not_change:
            self._desk.tell(why_not, Tone.WARNING)
            return
        LinkDialog(self._owner, self._desk, row).open()

    def browse(self, row: DatastoreRow) -> None:
        """The folders of a datastore; also asked by Enter on it."""
        from dsm_desktop.ui.dialogs.datastore import DatastoreDialog

        if why_not := self._desk.why_not_start("browse_datastore"):
            self._desk.tell(why_not, Tone.WARNING)
            return
        DatastoreDialog(self._desk, row, self._owner).open()
