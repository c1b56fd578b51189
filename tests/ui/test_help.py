"""The manual by F1 and search, explained messages, and the calls of a job before it runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from dsm_desktop.commands.message_texts import load_registry
from dsm_desktop.queries.manual import NOTES, Place
from dsm_desktop.store.models import Job, JobTask, TaskLog
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.calls_plan import CallsPlanDialog, read_plan
from dsm_desktop.ui.dialogs.explain import ExplainDialog
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.dialogs.servers import AddServerDialog
from dsm_desktop.ui.help import dialog_context, help_context
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.manual import ManualWindow
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site
from tests.ui.test_shell import dialog_of


def manual_of(session: Session) -> ManualWindow:
    found = [w for w in session.window.findChildren(ManualWindow) if w.isVisible()]
    assert len(found) == 1
    return found[0]


def test_f1_opens_the_manual_at_what_has_the_focus(session: Session) -> None:
    window = session.window
    window.actions_.plain["manual"].trigger()
    manual = manual_of(session)
    assert manual.place.topic == "server-list"
    window.servers.panel.grid.select_ids([1], current=1)
    settle(session.desk)
    details = window.servers.details
    details.tabs.setCurrentWidget(details.tab("Logs"))
    assert help_context(details.tab("Logs"), "servers") == "server/logs"
    window.show_area("activity")
    assert help_context(window.areas.currentWidget(), "activity") == "activity/jobs"
    manual.close()
    settle(session.desk)


def test_a_dialog_has_its_own_help(session: Session) -> None:
    dialog = AddServerDialog(session.desk, session.window)
    dialog.open()
    assert dialog_context(dialog) == "dialog/add-server"
    button = next(b for b in dialog.findChildren(QToolButton) if b.accessibleName() == "Help")
    button.click()
    assert dialog.findChildren(ManualWindow)[0].place.topic == "find-servers"
    job_type = session.context.catalogue["power_action"]
    job = JobDialog(
        session.desk, job_type, session.window.servers.panel.model.shown_rows()[:2], {}, session.window
    )
    assert dialog_context(job) == "job/power_action"
    assert help_context(job.form.editor("action").control, "") == "job/power_action"
    job.deleteLater()
    dialog.close()
    settle(session.desk)


def test_the_manual_is_searched_followed_and_walked_back(session: Session, qtbot: QtBot) -> None:
    manual = ManualWindow(session.window)
    manual.show()
    count = manual.list.count()
    QTest.keyClicks(manual.search, "stagger")
    QTest.keyClick(manual.search, Qt.Key.Key_Return)
    assert manual.place.topic == "power"
    manual.search.clear()
    qtbot.waitUntil(lambda: manual.list.count() == count, timeout=WAIT)
    manual.page.anchorClicked.emit(QUrl("jobs.md"))
    assert manual.place == Place("jobs")
    assert "Job" in manual.page.toPlainText()
    manual.go_back()
    assert manual.place.topic == "power"
    manual.go_ahead()
    assert manual.place.topic == "jobs"
    manual.page.anchorClicked.emit(QUrl("https://example.com/"))
    assert manual.place.topic == "jobs", "nothing outside of the manual is opened"
    manual.copy.click()
    assert len(QApplication.clipboard().text()) > 100
    manual.close()
    settle(session.desk)


def with_registry(store: Store) -> None:
    seed_site(store)
    registry = {
        "Messages": {
            "PSU0800": {
                "Message": "Power Supply %1: Status = %2",
                "Description": "The power supply reported a state.",
                "MessageResolution": "",
                "Resolution": "Check the power cable.",
                "Severity": "Warning",
            }
        }
    }
    with store.write() as uow:
        load_registry(uow, registry, "EEMI 2.7, iDRAC9 7.10.50.00")


def test_a_log_line_is_explained_in_the_devices_own_words(open_session: OpenSession) -> None:
    session = open_session(with_registry)
    servers = session.window.servers
    servers.panel.grid.select_ids([1], current=1)
    settle(session.desk)
    logs = servers.details.tab("Logs")
    servers.details.tabs.setCurrentWidget(logs)
    settle(session.desk)
    rows = logs.panel.model.shown_rows()  # type: ignore[attr-defined]
    logs.panel.opened.emit(next(r.id for r in rows if r.message_id == "PSU0800"))  # type: ignore[attr-defined]
    settle(session.desk)
    dialog = dialog_of(session, ExplainDialog)
    assert isinstance(dialog, ExplainDialog)
    shown = dialog.rows()
    assert shown["What to do"] == "Check the power cable."
    assert shown["Severity"] == "Warning"
    dialog.copy_button.click()
    assert "Check the power cable." in QApplication.clipboard().text()
    dialog.close()
    settle(session.desk)
    other = ExplainDialog(session.desk, "XYZ1234", "Never seen", session.window)
    other.open()
    settle(session.desk)
    assert other.banner.isVisible()
    other.close()
    settle(session.desk)


def test_the_calls_of_a_job_are_shown_before_it_runs(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    rows = session.window.servers.panel.model.shown_rows()[:2]
    job_type = session.context.catalogue["power_action"]
    form = JobDialog(session.desk, job_type, rows, {"action": "graceful_off"}, session.window)
    form.open()
    form.calls_button.click()
    qtbot.waitUntil(lambda: bool(form.findChildren(CallsPlanDialog)), timeout=WAIT)
    dialog = form.findChildren(CallsPlanDialog)[0]
    settle(session.desk)
    assert not dialog.ended
    with session.context.store.write() as uow:
        job = uow.session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        assert job.dry_run
        for task in uow.session.scalars(select(JobTask).where(JobTask.job_id == job.id)):
            uow.session.add(TaskLog(task_id=task.id, at=uow.now, level="info", message="would do: shut down"))
            task.state = "completed"
        job.state = "completed"
        uow.changed("jobs", "changed", job.id)
        job_id = job.id
    qtbot.waitUntil(lambda: dialog.ended, timeout=WAIT)
    assert dialog.plan.toPlainText().count("- would: shut down") == 2
    file = tmp_path / "plan.md"
    dialog.save_to(file)
    qtbot.waitUntil(file.exists, timeout=WAIT)
    settle(session.desk)
    dialog.compare_with(file)
    assert "the same" in dialog.banner._text.text()
    file.write_text(file.read_text(encoding="utf-8").replace("shut down", "cut off"), encoding="utf-8")
    dialog.compare_with(file)
    assert "+- would: shut down" in dialog.plan.toPlainText()
    assert session.context.store.fetch(lambda c: read_plan(c, job_id)).ended
    assert "gone" in session.context.store.fetch(lambda c: read_plan(c, 99_999)).text
    dialog.close()
    form.close()
    settle(session.desk)


def test_what_is_new_is_told_once_after_an_update_and_stands_under_help(
    session: Session, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(one: Session) -> list[QWidget]:
        return [w for w in one.window.findChildren(QWidget) if w.accessibleName().startswith("Updated")]

    def passed(one: Session) -> bool:
        return "This goes by itself." not in one.window.news.texts()

    assert told(session) == []  # the very first start is no update
    session.window.actions_.plain["what-is-new"].trigger()
    manual = manual_of(session)
    assert manual.place == Place(NOTES)
    assert "0.1.0" in manual.page.toPlainText()
    manual.close()
    session.window.close_now()
    monkeypatch.setattr("dsm_desktop.ui.shell.what_is_new.__version__", "9.9.9")
    monkeypatch.setattr("dsm_desktop.ui.shell.news.SHOWN_MS", 1)
    for times in (1, 0):
        again = Session(session.context, qapp)
        try:
            again.open()
            settle(again.desk)
            again.desk.tell("This goes by itself.")
            qtbot.waitUntil(partial(passed, again), timeout=WAIT)
            assert [w.accessibleName() for w in told(again)] == ["Updated from 0.1.0 to 9.9.9."] * times
            for card in told(again):
                next(b for b in card.findChildren(QPushButton) if b.text() == "What is new").click()
                manual = manual_of(again)
                assert manual.place == Place(NOTES)
                manual.close()
            again.window.close_now()
        finally:
            again.close()
