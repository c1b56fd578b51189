"""Jobs from the window: every declared form, confirmation by danger, watching, retry, cancel, questions, promises, calls."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.queries.calls import failed_call
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.store.models import ApiCall, Decision, Job, JobTask, RestoreItem, TaskLog
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog, start_job
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.models.pages import PagesModel
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.activity import AbandonDialog
from dsm_desktop.ui.views.calls import CALLS
from dsm_desktop.ui.views.questions import DecisionCard
from dsm_desktop.ui.widgets.grid import MOST_SELECTED, GridView
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers
from tests.ui.test_shell import dialog_of


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
    qtbot.waitUntil(lambda: card.steady, timeout=WAIT)
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
    assert "GracefulRestart" in calls.text.toPlainText()
    assert [a.text() for a in calls._ways.actions()] == [
        "curl",
        "PowerShell",
    ]  # racadm knows no graceful restart
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


def test_the_keys_act_on_the_calls_in_sight_and_take_also_what_was_not_read(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    window, calls = session.window, session.window.activity.calls
    window.show_area("activity")
    window.activity.setCurrentWidget(calls)
    settle(session.desk)
    window.activity.tabBar().setFocus()
    window.activateWindow()
    assert window.panel() is calls
    window.actions_.plain["all"].trigger()
    assert len(calls.grid.selected_ids()) == 400
    assert len(window.activity.jobs.jobs.grid.selected_ids()) == 1, "only the job that is shown"
    QApplication.clipboard().clear()
    window.actions_.plain["copy"].trigger()
    qtbot.waitUntil(lambda: QApplication.clipboard().text().count("\n") >= 400, timeout=WAIT)
    assert len(QApplication.clipboard().text().splitlines()) == 401, "one line for each, and the heads"
    window.actions_.plain["export"].trigger()
    dialog = dialog_of(session, ExportDialog)
    assert isinstance(dialog, ExportDialog)
    dialog.write_to(tmp_path / "calls.csv")
    qtbot.waitUntil(lambda: "400 rows written" in calls.banner.accessibleName(), timeout=WAIT)
    assert len((tmp_path / "calls.csv").read_text(encoding="utf-8-sig").splitlines()) == 401
    window.actions_.plain["find"].trigger()
    assert window.focusWidget() is calls.filter
    for number in range(window.activity.count()):
        window.activity.setCurrentIndex(number)
        shown = window.activity.currentWidget()
        assert any(shown.isAncestorOf(pane) or pane is shown for pane in window.view.panes())


def test_select_all_of_a_million_stops_where_it_would_stand_still(qtbot: QtBot) -> None:
    model = PagesModel(CALLS, lambda number, ids: None)
    grid = GridView(model, "calls")
    qtbot.addWidget(grid)
    grid.show()
    model.set_ids(array("q", range(1_000_000, 0, -1)))
    asked = 0

    def flags(index: object, known: Any = model.flags) -> Any:
        nonlocal asked
        asked += 1
        return known(index)

    model.flags = flags  # type: ignore[method-assign]
    with qtbot.waitSignal(grid.capped, timeout=WAIT):
        grid.selectAll()
    grid.repaint()
    assert grid.selected_places() == list(range(MOST_SELECTED))
    assert asked < 10_000, "no row is asked one by one"


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


def test_the_call_an_error_came_from_is_one_click_away(session: Session, qtbot: QtBot) -> None:
    window, store = session.window, session.context.store
    job = next(j for j in jobs(session) if j.kind == "inventory_refresh")
    failed = store.fetch(
        lambda c: c.scalar(select(JobTask.id).where(JobTask.job_id == job.id, JobTask.state == "failed"))
    )
    assert failed is not None
    with store.write() as uow:
        for task, status in ((failed, 200), (failed, 503), (failed, 200), (failed + 1, 500)):
            uow.session.add(
                ApiCall(
                    at=uow.now, job_id=job.id, task_id=task, server_id=12, protocol="redfish", host="10.20.0.9",
                    method="GET", path=f"/redfish/v1/{status}", status=status,
                )
            )  # fmt: skip
    window.show_area("activity")
    window.show_job(job.id)
    details = window.activity.jobs.details
    qtbot.waitUntil(lambda: details.task_id == failed and details._call is not None, timeout=WAIT)
    details._tabs.setCurrentIndex(2)
    assert details.result.call.isVisible()
    details.result.call.click()
    settle(session.desk)
    calls = window.activity.calls
    assert window.activity.currentWidget() is calls
    qtbot.waitUntil(lambda: "/redfish/v1/503" in calls._head.text(), timeout=WAIT)
    assert calls._job.text().startswith(f"Job {job.id}")
    troubled = next(row for row in window.servers.panel.model.all_rows() if row.problem)
    with store.write() as uow:
        uow.session.add(
            ApiCall(
                at=uow.now,
                server_id=troubled.id,
                protocol="redfish",
                host="x",
                method="GET",
                path="/y",
                status=0,
            )
        )
    window.show_server(troubled.id)
    banner = window.servers.details.overview._problem
    qtbot.waitUntil(banner._other.isVisible, timeout=WAIT)
    with qtbot.waitSignal(session.desk.call_opened, timeout=WAIT):
        banner._other.click()


def test_a_failed_jobs_news_lead_to_the_call(session: Session, qtbot: QtBot) -> None:
    store = session.context.store
    heard: list[News] = []
    session.desk.told.connect(heard.append)
    with store.write() as uow:
        uow.session.add(
            ApiCall(
                at=uow.now,
                job_id=1,
                protocol="redfish",
                host="10.20.0.9",
                method="GET",
                path="/x",
                status=500,
            )
        )
    call = store.fetch(lambda c: failed_call(c, job_id=1))
    row = next(j for j in jobs(session) if j.id == 1)
    session.window.job_news._tell(replace(row, failed=1, total=1))
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    ways = dict(heard[-1].actions)
    with qtbot.waitSignal(session.desk.call_opened, timeout=WAIT) as opened:
        ways["Open the call"]()
    assert opened.args == [call]


def test_what_takes_long_says_so_before_it_is_started(few: Session, qtbot: QtBot) -> None:
    with few.context.store.write() as uow:
        begun = uow.now - timedelta(hours=2)
        done = Job(
            kind="power_action", title="x", state="completed", submitted_by="a", submitted_at=begun, started_at=begun,
            finished_at=begun + timedelta(seconds=120),
        )  # fmt: skip
        uow.session.add(done)
        uow.session.flush()
        for n in range(4):
            ended = begun + timedelta(seconds=30 * (n + 1))
            uow.session.add(
                JobTask(job_id=done.id, state="completed", due_at=begun, started_at=ended - timedelta(seconds=30), finished_at=ended)
            )  # fmt: skip
    choose_all(few)
    rows = few.window.servers.selected()
    dialog = start_job(few.desk, "power_action", rows, {"action": "on"}, few.window)
    assert isinstance(dialog, JobDialog)
    qtbot.waitUntil(dialog.estimate.isVisible, timeout=WAIT)
    assert dialog.estimate.text() == "About 3 min: 30 s a server, by 4 runs before."
    dialog.form.editor("stagger_seconds").set_value(300)
    qtbot.waitUntil(lambda: dialog.estimate.text().startswith("About 26 min"), timeout=WAIT)
    dialog.reject()
