"""The wall of screens: the newest picture of each server's console, of all or a selection, taken anew by itself if wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSettings,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.consoles import screenshot_times, screenshots
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.base import NO_PARENT, Index
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.widgets.deeds import allow, entry
from dsm_desktop.ui.widgets.states import StatePane

SIZE = QSize(288, 216)
MOST = 300
"""Pictures shown at once."""
_EVERY = ((0, "by hand"), (30, "every 30 s"), (60, "every minute"), (300, "every 5 minutes"))


@dataclass(frozen=True, slots=True)
class Screen:
    """One tile; `image` None = never taken."""

    server_id: int
    label: str
    age: str
    image: QImage | None


class ScreenModel(QAbstractListModel):
    """Tiles in the order of the servers."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._screens: list[Screen] = []

    def set_screens(self, screens: list[Screen]) -> None:
        self.beginResetModel()
        self._screens = screens
        self.endResetModel()

    def screen(self, row: int) -> Screen:
        return self._screens[row]

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._screens)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if not index.isValid():
            return None
        screen = self._screens[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{screen.label}\n{screen.age}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Screen of {screen.label}, {screen.age}"
        if role == Qt.ItemDataRole.DecorationRole:
            return _picture(screen.image)
        return None


def _picture(image: QImage | None) -> QPixmap:
    if image is not None:
        return QPixmap.fromImage(image)
    empty = QPixmap(SIZE)
    empty.fill(QColor(theme.look().border))
    return empty


class ScreenWall(QWidget):
    """`show_servers` narrows it to a selection; a double click opens the console."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._only: list[int] | None = None
        self._said = QLabel()
        self._said.setAccessibleName("Whose screens")
        self._all = QPushButton("Show all servers")
        self._all.clicked.connect(lambda: self.show_servers(None))
        self._every = QComboBox()
        self._every.setAccessibleName("Take pictures")
        for seconds, text in _EVERY:
            self._every.addItem(text, seconds)
        self._may_not_take = desk.why_not(Permission.OPERATE)
        self._every.setEnabled(not self._may_not_take)
        self._every.setToolTip(self._may_not_take)
        self._take = QPushButton("Take now")
        self._take.clicked.connect(self.take)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        for widget, stretch in ((self._said, 1), (self._all, 0), (self._every, 0), (self._take, 0)):
            bar.addWidget(widget, stretch)
        self.model = ScreenModel(self)
        self.tiles = QListView()
        self.tiles.setModel(self.model)
        self.tiles.setAccessibleName("Screens")
        self.tiles.setViewMode(QListView.ViewMode.IconMode)
        self.tiles.setResizeMode(QListView.ResizeMode.Adjust)
        self.tiles.setMovement(QListView.Movement.Static)
        self.tiles.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.tiles.setIconSize(SIZE)
        self.tiles.setSpacing(SPACE)
        self.tiles.setUniformItemSizes(True)
        self.tiles.activated.connect(lambda index: self._open(index.row()))
        self.tiles.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tiles.customContextMenuRequested.connect(self._menu)
        self._nothing = StatePane()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._nothing, 1)
        column.addWidget(self.tiles, 1)
        self._soon = Soon(desk.work, self, 200, self.refresh)
        self._again = QTimer(self)
        self._again.timeout.connect(self._by_itself)
        self._every.currentIndexChanged.connect(lambda _: self._pace())
        desk.bridge.changed.connect(self._changed)
        self.show_servers(None)

    def show_servers(self, ids: list[int] | None) -> None:
        """Only these; None = every server whose screen was taken."""
        self._only = ids
        self._said.setText("All servers" if ids is None else words.plural(len(ids), "chosen server"))
        self._all.setVisible(ids is not None)
        self.refresh()

    def refresh(self) -> None:
        only = self._only
        self._desk.work.query(
            self,
            lambda connection: read_screens(connection, only),
            self._show,
            self._desk.fail,
            key="screens",
        )

    def take(self) -> None:
        """Pictures of the chosen tiles, else of all that are shown."""
        rows = [index.row() for index in self.tiles.selectedIndexes()] or range(self.model.rowCount())
        ids = [self.model.screen(row).server_id for row in rows]
        if ids:
            self._desk.submit("console_screenshot", ids, {})

    def _by_itself(self) -> None:
        """Only while somebody can see it."""
        ids = [self.model.screen(row).server_id for row in range(self.model.rowCount())]
        if ids and self.isVisible() and not self.window().isMinimized():
            self._desk.submit("console_screenshot", ids, {"max_parallel": 32})

    def _pace(self) -> None:
        seconds = int(self._every.currentData())
        self._again.stop()
        if seconds and not self._may_not_take:  # the choice of the last time may be another person's
            self._again.start(seconds * 1000)

    def _show(self, screens: list[Screen]) -> None:
        self.model.set_screens(screens)
        allow(self._take, self._may_not_take or ("" if screens else "There is no screen yet."))
        self.tiles.setVisible(bool(screens))
        self._nothing.setVisible(not screens)
        if not screens:
            self._nothing.empty(
                "server",
                "No screens yet",
                "Choose servers in the list, then 'Screens of the selection' in the menu Server.",
            )

    def _changed(self, change: Change) -> None:
        if change.topic == "server_screenshots":
            self._soon.tell()

    def _open(self, row: int) -> None:
        self._desk.job_wanted.emit("console_launch", [self.model.screen(row).server_id], {})

    def _menu(self, point: Any) -> None:
        index = self.tiles.indexAt(point)
        if not index.isValid():
            return
        screen = self.model.screen(index.row())
        menu = QMenu(self)
        why_not = self._desk.why_not_start("console_launch")
        entry(menu, "Open console", lambda: self._open(index.row()), why_not)
        menu.addAction(f"Show {screen.label}", lambda: self._desk.server_opened.emit(screen.server_id))
        menu.popup(self.tiles.viewport().mapToGlobal(point))

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("screens/every", int(self._every.currentData()))

    def load_layout(self, settings: QSettings) -> None:
        kept = str(settings.value("screens/every") or "0")
        if kept.isdecimal():
            self._every.setCurrentIndex(max(0, self._every.findData(int(kept))))


def read_screens(connection: Connection, only: list[int] | None) -> list[Screen]:
    """The tiles; pictures are decoded and made small here, in the worker."""
    times = screenshot_times(connection)
    ids = sorted(times) if only is None else only
    servers = list_servers(connection, ids[:MOST])
    pictures = {s.server_id: s.png for s in screenshots(connection, [s.id for s in servers])}
    found = []
    for server in servers:
        png = pictures.get(server.id)
        image = QImage.fromData(png) if png else QImage()
        small = None
        if not image.isNull():
            small = image.scaled(
                SIZE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        age = words.ago(times[server.id]) if server.id in times else "not taken yet"
        found.append(Screen(server.id, server.label, age, small))
    return found
