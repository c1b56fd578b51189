"""The main window: areas, actions, docks, status; it decides nothing about servers itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.queries.status import WorkNumbers
from dsm_desktop.queries.vsphere_rows import HostRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.paste_list import PasteListDialog
from dsm_desktop.ui.dialogs.servers import RemoveServersDialog
from dsm_desktop.ui.dialogs.stop import EmergencyStopDialog, ResumeDialog
from dsm_desktop.ui.icons import icon, redraw_icons
from dsm_desktop.ui.models.base import GridModel
from dsm_desktop.ui.shell import first_day
from dsm_desktop.ui.shell.actions import Actions
from dsm_desktop.ui.shell.areas import AREAS, AreaStack, keys_of
from dsm_desktop.ui.shell.dock import JobsDock
from dsm_desktop.ui.shell.job_news import JobNews
from dsm_desktop.ui.shell.lock import IdleLock
from dsm_desktop.ui.shell.menus import fill_job_menus, fill_menu_bar
from dsm_desktop.ui.shell.navigation import NavigationRail
from dsm_desktop.ui.shell.news import NewsCorner
from dsm_desktop.ui.shell.palette import Palette
from dsm_desktop.ui.shell.status import StatusStrip
from dsm_desktop.ui.shell.toolbar import fill_job_buttons, tool_bar
from dsm_desktop.ui.shell.tools import TOOLS
from dsm_desktop.ui.shell.unsaved import may_go
from dsm_desktop.ui.shell.ways import Ways, step_pane
from dsm_desktop.ui.shell.zoom import Zoom
from dsm_desktop.ui.theme import ThemeName, Tone
from dsm_desktop.ui.widgets.listing import Listing
from dsm_desktop.ui.widgets.states import Banner


class MainWindow(Ways, QMainWindow):
    """`closing(WorkNumbers)` is emitted instead of closing while work is left; whoever listens answers with `close_now`."""

    closing = Signal(object)

    def __init__(self, desk: Desk, *, jobs: bool = True) -> None:
        """Without `jobs` it is there sooner; `fill_jobs` follows when they are loaded."""
        super().__init__()
        self.desk = desk
        self._may_close = False
        self.theme_picked = False
        self._title = f"DSM Desktop — {desk.context.store_label}"
        self.setWindowTitle(self._title)
        self.setWindowIcon(icon("logo"))
        self.resize(1280, 800)
        self.setMinimumSize(QSize(900, 560))
        self._dock_wanted = True
        self.areas = AreaStack(desk)
        self.build_ways(self)
        self.zoom = Zoom(desk, self)
        self.actions_ = Actions(desk, self, jobs=jobs)
        self._build_centre()
        self._add_actions()
        self.add_ways()
        self.dock = JobsDock(desk, self)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.resizeDocks([self.dock], [150], Qt.Orientation.Vertical)
        self.status = StatusStrip(desk)
        self.setStatusBar(self.status)
        self._bar = tool_bar(self)
        self.addToolBar(self._bar)
        fill_menu_bar(self)
        if jobs:
            self._show_jobs()
        self.news = NewsCorner(self)
        self.job_news = JobNews(desk, self)
        self.lock = IdleLock(desk, self)
        self._connect()
        self.restore_layout()
        self._dock_wanted = not self.dock.isHidden()
        self.dock.toggleViewAction().triggered.connect(self._dock_toggled)
        self.show_area("servers")
        self.servers.panel.grid.setFocus()
        if kept := str(desk.settings.value("window/area") or ""):
            self.show_area(kept if kept in {area.key for area in AREAS} else "servers")

    def fill_jobs(self) -> None:
        """The job types are loaded: their actions in menus, tool bar and palette."""
        self.actions_.add_jobs()
        self._show_jobs()
        self.actions_.follow(self.actions_.rows)

    def _show_jobs(self) -> None:
        self.addActions(list(self.actions_.jobs.values()))
        fill_job_buttons(self, self._bar)
        fill_job_menus(self)

    def _dock_toggled(self, on: bool) -> None:
        self._dock_wanted = on

    def _build_centre(self) -> None:
        self.rail = NavigationRail()
        self.banner = Banner()
        for area in AREAS:
            self.rail.add(area.key, area.title, area.icon, keys_of(area))
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.banner)
        right.addWidget(self.deck, 1)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(centre)

    def _add_actions(self) -> None:
        add = self.actions_.add
        for area in AREAS:
            go = partial(self.show_area, area.key)
            add(f"area-{area.key}", f"Go to {area.title}", go, icon=area.icon, keys=keys_of(area))
        for tool in TOOLS:
            add(tool.name, tool.text, partial(tool.open, self), icon=tool.icon, keys=tool.keys)
        add("add", "Add a server…", self.servers.add_server, icon="add", keys="Ctrl+Shift+N")
        add("edit", "Edit…", self.edit_servers, icon="edit", keys="F2")
        add("remove", "Remove from the list…", self.remove_servers, icon="remove", keys="Del")
        add("palette", "Go to or do…", self.open_palette, icon="search", keys="Ctrl+K")
        add("find", "Filter this view", self.focus_filter, icon="filter", keys="Ctrl+F")
        add("export", "Export what is shown…", self.export, icon="export", keys="Ctrl+E")
        add(
            "copy",
            "Copy rows",
            self.copy_rows,
            icon="copy",
            tip="Copy the selected rows with headings (Ctrl+C)",
        )
        add("copy-as", "Copy as…", self.copy_as, icon="copy", keys="Ctrl+Shift+C")
        add("columns", "Choose columns…", self.choose_columns, icon="columns")
        add("all", "Select all", lambda: self._grid_do("selectAll"))
        add("none", "Select none", lambda: self._grid_do("clearSelection"), keys="Ctrl+Shift+A")
        add("invert", "Invert the selection", lambda: self._grid_do("invert_selection"), keys="Ctrl+I")
        add("paste-list", "Select from a list…", self.select_from_list, icon="filter", keys="Ctrl+Shift+V")
        add("reload", "Read all that is shown", self.reload, keys="Ctrl+F5")
        add("stop", "Emergency stop…", self.ask_stop, icon="stop", keys="Ctrl+Shift+F12")
        add("details", "Show or hide details", self.toggle_details, icon="details", keys="Alt+Return")
        add("reset", "Reset the layout", self.reset_layout)
        add("next-pane", "Next pane", lambda: self._next_pane(1), keys="F6")
        add("previous-pane", "Previous pane", lambda: self._next_pane(-1), keys="Shift+F6")
        for name, text, steps, keys in (
            ("zoom-in", "Larger letters", 1, "Ctrl++"),
            ("zoom-out", "Smaller letters", -1, "Ctrl+-"),
            ("zoom-normal", "Letters as at first", 0, "Ctrl+0"),
        ):
            add(name, text, partial(self.zoom.change, steps), keys=keys)
        add("lock", "Lock the window", self.lock_now, icon="lock", keys="Ctrl+L")
        add("quit", "Quit", self.close, keys="Ctrl+Q")
        # Delete and Enter belong to the grid: elsewhere they edit text.
        for name in ("remove", "edit"):
            self.actions_.plain[name].setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.servers.panel.grid.addAction(self.actions_.plain[name])
        self.addActions([a for n, a in self.actions_.plain.items() if n not in ("remove", "edit")])
        self.actions_.follow([])

    def _connect(self) -> None:
        desk = self.desk
        self.rail.chosen.connect(self.show_area)
        self.connect_ways()
        self.status.numbers.connect(self._show_numbers)
        self.status.stop_wanted.connect(self.ask_stop)
        self.status.jobs_wanted.connect(lambda: self.show_area("activity"))
        desk.told.connect(self.news.tell)
        desk.store_back.connect(self.news.store_is_back)
        self.news.locked = lambda: self.lock.locked
        self.lock.opened.connect(self.news.catch_up)
        desk.job_wanted.connect(self._start_job)
        desk.job_opened.connect(self.show_job)
        desk.server_opened.connect(self.show_server)
        desk.servers_chosen.connect(self.select_servers)
        desk.area_opened.connect(self.show_area)
        desk.calls_opened.connect(self.show_calls)
        desk.call_opened.connect(self.show_call)
        desk.filter_wanted.connect(self.show_filtered)
        desk.theme.changed.connect(self._redraw)

    # -- doing --------------------------------------------------------------------------------------------------

    def open_palette(self) -> None:
        Palette(self.palette_entries(), self.out or self).open()

    def _start_job(self, kind: str, ids: list[int], preset: Mapping[str, Any]) -> None:
        job_type = self.desk.context.catalogue[kind]
        why = self.desk.why_not(job_type.needs)
        if why:
            self.desk.tell(why, Tone.WARNING)
            return
        if kind in ("rolling_update", "rolling_plan"):
            from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog

            PlanMaintenanceDialog(self.desk, preset, self).open()
            return
        if job_type.targets is Targets.HOST:
            self._start_host_job(kind, ids or self.view.chosen_hosts(), preset)
            return
        rows = [row for i in ids if (row := self.servers.panel.model.row_of(i)) is not None]
        if not ids and job_type.targets is Targets.SERVER:
            rows = self.actions_.rows  # asked for elsewhere than in the list: for what is selected there
        from dsm_desktop.ui.dialogs.job import start_job  # the window is shown before it

        start_job(self.desk, kind, rows, preset, self)

    def _start_host_job(self, kind: str, ids: list[int], preset: Mapping[str, Any]) -> None:
        """Hosts are looked up in the store: their table may not have been opened yet."""
        from dsm_desktop.queries.vsphere import hosts_by_id
        from dsm_desktop.ui.dialogs.job import start_job  # the window is shown before it

        def ask(rows: list[HostRow]) -> None:
            start_job(self.desk, kind, rows, preset, self)

        self.desk.work.query(self, lambda c: hosts_by_id(c, ids), ask, self.desk.fail, key="hosts")

    def edit_servers(self) -> None:
        rows = self._follow_rows()  # also before the selection has settled
        if rows and not self.desk.why_not(Permission.CONFIGURE):
            from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog  # the window is shown before it

            EditServersDialog(self.desk, rows, self).open()

    def remove_servers(self) -> None:
        rows = self._follow_rows()  # also before the selection has settled
        if rows and not self.desk.why_not(Permission.CONFIGURE):
            RemoveServersDialog(self.desk, rows, self).open()

    def ask_stop(self) -> None:
        """STOP, or resume where it stands."""
        if self.status.stopped:
            ResumeDialog(self.desk, self.status.stopped, self).open()
        else:
            EmergencyStopDialog(self.desk, self.status.last, self).open()

    def panel(self) -> Listing | None:
        """The grid that the keys of the window act on: the one with the focus, else the area's first."""
        widget: QWidget | None = QApplication.focusWidget()
        while widget is not None:
            if isinstance(widget, Listing):
                return widget
            widget = widget.parentWidget()
        return self.view.main_panel()

    def focus_filter(self) -> None:
        if (panel := self.panel()) is not None:
            panel.focus_filter()

    def export(self) -> None:
        if (panel := self.panel()) is not None:
            panel.ask_export()

    def copy_rows(self) -> None:
        if (panel := self.panel()) is not None:
            panel.grid.copy()

    def copy_as(self) -> None:
        if (panel := self.panel()) is not None:
            panel.grid.ask_copy()

    def choose_columns(self) -> None:
        if (panel := self.panel()) is not None:
            panel.choose_columns()

    def _grid_do(self, what: str) -> None:
        if (panel := self.panel()) is not None:
            getattr(panel.grid, what)()

    def reload(self) -> None:
        """From the store at once, and the view in sight from its devices for whoever may read them."""
        for view in self.views():
            view.refresh()
        self.status.refresh()
        if not self.desk.why_not(Permission.OPERATE):
            self.view.read_anew()

    def select_from_list(self) -> None:
        self.show_area("servers")
        PasteListDialog(self.desk, self.servers).open()

    def lock_now(self) -> None:
        self.lock.lock()

    def pick_theme(self, name: ThemeName) -> None:
        """From the menu: this window's own look, kept with its layout."""
        self.theme_picked = True
        self.desk.theme.set(name)

    def toggle_details(self) -> None:
        self.servers.details.setVisible(self.servers.details.isHidden())

    def _next_pane(self, step: int) -> None:
        first = self.rail.findChildren(QWidget)[0]
        step_pane([first, *self.view.panes(), self.dock.panel.grid, self.status.stop], step)

    def _show_numbers(self, found: WorkNumbers) -> None:
        self.rail.badge("activity", found.decisions + found.standing)
        # The task bar shows the title, and on most systems a number at the program's icon.
        running = f"{found.percent} % — " if found.open_jobs else ""
        self.setWindowTitle(f"{running}{self._title}")
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.setBadgeNumber(found.decisions + found.standing)
        for view in self.views():
            view.show_numbers(found)

    def _redraw(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        redraw_icons(app)
        for model in self.findChildren(GridModel):
            model.redraw()
        self.rail.updateGeometry()
        for button in self.rail.findChildren(QWidget):
            button.updateGeometry()
        self.update()

    # -- layout and end -----------------------------------------------------------------------------------------

    def restore_layout(self) -> None:
        settings = self.desk.settings
        self.dock.panel.load_layout(self.desk.settings, "dock")
        for key, restore in (("window/geometry", self.restoreGeometry), ("window/state", self.restoreState)):
            kept = settings.value(key)
            if isinstance(kept, QByteArray):
                restore(kept)

    def restore_tabs(self) -> None:
        """The tabs of the last time; after the window is shown, for it must not wait for them."""
        self.deck.restore(str(self.desk.settings.value("window/tabs") or ""))

    def save_layout(self) -> None:
        settings = self.desk.settings
        self.dock.setVisible(self._dock_wanted)
        settings.setValue("window/geometry", self.saveGeometry())
        settings.setValue("window/state", self.saveState())
        settings.setValue("window/area", self.areas.key)
        self.dock.panel.save_layout(settings, "dock")
        settings.setValue("window/tabs", self.deck.state())
        if self.theme_picked:
            settings.setValue("window/theme", self.desk.theme.name.value)
        for view in self.areas.made():
            view.save_layout()
        self.desk.saving.emit()

    def reset_layout(self) -> None:
        """Forget kept layouts; panes, columns and docks as on the first day, at once."""
        for group in ("window", "layout", "servers", "details", "maintenance", "vcenter"):
            self.desk.settings.remove(group)
        self.dock.show()
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.resizeDocks([self.dock], [150], Qt.Orientation.Vertical)
        for window in (self, *self.deck.detached):
            first_day.restore(window)
        self.desk.tell("Layout reset: panes and columns are as on the first day.", Tone.OK)

    @property
    def work_left(self) -> bool:
        return self.status.last is not None and self.status.last.work_left

    def close_now(self) -> None:
        """Close without asking: the question was answered."""
        self._may_close = True
        self.close()

    def _ask_work(self) -> bool:
        """Whether work is left, and asked about."""
        if self.work_left:
            self.closing.emit(self.status.last)
        return self.work_left

    def _thrown_away(self) -> None:
        if not self._ask_work():
            self.close_now()

    def closeEvent(self, event: QCloseEvent) -> None:
        windows = (self, *self.deck.detached)
        if not self._may_close and (not may_go(windows, self.views(), self._thrown_away) or self._ask_work()):
            event.ignore()
            return
        self.save_layout()
        self.deck.close_all()
        self.desk.close()
        event.accept()
