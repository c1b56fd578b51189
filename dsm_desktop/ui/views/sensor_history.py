"""Measured values of one server over time: a chart, and the same values as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.readings import INLET, POWER, ReadingRow, history, sensors_of
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.painting.history_chart import HistoryChart, span_of
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_tabs import ServerTab
from dsm_desktop.ui.widgets.panel import GridPanel

_SENSORS = {POWER: ("Power draw", "W"), INLET: ("Inlet temperature", "°C")}
_RANGES = (("Last hour", 1), ("Last day", 24), ("Last week", 168), ("Last 30 days", 720), ("Everything", 0))
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
READINGS = (
    Column("time", "Time", lambda r: r.at, text=lambda r: words.stamp(r.at), kind="time", width=160),
    Column("value", "Value", lambda r: r.value, kind="number", width=90),
)


class SensorHistoryTab(ServerTab):
    """Follows the server while it is in sight: every reading of its facts brings new values."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._since_open = datetime.now(UTC)
        self._server_id: int | None = None
        self._valid = False
        self.sensor, self.range = QComboBox(), QComboBox()
        self.sensor.setAccessibleName("Sensor")
        self.range.setAccessibleName("Time range")
        for title, hours in _RANGES:
            self.range.addItem(title, hours)
        self.range.setCurrentIndex(1)
        for box in (self.sensor, self.range):
            box.activated.connect(lambda _: self.read())
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("Lowest and highest values")
        self.chart = HistoryChart()
        self.panel = GridPanel(desk.work, "values", READINGS, icon_name="history")
        self.panel.when_empty(
            "No values yet",
            "Power draw and inlet temperature are kept each time the server's health is read.",
            [("Check health", self._check)],
            desk.why_not(Permission.OPERATE),
        )
        self.chart.pointed.connect(self.panel.grid.show_row)
        ViewsButton(desk, self.panel, "sensor values")
        self._lay_out()
        desk.bridge.changed.connect(self._changed)

    def _changed(self, change: Change) -> None:
        if change.topic == "servers" and (change.many or self._server_id in change.ids):
            self._valid = False
            if self.isVisible():
                self.read()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        bar.addWidget(self.sensor, 1)
        bar.addWidget(self.range, 1)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.chart)
        self._split.addWidget(self.panel)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        self._split.setSizes([260, 180])
        self.summary.setContentsMargins(SPACE, 0, SPACE, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addLayout(bar)
        column.addWidget(self.summary)
        column.addWidget(self._split, 1)

    def _check(self) -> None:
        if self._server_id is not None:
            self._desk.job_wanted.emit("health_check", [self._server_id], {})

    def outdate(self) -> None:
        self._valid = False

    def show_server(self, server_id: int) -> None:
        if not self._valid or server_id != self._server_id:
            self._server_id, self._valid = server_id, True
            self.read()

    def read(self) -> None:
        """Ask for the chosen sensor and time; a newer question replaces this one."""
        server_id, sensor = self._server_id, str(self.sensor.currentData() or POWER)
        hours = int(self.range.currentData())
        since = datetime.now(UTC) - timedelta(hours=hours) if hours else _LONG_AGO
        if server_id is None:
            return

        def ask(connection: Connection) -> tuple[list[str], str, list[ReadingRow]]:
            names = sensors_of(connection, server_id)
            chosen = sensor if sensor in names or not names else names[0]
            return names, chosen, history(connection, server_id, chosen, since)

        self._desk.work.query(
            self, ask, self._show, lambda error: self.panel.error(error, self.read), key="readings"
        )

    def _show(self, found: tuple[list[str], str, list[ReadingRow]]) -> None:
        names, chosen, rows = found
        if names != [self.sensor.itemData(n) for n in range(self.sensor.count())]:
            self.sensor.clear()
            for name in names:
                self.sensor.addItem(_SENSORS.get(name, (words.sentence(name), ""))[0], name)
        self.sensor.setCurrentIndex(self.sensor.findData(chosen))
        title, unit = _SENSORS.get(chosen, (words.sentence(chosen), ""))
        session = span_of(rows, self._since_open)
        self.chart.show_rows(title, rows, unit, session)
        self.chart.setVisible(bool(rows))
        self.summary.setVisible(bool(rows))
        told = self.chart.summary()
        if session is not None:
            low, high = (words.number(v, unit) for v in session)
            told += f" Since this window was opened: {low if low == high else f'{low} to {high}'}."
        self.summary.setText(told)
        self.panel.set_rows(self.panel.model.prepare(reversed(rows)))

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("details/sensors", self._split.saveState())

    def load_layout(self, settings: QSettings) -> None:
        if state := settings.value("details/sensors"):
            self._split.restoreState(state)
