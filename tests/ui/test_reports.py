"""Reports: find parts, what changed, pivots, files out of every grid, the pack."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dsm_desktop.queries.export import Table
from dsm_desktop.store.models import InventoryFirmware, InventoryPart, InventorySnapshot
from dsm_desktop.store.part_words import index_all
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.printing import preview_table
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.changes import ChangesView
from dsm_desktop.ui.views.reports import ReportsView
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site


def with_words(store: Store) -> None:
    """The site with its parts in the search index, and one server that differs in its BIOS."""
    seed_site(store)
    with store.write() as uow:
        index_all(uow.session.connection())
        newest: dict[int, int] = {}
        for snapshot in uow.session.query(InventorySnapshot).order_by(InventorySnapshot.id):
            newest[snapshot.server_id] = snapshot.id
        row = uow.session.query(InventoryFirmware).filter_by(snapshot_id=newest[7], name="BIOS").one()
        row.version = "1.9.0"
        older = (
            uow.session.query(InventorySnapshot).filter_by(server_id=3).order_by(InventorySnapshot.id).first()
        )
        assert older is not None
        older.taken_at = older.confirmed_at = uow.now - timedelta(days=20)


def reports_of(session: Session, page: str) -> ReportsView:
    session.window.show_area("reports")
    view = session.window.areas.currentWidget()
    assert isinstance(view, ReportsView)
    view.show_page(page)
    settle(session.desk)
    return view


def test_a_serial_number_is_found_and_leads_to_its_server(open_session: OpenSession) -> None:
    session = open_session(with_words)
    view = reports_of(session, "find").parts
    QTest.keyClicks(view.query, "S0050002")
    QTest.keyClick(view.query, Qt.Key.Key_Return)
    settle(session.desk)
    rows = view.panel.model.shown_rows()
    assert [(r.hit.server_id, r.hit.slot, r.hit.present) for r in rows] == [(5, "Bay 2", True)]
    assert view.note.text() == "1 hit"
    view.panel.opened.emit(rows[0].id)
    settle(session.desk)
    assert session.window.area == "servers"
    assert session.window.servers.details.server_id == 5
    reports_of(session, "find").parts.query.setText("no such thing")
    view.search()
    settle(session.desk)
    assert not view.panel.grid.isVisible()


def test_what_changed_between_two_days_of_the_fleet_and_of_a_server(open_session: OpenSession) -> None:
    session = open_session(with_words)
    view = reports_of(session, "changes").changes
    view.span.setCurrentIndex(3)
    view.span.activated.emit(3)
    settle(session.desk)
    rows = [r.line for r in view.panel.model.shown_rows()]
    assert {r.server_id for r in rows} == set(range(1, 13))
    assert ("1.12.1", "1.9.0") in {(r.before, r.after) for r in rows if r.server_id == 7}
    view.until.setDate(view.until.date().addDays(-3))
    settle(session.desk)
    assert view.panel.model.rowCount() == 0, "the new readings are of today"
    single = ChangesView(session.desk, single=True)
    single.show_server(3)
    settle(session.desk)
    assert {r.line.server_id for r in single.panel.model.shown_rows()} == {3}
    single.deleteLater()


def test_the_pivot_marks_the_odd_and_shows_their_servers(open_session: OpenSession) -> None:
    session = open_session(with_words)
    view = reports_of(session, "firmware").firmware
    view.only_odd.setChecked(True)
    rows = view.panel.model.shown_rows()
    assert {r.component for r in rows} == {"BIOS"}
    odd = next(r for r in rows if r.cell.odd)
    assert (odd.cell.version, odd.cell.server_ids) == ("1.9.0", (7,))
    view.panel.grid.show_row(odd.id)
    settle(session.desk)
    assert [r.id for r in view.servers.model.shown_rows()] == [7]
    view.panel.clear_filter()
    assert not view.only_odd.isChecked()
    assert len(view.panel.model.shown_rows()) > len(rows)
    spares = reports_of(session, "spares").spares
    drives = next(r.part for r in spares.panel.model.shown_rows() if r.part.part_number == "PHTV0WGX")
    assert (drives.count, drives.not_ok) == (48, 12)


def _table(dialog: ExportDialog) -> Table:
    found: list[Table] = []
    dialog.with_table(found.append)
    return found[0]


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".json", ".md", ".html", ".pdf"])
def test_a_file_holds_exactly_what_is_shown(
    session: Session, tmp_path: Path, qtbot: QtBot, ending: str
) -> None:
    panel = session.window.servers.panel
    panel.filter.setText("model:R750")
    panel.apply_filter()
    settle(session.desk)
    dialog = ExportDialog(session.desk.work, panel, "servers")
    dialog.open()
    table = _table(dialog)
    shown = panel.model.shown_rows()
    assert [row[1] for row in table.rows] == [r.label for r in shown]
    file = tmp_path / f"servers{ending}"
    dialog.write_to(file)
    qtbot.waitUntil(lambda: panel.banner.isVisible(), timeout=WAIT)
    settle(session.desk)
    assert file.stat().st_size > 200
    if ending == ".json":
        assert len(json.loads(file.read_text(encoding="utf-8"))) == len(shown)
    elif ending in (".csv", ".md", ".html"):
        assert all(r.label in file.read_text(encoding="utf-8-sig").replace("\\", "") for r in shown)


def test_selected_rows_are_copied_and_previewed(session: Session) -> None:
    panel = session.window.servers.panel
    panel.grid.select_ids([1, 2, 3])
    settle(session.desk)
    dialog = ExportDialog(session.desk.work, panel, "servers")
    dialog.open()
    assert dialog.selected.isChecked()
    dialog.copy()
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 4
    assert all(line.count("\t") == lines[0].count("\t") for line in lines)
    preview = preview_table(_table(dialog), session.window, dialog.report)
    settle(session.desk)
    preview.close()
    dialog.reject()
    settle(session.desk)


def test_a_report_says_what_the_tree_left_out(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    servers = session.window.servers
    panel = servers.panel
    servers.tree.choose("group:1")
    panel.filter.set_query("id<3")
    settle(session.desk)
    dialog = ExportDialog(session.desk.work, panel, "servers")
    dialog.open()
    file = tmp_path / "servers.html"
    dialog.write_to(file)
    qtbot.waitUntil(lambda: panel.banner.isVisible(), timeout=WAIT)
    settle(session.desk)
    within = servers.tree.facet.within
    assert servers.tree.facet.title in within
    assert f"only: {html.escape(within)} · filter: id&lt;3 · 2 of 60 rows<" in file.read_text(
        encoding="utf-8"
    )
    panel.clear_filter()
    report = ExportDialog(session.desk.work, panel, "servers").report
    assert (report.within, report.filter) == ("", "")


def test_a_report_that_cannot_be_written_says_so_and_stays(
    session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = ExportDialog(session.desk.work, session.window.servers.panel, "servers")
    dialog.open()
    dialog.write_to(tmp_path / "no" / "folder" / "servers.pdf")
    qtbot.waitUntil(dialog.banner.isVisible, timeout=WAIT)
    assert "could not be written" in dialog.banner._text.text()
    assert dialog.isEnabled()
    dialog.reject()
    settle(session.desk)


def test_the_monthly_pack_is_written(open_session: OpenSession, tmp_path: Path, qtbot: QtBot) -> None:
    session = open_session(with_words)
    view = reports_of(session, "find")
    file = tmp_path / "pack.xlsx"
    view.write_pack(file)
    qtbot.waitUntil(view.pack.isEnabled, timeout=WAIT)
    assert file.stat().st_size > 5_000
    with session.context.store.write() as uow:
        assert uow.session.query(InventoryPart).count() > 0


def test_the_days_of_a_servers_history_are_not_cut_off_beside_the_list(session: Session) -> None:
    view = ChangesView(session.desk, single=True)
    view.resize(340, 500)
    view.show()
    settle(session.desk)
    for box in (view.since, view.until, view.span):
        assert box.width() >= box.sizeHint().width()
        assert view.rect().contains(box.geometry())
    assert not view.since.geometry().intersects(view.until.geometry())
    assert view.panel.geometry().top() >= view.span.geometry().bottom()
    view.close()
    view.deleteLater()


def test_the_history_of_one_server_says_first_what_it_is_about(session: Session) -> None:
    tab = ChangesView(session.desk, single=True)
    shown = ["subject", "before", "after", "when", "how", "what"]
    assert list(tab.panel.grid.grid_layout().columns) == shown
    tab.panel.grid.apply_layout(GridLayout(columns=("server", "when")))
    tab.panel.reset_layout()
    assert list(tab.panel.grid.grid_layout().columns) == shown  # the server, named above, does not come back
    tab.deleteLater()
