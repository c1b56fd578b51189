"""The status bar: store, role, runner, running work, and the emergency stop."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from dsm_desktop.app.context import RunnerState
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.status import WorkNumbers, work_numbers
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.states import Picture, store_is_back
from dsm_desktop.workers.inhibit import awake_words

LOOK_MS = 5_000
_STOP_TIP = "Emergency stop: no new step starts on any server, on any runner"
_CLOCK_SECONDS = 60.0
_TOPICS = {"jobs", "job_tasks", "decisions", "restore_list", "runners", "settings"}
_RUNNER = {
    RunnerState.RUNNING: ("Runner ready", "status-ok", Tone.OK),
    RunnerState.STARTING: ("Runner starting", "status-pending", Tone.INFO),
    RunnerState.STOPPING: ("Runner stopping", "status-pending", Tone.WARNING),
    RunnerState.STOPPED: ("No runner", "status-off", Tone.WARNING),
    RunnerState.FAILED: ("Runner failed", "status-critical", Tone.CRITICAL),
}


class _Item(QWidget):
    def __init__(self, icon_name: str, tip: str) -> None:
        super().__init__()
        self._picture = Picture(icon_name, 14, Tone.MUTED)
        self._label = QLabel()
        self.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE // 2, 0, SPACE, 0)
        row.setSpacing(4)
        row.addWidget(self._picture)
        row.addWidget(self._label)

    def say(self, text: str, icon_name: str = "", tone: Tone = Tone.MUTED, tip: str = "") -> None:
        self._label.setText(text)
        self.setAccessibleName(text)
        if icon_name:
            self._picture.show_icon(icon_name, tone)
        if tip:
            self.setToolTip(tip)


class StatusStrip(QStatusBar):
    """`numbers(WorkNumbers)` after each look; `stop_wanted` when the button is pressed."""

    numbers = Signal(object)
    stop_wanted = Signal()
    jobs_wanted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.last: WorkNumbers | None = None
        self.stopped = ""
        self._away = False
        self.setSizeGripEnabled(False)
        self.setAccessibleName("Status")
        context = desk.context
        self._store = _Item("database", "Where servers, jobs and history are kept")
        self._store.say(context.store_label)
        self._role = _Item("user", "Who acts, and with which role")
        said = "Read only" if context.read_only else context.principal.role.value
        self._role.say(f"{context.principal.name} · {said}")
        self._runner = _Item("agent", "The process that runs jobs")
        self.jobs = QPushButton()
        self.jobs.setFlat(True)
        self.jobs.setAccessibleName("Running jobs")
        self.jobs.setToolTip("Show the jobs")
        self.jobs.clicked.connect(self.jobs_wanted)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(120)
        self.progress.setMaximumHeight(14)
        self.progress.setAccessibleName("Progress of all running jobs")
        self.progress.hide()
        self.errors = _Item("status-warning", "Jobs of the last 24 hours with failed targets")
        self.errors.hide()
        self.clock = _Item("status-warning", "")
        self.clock.hide()
        self.sleep = _Item("status-warning", "")
        self.sleep.hide()
        self._told_sleep = ""
        self.stop = QPushButton("STOP")
        set_icon(self.stop, "stop", Tone.CRITICAL)
        self._may_not_stop = desk.why_not(Permission.OPERATE)
        self.stop.setEnabled(not self._may_not_stop)
        self.stop.setToolTip(self._may_not_stop or _STOP_TIP)
        self.stop.setAccessibleName("Emergency stop")
        self.stop.clicked.connect(self.stop_wanted)
        for item in (self._store, self._role, self._runner):
            self.addWidget(item)
        permanent: tuple[QWidget, ...] = (
            self.sleep,
            self.clock,
            self.errors,
            self.jobs,
            self.progress,
            self.stop,
        )
        for widget in permanent:
            self.addPermanentWidget(widget)
        self._soon = Soon(desk.work, self, 250, self.refresh)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self.refresh)
        self._look.start()
        desk.bridge.changed.connect(self._changed)
        desk.work.lost.connect(self._lost)
        desk.store_back.connect(store_is_back)
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic in _TOPICS:
            self._soon.tell()

    def refresh(self) -> None:
        """Count what is going on."""
        self._show_runner()
        self._desk.work.query(self, work_numbers, self._show, self._lost, key="numbers")
        self._desk.work.read(
            self, self._desk.context.reads.stopped, self._show_stop, self._lost, key="stopped"
        )

    def _show_runner(self) -> None:
        runner = self._desk.context.runner
        text, icon_name, tone = _RUNNER[runner.state()]
        self._runner.say(text, icon_name, tone, runner.detail())

    def _show(self, found: WorkNumbers) -> None:
        self.last = found
        self._store.say(self._desk.context.store_label, "database", Tone.MUTED, "The store answers")
        if self._away:
            self._away = False
            self._desk.store_back.emit()
        if found.open_jobs:
            waiting = f", {found.waiting_tasks} waiting" if found.waiting_tasks else ""
            self.jobs.setText(
                f"{words.plural(found.open_jobs, 'job')}: {found.running_tasks} running{waiting}"
            )
        else:
            self.jobs.setText("No jobs running")
        self.progress.setVisible(found.open_jobs > 0)
        self.progress.setValue(found.percent)
        self.errors.say(
            f"{words.plural(found.failed_today, 'job')} with failures", "status-warning", Tone.WARNING
        )
        self.errors.setVisible(found.failed_today > 0)
        self._show_awake(bool(found.running_tasks))
        self._show_clock(found.clock_ahead)
        self.numbers.emit(found)

    def _show_awake(self, working: bool) -> None:
        """Before the operator goes home, not after: the news comes with the first job that runs without it."""
        now = self._desk.context.runner.awake()
        said = awake_words(now) if working else ""
        self.jobs.setToolTip(f"Show the jobs. {said}".strip())
        self.sleep.setVisible(bool(working and now.problem))
        if working and now.problem:
            self.sleep.say("May fall asleep", "status-warning", Tone.WARNING, said)
            if now.problem != self._told_sleep:
                self._told_sleep = now.problem
                self._desk.tell(said, Tone.WARNING)

    def _show_clock(self, ahead: float) -> None:
        """Ages and schedules count from the store's clock: a workstation that shows another time must not mislead."""
        off = abs(ahead) > _CLOCK_SECONDS
        self.clock.setVisible(off)
        if off:
            differs = f"{words.span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the store's"
            tip = "Jobs start by the store's clock, so nothing runs early or late; ages shown here are off by as much. "
            self.clock.say(
                f"Clock {differs}",
                "status-warning",
                Tone.WARNING,
                tip + "Set this computer's clock, or the server's.",
            )

    def _show_stop(self, reason: str) -> None:
        self.stopped = reason
        self.stop.setText("Resume" if reason else "STOP")
        set_icon(self.stop, "play" if reason else "stop", Tone.WARNING if reason else Tone.CRITICAL)
        self.stop.setAccessibleName("Resume after the emergency stop" if reason else "Emergency stop")
        self.stop.setToolTip(self._may_not_stop or reason or _STOP_TIP)

    def _lost(self, error: DsmError) -> None:
        """By the look of this bar or by any order of the window: an order may meet an outage too short for the looks."""
        self._away = True
        self._store.say("Store does not answer", "status-critical", Tone.CRITICAL, str(error))
