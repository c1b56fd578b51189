"""The vCenter area: the tree at the left narrows cards and tables at the right; all of it from the store, with its age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.blockers import blockers_of
from dsm_desktop.queries.recovery_keys import recovery_key_rows
from dsm_desktop.queries.safety_history import Schedule, safety_history, safety_schedule
from dsm_desktop.queries.vsphere import VsphereView, vsphere_view
from dsm_desktop.queries.vsphere_rows import BlockerRow, ClusterRow, HostRow, VcenterRow
from dsm_desktop.queries.vsphere_tree import Node, tree_of
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.cluster_out import ClusterOutDialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views import vcenter_tables as tables
from dsm_desktop.ui.views.blockers import BlockersPage
from dsm_desktop.ui.views.cluster_cards import ClusterCards
from dsm_desktop.ui.views.recovery_keys import RecoveryKeysPage
from dsm_desktop.ui.views.safety_checks import SafetyChecksPage
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.vcenter_banner import show_ages, show_trouble
from dsm_desktop.ui.views.vcenter_menus import VcenterMenus
from dsm_desktop.ui.views.vcenter_tree import VsphereTree
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.states import Banner, StatePane

_READ_TIP = "Read the chosen vCenter or stand-alone host, or all of them, now"
_TOPICS = ("vsphere", "vcenters", "esxi_hosts", "safety_checks")


@dataclass(frozen=True, slots=True)
class Found:
    """One look at the store."""

    view: VsphereView
    tree: Node
    blockers: tuple[BlockerRow, ...]
    prepared: tuple[Prepared, ...]
    """For each table in the order of the pages."""
    schedule: Schedule


class VcenterView(AreaView, QWidget):
    """Pages "clusters", "hosts", "vms", "datastores", "alarms", "rules", "blockers", "checks", "keys"."""

    PAGES = ("clusters", "hosts", "vms", "datastores", "alarms", "rules", "blockers", "checks", "keys")

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._found: Found | None = None
        self.menus = VcenterMenus(desk, self, self._cluster_work)
        self.tree = VsphereTree()
        self.tree.menu_of = self.tree_menu
        self.tree.narrowed.connect(self._narrow)
        self.banner = Banner()
        self.state = StatePane()
        self.state.loading("vCenters")
        self.cards = ClusterCards(self._cluster_work, desk.why_not(Permission.OPERATE))
        self.hosts = self._panel("hosts", tables.HOSTS, "server", self.host_menu)
        self.hosts.opened.connect(self._open_server)
        self.vms = self._panel("VMs", tables.VMS, "vm")
        self.datastores = self._panel("datastores", tables.DATASTORES, "database", self._store_menu)
        self.datastores.opened.connect(self._open_store)
        self.alarms = self._panel("alarms", tables.ALARMS, "status-warning", self.alarm_menu)
        self.rules = self._panel("rules", tables.RULES, "group")
        self.stops = BlockersPage(desk, self._clear_blockers, self._check)
        self.blockers = self.stops.panel
        self.checks = SafetyChecksPage(desk)
        self.keys = RecoveryKeysPage(desk)
        self.panels = (
            self.hosts, self.vms, self.datastores, self.alarms, self.rules, self.blockers, self.checks.panel, self.keys.panel,
        )  # fmt: skip
        self.alarms.when_empty("No alarms", "")
        self.rules.when_empty("No DRS rules", "")
        for panel in self.panels:
            panel.cleared.connect(self.tree.choose_all)
        self._lay_out()
        self._soon = Soon(desk.work, self, 250, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _panel(
        self,
        name: str,
        columns: Sequence[Column],
        icon_name: str,
        menu: Callable[[QMenu], None] | None = None,
    ) -> GridPanel:
        panel = GridPanel(self._desk.work, name, columns, icon_name=icon_name)
        ViewsButton(self._desk, panel, f"vcenter/{panel.grid.accessibleName()}")
        if menu is not None:
            panel.grid.menu_of = menu
        return panel

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("vCenter")
        self.tabs.tabBar().setAccessibleName("Pages of the vCenter area")
        titles = (
            "Clusters",
            "Hosts",
            "VMs",
            "Datastores",
            "Alarms",
            "Rules",
            "Stops you tonight",
            "Safety checks",
            "Recovery keys",
        )
        pages = (
            self.cards,
            self.hosts,
            self.vms,
            self.datastores,
            self.alarms,
            self.rules,
            self.stops,
            self.checks,
            self.keys,
        )
        for title, page in zip(titles, pages, strict=True):
            self.tabs.addTab(page, title)
        self.tabs.currentChanged.connect(lambda _: self._desk.moved.emit())
        self.split = QSplitter()
        self.split.addWidget(self.tree)
        self.split.addWidget(self.tabs)
        self.split.setStretchFactor(0, 1)
        self.split.setStretchFactor(1, 4)
        self.split.setSizes([260, 1000])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._bar())
        column.addWidget(self.banner)
        column.addWidget(self.state, 1)
        column.addWidget(self.split, 1)
        self.split.hide()

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.said = QLabel()
        self.said.setAccessibleName("State of the vCenters")
        bar.addWidget(self.said, 1)
        self.links = QPushButton("Links…")
        self.links.setToolTip("Hosts without a server, and servers without a host; link them by hand")
        self.links.clicked.connect(self.ask_links)
        bar.addWidget(self.links)
        self.add, self.sync, self.edit = (
            QPushButton("Add vCenter…"),
            QPushButton("Read now"),
            QPushButton("Change…"),
        )
        self.add.clicked.connect(lambda: self.ask_vcenter(None))
        self.sync.clicked.connect(self.read_anew)
        self.edit.clicked.connect(lambda: self.ask_vcenter(self._chosen_vcenter()))
        for button in (self.add, self.sync, self.edit):
            bar.addWidget(button)
        self._allow(False)
        return bar

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        models = [panel.model for panel in self.panels]

        def look(connection: Connection) -> Found:
            view = vsphere_view(connection)
            blockers = blockers_of(connection, view.sites)
            checks, keys = safety_history(connection), recovery_key_rows(connection)
            seen = (view.hosts, view.vms, view.datastores, view.alarms, view.rules)
            rows: tuple[Iterable[Any], ...] = (*seen, blockers, checks, keys)
            prepared = tuple(model.prepare(some) for model, some in zip(models, rows, strict=True))
            return Found(view, tree_of(view), blockers, prepared, safety_schedule(connection))

        self._desk.work.query(self, look, self._show, self._failed, key="vsphere")

    def _changed(self, change: Change) -> None:
        if change.topic in _TOPICS or (change.topic == "servers" and self._found is not None):
            self._soon.tell()

    def _failed(self, error: DsmError) -> None:
        self.split.hide()
        self.state.show()
        self.state.error(error, self.refresh)

    def _show(self, found: Found) -> None:
        self._found = found
        view = found.view
        some = bool(view.vcenters or view.hosts)
        self.split.setVisible(some)
        self.state.setVisible(not some)
        loose = sum(row.server_id is None for row in view.hosts)
        self.links.setText(f"{words.plural(loose, 'host')} unlinked…" if loose else "Links…")
        if not some:
            self.state.empty(
                "vcenter",
                "No vCenter yet",
                "Add one to see its clusters beside the hardware, and to plan maintenance that empties hosts first.",
                [("Add vCenter…", lambda: self.ask_vcenter(None))],
                self._desk.why_not(Permission.CONFIGURE),
            )
        for panel, prepared in zip(self.panels, found.prepared, strict=True):
            panel.set_rows(prepared)
        self.checks.tell(found.schedule)
        show_ages(view, self.said)
        show_trouble(view, self.banner, self._desk, self)
        self.tree.show_tree(found.tree)

    def _allow(self, some: bool) -> None:
        """The buttons above, for what is chosen in the tree."""
        change, read = self._desk.why_not(Permission.CONFIGURE), self._desk.why_not(Permission.OPERATE)
        one = "" if self._chosen_vcenter() is not None else "Choose a vCenter in the tree."
        allow(self.add, change, "A vCenter or a stand-alone ESXi host")
        allow(self.sync, read or ("" if some else "There is nothing to read yet."), _READ_TIP)
        allow(self.edit, change or one, "Login, certificate, name; or remove it")

    def _narrow(self, node: Node) -> None:
        found = self._found
        self._allow(found is not None and bool(found.view.vcenters or found.view.hosts))
        if found is None:
            return
        view, whole, ids = found.view, not node.key, node.hosts()
        hosts = [r for r in view.hosts if (r.vcenter_id, r.moid) in ids]
        clusters = {(r.vcenter_id, r.cluster_id) for r in hosts}
        stores = {
            (r.vcenter_id, r.moid)
            for r in view.datastores
            if any((r.vcenter_id, h) in ids for h in r.host_ids)
        }
        near = ids | clusters | stores
        tests: tuple[Callable[[Any], bool], ...] = (
            lambda r: (r.vcenter_id, r.moid) in ids,
            lambda r: (
                (r.vcenter_id, r.moid) == (node.vcenter_id, node.moid)
                if node.kind == "vm"
                else (r.vcenter_id, r.host_id) in ids
            ),
            lambda r: (r.vcenter_id, r.moid) in stores,
            lambda r: (r.vcenter_id, r.on_id) in near,
            lambda r: (r.vcenter_id, r.cluster_id) in clusters,
            lambda r: (r.vcenter_id, r.host_id) in ids,
            lambda r: (r.vcenter_id, r.moid) in clusters,
        )
        for panel, test in zip(self.panels, tests, strict=False):
            panel.narrow(None if whole else test, "" if whole else node.full or node.title)
        self.keys.narrow(None if whole else {r.id for r in hosts})
        unread = ", ".join(r.name for r in view.vcenters if r.synced_at is None) if whole else ""
        self.cards.show_rows(
            [r for r in view.clusters if whole or (r.vcenter_id, r.moid) in clusters], unread
        )
        self._count_blockers([r for r in found.blockers if whole or (r.vcenter_id, r.host_id) in ids])

    def _count_blockers(self, rows: Sequence[BlockerRow]) -> None:
        stops = sum(row.severity == "block" for row in rows)
        place = self.tabs.indexOf(self.stops)
        self.tabs.setTabText(place, f"Stops you tonight ({stops})" if stops else "Stops you tonight")

    # -- doing --------------------------------------------------------------------------------------------------

    def _chosen_vcenter(self) -> VcenterRow | None:
        rows = self._found.view.vcenters if self._found else ()
        wanted = self.tree.node.vcenter_id
        return next((r for r in rows if r.id == wanted), rows[0] if len(rows) == 1 else None)

    def ask_vcenter(self, row: VcenterRow | None) -> None:
        """The dialog for a new vCenter, or to change one."""
        from dsm_desktop.ui.dialogs.vcenter import VcenterDialog

        VcenterDialog(self, self._desk, row).open()

    def read_anew(self) -> None:
        rows = self._found.view.vcenters if self._found else ()
        wanted = self.tree.node.vcenter_id
        for row in rows:
            if wanted in (0, row.id):
                self._desk.submit("vcenter_sync", [], {"vcenter_id": row.id})
        hosts = self._found.view.hosts if self._found else ()
        alone = [row.id for row in hosts if row.alone and wanted in (0, row.vcenter_id)]
        if alone and (wanted < 0 or self.tree.node.kind != "vcenter"):
            self._desk.submit("host_refresh", alone, {})

    def _cluster_work(self, kind: str, row: ClusterRow | HostRow) -> None:
        if kind == "numbers":
            ClusterOutDialog(self._desk, row.name, row.vcenter_id, row.moid, self).open()
            return
        self._desk.job_wanted.emit(kind, [], {"vcenter_id": row.vcenter_id, "cluster": row.moid})

    def _clear_blockers(self, hosts: set[tuple[int, str]]) -> None:
        rows = self._found.view.hosts if self._found else ()
        ids = [row.id for row in rows if (row.vcenter_id, row.moid) in hosts]
        self._desk.job_wanted.emit("clear_blockers", ids, {})

    def _check(self, clusters: set[tuple[int, str]]) -> None:
        """Judge the one cluster in sight, or all of them."""
        rows = self._found.view.clusters if self._found else ()
        known = [row for row in rows if (row.vcenter_id, row.moid) in clusters]
        one = known[0] if len(known) == 1 else None
        chosen = {"vcenter_id": one.vcenter_id, "cluster": one.moid} if one is not None else {}
        self._desk.submit("cluster_safety_check", [], chosen)

    def _open_server(self, host_id: int) -> None:
        row = self.hosts.model.row_of(host_id)
        if row is not None and row.server_id is not None:
            self._desk.server_opened.emit(row.server_id)
        elif row is not None:
            self.menus.ask_link(row)

    def _open_store(self, row_id: int) -> None:
        row = self.datastores.model.row_of(row_id)
        if row is not None:
            self.menus.browse(row)

    def host_menu(self, menu: QMenu) -> None:
        """Of the chosen rows of the hosts' table."""
        rows = [self.hosts.model.row_of(i) for i in self.hosts.grid.selected_ids()]
        self.menus.hosts(menu, [row for row in rows if row is not None])

    def _store_menu(self, menu: QMenu) -> None:
        ids = self.datastores.grid.selected_ids()
        row = self.datastores.model.row_of(ids[0]) if len(ids) == 1 else None
        if row is not None:
            self.menus.store(menu, row)

    def alarm_menu(self, menu: QMenu) -> None:
        """Of the chosen alarms."""
        rows = [self.alarms.model.row_of(i) for i in self.alarms.grid.selected_ids()]
        self.menus.alarms(menu, [row for row in rows if row is not None])

    def tree_menu(self, menu: QMenu) -> None:
        """Of the chosen place in the tree."""
        if self._found is not None:
            self.menus.place(menu, self.tree.node, self._found.view)

    def ask_links(self) -> None:
        """Hosts without a server, servers without a host."""
        from dsm_desktop.ui.dialogs.links import LinksDialog

        LinksDialog(self._desk, self).open()

    # -- the shell ----------------------------------------------------------------------------------------------

    def main_panel(self) -> GridPanel | None:
        page = self.tabs.currentWidget()
        if page is self.stops:
            return self.blockers
        if page is self.keys:
            return self.keys.panel
        return page if isinstance(page, GridPanel) else None

    def chosen_hosts(self) -> list[int]:
        return self.hosts.grid.selected_ids() if self.tabs.currentWidget() is self.hosts else []

    def panes(self) -> list[QWidget]:
        panel = self.main_panel()
        return [self.tree, self.tabs.tabBar(), *([panel.filter, panel.grid] if panel else [self.cards])]

    def show_page(self, page: str) -> None:
        if page in self.PAGES:
            self.tabs.setCurrentIndex(self.PAGES.index(page))

    def place(self) -> tuple[str, tuple[str, ...]]:
        return self.PAGES[self.tabs.currentIndex()], (self.tabs.tabText(self.tabs.currentIndex()),)

    def save_layout(self) -> None:
        self._desk.settings.setValue("vcenter/split", self.split.saveState())

    def load_layout(self) -> None:
        if state := self._desk.settings.value("vcenter/split"):
            self.split.restoreState(state)
