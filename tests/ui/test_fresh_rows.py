"""Actions judge what is selected as it is now: after a change in the store, and before a selection has settled."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QMenu, QPlainTextEdit
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from dsm_desktop.core.states import PowerAction
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.models import Server
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of


def change(session: Session, server_id: int, **values: Any) -> None:
    """By a job or by somebody else."""
    with session.context.store.write() as uow:
        uow.session.execute(update(Server).where(Server.id == server_id).values(values))
        uow.changed("servers", "changed", server_id)


def test_a_selected_server_that_was_switched_on_can_be_shut_down(session: Session, qtbot: QtBot) -> None:
    window, off = session.window, session.window.actions_.power[PowerAction.GRACEFUL_OFF]
    change(session, 1, power_state="off")
    qtbot.waitUntil(lambda: window.servers.panel.model.row_of(1).power_state == "off", timeout=WAIT)
    window.servers.panel.grid.select_ids([1], current=1)
    settle(session.desk)
    assert "It is off." in off.toolTip()
    change(session, 1, power_state="on")
    qtbot.waitUntil(off.isEnabled, timeout=WAIT)
    window.deck.open("server:1")
    settle(session.desk)
    change(session, 1, power_state="off")
    qtbot.waitUntil(lambda: not off.isEnabled(), timeout=WAIT)
    session.context.commands.remove_servers([1])
    qtbot.waitUntil(lambda: window.actions_.rows == [], timeout=WAIT)


def test_a_selected_server_is_edited_as_it_is_now_and_once_more(session: Session, qtbot: QtBot) -> None:
    window, grid, model = (
        session.window,
        session.window.servers.panel.grid,
        session.window.servers.panel.model,
    )

    def shows(notes: str) -> bool:
        return bool(model.row_of(2).notes == notes)

    grid.select_ids([2], current=2)
    settle(session.desk)
    change(session, 2, notes="Ask Anna first")
    qtbot.waitUntil(partial(shows, "Ask Anna first"), timeout=WAIT)
    for before, now in (("Ask Anna first", "Ask Bob"), ("Ask Bob", "Ask nobody")):
        window.actions_.plain["edit"].trigger()
        dialog = dialog_of(session, EditServersDialog)
        assert isinstance(dialog, EditServersDialog)
        settle(session.desk)
        notes = dialog._lines["notes"]
        assert isinstance(notes, QPlainTextEdit)
        assert notes.toPlainText() == before
        notes.setPlainText(now)
        dialog.save()
        qtbot.waitUntil(partial(shows, now), timeout=WAIT)
        settle(session.desk)
    assert session.context.store.fetch(lambda c: list_servers(c, [2]))[0].notes == "Ask nobody"
    grid.select_ids([3], current=3)
    window.edit_servers()  # at once
    dialog = dialog_of(session, EditServersDialog)
    assert isinstance(dialog, EditServersDialog)
    assert [row.id for row in dialog._rows] == [3]


def test_the_menu_of_a_job_is_that_of_the_row_below_the_pointer(session: Session) -> None:
    window, view = session.window, session.window.activity.jobs
    jobs = {job.state: job for job in session.context.store.fetch(list_jobs)}
    window.show_job(jobs["completed"].id)
    settle(session.desk)
    assert view.job_id == jobs["completed"].id
    view.jobs.grid.select_ids([jobs["paused"].id])  # as a right click does
    menu = QMenu()
    assert view.jobs.grid.menu_of is not None
    view.jobs.grid.menu_of(menu)
    cancel = next(action for action in menu.actions() if action.text() == "Cancel")
    assert cancel.isEnabled(), cancel.toolTip()
    assert view.job_id == jobs["paused"].id


def test_a_key_right_after_an_arrow_key_is_for_the_row_that_is_seen(session: Session) -> None:
    asked: list[list[int]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda kind, ids, preset: asked.append(ids))
    grid = session.window.servers.panel.grid
    grid.select_ids([1], current=1)
    settle(session.desk)
    grid.select_ids([2], current=2)
    session.window.actions_.jobs["inventory_refresh"].trigger()
    assert asked == [[2]]
