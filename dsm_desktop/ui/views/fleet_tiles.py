"""The fleet as tiles: a tile for each server, grouped by model, rack, group, generation or health."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.queries import Connection
from dsm_desktop.queries.servers import GroupRow, ServerRow, list_groups, list_servers
from dsm_desktop.store.domains import rack_names
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.painting.tiles import ZOOMS, Section, TileField
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.widgets.states import StatePane

REGROUP_MS = 250
_ORDER = ("critical", "warning", "unknown", "ok")
_BY = (
    ("model", "Model"),
    ("rack", "Rack"),
    ("group", "Group"),
    ("generation", "iDRAC generation"),
    ("health", "Health"),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that tiles are grouped by."""

    servers: dict[int, ServerRow]
    groups: list[GroupRow]
    racks: dict[int, str]


def sections_of(fleet: Fleet, by: str, *, only_bad: bool = False) -> list[Section]:
    """The servers under headings, the worst first in each; a server in two groups is in both."""
    rows: Iterable[ServerRow] = fleet.servers.values()
    if only_bad:
        rows = [row for row in rows if row.health in ("warning", "critical")]
    names: dict[str, Callable[[ServerRow], list[str]]] = {
        "model": lambda r: [r.model.removeprefix("PowerEdge ") or "Not read yet"],
        "rack": lambda r: [fleet.racks.get(r.id, "In no rack")],
        "generation": lambda r: [
            "Other makers" if r.generation == "other" else r.generation or "Not read yet"
        ],
        "health": lambda r: [words.health(r.health).word],
        "group": lambda r: [g.name for g in fleet.groups if r.id in g.members] or ["In no group"],
    }
    found: dict[str, list[ServerRow]] = defaultdict(list)
    for row in rows:
        for name in names[by](row):
            found[name].append(row)
    last = ("In no rack", "In no group", "Not read yet")
    ranks = {state: n for n, state in enumerate(_ORDER)}
    order = [words.health(state).word for state in _ORDER]
    titles = sorted(
        found, key=lambda t: (t in last, order.index(t) if by == "health" and t in order else 0, t.casefold())
    )
    return [
        Section(title, sorted(found[title], key=lambda r: (ranks.get(r.health, 9), r.label.casefold())))
        for title in titles
    ]


class FleetTilesView(QWidget):
    """Reads all servers once, then only what changed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._fleet = Fleet({}, [], {})
        self.by, self.only_bad, self.slider = QComboBox(), QCheckBox("Only what is not healthy"), QSlider()
        self.by.setAccessibleName("Group by")
        self.by.setToolTip("What the tiles are put together by")
        for key, title in _BY:
            self.by.addItem(title, key)
        self.slider.setOrientation(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(ZOOMS) - 1)
        self.slider.setPageStep(1)
        self.slider.setFixedWidth(120)
        self.slider.setAccessibleName("Size of the tiles")
        self.slider.setToolTip("Size of the tiles (Ctrl+wheel, plus and minus)")
        self.only_bad.setToolTip("Show only servers with a warning or a critical health")
        self.totals = QLabel()
        self.totals.setAccessibleName("Totals")
        self.field = TileField()
        self.slider.setValue(self.field.zoom)
        self._state = StatePane()
        self._lay_out()
        self._connect()
        self._state.loading("servers")
        self.refresh()

    def _lay_out(self) -> None:
        label = QLabel("Group by")
        label.setBuddy(self.by)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.setSpacing(SPACE)
        for widget in (label, self.by, self.only_bad, self.totals, self.slider):
            bar.addWidget(widget)
        bar.insertStretch(3)
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self._state)
        self._stack.addWidget(self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(stack, 1)

    def _connect(self) -> None:
        self._later = QTimer(self, interval=REGROUP_MS, singleShot=True)
        self._later.timeout.connect(self._group)
        self.by.currentIndexChanged.connect(lambda _: self._group())
        self.only_bad.toggled.connect(lambda _: self._group())
        self.slider.valueChanged.connect(self.field.set_zoom)
        self.field.zoomed.connect(self.slider.setValue)
        self.field.opened.connect(self._desk.server_opened)
        self._desk.bridge.changed.connect(self._changed)

    def refresh(self) -> None:
        """Read all servers again."""

        def ask(connection: Connection) -> Fleet:
            servers = {row.id: row for row in list_servers(connection)}
            return Fleet(servers, list(list_groups(connection)), rack_names(connection))

        self._desk.work.query(self, ask, self._show, self._fail, key="fleet")

    def _show(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._group()

    def _fail(self, error: object) -> None:
        if not self._fleet.servers:
            self._state.error(error, self.refresh)  # type: ignore[arg-type]
            self._stack.setCurrentWidget(self._state)

    def _group(self) -> None:
        sections = sections_of(self._fleet, str(self.by.currentData()), only_bad=self.only_bad.isChecked())
        self.field.show_sections(sections)
        servers = self._fleet.servers
        bad = sum(1 for row in servers.values() if row.health in ("warning", "critical"))
        self.totals.setText(f"{words.plural(len(servers), 'server')}, {bad:,} not healthy")
        if not servers:
            self._state.empty("server", "No servers yet", "Every server found or added becomes a tile here.")
        elif not sections:
            self._state.empty("status-ok", "All servers are healthy", "No server has a warning.")
        self._stack.setCurrentWidget(self.field if sections else self._state)

    def _changed(self, change: Change) -> None:
        if change.topic in ("server_groups", "racks") or (
            change.topic == "servers" and (change.many or change.removed)
        ):
            self.refresh()
        elif change.topic == "servers":
            ids = frozenset(change.ids)
            self._desk.work.query(self, lambda c: list(list_servers(c, ids)), self._patch, self._fail)

    def _patch(self, rows: list[ServerRow]) -> None:
        self._fleet.servers.update({row.id: row for row in rows})
        if not self._later.isActive():
            self._later.start()

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("fleet/by", self.by.currentIndex())
        settings.setValue("fleet/zoom", self.field.zoom)

    def load_layout(self, settings: QSettings) -> None:
        for key, take in (("fleet/by", self.by.setCurrentIndex), ("fleet/zoom", self.field.set_zoom)):
            kept = settings.value(key)
            if kept is not None and str(kept).isdecimal():
                take(int(str(kept)))
