"""The areas of the window in the order of the navigation; one line registers one. Views are made at the first look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from dsm_desktop.ui.shell.first_day import note_panes
from dsm_desktop.ui.widgets.area import AreaView

if TYPE_CHECKING:
    from dsm_desktop.ui.desk import Desk


@dataclass(frozen=True, slots=True)
class Area:
    """`build` imports its view itself: the program starts with the one area that is shown."""

    key: str
    title: str
    icon: str
    build: Callable[[Desk], QWidget]


def _dashboard(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.dashboard import DashboardView

    return DashboardView(desk)


def _servers(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.servers import ServersView

    return ServersView(desk)


def _vcenter(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.vcenter import VcenterView

    return VcenterView(desk)


def _maintenance(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.maintenance import MaintenanceView

    return MaintenanceView(desk)


def _fleet(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.fleet import FleetView

    return FleetView(desk)


def _reports(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.reports import ReportsView

    return ReportsView(desk)


def _library(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.library import LibraryView

    return LibraryView(desk)


def _activity(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.activity import ActivityView

    return ActivityView(desk)


def _settings(desk: Desk) -> QWidget:
    from dsm_desktop.ui.views.settings import SettingsView

    return SettingsView(desk)


AREAS: tuple[Area, ...] = (
    Area("dashboard", "Dashboard", "dashboard", _dashboard),
    Area("servers", "Servers", "server", _servers),
    Area("fleet", "Fleet", "fleet", _fleet),
    Area("vcenter", "vCenter", "vcenter", _vcenter),
    Area("maintenance", "Maintenance", "maintenance", _maintenance),
    Area("reports", "Reports", "reports", _reports),
    Area("activity", "Activity", "activity", _activity),
    Area("library", "Library", "library", _library),
    Area("settings", "Settings", "settings", _settings),
)


def keys_of(area: Area) -> str:
    """Ctrl+1 … Ctrl+9 by the place in the navigation."""
    return f"Ctrl+{AREAS.index(area) + 1}"


class AreaStack(QStackedWidget):
    """Holds the views that were looked at."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._views: dict[str, QWidget] = {}

    def view(self, key: str) -> QWidget:
        """The view of an area, made on the first look with its kept layout."""
        if key not in self._views:
            area = next(a for a in AREAS if a.key == key)
            made = area.build(self._desk)
            self._views[key] = made
            self.addWidget(made)
            note_panes(made)
            if isinstance(made, AreaView):
                made.load_layout()
        return self._views[key]

    def made(self) -> list[AreaView]:
        """The views that exist."""
        return [view for view in self._views.values() if isinstance(view, AreaView)]

    def show_area(self, key: str) -> None:
        self.setCurrentWidget(self.view(key))

    @property
    def key(self) -> str:
        """The area in sight, "" before the first."""
        current = self.currentWidget()
        return next((key for key, view in self._views.items() if view is current), "")

    @property
    def current(self) -> AreaView:
        """The view in sight."""
        view = self.currentWidget()
        return view if isinstance(view, AreaView) else AreaView()
