"""One job, live: how far it is, its targets, and the steps, log and result of one target; what it asks is answered here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries import Connection
from dsm_desktop.queries.calls import CallFilter, failed_call
from dsm_desktop.queries.jobs import (
    OPEN,
    DecisionRow,
    JobRow,
    job_tasks,
    open_decisions,
    task_log,
    tasks_by_id,
)
from dsm_desktop.queries.step_titles import titled_steps
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.next_step import next_step
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.views.job_columns import LOG, STEPS, TASKS
from dsm_desktop.ui.views.questions import show_cards
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.task_result import TaskResult
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.panel import GridPanel

GRADES = {
    CancelGrade.AFTER_TARGET: "After the servers that are running",
    CancelGrade.AFTER_STEP: "After the step that is running",
    CancelGrade.NOW: "Now",
}
LIVE_MS = 300
_TICK_MS = 1_000


class JobDetails(QWidget):
    """`wanted(id)` when a job made here (a retry) shall be shown."""

    wanted = Signal(int)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._row: JobRow | None = None
        self.task_id: int | None = None
        self._read_for: int | None = None
        """Whose steps and log are in the tables."""
        self._call: int | None = None
        self.tasks = GridPanel(desk.work, "targets", TASKS, icon_name="server")
        self.tasks.chosen.connect(self._task_chosen)
        self.tasks.grid.menu_of = self._task_menu
        self.tasks.opened.connect(self._open_server)
        ViewsButton(desk, self.tasks, "targets")
        self.steps = GridPanel(desk.work, "steps", STEPS, icon_name="job", tools=False)
        self.steps.when_empty("No steps yet", "")
        self.log = GridPanel(desk.work, "log lines", LOG, icon_name="log", tools=False)
        self.log.when_empty("The log is empty", "")
        for panel, icon_words in (
            (self.tasks, "No job chosen"),
            (self.steps, "No target chosen"),
            (self.log, "No target chosen"),
        ):
            panel.clear(icon_words, "")
        self._build()
        self._live = QTimer(self, interval=LIVE_MS, singleShot=True)
        self._live.timeout.connect(self._read_task)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._say_progress)
        desk.bridge.changed.connect(self._changed)

    @property
    def job_id(self) -> int | None:
        """The job shown."""
        return self._row.id if self._row is not None else None

    @property
    def title(self) -> str:
        """The title of the job shown, "" for none."""
        return self._row.title if self._row is not None else ""

    def _build(self) -> None:
        self.result = TaskResult()
        self.result.call.clicked.connect(self.open_call)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setAccessibleName("The chosen target")
        for widget, title in ((self.steps, "Steps"), (self.log, "Log"), (self.result, "Result")):
            self._tabs.addTab(widget, title)
        self._upper = QWidget()
        column = QVBoxLayout(self._upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._build_head())
        column.addLayout(self._build_progress())
        self._questions = QVBoxLayout()
        self._questions.setContentsMargins(SPACE, 0, SPACE, 0)
        column.addLayout(self._questions)
        column.addWidget(self.tasks, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self._upper)
        split.addWidget(self._tabs)
        split.setSizes([300, 260])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _build_head(self) -> QHBoxLayout:
        self._title = QLabel("Choose a job")
        self._title.setFont(ui_font(step=1, bold=True))
        self._title.setWordWrap(True)
        self._title.setAccessibleName("Chosen job")
        self.retry = QPushButton("Retry failed")
        set_icon(self.retry, "retry")
        self.retry.clicked.connect(self.retry_failed)
        self.failed = QPushButton("Select failed")
        self.failed.setToolTip("The servers it failed on become the selection of the list")
        set_icon(self.failed, "server")
        self.failed.clicked.connect(self.select_failed)
        self.failed.setEnabled(False)
        self.tasks.bar.addWidget(self.failed)
        self.cancel = QPushButton("Cancel")
        set_icon(self.cancel, "cancel")
        menu = QMenu(self.cancel)
        for grade, words_ in GRADES.items():
            menu.addAction(words_, partial(self.cancel_job, grade))
        self.cancel.setMenu(menu)
        self.calls = QPushButton("Calls")
        self.calls.setToolTip("Show the calls this job made to devices")
        set_icon(self.calls, "calls")
        self.calls.clicked.connect(self.show_calls)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, 0)
        head.addWidget(self._title, 1)
        for button in (self.retry, self.cancel, self.calls):
            button.setEnabled(False)
            head.addWidget(button)
        return head

    def _build_progress(self) -> QHBoxLayout:
        self.progress = QProgressBar()
        self.progress.setMaximumHeight(14)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the job")
        self.estimate = QLabel()
        self.estimate.setAccessibleName("How long it still takes")
        row = QHBoxLayout()
        row.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        row.setSpacing(SPACE)
        row.addWidget(self.progress, 1)
        row.addWidget(self.estimate)
        self.progress.hide()
        self.estimate.hide()
        return row

    # -- the job ------------------------------------------------------------------------------------------------

    def show_job(self, row: JobRow) -> None:
        """Show a job, or its newer state."""
        other = row.id != self.job_id
        self._row = row
        self._title.setText(f"{row.title} — {words.work(row.outcome).word}")
        desk, ended = self._desk, "" if row.state in OPEN else "The job has ended."
        allow(self.retry, desk.why_not_start(row.kind) if row.failed else "No target has failed.")
        self.failed.setEnabled(row.failed > 0)
        allow(self.cancel, ended or desk.why_not(Permission.OPERATE))
        self.calls.setEnabled(True)
        self._say_progress()
        self._read_questions()
        if other:
            self.task_id = None
            self.tasks.clear("Reading …", "")
            for panel in (self.steps, self.log):
                panel.clear("No target chosen", "")
            self.result.clear()
            self._read_tasks()
            self._desk.moved.emit()

    def _say_progress(self) -> None:
        row = self._row
        runs = row is not None and row.state in OPEN and row.started_at is not None
        self.progress.setVisible(runs)
        self.estimate.setVisible(runs)
        if not runs or row is None or row.started_at is None:
            self._tick.stop()
            return
        done, total = float(row.finished), row.total
        for task in self.tasks.model.all_rows():
            if task.state == JobState.RUNNING and task.progress_total:
                done += min(1.0, task.progress_done / task.progress_total)
        # A bar that runs to and fro says "working" where nothing can be counted yet.
        if done:
            theme.show_counted(self.progress, round(1_000 * done), 1_000 * total)
        else:
            theme.show_busy(self.progress)
        self.estimate.setText(
            _estimate(row.finished, total, done, (datetime.now(UTC) - row.started_at).total_seconds())
        )
        if not self._tick.isActive():
            self._tick.start()

    def _read_questions(self) -> None:
        row = self._row
        if row is None:
            return
        if row.state != JobState.PAUSED:
            self._show_questions([])
            return
        job_id = row.id
        self._desk.work.query(
            self,
            lambda c: [d for d in open_decisions(c) if d.job_id == job_id],
            self._show_questions,
            key="questions",
        )

    def _show_questions(self, rows: list[DecisionRow]) -> None:
        show_cards(self._questions, rows, self._answer, self._desk.why_not)

    def _answer(self, decision_id: int, option: str) -> None:
        commands = self._desk.context.commands
        self._desk.work.command(
            self,
            lambda: commands.answer(decision_id, option),
            lambda _: self._read_questions(),
            self._desk.fail,
        )

    # -- reading ------------------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        if self._row is None:
            return
        if change.topic == "decisions":
            self._read_questions()
        elif change.topic == "job_tasks":
            self._patch_tasks(change)
        elif change.topic in ("task_steps", "task_log") and not self._live.isActive():
            self._live.start()

    def _patch_tasks(self, change: Change) -> None:
        held = {i for i in change.ids if self.tasks.model.row_of(i) is not None}
        if change.many or not self.tasks.model.total:
            self._read_tasks()
        elif held:
            model = self.tasks.model
            self._desk.work.query(
                self,
                lambda c: model.prepare(tasks_by_id(c, held)),
                self.tasks.patch,
            )
            if self.task_id in held and not self._live.isActive():
                self._live.start()

    def _read_tasks(self) -> None:
        job_id, model = self.job_id, self.tasks.model
        if job_id is None:
            return
        self._desk.work.query(
            self,
            lambda connection: model.prepare(job_tasks(connection, job_id)),
            self._show_tasks,
            lambda error: self.tasks.error(error, self._read_tasks),
            key="tasks",
        )

    def _show_tasks(self, prepared: Prepared) -> None:
        self.tasks.set_rows(prepared)
        one = len(prepared.rows) == 1  # then the room belongs to its steps
        self.tasks.as_high_as(1 if one else None)
        policy = QSizePolicy.Policy
        self._upper.setSizePolicy(policy.Preferred, policy.Maximum if one else policy.Preferred)
        if self.task_id is None and prepared.rows:
            wanted = next((r for r in prepared.rows if r.state == JobState.FAILED), prepared.rows[0])
            self.tasks.grid.show_row(wanted.id)

    def _task_chosen(self, ids: list[int]) -> None:
        if len(ids) == 1:
            row = self.tasks.model.row_of(ids[0])
            if ids[0] != self.task_id and row is not None:
                self._tabs.setCurrentWidget(self.result if row.error else self.steps)
            self.task_id = ids[0]
            self._read_task()

    def _read_task(self) -> None:
        task_id, steps, log = self.task_id, self.steps.model, self.log.model
        if task_id is None:
            return

        job_id = self.job_id

        def ask(connection: Connection) -> tuple[Prepared, Prepared, int | None]:
            call = failed_call(connection, job_id=job_id, task_id=task_id)
            return (
                steps.prepare(titled_steps(connection, task_id)),
                log.prepare(task_log(connection, task_id)),
                call,
            )

        self._desk.work.query(self, ask, self._show_task, key="task")

    def _show_task(self, found: tuple[Prepared, Prepared, int | None]) -> None:
        steps, log, self._call = found
        other, self._read_for = self._read_for != self.task_id, self.task_id
        for panel, rows in ((self.steps, steps), (self.log, log)):
            panel.follow(rows, anew=other)
        row = self.tasks.model.row_of(self.task_id) if self.task_id is not None else None
        self.result.show_task(row, self._call)
        step = next_step(self._desk, self._row, row, self.window()) if self._row and row is not None else None
        self.result.offer(step)

    # -- commands -----------------------------------------------------------------------------------------------

    def retry_failed(self) -> None:
        """A new job on the targets that failed."""
        job_id, commands = self.job_id, self._desk.context.commands
        if job_id is not None:
            self._desk.work.command(
                self, lambda: commands.retry_failed(job_id), self.wanted.emit, self._desk.fail
            )

    def select_failed(self) -> None:
        """Its failed targets as the selection of the servers."""
        ids = [task.server_id for task in self.tasks.model.all_rows() if task.state == JobState.FAILED]
        self._choose(ids)

    def _task_menu(self, menu: QMenu) -> None:
        menu.addAction("Select these servers", self.select_targets)
        row = self.tasks.model.row_of(self.task_id) if self.task_id is not None else None
        if row is not None and row.error and self._call:
            menu.addAction("Open the call", self.open_call)

    def select_targets(self) -> None:
        """The servers of the selected rows."""
        tasks = (self.tasks.model.row_of(i) for i in self.tasks.grid.selected_ids())
        self._choose([task.server_id for task in tasks if task is not None])

    def _choose(self, ids: list[int | None]) -> None:
        found = list(dict.fromkeys(i for i in ids if i is not None))
        if found:
            self._desk.servers_chosen.emit(found)

    def cancel_job(self, grade: CancelGrade) -> None:
        """Stop it: after its running targets, after the running step, or now; what was promised is put back in each."""
        job_id, commands = self.job_id, self._desk.context.commands
        if job_id is not None:
            self._desk.work.command(self, lambda: commands.cancel(job_id, grade), None, self._desk.fail)

    def show_calls(self) -> None:
        """The calls this job made."""
        if self.job_id is not None:
            self._desk.calls_opened.emit(CallFilter(job_id=self.job_id))

    def open_call(self) -> None:
        """The call that the chosen target's error came from."""
        if self._call is not None:
            self._desk.call_opened.emit(self._call)

    def _open_server(self, task_id: int) -> None:
        row = self.tasks.model.row_of(task_id)
        if row is not None and row.server_id is not None:
            self._desk.server_opened.emit(row.server_id)


def _estimate(finished: int, total: int, done: float, elapsed: float) -> str:
    """ "12 of 40 · 5 min · about 11 min left": the rate so far; nothing is promised before a tenth is through."""
    parts = [f"{finished} of {total}", words.span(elapsed)]
    if done and done >= total / 10 and elapsed >= _SURE_SECONDS:
        parts.append(f"about {words.span(elapsed * (total - done) / done)} left")
    return " · ".join(parts)


_SURE_SECONDS = 5
