"""The Servers area on a real store: rows, facets, filter, details, changes, files out."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.commands.servers import note_problem
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import Access
from dsm_desktop.store.models import JobTask, Server
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.dialogs.servers import (
    AddServerDialog,
    RemoveServersDialog,
    TrustDialog,
)
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.changes import ChangesView
from dsm_desktop.ui.views.sensor_history import SensorHistoryTab
from dsm_desktop.ui.views.server_calls import CallsTab
from dsm_desktop.ui.views.server_tables import ListTab, LogsTab
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of


def choose(session: Session, *ids: int) -> None:
    session.window.servers.panel.grid.select_ids(list(ids), current=ids[0])
    settle(session.desk)


def test_the_filter_line_narrows_says_its_mistakes_and_keeps_the_rows(session: Session, qtbot: QtBot) -> None:
    panel = session.window.servers.panel
    assert panel.model.rowCount() == 60
    QTest.keyClicks(panel.filter, "model:R750 power=on")
    panel.apply_filter()
    shown = panel.model.rowCount()
    assert 0 < shown < 60
    assert all("R750" in r.model and r.power_state == "on" for r in panel.model.shown_rows())
    assert panel.totals.text().startswith(f"{shown} of 60")
    panel.filter.setText("modl:R750")
    panel.apply_filter()
    assert panel.filter.problem.isVisible()
    assert "model" in panel.filter.problem.text()
    assert panel.model.rowCount() == shown
    panel.filter.setText("nothing like this")
    panel.apply_filter()
    assert not panel.grid.isVisible()


def test_a_facet_narrows_and_its_count_follows_a_change(session: Session, qtbot: QtBot) -> None:
    servers = session.window.servers
    place = servers.tree.facets.index_of("model:PowerEdge R750")
    servers.tree.setCurrentIndex(place)
    count = servers.tree.facets.facet(place).count
    assert servers.panel.model.rowCount() == count
    with session.context.store.write() as uow:
        row = uow.session.get(Server, next(r.id for r in servers.panel.model.shown_rows()))
        assert row is not None
        row.model = "PowerEdge R650"
        uow.changed("servers", "changed", row.id)
    qtbot.waitUntil(lambda: servers.panel.model.rowCount() == count - 1, timeout=WAIT)
    qtbot.waitUntil(
        lambda: (
            servers.tree.facets.facet(servers.tree.facets.index_of("model:PowerEdge R750")).count == count - 1
        ),
        timeout=WAIT,
    )


def test_every_tab_of_a_server_shows_what_is_in_the_store(open_session: OpenSession) -> None:
    session = open_session(logins=True)
    details = session.window.servers.details
    choose(session, 1)
    texts = [label.text() for _, label, _ in details.overview._facts]
    assert "esx-0001.site.example" in texts
    assert "Site iDRAC" in details.overview._login.text()
    rows = {}
    for number in range(1, details.tabs.count() - 1):
        details.tabs.setCurrentIndex(number)
        settle(session.desk)
        tab = details.tabs.currentWidget()
        assert isinstance(tab, ListTab | ChangesView | SensorHistoryTab)
        rows[details.tabs.tabText(number)] = tab.panel.model.rowCount()
    known = {
        "Hardware": 18,
        "Firmware": 4,
        "BIOS": 0,
        "Boot": 0,
        "Configuration profiles": 0,
        "Sensors": 0,
        "Logs": 40,
        "iDRAC jobs": 2,
        "Certificates": 10,
        "Virtual media": 0,
        "Jobs": rows["Jobs"],
        "History": 1,
    }
    assert rows.items() >= known.items()
    assert rows["Jobs"] >= 3
    details.tabs.setCurrentWidget(details.tab("Calls"))
    settle(session.desk)
    calls = details.tab("Calls")
    assert isinstance(calls, CallsTab)
    assert calls.calls.model.rowCount() == 34


def test_logs_are_searched_in_the_store(session: Session, qtbot: QtBot) -> None:
    details = session.window.servers.details
    choose(session, 1)
    tab = details.tab("Logs")
    assert isinstance(tab, LogsTab)
    details.tabs.setCurrentWidget(tab)
    settle(session.desk)
    tab._words.setText("drive removed")
    qtbot.waitUntil(lambda: tab.panel.model.rowCount() == 10, timeout=WAIT)


def test_a_change_in_the_store_reaches_row_and_details(session: Session, qtbot: QtBot) -> None:
    choose(session, 2)
    with session.context.store.write() as uow:
        note_problem(
            uow, 2, DsmError("No connection within 10 s.", hint="Check the cable."), Access.UNREACHABLE
        )
    model = session.window.servers.panel.model
    qtbot.waitUntil(lambda: model.row_of(2).access == "unreachable", timeout=WAIT)
    banner = session.window.servers.details.overview._problem
    qtbot.waitUntil(lambda: "Check the cable." in banner.accessibleName(), timeout=WAIT)


def test_adding_editing_many_and_removing(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(logins=True)
    window, model = session.window, session.window.servers.panel.model
    window.servers.add_server()
    dialog = dialog_of(session, AddServerDialog)
    assert isinstance(dialog, AddServerDialog)
    dialog.add()
    assert "missing" in dialog.banner.accessibleName()
    QTest.keyClicks(dialog.address, "10.99.0.7")
    QTest.keyClicks(dialog.name, "new-box")
    dialog.add()
    qtbot.waitUntil(lambda: any(r.name == "new-box" for r in model.all_rows()), timeout=WAIT)
    choose(session, 1, 2, 3)
    window.edit_servers()
    edit = dialog_of(session, EditServersDialog)
    assert isinstance(edit, EditServersDialog)
    settle(session.desk)
    assert "address" not in edit._lines
    notes = edit._lines["notes"]
    assert isinstance(notes, QPlainTextEdit)
    notes.setPlainText("to be moved")
    edit.credential.setCurrentIndex(edit.credential.findText("Cologne iDRAC (root)"))
    edit.save()
    qtbot.waitUntil(lambda: model.row_of(3).notes == "to be moved", timeout=WAIT)
    assert model.row_of(1).assigned_credential_id == model.row_of(2).assigned_credential_id is not None
    choose(session, 1, 2)
    window.remove_servers()
    remove = dialog_of(session, RemoveServersDialog)
    assert isinstance(remove, RemoveServersDialog)
    remove.remove()
    qtbot.waitUntil(lambda: model.row_of(1) is None and model.row_of(2) is None, timeout=WAIT)
    assert model.total == 59


def test_a_changed_certificate_shows_both_and_trusts_what_was_seen(session: Session, qtbot: QtBot) -> None:
    seen = "ab" * 32
    with session.context.store.write() as uow:
        server = uow.session.get(Server, 3)
        assert server is not None
        server.access, server.problem = "untrusted", "The certificate has changed."
        task = uow.session.query(JobTask).filter(JobTask.server_id == 3).first()
        assert task is not None
        task.error = {
            "code": "CertificateChanged",
            "detail": f"pinned SHA-256 {server.fingerprint}\nshown SHA-256 {seen}\nsubject CN=x",
        }
        uow.changed("servers", "changed", 3)
    model = session.window.servers.panel.model
    qtbot.waitUntil(lambda: model.row_of(3).access == "untrusted", timeout=WAIT)
    choose(session, 3)
    session.window.servers.details.overview._problem._action.click()
    settle(session.desk)
    dialog = dialog_of(session, TrustDialog)
    assert isinstance(dialog, TrustDialog)
    dialog.trust()
    qtbot.waitUntil(lambda: model.row_of(3).fingerprint == seen, timeout=WAIT)


def test_copied_rows_paste_into_a_spreadsheet_and_files_hold_what_is_shown(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = session.window.servers.panel
    choose(session, 1, 4)
    panel.grid.setFocus()
    QTest.keyClick(panel.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 3
    assert lines[0].split("\t")[:2] == ["Health", "Name"]
    panel.grid.clearSelection()
    panel.filter.setText("model:R650")
    panel.apply_filter()
    for ending in ("csv", "json", "xlsx"):
        panel.export_to(tmp_path / f"out.{ending}")
    settle(session.desk)
    assert (
        len((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()) == panel.model.rowCount() + 1
    )
    assert (tmp_path / "out.xlsx").stat().st_size > 4_000
    panel.export_to(tmp_path / "no folder" / "out.csv")
    settle(session.desk)
    assert "could not be written" in panel.banner.accessibleName()


def test_the_context_menu_holds_the_jobs(session: Session) -> None:
    choose(session, 1)
    menu = QMenu()
    session.window.actions_.fill_server_menu(menu)
    titles = {a.text() for a in menu.actions()}
    assert {
        "Power",
        "Read inventory",
        "Check health",
        "Test login",
        "Edit…",
        "Remove from the list…",
    } <= titles


def test_an_empty_store_offers_the_first_step(open_session: OpenSession) -> None:
    session = open_session(fill=None)
    panel = session.window.servers.panel
    assert not panel.grid.isVisible()
    assert panel._state._title.text() == "No servers yet"
    offered = [button.text() for button in panel._state.findChildren(QPushButton)]
    assert offered == ["Find servers…", "Import a list…", "Add a server…"]


def test_a_store_that_stops_answering_keeps_the_rows_and_says_so(session: Session, qtbot: QtBot) -> None:
    store = session.context.store
    with store.engines.write.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE servers RENAME TO servers_gone")
        connection.commit()
    session.window.servers.refresh()
    panel = session.window.servers.panel
    qtbot.waitUntil(lambda: panel.banner.isVisible(), timeout=WAIT)
    assert panel.model.rowCount() == 60
    assert panel.grid.isVisible()
    with store.engines.write.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE servers_gone RENAME TO servers")
        connection.commit()
    panel.banner._action.click()
    qtbot.waitUntil(lambda: not panel.banner.isVisible(), timeout=WAIT)


def test_the_overview_names_the_parts_behind_a_health(session: Session) -> None:
    choose(session, 1)
    overview = session.window.servers.details.overview
    settle(session.desk)
    assert overview._unhealthy.text().startswith("Warning: Drive ")
