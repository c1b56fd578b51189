"""Trends in the servers grid: read for the rows in sight only, and kept."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtGui import QPixmap

from dsm_desktop.queries.readings import INLET, POWER, trends
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.painting.sparkline import (
    PictureDelegate,
    PictureOf,
    health_picture,
    line_colour,
    mark_colours,
    trend_picture,
)
from dsm_desktop.ui.widgets.grid import GridView

GATHER_MS = 60
_HOURS = 24
_KEPT = 4_000
_ASKED_AT_ONCE = 200


class Trends(QObject):
    """The last day of power and inlet by server. What is not known is asked for together, a moment later."""

    def __init__(self, desk: Desk, grid: GridView) -> None:
        super().__init__(grid)
        self._desk, self._grid = desk, grid
        self._values: OrderedDict[int, dict[str, tuple[float, ...]]] = OrderedDict()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._stale: set[int] = set()
        self._columns: list[int] = []
        self._gather = QTimer(self, interval=GATHER_MS, singleShot=True)
        self._gather.timeout.connect(self._ask)
        desk.bridge.changed.connect(self._changed)
        keys = [column.key for column in grid.rows.columns]
        makers: dict[str, PictureOf] = {
            "power_trend": self._line(POWER),
            "inlet_trend": self._line(INLET),
            "subsystem": self._marks,
        }
        for key, maker in makers.items():
            if key in keys:
                grid.setItemDelegateForColumn(keys.index(key), PictureDelegate(maker, grid))
                self._columns.append(keys.index(key))

    def values(self, server_id: int, sensor: str) -> tuple[float, ...]:
        """What is known now; asks where nothing is."""
        known = self._values.get(server_id)
        if (known is None or server_id in self._stale) and server_id not in self._wanted:
            self._wanted[server_id] = None
            if not self._gather.isActive():
                self._gather.start()
        return () if known is None else known.get(sensor, ())

    def _line(self, sensor: str) -> PictureOf:
        rows = self._grid.rows

        def picture(place: int, width: int, height: int, ratio: float, selected: bool) -> QPixmap | None:
            if rows.heading_at(place) is not None:
                return None
            values = self.values(rows.id_at(place), sensor)
            return trend_picture(values, width, height, ratio, line_colour(selected=selected))

        return picture

    def _marks(self, place: int, width: int, height: int, ratio: float, selected: bool) -> QPixmap | None:
        row = self._grid.rows.row_at(place)
        if row is None or not row.subsystem_health:
            return None
        states = tuple(str(state) for _, state in sorted(row.subsystem_health.items()))
        colours = mark_colours(states, selected=selected)
        return health_picture(states, width, height, ratio, colours)

    def _ask(self) -> None:
        ids = list(self._wanted)[-_ASKED_AT_ONCE:]  # the last asked for are in sight now
        self._wanted.clear()
        since = datetime.now(UTC) - timedelta(hours=_HOURS)
        self._desk.work.query(
            self,
            lambda connection: (ids, trends(connection, ids, since)),
            self._show,
            lambda _: None,
            key="trends",
        )

    def _show(self, found: tuple[list[int], dict[tuple[int, str], tuple[float, ...]]]) -> None:
        ids, values = found
        for server_id in ids:
            self._values[server_id] = {s: values.get((server_id, s), ()) for s in (POWER, INLET)}
            self._values.move_to_end(server_id)
        self._stale.difference_update(ids)
        while len(self._values) > _KEPT:
            self._values.popitem(last=False)
        view = self._grid.viewport()
        for column in self._columns:
            if not self._grid.isColumnHidden(column):
                left, width = self._grid.columnViewportPosition(column), self._grid.columnWidth(column)
                view.update(QRect(left, 0, width, view.height()))

    def _changed(self, change: Change) -> None:
        if change.topic != "servers":
            return
        self._stale.update(self._values if change.many else change.ids & self._values.keys())
