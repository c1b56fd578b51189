"""The program on the desktop: one window per profile, tray, news of jobs, size of letters, title."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from dsm_desktop.app.runner_process import RunnerBeside
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.store.orders import roll_orders
from dsm_desktop.ui import theme
from dsm_desktop.ui.dialogs.stop import ClosingDialog
from dsm_desktop.ui.instance import Instance
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.tray import Tray
from dsm_desktop.ui.theme import Tone
from dsm_desktop.workers.inhibit import Awake
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers

ROOT = Path(__file__).resolve().parents[2]
SECOND = """
import sys
from pathlib import Path
from dsm_desktop.ui.start import start
from tests.ui.kit import WAIT
sys.exit(start(Path(sys.argv[1])))
"""


def test_a_second_start_brings_the_first_window_forward_and_ends(qtbot: QtBot, tmp_path: Path) -> None:
    first = Instance(tmp_path / "profile")
    assert first.claim()
    try:
        other = subprocess.Popen(
            [sys.executable, "-c", SECOND, str(tmp_path / "profile")],
            cwd=ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
        with qtbot.waitSignal(first.called, timeout=WAIT):
            pass
        assert other.wait(timeout=60) == 0
    finally:
        first.release()
    again = Instance(tmp_path / "profile")
    assert again.claim()
    again.release()


def test_another_profile_has_a_window_of_its_own(qapp: QApplication, tmp_path: Path) -> None:
    one, two = Instance(tmp_path / "one"), Instance(tmp_path / "two")
    assert one.claim()
    assert two.claim()
    one.release()
    two.release()


def test_the_tray_says_what_runs_and_hears_only_what_the_window_hides(session: Session, qtbot: QtBot) -> None:
    tray = Tray(session.desk, session.window)
    found = session.window.status.last
    assert found is not None
    tray.show_numbers(found)
    assert "running" in tray.now.text()
    assert "question" in tray.icon.toolTip()
    assert tray.stop.isEnabled()
    done: list[str] = []
    session.window.hide()
    session.desk.tell("Something", Tone.WARNING, "Show", partial(done.append, "shown"))
    with qtbot.waitSignal(tray.open_wanted, timeout=WAIT):
        tray.icon.messageClicked.emit()
    assert done == ["shown"]
    tray.hide()
    session.window.show()


def test_the_tray_pauses_a_rolling_update_after_its_host(session: Session, qtbot: QtBot) -> None:
    tray = Tray(session.desk, session.window)
    session.window.status.numbers.connect(tray.show_numbers)
    settle(session.desk)
    assert not tray.pause.isEnabled()
    assert "No rolling update" in tray.pause.toolTip()
    with session.context.store.write() as uow:
        job = Job(
            kind="rolling_update", title="Rolling update of Production", submitted_by="anna", submitted_at=uow.now, total=2,
            state=JobState.RUNNING.value,
        )  # fmt: skip
        uow.session.add(job)
        uow.session.flush()
        run = job.id
        uow.changed("jobs", "added", run)
    qtbot.waitUntil(tray.pause.isEnabled, timeout=WAIT)
    tray.locked = lambda: True
    with qtbot.waitSignal(tray.open_wanted, timeout=WAIT):
        tray.pause.trigger()
    tray.locked = lambda: False
    tray.pause.trigger()
    qtbot.waitUntil(lambda: not tray.pause.isEnabled(), timeout=WAIT)
    assert session.context.store.fetch(lambda c: roll_orders(c, run)).paused == session.context.principal.name
    tray.hide()


def end_job(session: Session, job_id: int, failed: int) -> None:
    with session.context.store.write() as uow:
        job = uow.session.get(Job, job_id)
        assert job is not None
        job.state, job.failed, job.done = JobState.COMPLETED.value, failed, job.total - failed
        job.finished_at = uow.now
        for number, task in enumerate(
            uow.session.scalars(select(JobTask).where(JobTask.job_id == job_id)).all()
        ):
            task.state = (JobState.FAILED if number < failed else JobState.COMPLETED).value
        uow.changed("jobs", "changed", job_id)


def test_the_end_of_ones_own_job_is_told_with_its_ways_on(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 4))
    window, commands = session.window, session.context.commands
    ids = [row.id for row in window.servers.panel.model.all_rows()]
    job_id = commands.submit("health_check", ids, {})
    qtbot.waitUntil(lambda: job_id in window.job_news._open, timeout=WAIT)
    end_job(session, job_id, failed=1)
    qtbot.waitUntil(lambda: any("with failures" in text for text in window.news.texts()), timeout=WAIT)
    retry = next(b for b in window.news.findChildren(QPushButton) if b.text() == "Retry failed")
    retry.click()
    qtbot.waitUntil(
        lambda: any(j.retry_of_id == job_id for j in session.context.store.fetch(list_jobs)), timeout=WAIT
    )
    qtbot.waitUntil(lambda: window.area == "activity", timeout=WAIT)


def test_many_ends_at_once_are_one_piece_of_news(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 4))
    window = session.window
    ids = [row.id for row in window.servers.panel.model.all_rows()]
    jobs = [session.context.commands.submit("health_check", ids, {}) for _ in range(5)]
    qtbot.waitUntil(lambda: set(jobs) <= window.job_news._open, timeout=WAIT)
    with session.context.store.write() as uow:
        for job in uow.session.scalars(select(Job)):
            job.state, job.done = JobState.COMPLETED.value, job.total
        uow.changed("jobs", "changed", *jobs)
    qtbot.waitUntil(lambda: any(text == "5 jobs ended." for text in window.news.texts()), timeout=WAIT)


def turn(session: Session, up: bool) -> None:
    view = session.window.servers.panel.grid.viewport()
    spot = QPointF(view.mapToGlobal(QPoint(20, 20)))
    event = QWheelEvent(
        QPointF(20, 20), spot, QPoint(0, 0), QPoint(0, 120 if up else -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_ctrl_and_wheel_make_all_letters_larger_and_it_is_kept(
    session: Session, open_session: OpenSession
) -> None:
    window = session.window
    heading = next(
        label for label in window.findChildren(QLabel) if label.font().bold() and label.isVisible()
    )
    before, plain = heading.font().pointSizeF(), QApplication.font().pointSizeF()
    try:
        for _ in range(4):
            turn(session, up=True)
        assert QApplication.font().pointSizeF() == plain + 4
        assert heading.font().pointSizeF() == before + 4
        grid = window.servers.panel.grid
        needed = QFontMetrics(theme.ui_font()).height()
        assert grid.verticalHeader().defaultSectionSize() >= needed
        button = window.rail._buttons["dashboard"]
        words = QFontMetrics(theme.ui_font(step=-1, bold=True)).horizontalAdvance("Dashboard")
        settle(session.desk)
        assert button.width() >= words + theme.SPACE
        assert float(str(session.desk.settings.value("window/zoom"))) == 4
        turn(session, up=False)
        assert QApplication.font().pointSizeF() == plain + 3
        QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
        assert heading.font().pointSizeF() == before
        for _ in range(30):
            turn(session, up=False)
        assert QApplication.font().pointSizeF() == plain + theme.LEAST_ZOOM
    finally:
        session.theme.zoom(0)


def test_the_title_shows_how_far_the_work_is(session: Session) -> None:
    found = session.window.status.last
    assert found is not None
    assert session.window.windowTitle().startswith(f"{found.percent} % — DSM Desktop")


def test_whether_the_computer_stays_awake_is_said_before_the_operator_leaves(session: Session) -> None:
    window, runner = session.window, session.context.runner
    assert isinstance(runner, RunnerBeside)
    window.show_area("activity")
    jobs = window.activity.jobs

    def look(now: Awake) -> None:
        runner._process.awake = now
        window.status.refresh()
        settle(session.desk)

    look(Awake())
    assert not jobs.awake.isVisible()
    assert not window.status.sleep.isVisible()
    look(Awake(held=True))
    assert jobs.awake.isVisible()
    assert "kept awake" in jobs.awake.text()
    assert "kept awake" in window.status.jobs.toolTip()
    assert not window.status.sleep.isVisible()
    look(Awake(problem="this system offers no way"))
    look(Awake(problem="this system offers no way"))
    assert "may fall asleep" in jobs.awake.text()
    assert window.status.sleep.accessibleName() == "May fall asleep"
    assert window.status.sleep.isVisible()
    cards = [w for w in window.findChildren(QWidget) if w.accessibleName() == jobs.awake.text()]
    assert len(cards) == 1  # told once, with the next step
    numbers = window.status.last
    assert numbers is not None
    assert numbers.running_tasks
    dialog = ClosingDialog(
        session.desk, numbers, window, tray=None, hand_over=lambda: None, finish=lambda: None
    )
    assert any("may fall asleep" in label.text() for label in dialog.findChildren(QLabel))
    dialog.deleteLater()
