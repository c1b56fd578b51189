"""The tree beside the servers: narrows the grid, and is where groups are made, filled, renamed, moved and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeView

from dsm_desktop.commands import groups
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.groups import GroupNode
from dsm_desktop.queries.query_edit import with_term
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.groups import GroupDialog, RemoveGroupDialog, SmartGroupDialog
from dsm_desktop.ui.models.facet_model import FacetModel
from dsm_desktop.ui.models.facets import Facet
from dsm_desktop.ui.widgets.panel import GridPanel

_CLOSED_AT_FIRST = frozenset({"tags", "racks"})


class ServerTree(QTreeView):
    """`narrowed(Facet)` when another node is chosen. The grid beside it says which servers are selected and what the query is."""

    narrowed = Signal(object)

    def __init__(self, desk: Desk, panel: GridPanel) -> None:
        super().__init__()
        self._desk, self._panel = desk, panel
        self._closed: set[str] = set(_CLOSED_AT_FIRST)
        self.chosen_key = "all"
        self._kept_key = ""
        self.jobs_for: Callable[[QMenu, Sequence[ServerRow]], None] | None = None
        self.facets = FacetModel(self)
        self.facets.editable = not desk.why_not(Permission.CONFIGURE)
        self.setModel(self.facets)
        self.setHeaderHidden(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setAccessibleName("Groups of servers")
        self.setAccessibleDescription("F2 renames a group, Del removes it, the context menu has more.")
        self.setUniformRowHeights(True)
        self.setTabKeyNavigation(False)
        self.setIndentation(14)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDragEnabled(self.facets.editable)
        self.setAcceptDrops(self.facets.editable)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.selectionModel().currentChanged.connect(self._current)
        self.collapsed.connect(lambda index: self._closed.add(self.facets.facet(index).key))
        self.expanded.connect(lambda index: self._closed.discard(self.facets.facet(index).key))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._context)
        self.facets.renamed.connect(self.rename)
        self.facets.filled.connect(self.fill_group)
        self.facets.moved.connect(self.move_group)

    # -- showing ------------------------------------------------------------------------------------------------

    def show_tree(self, root: Facet) -> None:
        """A new tree or new counts; what was open and chosen stays so."""
        chosen, members = self._kept_key or self.chosen_key, self.facet.members
        self._kept_key = ""
        if self.facets.show_tree(root):
            closed = set(self._closed)
            self.expandAll()
            for key in closed:
                if (place := self.facets.index_of(key)).isValid():
                    self.collapse(place)
            self._closed = closed
            place = self.facets.index_of(chosen)
            self.setCurrentIndex(place if place.isValid() else self.facets.index(0, 0))
        if self.facet.members != members:
            self.narrowed.emit(self.facet)

    @property
    def facet(self) -> Facet:
        """The chosen node."""
        found: Facet = self.facets.facet(self.facets.index_of(self.chosen_key))
        return found

    def choose(self, key: str) -> None:
        """Another node; one kept from the last time that still waits for its tree gives way."""
        self._kept_key = ""
        self.setCurrentIndex(self.facets.index_of(key))

    def choose_kept(self, key: str) -> None:
        """A node of the last time or of a named view: at once, or when there is a tree; the whole list where it has gone."""
        if self.facets.index_of(key).isValid():
            self.choose(key)
        elif self.facets.rowCount():
            self.choose("all")
        else:
            self._kept_key = key

    def _current(self, index: QModelIndex) -> None:
        facet = self.facets.facet(index)
        if facet.key and not facet.is_branch and facet.key != self.chosen_key:
            self.chosen_key = facet.key
            self.narrowed.emit(facet)

    # -- what can be done ---------------------------------------------------------------------------------------

    def _context(self, point: QPoint) -> None:
        menu = QMenu(self)
        self.fill_menu(menu, self.facets.facet(self.indexAt(point)))
        menu.popup(self.viewport().mapToGlobal(point))

    def fill_menu(self, menu: QMenu, facet: Facet) -> None:
        """What can be done with a node; without the right to change groups it says so."""
        group, ids, query = facet.group, self._panel.grid.selected_ids(), self._panel.filter.text().strip()
        why = self._desk.why_not(Permission.CONFIGURE)
        some = words.plural(len(ids), "selected server")

        def entry(text: str, do: Callable[[], object], *, reason: str = "") -> None:
            action = menu.addAction(text, do)
            action.setEnabled(not (why or reason))
            action.setToolTip(why or reason or text)

        menu.setToolTipsVisible(True)
        rows = [row for row in self._panel.model.all_rows() if facet.narrow is None or facet.narrow(row)]
        if not facet.is_branch and rows:
            its = words.plural(len(rows), "server")
            menu.addAction(f"Select its {its}", lambda: self._select(facet))
            if self.jobs_for is not None:
                self.jobs_for(menu.addMenu(f"Do with its {its}"), rows)
            menu.addSeparator()
        if facet.term:
            menu.addAction("Into the query", lambda: self._panel.add_term(facet.term))
            menu.addAction("Leave out by the query", lambda: self._panel.add_term(f"-{facet.term}"))
            menu.addSeparator()
        inside = group if group is not None and group.kind == "manual" else None
        entry("New group…" if inside is None else "New group in it…", lambda: self.new_group(inside))
        entry(
            "New smart group from the query…",
            self.new_smart_group,
            reason="" if query else "The query is empty.",
        )
        if group is None:
            return
        menu.addSeparator()
        if group.kind == "manual":
            none = "" if ids else "No server is selected."
            entry(f"Add the {some}", lambda: self.fill_group(group.id, ids), reason=none)
            entry(f"Take the {some} out", lambda: self.empty_group(group.id, ids), reason=none)
            if group.parents:
                entry("Move to the top", lambda: self.move_group(group.id, 0))
        if group.kind == "saved_filter":
            entry("Edit…", lambda: self.edit_smart_group(group))
            menu.addAction("Show its query", lambda: self._show_query(group))
        if group.kind != "vcenter_cluster":
            entry("Rename", lambda: self.edit(self.facets.index_of(facet.key)))
            entry("Remove the group…", lambda: self.remove_group(group))

    def _select(self, facet: Facet) -> None:
        """Its servers, as far as the query shows them."""
        self.choose(facet.key)
        self._panel.grid.selectAll()
        self._panel.grid.setFocus()

    def new_group(self, inside: GroupNode | None = None) -> None:
        ids = self._panel.grid.selected_ids()
        GroupDialog(self._desk, self.window(), inside=inside, selected=ids).open()

    def new_smart_group(self) -> None:
        """From the present query, and from what the tree narrows to."""
        query = self._panel.filter.text().strip()
        if self.facet.term:
            query = with_term(query, self.facet.term)
        SmartGroupDialog(self._desk, self.window(), query).open()

    def edit_smart_group(self, group: GroupNode) -> None:
        SmartGroupDialog(self._desk, self.window(), group.filter, group).open()

    def remove_group(self, group: GroupNode) -> None:
        RemoveGroupDialog(self._desk, self.window(), group).open()

    def rename(self, group_id: int, name: str) -> None:
        self._desk.change(self, lambda c: c.do(groups.edit_group, group_id, name=name))

    def fill_group(self, group_id: int, ids: list[int]) -> None:
        self._desk.change(self, lambda c: c.do(groups.set_members, group_id, add=ids))

    def empty_group(self, group_id: int, ids: list[int]) -> None:
        self._desk.change(self, lambda c: c.do(groups.set_members, group_id, remove=ids))

    def move_group(self, group_id: int, parent_id: int) -> None:
        self._desk.change(self, lambda c: c.do(groups.move_group, group_id, parent_id or None))

    def _show_query(self, group: GroupNode) -> None:
        self.choose("all")
        self._panel.filter.set_query(group.filter)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        group = self.facets.facet(self.currentIndex()).group
        if event.key() == Qt.Key.Key_Delete and group is not None and self.facets.editable:
            self.remove_group(group)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.state() != self.State.EditingState:
            self._panel.grid.setFocus()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    # -- layout -------------------------------------------------------------------------------------------------

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("servers/closed", sorted(self._closed))
        settings.setValue("servers/facet", self.chosen_key)

    def load_layout(self, settings: QSettings) -> None:
        self.choose_kept(str(settings.value("servers/facet") or "all"))
        closed = settings.value("servers/closed")
        if isinstance(closed, list):
            self._closed = {str(key) for key in closed}
        elif closed is not None:
            self._closed = {str(closed)} - {""}
