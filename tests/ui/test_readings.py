"""Measured values: trends in the grid, the history of a server, and what painting them costs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dsm_desktop.core.inventory import SystemFacts
from dsm_desktop.core.states import Health
from dsm_desktop.queries.readings import ReadingRow, history, sensors_of, trends
from dsm_desktop.store.inventory import save_facts
from dsm_desktop.store.models import Reading
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.painting.history_chart import HistoryChart
from dsm_desktop.ui.painting.sparkline import health_picture, mark_colours, trend_picture
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.sensor_history import SensorHistoryTab
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers, seed_site


def with_readings(store: Store) -> None:
    """The site, and a day of values of its first forty servers."""
    seed_site(store)
    with store.write() as uow:
        uow.session.add_all(
            Reading(
                server_id=server_id,
                sensor=sensor,
                at=uow.now - timedelta(minutes=30 * (47 - n)),
                value=start + (n * 7 + server_id) % 40,
            )
            for server_id in range(1, 41)
            for sensor, start in (("power", 200.0), ("inlet", 19.0))
            for n in range(48)
        )


def test_trends_are_the_newest_values_oldest_first(open_session: OpenSession) -> None:
    store = open_session(with_readings).context.store
    since = datetime.now(UTC) - timedelta(hours=30)
    found = store.fetch(lambda c: trends(c, [1, 2, 60], since, most=10))
    assert set(found) == {(1, "power"), (1, "inlet"), (2, "power"), (2, "inlet")}
    everything = store.fetch(lambda c: history(c, 1, "power", since))
    assert found[1, "power"] == tuple(row.value for row in everything[-10:])
    assert store.fetch(lambda c: sensors_of(c, 1)) == ["power", "inlet"]


def _inked(image: QImage) -> int:
    ground = image.pixel(0, 0)
    return sum(image.pixel(x, y) != ground for x in range(image.width()) for y in range(image.height()))


def test_the_grid_draws_trends_of_the_rows_in_sight(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_readings)
    grid = session.window.servers.panel.grid
    column = [c.key for c in grid.rows.columns].index("power_trend")
    grid.horizontalHeader().moveSection(grid.horizontalHeader().visualIndex(column), 0)
    settle(session.desk)
    spot = grid.visualRect(grid.rows.index(0, column))

    def drawn() -> bool:
        return _inked(grid.viewport().grab(spot.adjusted(4, 2, -4, -2)).toImage()) > 30

    qtbot.waitUntil(drawn, timeout=WAIT)
    assert grid.rows.data(grid.rows.index(0, column)).endswith("W"), "words for readers that see no picture"


def test_a_mark_tells_health_by_its_shape(qapp: QApplication) -> None:
    same = ("#000000",)
    pictures = [health_picture((s,), 12, 16, 1.0, same) for s in ("ok", "warning", "critical", "unknown")]
    images = [p.toImage() for p in pictures if p is not None]
    assert len(images) == 4
    assert all(a != b for n, a in enumerate(images) for b in images[n + 1 :])
    assert health_picture((), 12, 16, 1.0, ()) is None
    assert trend_picture((1.0,), 80, 20, 1.0, "#000000") is None
    assert len(mark_colours(["ok", "critical"], selected=False)) == 2


def test_the_history_of_a_server_follows_new_values(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_readings)
    servers = session.window.servers
    servers.panel.grid.select_ids([1], current=1)
    settle(session.desk)
    tab = servers.details.tab("Sensors")
    assert isinstance(tab, SensorHistoryTab)
    servers.details.tabs.setCurrentWidget(tab)
    settle(session.desk)
    assert [tab.sensor.itemText(n) for n in range(tab.sensor.count())] == ["Power draw", "Inlet temperature"]
    assert tab.panel.model.rowCount() == 48
    assert "lowest 200 W" in tab.summary.text() or "lowest 201 W" in tab.summary.text()
    assert "Since this window" not in tab.summary.text()
    with session.context.store.write() as uow:
        save_facts(uow, 1, SystemFacts(health=Health.OK, power_watts=777.0, inlet_celsius=21.0))
    qtbot.waitUntil(lambda: "highest 777 W" in tab.summary.text(), timeout=WAIT)
    assert "Since this window was opened: 777 W." in tab.summary.text()
    tab.range.setCurrentIndex(0)
    tab.range.activated.emit(0)
    qtbot.waitUntil(lambda: tab.panel.model.rowCount() < 48, timeout=WAIT)


def test_a_chart_is_read_by_keys_and_by_pointer(qapp: QApplication, qtbot: QtBot) -> None:
    chart = HistoryChart()
    qtbot.addWidget(chart)
    chart.resize(600, 240)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [ReadingRow(n, start + timedelta(minutes=n), float(n % 7) * 10) for n in range(100)]
    chart.show_rows("Power draw", rows, "W", None)
    chart.show()
    told: list[int] = []
    chart.pointed.connect(told.append)
    QTest.keyClick(chart, Qt.Key.Key_Left)
    QTest.keyClick(chart, Qt.Key.Key_Left)
    QTest.keyClick(chart, Qt.Key.Key_Home)
    assert told == [99, 98, 0]
    assert (
        chart.accessibleDescription().startswith("0 W, 2026-01-0")
        or "2025-12-31" in chart.accessibleDescription()
    )
    QTest.mouseMove(chart, QPoint(chart.width() // 2, 100))
    qtbot.waitUntil(lambda: 40 <= told[-1] <= 60, timeout=WAIT)
    assert chart.summary() == "100 values, lowest 0 W, highest 60 W, newest 10 W."


def test_one_reading_is_neither_lowest_nor_highest(qapp: QApplication, qtbot: QtBot) -> None:
    chart = HistoryChart()
    qtbot.addWidget(chart)
    chart.resize(600, 240)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    chart.show_rows("Power draw", [ReadingRow(1, at, 212.0)], "W", None)
    assert chart.summary() == "1 value, 212 W."
    told: list[str] = []
    chart._paint_end = lambda *values: told.append(values[4])  # type: ignore[method-assign]
    chart.grab()
    assert told == [""]
    chart.show_rows(
        "Power draw", [ReadingRow(n, at + timedelta(minutes=n), 5.0) for n in range(3)], "W", None
    )
    assert chart.summary() == "3 values, all 5 W."


def test_trends_of_ten_thousand_rows_cost_a_frame_little(open_session: OpenSession) -> None:
    """Beside the same frames without them; what a frame takes is measured by the window's benchmark."""
    session = open_session(lambda store: seed_servers(store, 10_000))
    grid = session.window.servers.panel.grid
    columns = [[c.key for c in grid.rows.columns].index(key) for key in ("inlet_trend", "subsystem")]
    bar = grid.verticalScrollBar()
    took: dict[bool, list[float]] = {True: [], False: []}
    for step in range(120):
        shown = bool(step % 2)
        for column in columns:
            grid.setColumnHidden(column, not shown)
        bar.setValue(step * 37)
        start = time.thread_time()  # our own work, however busy the machine
        grid.viewport().repaint()
        took[shown].append((time.thread_time() - start) * 1000)
    without, beside = (sorted(took[shown])[30] for shown in (False, True))
    assert beside < 4 * without, f"{beside:.1f} ms for a frame, {without:.1f} ms without trends"
