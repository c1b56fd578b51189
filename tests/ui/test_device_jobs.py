"""The iDRACs' own jobs and certificates in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.certificates import CertificatesTab
from dsm_desktop.ui.views.device_jobs import DeviceJobsTab, DeviceJobsView
from dsm_desktop.ui.views.fleet import FleetView
from tests.ui.kit import WAIT


def fleet_jobs(session: Session) -> DeviceJobsView:
    session.window.show_area("fleet/idrac jobs")
    settle(session.desk)
    view = session.window.areas.view("fleet")
    assert isinstance(view, FleetView)
    return view.device_jobs


def test_all_queues_in_one_grid_and_those_of_a_selection(session: Session) -> None:
    view = fleet_jobs(session)
    rows = view.panel.model.all_rows()
    assert {row.server_id for row in rows} == set(range(1, 13))
    assert all(row.blocks for row in rows if row.state in ("Scheduled", "Running"))
    session.window.servers.panel.grid.select_ids([2, 3])
    session.window.actions_.plain["device-jobs"].trigger()
    settle(session.desk)
    assert {row.server_id for row in view.panel.model.all_rows()} == {2, 3}
    assert "2 chosen servers" in view._said.text()
    view._all.click()
    settle(session.desk)
    assert len(view.panel.model.all_rows()) == len(rows)


def test_what_another_program_reads_appears_by_itself(session: Session, qtbot: QtBot) -> None:
    view = fleet_jobs(session)
    with session.context.store.write() as uow:
        save_device_jobs(
            uow, 40, [DeviceJob("JID_000000000040", "New one", "BIOSConfiguration", "Scheduled")]
        )
    qtbot.waitUntil(lambda: any(row.server_id == 40 for row in view.panel.model.all_rows()), timeout=WAIT)


def wanted_of(session: Session) -> list[tuple[str, list[int], dict[str, Any]]]:
    """Jobs asked for from now on, instead of their dialogs."""
    wanted: list[tuple[str, list[int], dict[str, Any]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda *what: wanted.append(what))
    return wanted


def press(view: DeviceJobsView, text: str) -> None:
    next(b for b in view.findChildren(QPushButton) if b.text() == text).click()


def test_the_buttons_start_the_right_jobs_on_the_right_servers(session: Session) -> None:
    view = fleet_jobs(session)
    wanted = wanted_of(session)
    row = view.panel.model.all_rows()[0]
    view.panel.grid.select_ids([row.id])
    view._start("lc_rescue", {})
    assert wanted == [("lc_rescue", [row.server_id], {})]


def test_with_a_filter_the_buttons_leave_alone_what_it_hides(session: Session) -> None:
    view = fleet_jobs(session)
    wanted = wanted_of(session)
    row = next(row for row in view.panel.model.all_rows() if row.server_id == 3)
    for only in (None, [3, 4]):
        view.show_servers(only)
        view.panel.set_query(f"job={row.job_id} server={row.server}")
        settle(session.desk)
        assert [r.id for r in view.panel.model.shown_rows()] == [row.id]
        press(view, "Clear…")
        press(view, "Rescue…")
    assert wanted == [("job_queue_clear", [3], {}), ("lc_rescue", [3], {})] * 2
    view.panel.set_query("job=none-of-them")
    press(view, "Clear…")
    assert len(wanted) == 4, "where nothing is shown nothing is cleared"
    view.panel.set_query("")
    press(view, "Rescue…")
    assert wanted[-1] == ("lc_rescue", [3, 4], {})


def test_a_chosen_row_that_goes_meanwhile_does_not_become_all_rows(session: Session, qtbot: QtBot) -> None:
    view = fleet_jobs(session)
    wanted = wanted_of(session)
    chosen = [row.id for row in view.panel.model.all_rows() if row.server_id == 3]
    view.panel.grid.select_ids(chosen)
    with session.context.store.write() as uow:
        save_device_jobs(uow, 3, [])
    qtbot.waitUntil(lambda: view.panel.model.row_of(chosen[0]) is None, timeout=WAIT)
    press(view, "Clear…")
    assert wanted == []
    told = "What was chosen is out of sight. Choose again, or press again for all that is shown."
    qtbot.waitUntil(lambda: told in session.window.news.texts(), timeout=WAIT)
    press(view, "Clear…")
    others = [n for n in range(1, 13) if n != 3]
    assert wanted == [("job_queue_clear", others, {})], "pressed again, all that is shown is meant"


def test_a_servers_own_tabs(session: Session) -> None:
    session.window.show_area("servers")
    servers = session.window.servers
    servers.panel.grid.select_ids([1])
    settle(session.desk)
    details = servers.details
    jobs = details.tab("iDRAC jobs")
    assert isinstance(jobs, DeviceJobsTab)
    details.tabs.setCurrentWidget(jobs)
    settle(session.desk)
    assert [row.server_id for row in jobs.panel.model.all_rows()] == [1, 1]
    assert "Lifecycle Controller: ready" in jobs._said.text()
    certificates = details.tab("Certificates")
    assert isinstance(certificates, CertificatesTab)
    details.tabs.setCurrentWidget(certificates)
    settle(session.desk)
    facts = {row.what: row for row in certificates.panel.model.all_rows()}
    assert facts["Holds"].status.word.startswith("expired")
    assert facts["Pinned"].status.word.startswith("no")
