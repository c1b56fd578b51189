"""The Fleet area: all servers as tiles, the racks they stand in, the iDRACs' own jobs, and their screens."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.views.device_jobs import DeviceJobsView
from dsm_desktop.ui.views.fleet_tiles import FleetTilesView
from dsm_desktop.ui.views.rack import RackView
from dsm_desktop.ui.views.screen_wall import ScreenWall
from dsm_desktop.ui.widgets.area import AreaView


class FleetView(AreaView, QTabWidget):
    """Pages "tiles", "racks", "idrac jobs" and "screens"."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setDocumentMode(True)
        self.setAccessibleName("Fleet")
        self.tiles, self.racks = FleetTilesView(desk), RackView(desk)
        self.addTab(self.tiles, "Tiles")
        self.device_jobs = DeviceJobsView(desk)
        self.addTab(self.racks, "Racks")
        self.addTab(self.device_jobs, "iDRAC jobs")
        self.screens = ScreenWall(desk)
        self.addTab(self.screens, "Screens")
        self.currentChanged.connect(lambda _: desk.moved.emit())

    def panes(self) -> list[QWidget]:
        if self.currentWidget() is self.tiles:
            return [self.tabBar(), self.tiles.by, self.tiles.field]
        if self.currentWidget() is self.device_jobs:
            return [self.tabBar(), self.device_jobs.panel.grid]
        if self.currentWidget() is self.screens:
            return [self.tabBar(), self.screens.tiles]
        return [self.tabBar(), self.racks.racks, self.racks.picture, self.racks.loose]

    def refresh(self) -> None:
        self.tiles.refresh()
        self.racks.refresh()
        self.device_jobs.refresh()
        self.screens.refresh()

    def place(self) -> tuple[str, tuple[str, ...]]:
        title = self.tabText(self.currentIndex())
        return title.lower(), (title,)

    def show_page(self, page: str) -> None:
        pages = {"racks": self.racks, "idrac jobs": self.device_jobs, "screens": self.screens}
        self.setCurrentWidget(pages.get(page, self.tiles))

    def save_layout(self) -> None:
        self._desk.settings.setValue("fleet/tab", self.currentIndex())
        self.tiles.save_layout(self._desk.settings)
        self.screens.save_layout(self._desk.settings)

    def load_layout(self) -> None:
        kept = self._desk.settings.value("fleet/tab")
        if kept is not None and str(kept).isdecimal():
            self.setCurrentIndex(int(str(kept)))
        self.tiles.load_layout(self._desk.settings)
        self.screens.load_layout(self._desk.settings)
