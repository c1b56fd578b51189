"""The Servers area: facets, grid, details."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.custom_fields import CustomFieldRow, list_custom_fields
from dsm_desktop.queries.groups import group_tree
from dsm_desktop.queries.query_completion import QueryContext, query_context
from dsm_desktop.queries.query_language import Language
from dsm_desktop.queries.query_terms import TERMS
from dsm_desktop.queries.racks import racked
from dsm_desktop.queries.server_fields import words_of
from dsm_desktop.queries.server_query import LANGUAGE
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.servers import AddServerDialog
from dsm_desktop.ui.list_reader import ListReader
from dsm_desktop.ui.models.facets import Facet, build
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.models.servers import COLUMNS, columns_with, fields_with
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_details import ServerDetails
from dsm_desktop.ui.views.server_tree import ServerTree
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.trends import Trends

COUNTS_MS = 700


def _counts(rows: Sequence[ServerRow]) -> str:
    """ "3 critical, 1 warning" """
    found = Counter(row.health for row in rows)
    return ", ".join(f"{found[h]:,} {h}" for h in ("critical", "warning") if found[h])


class ServersView(AreaView, QWidget):
    """`selection` whenever other servers are chosen, or those chosen have changed: the actions follow it."""

    selection = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._custom: list[CustomFieldRow] = []
        self._followed: frozenset[int] = frozenset()
        self.panel = GridPanel(
            desk.work, "servers", COLUMNS, language=LANGUAGE, words_of=words_of, counts_of=_counts
        )
        self.panel.filter.ask_context = self._ask_context
        self.panel.when_empty(
            "No servers yet",
            "Give the address ranges of your iDRACs and the program finds them, or add one by its address.",
            [
                ("Find servers…", lambda: desk.job_wanted.emit("discovery_scan", [], {})),
                ("Import a list…", self.import_servers),
                ("Add a server…", self.add_server),
            ],
            desk.why_not(Permission.CONFIGURE),
        )
        self.panel.grid.setDragEnabled(True)
        self.panel.grid.first_day = GridLayout(pinned=2)
        self.panel.grid.set_pinned(2)
        Trends(desk, self.panel.grid)
        self.panel.chosen.connect(self._chosen)
        self.panel.opened.connect(self._opened)
        self.details = ServerDetails(desk)
        self.tree = ServerTree(desk, self.panel)
        self.views = ViewsButton(desk, self.panel, "servers", self.tree)
        self.tree.narrowed.connect(lambda facet: self.panel.narrow(facet.narrow, facet.within))
        self.panel.cleared.connect(lambda: self.tree.choose("all"))
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        for widget, least in ((self.tree, 120), (self.panel, 240), (self.details, 350)):
            self._split.addWidget(widget)
            widget.setMinimumWidth(least)
        self._split.setSizes([176, 650, 370])
        self._split.setStretchFactor(1, 2)
        self._split.setStretchFactor(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._split)
        self._counts = QTimer(self, interval=COUNTS_MS, singleShot=True)
        self._counts.timeout.connect(self._recount)
        self._reader = ListReader(
            desk.work,
            self,
            read_all=self._read_all,
            show_all=self._show,
            read_some=self._read_some,
            show_some=self._patch,
            failed=lambda error: self.panel.error(error, self.refresh),
        )
        desk.bridge.changed.connect(self._changed)
        desk.store_back.connect(self._recount)
        self.refresh()

    def main_panel(self) -> GridPanel:
        return self.panel

    def panes(self) -> list[QWidget]:
        return [self.tree, self.panel.grid, self.details.tabs.tabBar()]

    def unsaved(self) -> list[str]:
        return self.details.unsaved()

    def _ask_context(self) -> None:
        """What the query bar may offer, read when it gets the focus."""

        def take(found: QueryContext) -> None:
            self.panel.filter.context = found

        self._desk.work.query(self, query_context, take, lambda _: None, key="completion")

    # -- reading ------------------------------------------------------------------------------------------------

    def read_anew(self) -> None:
        if rows := self.panel.model.shown_rows():
            self._desk.job_wanted.emit("inventory_refresh", [row.id for row in rows], {})

    def refresh(self) -> None:
        """Read all servers again; what is shown stays until they are there."""
        self._reader.everything()

    def _read_all(self, connection: Connection) -> tuple[Prepared, list[CustomFieldRow]]:
        return self.panel.model.prepare(list_servers(connection)), list_custom_fields(connection)

    def _read_some(self, connection: Connection, ids: frozenset[int]) -> Prepared:
        return self.panel.model.prepare(list_servers(connection, ids))

    def _show(self, found: tuple[Prepared, list[CustomFieldRow]]) -> None:
        prepared, custom = found
        if custom != self._custom:
            self._custom = custom
            self.panel.set_columns(columns_with(custom), Language(fields_with(custom), TERMS))
        self.panel.set_rows(prepared)
        self._recount()

    def _changed(self, change: Change) -> None:
        if change.topic == "custom_fields" or (change.topic == "servers" and change.many):
            self.refresh()
        elif change.topic in ("server_groups", "racks"):
            self._counts.start()
        elif change.topic == "servers":
            self._reader.changed(change.ids, change.removed)

    def _patch(self, prepared: Prepared, removed: frozenset[int]) -> None:
        self.panel.patch(prepared, removed)
        if not self._counts.isActive():
            self._counts.start()
        shown = self.details.server_id
        if shown is not None and any(row.id == shown for row in prepared.rows):
            self.details.update_row(next(row for row in prepared.rows if row.id == shown))
        if not self._followed.isdisjoint(row.id for row in prepared.rows):
            self.selection.emit()

    def _recount(self) -> None:
        """Counts of the tree, and what the store answers to the query, in a worker."""
        self.panel.filter.ask_again()
        servers: list[ServerRow] = self.panel.model.all_rows()

        def ask(connection: Connection) -> Facet:
            return build(servers, group_tree(connection, servers), racked(connection))

        self._desk.work.query(self, ask, self.tree.show_tree, lambda _: None, key="facets")

    # -- selection ----------------------------------------------------------------------------------------------

    def selected(self) -> list[ServerRow]:
        """The chosen servers in the order shown."""
        return [self.panel.model.row_at(place) for place in self.panel.grid.selected_places()]

    @property
    def only(self) -> ServerRow | None:
        """The chosen server, where it is one alone."""
        places = self.panel.grid.selected_places()
        return self.panel.model.row_at(places[0]) if len(places) == 1 else None

    def _chosen(self, ids: list[int]) -> None:
        self._follow_selection()

    def _follow_selection(self) -> None:
        rows = self.selected()
        self._followed = frozenset(row.id for row in rows)
        self.details.show_rows(rows)
        self.selection.emit()

    def _opened(self, server_id: int) -> None:
        self.details.setVisible(True)
        self.details.focus_first()

    def show_server(self, server_id: int) -> None:
        """Bring a server into sight, whatever is filtered."""
        if self.panel.model.place_of(server_id) is None:
            self.panel.clear_filter()
        self.panel.grid.show_row(server_id)
        self.panel.grid.setFocus()

    def select_servers(self, ids: Sequence[int]) -> None:
        """Exactly these, whatever was filtered before; the first comes into sight."""
        self.show_filter("")
        self.panel.grid.select_ids(list(ids), current=ids[0] if ids else None)
        self.panel.grid.scrollTo(self.panel.grid.currentIndex())
        self.panel.grid.setFocus()

    def show_filter(self, text: str) -> None:
        """From a number on the dashboard: these servers."""
        self.tree.choose("all")
        self.panel.filter.set_query(text)

    # -- changes ------------------------------------------------------------------------------------------------

    def add_server(self) -> None:
        AddServerDialog(self._desk, self.window()).open()

    def import_servers(self) -> None:
        from dsm_desktop.ui.dialogs.import_servers import (
            ImportDialog,  # seldom, and not needed to show the servers
        )

        ImportDialog(self._desk, self.window()).open()

    def set_menu(self, fill: Any) -> None:
        """What the context menu of a server offers."""

        def menu_of(menu: QMenu) -> None:
            fill(menu)

        self.panel.grid.menu_of = menu_of

    def save_layout(self) -> None:
        settings = self._desk.settings
        settings.setValue("servers/split", self._split.saveState())
        self.tree.save_layout(settings)
        self.details.save_layout(settings)

    def load_layout(self) -> None:
        settings = self._desk.settings
        if state := settings.value("servers/split"):
            self._split.restoreState(state)
        self.tree.load_layout(settings)
        self.details.load_layout(settings)
