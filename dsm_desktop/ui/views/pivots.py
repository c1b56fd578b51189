"""The fleet from above: component × version × count, and spare parts in use; below, the servers behind a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from dsm_desktop.core.part_words import part_kind
from dsm_desktop.queries import Connection
from dsm_desktop.queries.pivots import SpareRow, VersionCell, firmware_pivot, spare_parts
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.models.servers import COLUMNS as SERVER_COLUMNS
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_SERVERS = tuple(
    c for c in SERVER_COLUMNS if c.key in ("health", "name", "tag", "model", "address", "bios", "idrac")
)
_MOST = Status("Most have it", "status-ok", Tone.OK)
_ODD = Status("Differs", "status-warning", Tone.WARNING)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of one component."""

    id: int
    component: str
    kind: str
    cell: VersionCell
    versions: int


@dataclass(frozen=True, slots=True)
class PartNumberRow:
    """A spare part with a number of its own."""

    id: int
    part: SpareRow


FIRMWARE = (
    Column("component", "Component", lambda r: r.component, width=300),
    Column("kind", "Kind", lambda r: r.kind, width=90),
    Column("version", "Version", lambda r: r.cell.version, kind="version", width=130),
    Column("servers", "Servers", lambda r: len(r.cell.server_ids), kind="number", width=84),
    Column("count", "Pieces", lambda r: r.cell.count, kind="number", width=80),
    Column("odd", "Compared", lambda r: "differs" if r.cell.odd else "same",
           status=lambda r: _ODD if r.cell.odd else _MOST, width=120, help="Whether most servers have this version"),
    Column("newest", "Newest here", lambda r: words.yes_no(r.cell.newest), width=100,
           help="The newest version of this component in the fleet"),
    Column("versions", "Versions", lambda r: r.versions, kind="number", width=90, help="How many versions are in use"),
)  # fmt: skip
SPARES = (
    Column("pn", "Part number", lambda r: r.part.part_number, width=150),
    Column("kind", "Kind", lambda r: part_kind(r.part.kind), width=106),
    Column("what", "What", lambda r: r.part.what, width=190),
    Column("maker", "Manufacturer", lambda r: r.part.manufacturer, width=110),
    Column("count", "In use", lambda r: r.part.count, kind="number", width=70),
    Column("bad", "Not healthy", lambda r: r.part.not_ok, kind="number", width=100),
    Column("servers", "Servers", lambda r: len(r.part.server_ids), kind="number", width=78),
    Column("models", "Server models", lambda r: ", ".join(m.removeprefix("PowerEdge ") for m in r.part.models),
           width=334),
)  # fmt: skip


class PivotView(QWidget):
    """Lines above; the servers of the chosen line below, Enter opens one."""

    def __init__(
        self,
        desk: Desk,
        name: str,
        columns: Sequence[Column],
        rows: Callable[[Connection], list[Any]],
        servers_of: Callable[[Any], Sequence[int]],
    ) -> None:
        super().__init__()
        self._desk, self._rows, self._servers_of = desk, rows, servers_of
        self.panel = GridPanel(desk.work, name, columns, icon_name="firmware")
        self.panel.when_empty(
            "No inventories yet", "Read the inventory of the servers; it is summed up here."
        )
        self.servers = GridPanel(desk.work, "servers of this line", _SERVERS)
        self.servers.clear("Nothing chosen", "Choose a line to see its servers.")
        self.panel.chosen.connect(self._chosen)
        self.panel.opened.connect(lambda _: self.servers.grid.setFocus())
        self.servers.opened.connect(desk.server_opened.emit)
        ViewsButton(desk, self.panel, name)
        ViewsButton(desk, self.servers, f"servers of {name}")
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.panel)
        split.addWidget(self.servers)
        split.setSizes([360, 220])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.bar)
        column.addWidget(split, 1)
        self.refresh()

    def refresh(self) -> None:
        """Sum up the newest inventories again."""
        self._desk.work.query(
            self,
            lambda connection: self.panel.model.prepare(self._rows(connection)),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="pivot",
        )

    def _chosen(self, ids: list[int]) -> None:
        rows = [row for i in ids if (row := self.panel.model.row_of(i)) is not None]
        wanted = frozenset(i for row in rows for i in self._servers_of(row))
        if not wanted:
            self.servers.clear("Nothing chosen", "Choose a line to see its servers.")
            return

        def ask(connection: Connection) -> Prepared:
            return self.servers.model.prepare(list_servers(connection, wanted))

        self._desk.work.query(
            self,
            ask,
            self.servers.set_rows,
            lambda error: self.servers.error(error, self.refresh),
            key="servers",
        )


class FirmwarePivotView(PivotView):
    """Component × version × count; the odd ones marked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "firmware versions", FIRMWARE, _versions, lambda row: row.cell.server_ids)
        self.only_odd = QCheckBox("Only components in more than one version")
        self.only_odd.setToolTip("Leave out what is the same on every server")
        self.only_odd.toggled.connect(
            lambda on: self.panel.narrow(
                (lambda row: row.versions > 1) if on else None, "in more than one version" if on else ""
            )
        )
        self.panel.cleared.connect(lambda: self.only_odd.setChecked(False))
        self.bar.addWidget(self.only_odd)
        self.bar.addStretch()


class SparePartsView(PivotView):
    """Part numbers in use and how many of them are not healthy: what to keep in the cupboard."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "spare parts", SPARES, _parts, lambda row: row.part.server_ids)
        self.bar.addWidget(QLabel("Part numbers as last read, the most frequent first"))


def _versions(connection: Connection) -> list[VersionRow]:
    flat = [(row, cell) for row in firmware_pivot(connection) for cell in row.versions]
    return [
        VersionRow(n, row.component, row.component_type, cell, len(row.versions))
        for n, (row, cell) in enumerate(flat)
    ]


def _parts(connection: Connection) -> list[PartNumberRow]:
    return [PartNumberRow(n, part) for n, part in enumerate(spare_parts(connection))]
