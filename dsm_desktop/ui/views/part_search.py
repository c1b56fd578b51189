"""Find anything in the fleet: a serial number, a MAC, a part, a version; across all servers, today's and former parts."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from dsm_desktop.core.part_words import part_kind
from dsm_desktop.queries import Connection
from dsm_desktop.queries.part_search import Hit, find
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

TYPING_MS = 200
_THERE = Status("There", "status-ok", Tone.OK)
_GONE = Status("No longer", "history", Tone.WARNING)


@dataclass(frozen=True, slots=True)
class HitRow:
    """A hit with a number of its own."""

    id: int
    hit: Hit


COLUMNS = (
    Column("server", "Server", lambda r: r.hit.server, width=170),
    Column("tag", "Service tag", lambda r: r.hit.service_tag, width=92),
    Column("kind", "Found", lambda r: part_kind(r.hit.kind), width=130),
    Column("what", "What", lambda r: r.hit.what, width=240),
    Column("slot", "Slot", lambda r: r.hit.slot, width=130),
    Column("pn", "Part number", lambda r: r.hit.part_number, width=110),
    Column("serial", "Serial number", lambda r: r.hit.serial_number, width=140),
    Column("version", "Firmware", lambda r: r.hit.version, kind="version", width=96),
    Column(
        "present", "There", lambda r: "yes" if r.hit.present else "no",
        status=lambda r: _THERE if r.hit.present else _GONE, width=100,
        help="No longer: it was there, and is not any more",
    ),
    Column("until", "Last seen", lambda r: r.hit.until, text=lambda r: words.stamp(r.hit.until), kind="time",
           width=150, help="When a part that is gone was last read"),
)  # fmt: skip


class PartSearchView(QWidget):
    """One line to type into; Enter on a hit opens its server."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.query = QLineEdit()
        self.query.setPlaceholderText(
            "Serial number, MAC, model (HBA355i), part number, service tag, version …"
        )
        self.query.setAccessibleName("Find in all servers")
        self.query.setToolTip("Every word must occur; * at the beginning of a word: it ends so")
        self.query.setClearButtonEnabled(True)
        self.query.addAction(icon("search", Tone.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self.note = QLabel()
        self.note.setAccessibleName("Search result")
        self.panel = GridPanel(desk.work, "found", COLUMNS, icon_name="search")
        self.panel.clear(
            "Find anything in the fleet", "Type a serial number, a MAC, a model, a part number or a version."
        )
        self.panel.when_empty("Nothing found", "No server, part or firmware has these words.")
        self.panel.opened.connect(self._open)
        ViewsButton(desk, self.panel, "found")
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._typing.timeout.connect(self.search)
        self.query.textChanged.connect(lambda _: self._typing.start())
        self.query.returnPressed.connect(self._to_rows)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE, SPACE, SPACE // 2)
        bar.addWidget(self.query, 1)
        bar.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)

    def search(self) -> None:
        """Ask the store; a newer question replaces this one."""
        self._typing.stop()
        text = self.query.text().strip()
        if not text:
            self.note.clear()
            self.panel.clear(
                "Find anything in the fleet", "Type a serial number, a MAC, a model or a version."
            )
            return

        def ask(connection: Connection) -> tuple[Prepared, bool]:
            found = find(connection, text)
            rows = [HitRow(n, hit) for n, hit in enumerate(found.hits)]
            return self.panel.model.prepare(rows), found.more

        self._desk.work.query(self, ask, self._show, lambda e: self.panel.error(e, self.search), key="find")

    def _show(self, found: tuple[Prepared, bool]) -> None:
        prepared, more = found
        self.panel.set_rows(prepared)
        count = words.plural(len(prepared.rows), "hit")
        self.note.setText(f"The first {count}" if more else count)

    def _to_rows(self) -> None:
        self.search()
        self.panel.grid.setFocus()

    def _open(self, row_id: int) -> None:
        row = self.panel.model.row_of(row_id)
        if row is not None:
            self._desk.server_opened.emit(row.hit.server_id)
