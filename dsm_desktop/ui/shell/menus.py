"""The menu bar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from dsm_desktop.core.access import Permission
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.ui.dialogs.about import AboutDialog, KeysDialog
from dsm_desktop.ui.help import open_help
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.paper import grey_in_menu
from dsm_desktop.ui.shell.tools import TOOLS
from dsm_desktop.ui.shell.what_is_new import show_notes
from dsm_desktop.ui.theme import ThemeName

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


def fill_menu_bar(window: MainWindow) -> None:
    """File, Edit, View, Server, Jobs, Help; every action with its key."""
    actions, bar = window.actions_, window.menuBar()
    plain = actions.plain
    bar.setAccessibleName("Menu")
    file = bar.addMenu("&File")
    file.addActions([plain["add"]])
    file.addSeparator()
    file.addAction(plain["export"])
    file.addSeparator()
    file.addActions([plain["lock"], plain["quit"]])
    edit = bar.addMenu("&Edit")
    edit.addActions([plain["copy"], plain["copy-as"], plain["find"]])
    edit.addSeparator()
    edit.addActions([plain["all"], plain["none"], plain["invert"], plain["paste-list"]])
    _view(window)
    bar.addMenu("&Server")
    bar.addMenu("&Jobs").addAction(plain["stop"])
    help_menu = bar.addMenu("&Help")
    help_menu.addAction(
        actions.add("manual", "Manual", lambda: open_help(window, window.area), icon="help", keys="F1")
    )
    help_menu.addAction(actions.add("keys", "Keyboard", partial(_show_keys, window), keys="Ctrl+F1"))
    help_menu.addAction(actions.add("what-is-new", "What is new", partial(show_notes, window)))
    help_menu.addAction(
        actions.add("about", "About DSM Desktop", lambda: AboutDialog(window.desk, window).open())
    )
    window.addActions([plain["manual"], plain["keys"], plain["what-is-new"], plain["about"]])
    _tools(window)
    for menu in _menus(window).values():
        menu.setToolTipsVisible(True)


def fill_job_menus(window: MainWindow) -> None:
    """The job types, before what stands in the menus already."""
    actions, menus = window.actions_, _menus(window)
    if "discovery_scan" in actions.jobs:
        menus["File"].insertAction(actions.plain["add"], actions.jobs["discovery_scan"])
    for name in ("Server", "Jobs"):
        menu = menus[name]
        standing = menu.actions()
        for action in standing:
            menu.removeAction(action)
        if name == "Server":
            actions.fill_server_menu(menu)
        for kind, action in actions.jobs.items() if name == "Jobs" else ():
            job_type = window.desk.context.catalogue[kind]
            if job_type.targets is Targets.NONE and job_type.needs is not Permission.VIEW:
                menu.addAction(action)
        menu.addSeparator()
        menu.addActions(standing)


def _menus(window: MainWindow) -> dict[str, QMenu]:
    found = {action.text().replace("&", ""): action.menu() for action in window.menuBar().actions()}
    return {name: menu for name, menu in found.items() if isinstance(menu, QMenu)}


def _show_keys(window: MainWindow) -> None:
    change = partial(window.show_area, "settings/keyboard")
    KeysDialog(window.actions_.every(), window, change).open()


def _tools(window: MainWindow) -> None:
    """The registered tools at the end of their menus, under a line."""
    menus = _menus(window)
    lined: set[str] = set()
    for tool in TOOLS:
        menu = menus[tool.menu]
        if tool.menu not in lined:
            menu.addSeparator()
            lined.add(tool.menu)
        menu.addAction(window.actions_.plain[tool.name])
    grey_in_menu(window, menus["File"], window.actions_.plain["print"])


def _view(window: MainWindow) -> None:
    plain = window.actions_.plain
    view = window.menuBar().addMenu("&View")
    view.addActions([plain[f"area-{area.key}"] for area in AREAS])
    view.addSeparator()
    view.addActions([plain["back"], plain["forward"]])
    tabs = view.addMenu("Tabs")
    tabs.addActions([plain[f"tab-{name}"] for name in ("open", "close", "reopen", "next", "previous", "out")])
    view.addSeparator()
    view.addActions([plain["palette"], plain["details"], plain["columns"]])
    dock = window.dock.toggleViewAction()
    dock.setText("Recent jobs")
    view.addAction(dock)
    themes = view.addMenu("Appearance")
    group = QActionGroup(themes)
    for name in ThemeName:
        action = themes.addAction(_TITLES[name])
        action.setCheckable(True)
        action.setChecked(window.desk.theme.name is name)
        action.triggered.connect(partial(_pick, window, name))
        group.addAction(action)
    view.addActions([plain["zoom-in"], plain["zoom-out"], plain["zoom-normal"]])
    view.addSeparator()
    view.addActions([plain["next-pane"], plain["previous-pane"]])
    view.addSeparator()
    view.addActions([plain["reload"], plain["reset"]])


def _pick(window: MainWindow, name: ThemeName, _checked: bool = False) -> None:
    window.pick_theme(name)


_TITLES = {
    ThemeName.SYSTEM: "Like the system",
    ThemeName.LIGHT: "Light",
    ThemeName.DARK: "Dark",
    ThemeName.CONTRAST: "High contrast",
}
