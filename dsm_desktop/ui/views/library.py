"""The Library area: ISOs and packages with whom they fit, and what stands mounted on which server."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import (
    QFileDialog,
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
from dsm_desktop.jobs.requirements import Crowd
from dsm_desktop.queries import Connection
from dsm_desktop.queries.library import FolderRow, ItemRow, list_folders, list_items
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.library_item import LibraryItemView
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.virtual_media import MountsView
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.deeds import allow, entry
from dsm_desktop.ui.widgets.panel import GridPanel

_STATES = {
    "ok": words.Status("Whole", "status-ok", Tone.OK),
    "broken": words.Status("Broken", "status-critical", Tone.CRITICAL),
    "missing": words.Status("Gone", "status-off", Tone.MUTED),
}
_KINDS = {"iso": "ISO", "package": "Package", "catalogue": "Catalogue"}
COLUMNS = (
    Column("state", "State", lambda r: r.state, status=lambda r: _STATES.get(r.state, words.NONE), width=92),
    Column("kind", "Kind", lambda r: _KINDS.get(r.kind, r.kind), width=84),
    Column("name", "File", lambda r: r.name, width=260),
    Column("title", "What it is", lambda r: r.problem if r.state == "broken" else r.title, width=260),
    Column("version", "Version", lambda r: r.version, kind="version", width=100),
    Column("models", "Made for", lambda r: r.models, width=200, help="Models the package names"),
    Column("fits", "Servers", lambda r: r.fits, kind="number", width=70, help="Servers of the fleet with such a model"),
    Column("size", "Size", lambda r: r.size, text=lambda r: words.size(r.size), kind="number", width=84),
    Column("modified", "From", lambda r: r.modified_at, kind="time", width=96, help="Time of the file"),
    Column("used", "Used on", lambda r: r.used, kind="number", width=70, help="Servers it was sent to or mounted on"),
    Column("used_at", "Used", lambda r: r.used_at, kind="time", width=96, shown=False),
    Column("type", "Component", lambda r: r.component_type, width=84, shown=False),
    Column("sha256", "SHA-256", lambda r: r.sha256, width=200, shown=False),
    Column("folder", "Folder", lambda r: r.folder, width=180, shown=False),
    Column("host", "Machine", lambda r: r.host, width=120, shown=False),
)  # fmt: skip


class LibraryFilesView(QWidget):
    """The files of all folders; what is chosen is explained beside the grid."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._folders: list[FolderRow] = []
        self.panel = GridPanel(desk.work, "library files", COLUMNS, icon_name="library")
        self.panel.when_empty(
            "The library is empty",
            "Add a folder of this machine with ISOs and update packages. Nothing in it is changed.",
            [("Add folder…", self.ask_folder)],
            desk.why_not(Permission.CONFIGURE),
        )
        self.panel.grid.menu_of = self._menu
        ViewsButton(desk, self.panel, "library")
        self.panel.chosen.connect(lambda _: self._follow())
        self.item = LibraryItemView(desk)
        self._said = QLabel()
        self._said.setAccessibleName("Folders")
        self._said.setWordWrap(True)
        self.split = QSplitter()
        self.split.addWidget(self.panel)
        self.split.addWidget(self.item)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 1)
        self._lay_out()
        self._soon = Soon(desk.work, self, 150, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addWidget(self._said, 1)
        self.add, self.scan = QPushButton("Add folder…"), QPushButton("Scan")
        self.remove = QPushButton("Remove folder")
        self.add.clicked.connect(self.ask_folder)
        self.scan.clicked.connect(lambda: self._desk.job_wanted.emit("library_scan", [], {}))
        self.remove.setMenu(QMenu(self.remove))
        self.left_out = QPushButton("Left out…")
        self.left_out.setToolTip("Firmware that no update touches at this site")
        self.left_out.clicked.connect(self.show_left_out)
        for button in (self.add, self.scan, self.remove, self.left_out):
            bar.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.split, 1)
        self._allow()

    def refresh(self) -> None:
        model = self.panel.model

        def ask(connection: Connection) -> tuple[Prepared, list[FolderRow]]:
            return model.prepare(list_items(connection)), list_folders(connection)

        self._desk.work.query(
            self, ask, self._show, lambda error: self.panel.error(error, self.refresh), key="rows"
        )

    def _show(self, found: tuple[Prepared, list[FolderRow]]) -> None:
        prepared, self._folders = found
        self.panel.set_rows(prepared)
        menu = self.remove.menu()
        menu.clear()
        for row in self._folders:
            menu.addAction(f"{row.path} on {row.host}", partial(self._remove, row))
        self._allow()
        told = [
            f"{r.path} (scanned {words.ago(r.scanned_at)})" if r.scanned_at else f"{r.path} (not scanned)"
            for r in self._folders
        ]
        self._said.setText(" · ".join(told))
        self.panel.note("; ".join(f"{r.path}: {r.problem}" for r in self._folders if r.problem))
        self._follow()

    def _allow(self) -> None:
        change, operate = self._desk.why_not(Permission.CONFIGURE), self._desk.why_not(Permission.OPERATE)
        none = "" if self._folders else "There is no folder yet."
        allow(self.add, change, "A folder of this machine with ISOs and update packages")
        allow(self.scan, operate or none, "Look for new, changed and removed files")
        allow(self.remove, change or none, "Forget a folder; its files stay where they are")

    def show_left_out(self) -> None:
        """The site's rules for firmware that is not to be touched."""
        from dsm_desktop.ui.dialogs.firmware_exclusions import FirmwareExclusionsDialog

        FirmwareExclusionsDialog(self._desk, self).open()

    def ask_folder(self) -> None:
        """Choose a folder, add it and scan it."""
        chosen = QFileDialog.getExistingDirectory(self, "Add a folder to the library")
        if chosen:
            self.add_folder(str(Path(chosen)))

    def add_folder(self, path: str) -> None:
        """Add and scan."""
        self._desk.change(
            self,
            lambda commands: commands.add_library_folder(path),
            lambda _: self._desk.submit("library_scan", [], {"folder": path}),
        )

    def _remove(self, row: FolderRow) -> None:
        self._desk.change(self, lambda commands: commands.remove_library_folder(row.id))

    def _chosen(self) -> ItemRow | None:
        ids = self.panel.grid.selected_ids()
        row: ItemRow | None = self.panel.model.row_of(ids[0]) if len(ids) == 1 else None
        return row

    def _follow(self) -> None:
        self.item.show_item(self._chosen())

    def _menu(self, menu: QMenu) -> None:
        row = self._chosen()
        if row is None or row.kind != "iso" or row.state != "ok":
            return
        chosen, servers = {"item": str(row.id)}, Crowd(self._desk.selected)
        for text, kind in (
            ("Mount on the selected servers…", "virtual_media_mount"),
            ("Start the selected servers from it…", "boot_to_iso"),
        ):
            start = partial(self._desk.job_wanted.emit, kind, [], chosen)
            entry(menu, text, start, self._desk.why_not_on(kind, servers))

    def _changed(self, change: Change) -> None:
        if change.topic == "library":
            self._soon.tell()


class LibraryView(AreaView, QTabWidget):
    """Pages "files" and "mounted"."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setDocumentMode(True)
        self.setAccessibleName("Library")
        self.files, self.mounts = LibraryFilesView(desk), MountsView(desk)
        self.addTab(self.files, "Files")
        self.addTab(self.mounts, "Mounted")
        self.currentChanged.connect(lambda _: desk.moved.emit())

    def main_panel(self) -> GridPanel:
        return self.mounts.panel if self.currentWidget() is self.mounts else self.files.panel

    def panes(self) -> list[QWidget]:
        panel = self.main_panel()
        return [self.tabBar(), panel.filter, panel.grid]

    def refresh(self) -> None:
        self.files.refresh()
        self.mounts.refresh()

    def place(self) -> tuple[str, tuple[str, ...]]:
        title = self.tabText(self.currentIndex())
        return title.lower(), (title,)

    def show_page(self, page: str) -> None:
        self.setCurrentWidget(self.mounts if page == "mounted" else self.files)
