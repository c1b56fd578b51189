"""What is in the virtual drives: of one server in its details, of all servers in the Library area."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.virtual_media import MountRow, list_mounts
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.meant_rows import meant_rows
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, entry
from dsm_desktop.ui.widgets.flow import FlowLayout
from dsm_desktop.ui.widgets.panel import GridPanel


def mount_state(row: MountRow) -> words.Status:
    """Mounted, held by a console, or ejected."""
    if row.ended_at is not None:
        return words.Status("Ejected", "status-off", Tone.MUTED)
    if row.via == "Applet":
        return words.Status("A console holds it", "status-warning", Tone.WARNING)
    return words.Status("Mounted", "status-ok", Tone.OK)


COLUMNS = (
    Column("state", "State", lambda r: mount_state(r).word, status=mount_state, width=140),
    Column("drive", "Drive", lambda r: r.drive.upper(), width=60),
    Column("image", "Medium", lambda r: r.image, width=280),
    Column("since", "Since", lambda r: r.since, kind="time", width=96, help="Mounted, or first seen"),
    Column("by", "By", lambda r: r.by or "not from here", width=120),
    Column("host", "Served by", lambda r: r.host or "a share", width=120, help="The machine whose program serves the file"),
    Column("ended", "Ejected", lambda r: r.ended_at, kind="time", width=96),
    Column("read", "Read", lambda r: r.seen_at, kind="time", width=96, shown=False),
    Column("job", "Job number", lambda r: r.job_id, kind="number", width=84, shown=False),
)  # fmt: skip
SERVER = (
    Column("server", "Server", lambda r: r.server, width=150),
    Column("model", "Model", lambda r: r.model, width=120),
)
_BUTTONS = (
    ("Mount…", "virtual_media_mount", "Put an ISO into a virtual drive"),
    ("Boot…", "boot_to_iso", "Mount, start from it once, eject afterwards"),
    ("Eject", "virtual_media_unmount", "Empty the virtual drives, whoever filled them"),
    ("Read", "virtual_media_read", "Look what is in the drives now"),
)


def _buttons(start: Callable[[str], None], kinds: Sequence[str], why_not: str) -> list[QPushButton]:
    made = []
    for text, kind, tip in _BUTTONS:
        if kind in kinds:
            button = QPushButton(text)
            allow(button, why_not, tip)
            button.clicked.connect(lambda _=False, kind=kind: start(kind))
            made.append(button)
    return made


class VirtualMediaTab(ListTab):
    """The virtual drives of one server, with what was in them before."""

    title = "Virtual media"
    topics = ("virtual_media",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "virtual media", COLUMNS, "disc", self.rows)
        self.panel.when_empty(
            "Nothing is mounted",
            "Or the drives were not read yet.",
            [("Read virtual media", lambda: self._start("virtual_media_read"))],
            desk.why_not(Permission.OPERATE),
        )
        bar = FlowLayout()
        why_not = desk.why_not(Permission.OPERATE)
        for button in _buttons(self._start, [kind for _, kind, _ in _BUTTONS], why_not):
            bar.addWidget(button)
        self._column.insertLayout(0, bar)

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        return list_mounts(connection, server_id, history=True)


class MountsView(QWidget):
    """Who has what mounted since when, fleet-wide."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.panel = GridPanel(desk.work, "mounted media", (*SERVER, *COLUMNS), icon_name="disc")
        self.panel.when_empty(
            "Nothing is mounted",
            "As far as the drives were read. Choose servers and read their virtual media.",
        )
        self.panel.grid.menu_of = self._menu
        self.panel.opened.connect(self._open)
        ViewsButton(desk, self.panel, "mounts")
        said = QLabel("Ejecting works on the chosen rows, or on all that are shown.")
        said.setWordWrap(True)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addStretch(1)
        why_not = desk.why_not(Permission.OPERATE)
        for button in _buttons(self._start, ["virtual_media_unmount", "virtual_media_read"], why_not):
            bar.addWidget(button)
        bar.insertWidget(0, said, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)
        self._soon = Soon(desk.work, self, 150, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def refresh(self) -> None:
        model = self.panel.model
        self._desk.work.query(
            self,
            lambda connection: model.prepare(list_mounts(connection)),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="rows",
        )

    def _start(self, kind: str) -> None:
        ids = sorted({row.server_id for row in meant_rows(self._desk, self.panel) or ()})
        if ids:
            self._desk.job_wanted.emit(kind, ids, {})

    def _menu(self, menu: QMenu) -> None:
        ids = self.panel.grid.selected_ids()
        row: MountRow | None = self.panel.model.row_of(ids[0]) if len(ids) == 1 else None
        if row is None:
            return
        kind, chosen = "virtual_media_unmount", {"drive": row.drive}
        entry(
            menu,
            f"Eject {row.drive.upper()} of {row.server}",
            lambda: self._desk.job_wanted.emit(kind, [row.server_id], chosen),
            self._desk.why_not_start(kind),
        )
        menu.addAction(f"Show {row.server}", lambda: self._desk.server_opened.emit(row.server_id))

    def _open(self, row_id: int) -> None:
        row = self.panel.model.row_of(row_id)
        if row is not None:
            self._desk.server_opened.emit(row.server_id)

    def _changed(self, change: Change) -> None:
        if change.topic == "virtual_media":
            self._soon.tell()
