"""Jobs from the window: every declared form, confirmation by danger, watching, retry, cancel, questions, promises, calls."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.store.models import ApiCall, Decision, JobTask, RestoreItem, TaskLog
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog, start_job
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.activity import AbandonDialog
from dsm_desktop.ui.views.questions import DecisionCard
from tests.ui.conftest import OpenSession
from tests.ui.seed import seed_servers
from tests.ui.test_shell import dialog_of

WAIT = 5_000


@pytest.fixture
def few(open_session: OpenSession) -> Session:
    """Six servers and no jobs."""
    return open_session(lambda store: seed_servers(store, 6))


def choose_all(session: Session) -> None:
    session.window.servers.panel.grid.selectAll()
    settle(session.desk)


def jobs(session: Session) -> list[JobRow]:
    return session.context.store.fetch(list_jobs)


def wait_for_job(session: Session, qtbot: QtBot, kind: str) -> JobRow:
    qtbot.waitUntil(lambda: any(j.kind == kind for j in jobs(session)), timeout=WAIT)
    return next(j for j in jobs(session) if j.kind == kind)


def test_every_declared_job_has_a_form_that_its_model_accepts(few: Session) -> None:
    """As it opens, or saying at its field what is still missing."""
    rows = few.window.servers.panel.model.shown_rows()
    for kind, job_type in few.context.catalogue.items():
        targets = rows if job_type.targets is Targets.SERVER else []
        dialog = JobDialog(few.desk, job_type, targets, {}, few.window)
        dialog.show()
        params = dialog.form.validated()
        told = [name for name, label in dialog.form._messages.items() if label.isVisibleTo(dialog.form)]
        if params is None:
            assert told, f"{kind} does not say what is missing"
        else:
            assert type(params) is job_type.params
        dialog.close()


def test_no_form_lies_over_what_stands_below_it(few: Session) -> None:
    """Long forms scroll; on the lowest screen (1280x800, less two bars) nothing is painted over anything."""
    rows = few.window.servers.panel.model.shown_rows()
    for kind, job_type in few.context.catalogue.items():
        targets = rows if job_type.targets is Targets.SERVER else []
        dialog = JobDialog(few.desk, job_type, targets, {}, few.window)
        dialog.show()
        dialog.resize(600, 640)
        settle(few.desk)
        parts = dialog.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        seen = [w for w in parts if w.isVisible() and not w.geometry().isEmpty()]
        over = [(a, b) for a, b in combinations(seen, 2) if a.geometry().intersects(b.geometry())]
        assert not over, (kind, over[0], over[0][0].geometry(), over[0][1].geometry())
        assert dialog.height() <= 700, kind
        dialog.close()


def test_a_job_without_choices_starts_at_once_and_shows_up(few: Session, qtbot: QtBot) -> None:
    choose_all(few)
    few.window.actions_.jobs["inventory_refresh"].trigger()
    job = wait_for_job(few, qtbot, "inventory_refresh")
    assert job.total == 6
    qtbot.waitUntil(lambda: few.window.dock.panel.model.row_of(job.id) is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: few.window.status.jobs.text().startswith("1 job"), timeout=WAIT)
    assert any("handed in" in text for text in few.window.news.texts())


def test_a_wrong_range_is_told_at_its_field_and_nothing_starts(few: Session) -> None:
    few.window.actions_.jobs["discovery_scan"].trigger()
    dialog = dialog_of(few, JobDialog)
    assert isinstance(dialog, JobDialog)
    dialog.form.editor("ranges").set_value("10.0.0.300")
    dialog.start()
    message = dialog.form._messages["ranges"]
    assert message.isVisible()
    assert "10.0.0.300" in message.text()
    assert jobs(few) == []
    dialog.take_addresses("address;name\n10.0.0.5;a\n10.0.0.6;b\n")
    assert str(dialog.form.editor("ranges").value()).split() == ["10.0.0.300", "10.0.0.5", "10.0.0.6"]


def test_a_disruptive_action_lists_its_targets_and_cancel_is_the_default(few: Session, qtbot: QtBot) -> None:
    choose_all(few)
    rows = few.window.servers.selected()
    start_job(few.desk, "power_action", rows, {"action": "graceful_restart"}, few.window)
    form = dialog_of(few, JobDialog)
    assert isinstance(form, JobDialog)
    form.start()
    confirm = dialog_of(few, ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    default = next(b for b in confirm.findChildren(QPushButton) if b.isDefault())
    assert default.text() == "Cancel"
    QTest.keyClick(confirm, Qt.Key.Key_Return)
    assert jobs(few) == []
    form.start()
    again = dialog_of(few, ConfirmDialog)
    assert isinstance(again, ConfirmDialog)
    if hasattr(again, "typed"):
        again.typed.setText("6")
    again.confirm.click()
    assert wait_for_job(few, qtbot, "power_action").params["action"] == "graceful_restart"


def test_a_destructive_action_wants_typing_and_a_dry_run_does_not(few: Session, qtbot: QtBot) -> None:
    choose_all(few)
    rows = few.window.servers.selected()
    start_job(few.desk, "power_action", rows, {"action": "force_off"}, few.window)
    form = dialog_of(few, JobDialog)
    assert isinstance(form, JobDialog)
    form.start()
    confirm = dialog_of(few, ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    assert not confirm.confirm.isEnabled()
    confirm.typed.setText("5")
    assert not confirm.confirm.isEnabled()
    confirm.typed.setText("6")
    assert confirm.confirm.isEnabled()
    confirm.reject()
    form.dry.setChecked(True)
    form.later.setChecked(True)
    form.start()
    job = wait_for_job(few, qtbot, "power_action")
    assert job.dry_run
    assert job.schedule_at is not None
    assert job.outcome == "scheduled"


def test_a_job_is_watched_live_retried_and_cancelled(session: Session, qtbot: QtBot) -> None:
    view = session.window.activity.jobs
    session.window.show_area("activity")
    job = next(j for j in jobs(session) if j.kind == "inventory_refresh")
    session.window.show_job(job.id)
    settle(session.desk)
    assert view.details.tasks.model.rowCount() == 12
    qtbot.waitUntil(lambda: view.details.steps.model.rowCount() == 3, timeout=WAIT)
    failed = next(r for r in view.details.tasks.model.shown_rows() if r.state == "failed")
    assert failed.outcome == "No connection within 10 s."
    with session.context.store.write() as uow:
        uow.session.add(TaskLog(task_id=failed.id, at=uow.now, message="A new line."))
        uow.changed("task_log", "added", failed.id)
    qtbot.waitUntil(
        lambda: any(r.message == "A new line." for r in view.details.log.model.shown_rows()), timeout=WAIT
    )
    assert view.details.retry.isEnabled()
    view.details.retry_failed()
    qtbot.waitUntil(lambda: any(j.retry_of_id == job.id for j in jobs(session)), timeout=WAIT)
    retry = next(j for j in jobs(session) if j.retry_of_id == job.id)
    assert retry.total == 2
    qtbot.waitUntil(lambda: view.job_id == retry.id, timeout=WAIT)
    view.details.cancel_job(CancelGrade.NOW)
    qtbot.waitUntil(
        lambda: session.context.store.fetch(lambda c: list_jobs(c, [retry.id]))[0].cancel_grade == 3,
        timeout=WAIT,
    )


def test_a_question_is_answered(session: Session, qtbot: QtBot) -> None:
    session.window.show_area("activity")
    settle(session.desk)
    session.window.activity.setCurrentWidget(session.window.activity.decisions)
    card = session.window.activity.decisions.findChildren(DecisionCard)[0]
    assert "JID_481" in card.accessibleName()
    next(b for b in card.findChildren(QPushButton) if b.text() == "Restart now").click()
    answer = select(Decision.answer)
    qtbot.waitUntil(lambda: session.context.store.fetch(lambda c: c.scalar(answer)) == "go", timeout=WAIT)
    qtbot.waitUntil(lambda: session.window.activity.tabText(1) == "Questions", timeout=WAIT)


def test_a_promise_is_given_up_with_a_reason(session: Session, qtbot: QtBot) -> None:
    with session.context.store.write() as uow:
        task = uow.session.get(JobTask, uow.session.scalar(select(RestoreItem.task_id)))
        assert task is not None
        task.state = "failed"
    dialog = AbandonDialog(session.desk, [1], session.window)
    dialog.open()
    assert not dialog.give_up.isEnabled()
    dialog.reason.setText("done by hand")
    dialog.give_up.click()
    state = select(RestoreItem.state)
    qtbot.waitUntil(
        lambda: session.context.store.fetch(lambda c: c.scalar(state)) == "abandoned", timeout=WAIT
    )


def test_calls_are_searched_and_copied_without_the_account(session: Session, qtbot: QtBot) -> None:
    window, calls = session.window, session.window.activity.calls
    window.show_area("activity")
    window.activity.setCurrentWidget(calls)
    settle(session.desk)
    assert calls.model.rowCount() == 400
    calls._outcome.setCurrentIndex(calls._outcome.findData("changing"))
    settle(session.desk)
    assert calls.model.rowCount() == 14
    calls.grid.selectRow(0)
    settle(session.desk)
    assert "GracefulRestart" in calls._body.toPlainText()
    assert [a.text() for a in calls._ways.actions()] == ["curl", "PowerShell", "racadm"]
    calls._ways.actions()[0].trigger()
    copied = QApplication.clipboard().text()
    assert copied.startswith('curl -k -u "$IDRAC_USER:$IDRAC_PASSWORD" -X POST')
    assert "ResetType" in copied
    with session.context.store.write() as uow:
        uow.session.add(
            ApiCall(
                at=uow.now,
                protocol="redfish",
                host="10.20.0.1",
                method="PATCH",
                path="/redfish/v1/x",
                changing=True,
                status=200,
            )
        )
    qtbot.waitUntil(lambda: calls.model.rowCount() == 15, timeout=WAIT)


def test_a_jobs_calls_are_one_click_away(session: Session) -> None:
    view = session.window.activity.jobs
    session.window.show_area("activity")
    session.window.show_job(2)
    settle(session.desk)
    view.details.calls.click()
    settle(session.desk)
    rows = session.window.activity.calls.model
    assert rows.rowCount() == 67
    assert session.window.activity.currentWidget() is session.window.activity.calls
