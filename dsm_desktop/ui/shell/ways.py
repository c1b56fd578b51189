"""Going about in the window: areas, tabs, objects, back and forward. Mixed into the main window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMenu, QToolBar, QWidget

from dsm_desktop.queries.calls import CallFilter
from dsm_desktop.queries.saved_views import SavedViewRow
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.shell.actions import Actions
from dsm_desktop.ui.shell.areas import AREAS, AreaStack
from dsm_desktop.ui.shell.dock import JobsDock
from dsm_desktop.ui.shell.navigation import NavigationRail
from dsm_desktop.ui.shell.pages import ServerPage, build_page
from dsm_desktop.ui.shell.palette import (
    Entry,
    entries_of,
    entries_of_groups,
    entries_of_pages,
    entries_of_servers,
    entries_of_views,
)
from dsm_desktop.ui.shell.status import StatusStrip
from dsm_desktop.ui.shell.tabs import Detached, TabDeck
from dsm_desktop.ui.shell.trail import Crumbs, Place, Trail
from dsm_desktop.ui.views.servers import ServersView
from dsm_desktop.ui.widgets.area import AreaView

if TYPE_CHECKING:
    from dsm_desktop.ui.views.activity import ActivityView
    from dsm_desktop.ui.views.settings import SettingsView


_AT_HOME = frozenset(
    ("edit", "remove", "back", "forward", "details", "reset", "next-pane", "previous-pane", "paste-list")
)
"""Actions of the main window itself."""


def step_pane(panes: Sequence[QWidget], step: int) -> None:
    """The focus to the next pane in sight."""
    seen = [pane for pane in panes if pane.isVisible()]
    here = QApplication.focusWidget()
    current = next((i for i, p in enumerate(seen) if here and (p is here or p.isAncestorOf(here))), -1)
    if seen:
        seen[(current + step) % len(seen)].setFocus(Qt.FocusReason.ShortcutFocusReason)


class Ways:
    """Expects the attributes below of the window it is mixed into."""

    desk: Desk
    areas: AreaStack
    deck: TabDeck
    trail: Trail
    crumbs: Crumbs
    rail: NavigationRail
    dock: JobsDock
    status: StatusStrip
    actions_: Actions
    _dock_wanted: bool

    def build_ways(self, owner: QWidget) -> None:
        """Deck, trail and breadcrumb; once, before the actions."""
        self._home = self._front = owner
        self.deck = TabDeck(self.areas, self._build_page, self._dress)
        self.trail = Trail(self.here, self.go, owner)
        self.crumbs = Crumbs()
        self.crumbs.chosen.connect(self.go)

    def _dress(self, out: Detached) -> None:
        """Keys of a window taken out: those of the whole program, and what acts on the page it shows. Nothing of it acts on
        what is selected, open or in sight in the main window."""
        plain = self.actions_.plain
        out.addActions([a for n, a in plain.items() if n not in _AT_HOME and not n.startswith("tab-")])
        own: list[tuple[QAction, Callable[[], object]]] = [
            (plain["tab-close"], out.close),
            (plain["next-pane"], lambda: step_pane(out.view.panes(), 1)),
            (plain["previous-pane"], lambda: step_pane(out.view.panes(), -1)),
        ]
        for action, do in own:
            QShortcut(action.shortcut(), out, do)
        # A window of the last time is there before the job types are.
        read = self.actions_.jobs.get("inventory_refresh")
        keys = read.shortcut() if read is not None else QKeySequence("F5")
        QShortcut(keys, out, lambda: self._read_servers_of(out))

    def _read_servers_of(self, out: Detached) -> None:
        page = out.view
        if isinstance(page, ServersView | ServerPage) and (rows := page.selected()):
            self.desk.job_wanted.emit("inventory_refresh", [row.id for row in rows], {})

    def connect_ways(self) -> None:
        """Follow what moves; when actions and status exist."""
        desk = self.desk
        self.deck.shown.connect(self._tab_shown)
        self.trail.changed.connect(self._trail_changed)
        self.rail.aside.connect(lambda key: self.deck.open(f"area:{key}"))
        desk.moved.connect(self.trail.note)
        desk.tab_wanted.connect(self.deck.open)
        self.dock.panel.grid.aside.connect(lambda job_id: self.deck.open(f"job:{job_id}"))
        self._wire_servers(self.servers)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusWindowChanged.connect(self._window_changed)
        self.actions_.fresh = self._follow_rows

    def _window_changed(self) -> None:
        """Another window of ours is in front, and the actions follow it. A dialog or the palette stands for the window below."""
        active = QApplication.activeWindow()
        if active is not self._front and (active is self._home or active in self.deck.detached):
            self._front = active
            self._follow_rows()

    def _wire_servers(self, view: ServersView) -> None:
        view.selection.connect(self._follow_rows)
        view.set_menu(partial(self._fill_server_menu, view))
        view.tree.jobs_for = self.actions_.fill_jobs_for
        view.panel.grid.aside.connect(lambda server_id: self.deck.open(f"server:{server_id}"))

    def _fill_server_menu(self, view: ServersView, menu: QMenu) -> None:
        self.actions_.follow(view.selected())  # the row below the pointer may have been chosen only now
        menu.addAction(self.actions_.plain["tab-open"])
        menu.addSeparator()
        self.actions_.fill_server_menu(menu)

    def _build_page(self, spec: str) -> QWidget:
        page = build_page(self.desk, spec)
        if isinstance(page, ServersView):
            self._wire_servers(page)
        elif isinstance(page, ServerPage):
            page.selection.connect(self._follow_rows)
        return page

    def add_ways(self) -> None:
        """The actions of tabs and of back and forward."""
        add = self.actions_.add
        add("back", "Back", self.trail.back, icon="back", keys="Alt+Left")
        add("forward", "Forward", self.trail.forward, icon="forward", keys="Alt+Right")
        add("tab-open", "Open in a new tab", self.open_in_tab, icon="panel", keys="Ctrl+T")
        add("tab-close", "Close the tab", self.deck.close_current, keys="Ctrl+W")
        add("tab-reopen", "Open the closed tab again", self.deck.reopen, keys="Ctrl+Shift+T")
        add("tab-next", "Next tab", lambda: self.deck.go(self.deck.number + 1), keys="Ctrl+Tab")
        add("tab-previous", "Previous tab", lambda: self.deck.go(self.deck.number - 1))
        # Qt turns Shift+Tab into Backtab.
        self.actions_.plain["tab-previous"].setShortcuts(
            [QKeySequence("Ctrl+Shift+Tab"), QKeySequence("Ctrl+Shift+Backtab")]
        )
        self.desk.keys.add("tab-previous", self.actions_.plain["tab-previous"])
        add(
            "tab-out",
            "Take the tab out into a window",
            lambda: self.deck.detach(self.deck.number),
            keys="Ctrl+Shift+D",
        )
        self._follow_tabs()
        self._trail_changed()

    def fill_ways(self, bar: QToolBar) -> None:
        """Back and forward at the left of the tool bar."""
        bar.addActions([self.actions_.plain["back"], self.actions_.plain["forward"]])
        for name in ("back", "forward"):
            button = bar.widgetForAction(self.actions_.plain[name])
            button.setProperty("toolButtonStyle", 0)
            button.setAccessibleName(self.actions_.plain[name].text())

    # -- where --------------------------------------------------------------------------------------------------

    @property
    def out(self) -> Detached | None:
        """The window taken out that is in front; None while it is this one."""
        return next((out for out in self.deck.detached if out is self._front), None)

    @property
    def view(self) -> AreaView:
        """The view in sight, whichever tab it is in, or window that was taken out."""
        if (out := self.out) is not None:
            return out.view
        page = self.deck.page
        if page is self.areas:
            return self.areas.current
        return page if isinstance(page, AreaView) else AreaView()

    @property
    def area(self) -> str:
        """The area in sight, or the one that what is in sight belongs to."""
        kind, _, value = self.deck.spec.partition(":")
        return {"": self.areas.key, "area": value, "server": "servers", "job": "activity"}[kind]

    def views(self) -> list[AreaView]:
        """Every view that was made, in any tab."""
        return [*self.areas.made(), *self.deck.pages()]

    def here(self) -> Place:
        """For the trail."""
        if self.deck.number:
            return Place(f"tab:{self.deck.spec}", (self.deck.page.windowTitle() or "…",))
        area = next(a for a in AREAS if a.key == self.areas.key)
        if area.key == "servers" and (row := self.servers.only) is not None:
            return Place(f"servers/{row.id}", (area.title, row.label))
        page, names = self.areas.current.place()
        return Place(f"{area.key}/{page}" if page else area.key, (area.title, *names))

    def go(self, spec: str) -> None:
        """To a place of the trail."""
        if spec.startswith("tab:"):
            self.deck.open(spec.removeprefix("tab:"))
            return
        area, _, rest = spec.partition("/")
        self.show_area(area if area == "servers" else spec)
        if area == "servers" and rest:
            self.servers.show_server(int(rest))

    def show_area(self, key: str) -> None:
        """An area; "settings/credentials" is a page of one."""
        with self.trail.quiet():
            self._show_area(*key.partition("/")[::2])
        self._tab_shown()

    def _show_area(self, area: str, page: str) -> None:
        self.areas.show_area(area)
        title = next(a for a in AREAS if a.key == area)
        self.deck.name_home(title.title, title.icon)
        self.deck.go(0)
        if self.status.last is not None:
            self.areas.current.show_numbers(self.status.last)
        if page:
            self.areas.current.show_page(page)

    def _tab_shown(self) -> None:
        self.rail.mark(self.area)
        self.dock.setVisible(self._dock_wanted and self.area != "activity")
        self._follow_tabs()
        self._follow_rows()
        self.trail.note()

    def _follow_tabs(self) -> None:
        plain = self.actions_.plain
        for name in ("tab-next", "tab-previous"):
            # With one tab the keys belong to the tabs inside the area.
            plain[name].setEnabled(self.deck.count > 1)
        for name in ("tab-close", "tab-out"):
            plain[name].setEnabled(self.deck.number > 0)

    def _follow_rows(self) -> list[ServerRow]:
        """The actions act on the servers in sight, as they are now: those selected, or the one of the tab. Other areas leave
        them with what is selected in the list of this window, a window taken out with none."""
        view = self.view
        if isinstance(view, ServersView | ServerPage):
            self.actions_.follow(view.selected())
        else:
            self.actions_.follow([] if self.out else self.servers.selected())
        if not self.deck.number:
            self.trail.note()
        return self.actions_.rows

    def _trail_changed(self) -> None:
        for name, place in (("back", self.trail.before), ("forward", self.trail.after)):
            action = self.actions_.plain[name]
            action.setEnabled(place is not None)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{action.text()}{' to ' + ' › '.join(place.names) if place else ''} ({keys})")
        self.crumbs.show_place(self.here())

    def open_in_tab(self) -> None:
        """The servers selected, each in a tab of its own; else the area in sight once more."""
        rows = self.actions_.rows if isinstance(self.view, ServersView) else []
        for row in rows[:_MOST_AT_ONCE]:
            self.deck.open(f"server:{row.id}", row.label)
        if not rows:
            self.deck.open(f"area:{self.area}")

    # -- objects ------------------------------------------------------------------------------------------------

    @property
    def servers(self) -> ServersView:
        """The Servers area of the window's own tab."""
        view = self.areas.view("servers")
        assert isinstance(view, ServersView)
        return view

    @property
    def activity(self) -> ActivityView:
        from dsm_desktop.ui.views.activity import ActivityView  # not needed to show the servers

        view = self.areas.view("activity")
        assert isinstance(view, ActivityView)
        return view

    @property
    def settings(self) -> SettingsView:
        from dsm_desktop.ui.views.settings import SettingsView  # not needed to show the servers

        view = self.areas.view("settings")
        assert isinstance(view, SettingsView)
        return view

    def palette_entries(self) -> list[Entry]:
        """All that can be gone to or done."""
        from dsm_desktop.queries.manual import manual  # neither is needed to show the servers
        from dsm_desktop.ui.views.manual import ManualWindow
        from dsm_desktop.ui.views.settings import pages_of

        view, topics = self.servers, [(topic.id, topic.title) for topic in manual().topics]
        pages = pages_of(self.desk.context.settings_sections)
        return [
            *entries_of(self.actions_.every()),
            *entries_of_views(view.views.rows, self._show_view),
            *entries_of_groups(view.tree.facets.root, self._show_group),
            *entries_of_pages("Settings", "settings", pages, lambda key: self.show_area(f"settings/{key}")),
            *entries_of_pages("Manual", "help", topics, lambda key: ManualWindow.open_topic(key, self.rail)),
            *entries_of_servers(view.panel.model.all_rows(), self.show_server),
        ]

    def _show_view(self, row: SavedViewRow) -> None:
        self.show_area("servers")
        self.servers.views.switch(row)

    def _show_group(self, key: str) -> None:
        self.show_area("servers")
        self.servers.tree.choose(key)

    def show_job(self, job_id: int) -> None:
        self.show_area("activity")
        self.activity.show_job(job_id)

    def show_filtered(self, view: str, text: str) -> None:
        """From a number: the rows it counts."""
        if view == "servers":
            self.show_area("servers")
            self.servers.show_filter(text)
        elif view == "vcenter":
            self.show_area(f"vcenter/{text}" if text else "vcenter")
        else:
            self.show_area("activity")
            self.activity.show_filter(view, text)

    def show_calls(self, wanted: CallFilter) -> None:
        self.show_area("activity")
        self.activity.show_calls(wanted)

    def show_call(self, call_id: int) -> None:
        """One call, chosen among those of its job."""
        self.show_area("activity")
        self.activity.show_call(call_id)

    def show_server(self, server_id: int) -> None:
        self.show_area("servers")
        self.servers.show_server(server_id)

    def select_servers(self, ids: list[int]) -> None:
        """Failed targets, rows of a report: they become the selection."""
        self.show_area("servers")
        self.servers.select_servers(ids)


_MOST_AT_ONCE = 10
