"""Several jobs at once, and what must come first: a cancel is for the chosen ones, never for one that is only shown beside them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtWidgets import QLabel, QMenu
from pytestqt.qtbot import QtBot
from sqlalchemy import insert, select

from dsm_desktop.queries.jobs import OPEN, list_jobs, restore_list
from dsm_desktop.store.models import Job, RestoreItem
from dsm_desktop.ui import words
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.questions import DecisionCard
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_site)


def menu_of(session: Session, ids: list[int]) -> QMenu:
    session.window.show_area("activity")
    view = session.window.activity.jobs
    settle(session.desk)
    view.jobs.grid.select_ids(ids)
    settle(session.desk)
    menu = QMenu()
    view._menu(menu)
    return menu


def test_a_cancel_of_several_jobs_is_for_all_that_are_chosen_and_no_other(
    session: Session, qtbot: QtBot
) -> None:
    """The details go on to show the job chosen before; that one is left alone."""
    jobs = {row.id: row for row in session.context.store.fetch(list_jobs)}
    work = [row.id for row in jobs.values() if row.state in OPEN]
    ended = next(row.id for row in jobs.values() if row.state not in OPEN)
    menu_of(session, [shown := work[0]])
    menu = menu_of(session, [*work[1:], ended])
    assert session.window.activity.jobs.job_id == shown
    cancel = next(a for a in menu.actions() if a.text().startswith("Cancel"))
    assert cancel.text() == (f"Cancel {len(work) - 1} jobs" if len(work) > 2 else "Cancel 1 job")
    below = cancel.menu()
    assert isinstance(below, QMenu)
    next(a for a in below.actions() if a.text() == "Now").trigger()

    def asked() -> set[int]:
        found = session.context.store.fetch(
            lambda c: c.scalars(select(Job.id).where(Job.cancel_grade > 0)).all()
        )
        return set(found)

    qtbot.waitUntil(lambda: set(work[1:]) <= asked(), timeout=WAIT)
    assert shown not in asked()


def test_jobs_that_have_ended_are_not_cancelled_and_say_so(session: Session) -> None:
    rows = [row for row in session.context.store.fetch(list_jobs) if row.state not in OPEN][:2]
    menu = menu_of(session, [row.id for row in rows])
    told = {a.text(): (a.isEnabled(), a.toolTip()) for a in menu.actions()}
    failed = sum(row.failed > 0 for row in rows)
    assert told.pop("Cancel 0 jobs") == (False, "These jobs have ended.")
    assert [enabled for enabled, _ in told.values()] == [failed > 0]
    assert list(told) == [f"Retry failed of {failed} job{'' if failed == 1 else 's'}"]


def test_what_still_waits_to_be_put_back_stands_above_all_that_was(session: Session) -> None:
    """Also where more has been put back since than the list shows."""
    store = session.context.store
    with store.write() as uow:
        first = uow.session.scalars(select(RestoreItem).where(RestoreItem.state == "standing")).one()
        known, later = first.id, first.created_at + timedelta(hours=1)
        row: dict[str, object] = {
            "task_id": first.task_id,
            "name": "x",
            "what": "x",
            "original": {},
            "created_at": later,
        }
        uow.session.execute(
            insert(RestoreItem), [row | {"name": f"x{n}", "state": "restored"} for n in range(30)]
        )
    listed = store.fetch(lambda c: restore_list(c, limit=10))
    assert ([listed[0].id], len(listed)) == ([known], 10)


def test_an_export_that_is_closed_before_its_rows_are_read_is_called_off(session: Session) -> None:
    session.window.show_area("activity")
    calls = session.window.activity.calls
    session.window.activity.setCurrentWidget(calls)
    settle(session.desk)
    dialog = ExportDialog(session.desk.work, calls, "calls")
    dialog.open()
    dialog.print_table()
    dialog.reject()
    settle(session.desk)
    assert session.window.isEnabled()


def test_a_question_that_stays_in_sight_goes_on_to_say_how_long_it_waits(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.window.show_area("activity")
    view = session.window.activity.decisions
    session.window.activity.setCurrentWidget(view)
    settle(session.desk)
    (card,) = view.findChildren(DecisionCard)
    monkeypatch.setattr(words, "ago", lambda _: "in 2 min")
    view.refresh()
    settle(session.desk)
    assert view.findChildren(DecisionCard) == [card]
    assert [label.text() for label in card.findChildren(QLabel) if "in 2 min" in label.text()]
