"""In a window of 1280 × 800 what a list is opened for stands in sight without scrolling sideways."""

from __future__ import annotations

from PySide6.QtCore import Qt

from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.reports import ReportsView
from dsm_desktop.ui.views.server_tables import HardwareTab
from dsm_desktop.ui.widgets.grid import GridView


def in_sight(grid: GridView) -> set[str]:
    """Titles of the columns that stand in sight as a whole."""
    header, model = grid.horizontalHeader(), grid.model()
    return {
        str(model.headerData(n, Qt.Orientation.Horizontal))
        for n in range(header.count())
        if not header.isSectionHidden(n)
        and header.sectionViewportPosition(n) + header.sectionSize(n) <= grid.viewport().width()
    }


def test_the_pane_of_a_server_shows_where_a_part_sits_and_its_numbers(session: Session) -> None:
    session.window.resize(1280, 800)
    servers = session.window.servers
    servers.panel.grid.select_ids([1])
    settle(session.desk)
    tab = servers.details.tab("Hardware")
    assert isinstance(tab, HardwareTab)
    servers.details.tabs.setCurrentWidget(tab)
    settle(session.desk)
    assert tab.panel.model.rowCount()
    assert in_sight(tab.panel.grid) >= {"Health", "Slot", "Serial number", "Part number"}


def test_spare_parts_show_the_models_of_their_servers_as_a_whole(session: Session) -> None:
    window = session.window
    window.resize(1280, 800)
    window.show_area("reports")
    reports = window.findChildren(ReportsView)[0]
    reports.setCurrentWidget(reports.spares)
    settle(session.desk)
    grid, model = reports.spares.panel.grid, reports.spares.panel.model
    assert "Server models" in in_sight(grid)
    column = grid.column_of("models") or 0
    shown = [str(model.index(n, column).data()) for n in range(model.rowCount())]
    assert any("R650, R670" in text for text in shown)
    assert all(
        grid.fontMetrics().horizontalAdvance(text) + 16 <= grid.horizontalHeader().sectionSize(column)
        for text in shown
    )
