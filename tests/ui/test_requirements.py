"""Servers that a job type is not made for: the action says why, the form leaves them out and says so."""

from __future__ import annotations

import dataclasses

from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from dsm_desktop.jobs import Requirement, idrac
from dsm_desktop.jobs.requirements import Candidate
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.test_shell import dialog_of


def require_idrac9(session: Session) -> None:
    """The health check of this session asks for an iDRAC9."""
    catalogue = session.context.catalogue
    declared = catalogue["health_check"]
    catalogue._types["health_check"] = dataclasses.replace(declared, requires=(idrac(9, "4.00"),))


def test_action_and_form_act_on_those_that_fit(session: Session, qtbot: QtBot) -> None:
    require_idrac9(session)
    grid = session.window.servers.panel.grid
    rows = session.window.servers.panel.model.all_rows()
    old = [row.id for row in rows if row.generation == "iDRAC8"][:2]
    new = [row.id for row in rows if row.generation == "iDRAC9"][:3]
    action = session.window.actions_.jobs["health_check"]

    grid.select_ids(old)
    settle(session.desk)
    assert not action.isEnabled()
    assert "2 of 2 are iDRAC8" in action.toolTip()

    grid.select_ids([*old, *new])
    settle(session.desk)
    assert action.isEnabled()
    assert "2 of 5 are iDRAC8" in action.toolTip()
    action.trigger()
    dialog = dialog_of(session, JobDialog)
    assert isinstance(dialog, JobDialog)
    assert "2 of 5 are iDRAC8" in dialog.banner.accessibleName()
    assert dialog.start_button.text() == "Start on the other 3"
    dialog.start()
    settle(session.desk)
    with session.context.store.read() as connection:
        newest = list_jobs(connection)[0]
    assert (newest.kind, newest.total) == ("health_check", 3)


def test_each_kind_of_server_is_asked_once_for_all_actions_of_the_window(session: Session) -> None:
    asked: list[Candidate] = []

    def instead(server: Candidate) -> str:
        asked.append(server)
        return server.generation if server.generation == "iDRAC8" else ""

    needs = (Requirement("a newer iDRAC", instead),)
    catalogue, actions = session.context.catalogue, session.window.actions_
    kinds = ("health_check", "fetch_event_logs", "network_test")
    for kind in kinds:
        catalogue._types[kind] = dataclasses.replace(catalogue[kind], requires=needs)
    rows = session.window.servers.panel.model.all_rows()
    session.window.servers.panel.grid.selectAll()
    settle(session.desk)
    read = [row for row in rows if row.facts_at is not None]
    looks = {(r.generation, r.idrac_version, r.model, r.licence, r.power_state) for r in read}
    assert 0 < len(asked) == len(looks) < len(read)
    old = sum(row.generation == "iDRAC8" for row in read)
    for kind in kinds:
        assert actions.jobs[kind].isEnabled()
        tip = actions.jobs[kind].toolTip()
        assert f"Needs a newer iDRAC; {old} of {len(rows)} are iDRAC8." in tip

    menu = QMenu()
    actions.fill_jobs_for(menu, rows)
    assert len(asked) == 2 * len(looks)
