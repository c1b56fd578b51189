"""Actions that open a dialog or a window of their own; one line registers one in its menu and in the palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


@dataclass(frozen=True, slots=True)
class Tool:
    """`menu` File | Edit | View | Server | Jobs | Help; `open` imports what it shows itself, at the first use."""

    name: str
    text: str
    icon: str
    keys: str
    menu: str
    open: Callable[[MainWindow], object]


def _device_jobs(window: MainWindow) -> None:
    """The queues of the chosen servers in one grid; of all when none is chosen."""
    from dsm_desktop.ui.views.fleet import FleetView

    ids = window.servers.panel.grid.selected_ids()
    window.show_area("fleet/idrac jobs")
    view = window.areas.view("fleet")
    if isinstance(view, FleetView):
        view.device_jobs.show_servers(ids or None)


def _own_fields(window: MainWindow) -> None:
    from dsm_desktop.ui.dialogs.custom_fields import CustomFieldsDialog

    CustomFieldsDialog(window.desk, window).open()


def _screens(window: MainWindow) -> None:
    """The wall with the chosen servers; with all that have a picture when none is chosen."""
    from dsm_desktop.ui.views.fleet import FleetView

    ids = window.servers.panel.grid.selected_ids()
    window.show_area("fleet/screens")
    view = window.areas.view("fleet")
    if isinstance(view, FleetView):
        view.screens.show_servers(ids or None)


def _matrix(window: MainWindow) -> object:
    """The settings of the chosen servers; of all when none is chosen."""
    from dsm_desktop.ui.views.settings_matrix import open_matrix

    rows = window.actions_.rows or window.servers.panel.model.all_rows()
    return open_matrix(window.desk, rows, window)


def _standard(window: MainWindow) -> object:
    from dsm_desktop.ui.views.site_standard import SiteStandardWindow

    shown = SiteStandardWindow(window.desk, window)
    shown.show()
    return shown


def _print(window: MainWindow) -> None:
    from dsm_desktop.ui.shell.paper import print_in_sight

    print_in_sight(window)


TOOLS: tuple[Tool, ...] = (
    Tool(
        "find-parts",
        "Find a part, serial number or MAC…",
        "search",
        "Ctrl+Shift+F",
        "Edit",
        lambda window: window.show_area("reports/find"),
    ),
    Tool("device-jobs", "iDRAC jobs of the selection", "job", "", "Server", _device_jobs),
    Tool(
        "import",
        "Import servers…",
        "add",
        "Ctrl+Shift+I",
        "File",
        lambda window: window.servers.import_servers(),
    ),
    Tool("print", "Print what is shown…", "print", "Ctrl+P", "File", _print),
    Tool("own-fields", "Own fields…", "columns", "", "Edit", _own_fields),
    Tool("screens", "Screens of the selection", "eye", "", "Server", _screens),
    Tool("bios-matrix", "Compare and edit BIOS settings…", "columns", "Ctrl+B", "Server", _matrix),
    Tool("site-standard", "Site standard…", "status-ok", "", "Server", _standard),
)
