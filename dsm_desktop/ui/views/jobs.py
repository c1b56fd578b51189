"""Jobs: the list, the targets of one job, and the steps, log and result of one target, live."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.redact import masked
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries import Connection
from dsm_desktop.queries.calls import CallFilter
from dsm_desktop.queries.jobs import (
    OPEN,
    JobRow,
    StepRow,
    TaskRow,
    job_tasks,
    list_jobs,
    task_log,
    task_steps,
    tasks_by_id,
)
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, fixed_font, ui_font
from dsm_desktop.ui.widgets.panel import GridPanel

LIVE_MS = 300


def progress(row: JobRow) -> str:
    """ "12 of 40, 2 failed"."""
    if not row.total:
        return ""
    failed = f", {row.failed} failed" if row.failed else ""
    return f"{row.finished} of {row.total}{failed}"


def took(row: Any) -> str:
    """How long a job or task took, or runs."""
    if row.started_at is None:
        return ""
    if row.finished_at is None:
        return words.ago(row.started_at).removesuffix(" ago")
    return words.span((row.finished_at - row.started_at).total_seconds())


def step_took(row: StepRow) -> str:
    return "" if row.ended_at is None else words.span((row.ended_at - row.begun_at).total_seconds())


JOBS = (
    Column("state", "State", lambda r: r.outcome, status=lambda r: words.work(r.outcome), width=190),
    Column("title", "Job", lambda r: r.title, width=290),
    Column("progress", "Progress", lambda r: r.percent, text=progress, kind="number", width=130, left=True),
    Column("by", "By", lambda r: r.submitted_by, width=130),
    Column("submitted", "Handed in", lambda r: r.submitted_at, kind="time", width=100),
    Column("took", "Took", took, width=76),
    Column("dry", "Dry run", lambda r: "yes" if r.dry_run else "", width=70),
    Column("number", "Number", lambda r: r.id, kind="number", width=70),
    Column("message", "Message", lambda r: r.message, width=240),
    Column("failed", "Failed targets", lambda r: r.failed, kind="number", width=96, shown=False),
    Column("finished", "Ended", lambda r: r.finished_at, kind="time", width=100, shown=False),
)


def _task_progress(row: TaskRow) -> str:
    return f"{row.progress_done} of {row.progress_total}" if row.progress_total else ""


TASKS = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=150),
    Column("target", "Target", lambda r: r.target or "whole site", width=190),
    Column("outcome", "Outcome", lambda r: r.outcome, width=320),
    Column("progress", "Progress", lambda r: r.progress_done, text=_task_progress, kind="number", width=90),
    Column("took", "Took", took, width=76),
    Column("attempt", "Attempt", lambda r: r.attempt, kind="number", width=70, shown=False),
)
_STEP_KIND = {"step": "Step", "always": "Put back", "wait": "Wait", "decide": "Question"}
STEPS = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=110),
    Column("name", "Step", lambda r: words.sentence(r.name) + (f" ({r.key})" if r.key else ""), width=240),
    Column("kind", "Kind", lambda r: _STEP_KIND.get(r.kind, r.kind), width=80),
    Column(
        "begun", "Begun", lambda r: r.begun_at, text=lambda r: words.stamp(r.begun_at), kind="time", width=160
    ),
    Column("took", "Took", step_took, width=70),
    Column("message", "Message", lambda r: r.message or str((r.error or {}).get("message", "")), width=260),
)
LOG = (
    Column("time", "Time", lambda r: r.at, text=lambda r: words.stamp(r.at), kind="time", width=160),
    Column("level", "Level", lambda r: r.level, status=lambda r: words.level(r.level), width=90),
    Column("message", "Message", lambda r: r.message, width=420),
)


class ProgressDelegate(QStyledItemDelegate):
    """A bar under the words of the progress column; red where targets failed."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        model: Any = index.model()
        row = model.row_at(index.row())
        if row is None or not row.total or row.state not in OPEN:
            return
        area: QRect = option.rect
        bar = QRect(area.left() + 4, area.bottom() - 3, area.width() - 8, 2)
        look = theme.look()
        painter.fillRect(bar, QColor(look.border))
        done = QRect(bar)
        done.setWidth(round(bar.width() * row.finished / row.total))
        painter.fillRect(done, QColor(look.critical if row.failed else look.info))


class JobsView(QWidget):
    """Left the jobs, right the chosen one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.job_id: int | None = None
        self.task_id: int | None = None
        self._wanted_job: int | None = None
        self.jobs = GridPanel(desk.work, "jobs", JOBS, icon_name="job")
        self.jobs.grid.setItemDelegateForColumn(2, ProgressDelegate(self.jobs.grid))
        self.jobs.when_empty(
            "No jobs yet", "What you start on servers appears here, with its steps and its log."
        )
        self.jobs.chosen.connect(self._job_chosen)
        self.jobs.grid.menu_of = self._menu
        self.tasks = GridPanel(desk.work, "targets", TASKS, icon_name="server")
        self.tasks.chosen.connect(self._task_chosen)
        self.tasks.opened.connect(self._open_server)
        self.steps = GridPanel(desk.work, "steps", STEPS, icon_name="job", tools=False)
        self.steps.when_empty("No steps yet", "")
        self.log = GridPanel(desk.work, "log lines", LOG, icon_name="log", tools=False)
        self.log.when_empty("The log is empty", "")
        self._build()
        self._live = QTimer(self, interval=LIVE_MS, singleShot=True)
        self._live.timeout.connect(self._read_task)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _build(self) -> None:
        self.result = QPlainTextEdit()
        self.result.setReadOnly(True)
        self.result.setFont(fixed_font())
        self.result.setTabChangesFocus(True)
        self.result.setAccessibleName("Result of the target")
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setAccessibleName("The chosen target")
        for widget, title in ((self.steps, "Steps"), (self.log, "Log"), (self.result, "Result")):
            self._tabs.addTab(widget, title)
        lower = QSplitter(Qt.Orientation.Vertical)
        lower.setChildrenCollapsible(False)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._build_head())
        column.addWidget(self.tasks, 1)
        lower.addWidget(upper)
        lower.addWidget(self._tabs)
        lower.setSizes([300, 260])
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.jobs)
        self._split.addWidget(lower)
        self._split.setSizes([620, 640])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._split)

    def _build_head(self) -> QHBoxLayout:
        self._title = QLabel("Choose a job")
        self._title.setFont(ui_font(step=1, bold=True))
        self._title.setWordWrap(True)
        self._title.setAccessibleName("Chosen job")
        self.retry = QPushButton("Retry failed")
        set_icon(self.retry, "retry")
        self.retry.clicked.connect(self.retry_failed)
        self.cancel = QPushButton("Cancel")
        set_icon(self.cancel, "cancel")
        menu = QMenu(self.cancel)
        for grade, words_ in (
            (CancelGrade.AFTER_TARGET, "After the servers that are running"),
            (CancelGrade.AFTER_STEP, "After the step that is running"),
            (CancelGrade.NOW, "Now"),
        ):
            menu.addAction(words_, partial(self.cancel_job, grade))
        self.cancel.setMenu(menu)
        self.calls = QPushButton("Calls")
        self.calls.setToolTip("Show the calls this job made to devices")
        set_icon(self.calls, "calls")
        self.calls.clicked.connect(self._show_calls)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, 0)
        head.addWidget(self._title, 1)
        for button in (self.retry, self.cancel, self.calls):
            button.setEnabled(False)
            head.addWidget(button)
        return head

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        model = self.jobs.model
        self._desk.work.query(
            self,
            lambda connection: model.prepare(list_jobs(connection)),
            self._show_jobs,
            lambda error: self.jobs.error(error, self.refresh),
            key="jobs",
        )

    def _show_jobs(self, prepared: Prepared) -> None:
        self.jobs.set_rows(prepared)
        if self._wanted_job is not None:
            self.jobs.grid.show_row(self._wanted_job)
            self._wanted_job = None
        elif self.job_id is None and prepared.rows:
            self.jobs.grid.show_row(prepared.rows[0].id)

    def show_job(self, job_id: int) -> None:
        """Bring a job into sight, also one the list has not read yet."""
        if self.jobs.model.place_of(job_id) is not None:
            self.jobs.grid.show_row(job_id)
        else:
            self._wanted_job = job_id
            self.jobs.clear_filter()
            self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic == "jobs":
            self._patch_jobs(change)
        elif change.topic == "job_tasks" and self.job_id is not None:
            self._patch_tasks(change)
        elif change.topic in ("task_steps", "task_log") and not self._live.isActive():
            self._live.start()

    def _patch_jobs(self, change: Change) -> None:
        if change.many or len(change.ids) > 500:
            self.refresh()
            return
        ids, removed, model = frozenset(change.ids), frozenset(change.removed), self.jobs.model

        def show(prepared: Prepared) -> None:
            fresh = any(model.row_of(row.id) is None for row in prepared.rows)
            if fresh:
                self.refresh()
            else:
                self.jobs.patch(prepared, removed)
                self._show_head()

        self._desk.work.query(self, lambda c: model.prepare(list_jobs(c, ids)), show)

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

    # -- the chosen job -----------------------------------------------------------------------------------------

    def _job_chosen(self, ids: list[int]) -> None:
        if len(ids) != 1 or ids[0] == self.job_id:
            self._show_head()
            return
        self.job_id, self.task_id = ids[0], None
        self._show_head()
        self.tasks.clear("Reading …", "")
        for panel in (self.steps, self.log):
            panel.clear("No target chosen", "")
        self.result.clear()
        self._read_tasks()

    def _show_head(self) -> None:
        row = self._job()
        if row is None:
            return
        self._title.setText(f"{row.title} — {words.work(row.outcome).word}")
        self.retry.setEnabled(row.failed > 0 and not self._desk.context.read_only)
        self.cancel.setEnabled(row.state in OPEN)
        self.calls.setEnabled(True)

    def _job(self) -> JobRow | None:
        return None if self.job_id is None else self.jobs.model.row_of(self.job_id)

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
        if self.task_id is None and prepared.rows:
            wanted = next((r for r in prepared.rows if r.state == JobState.FAILED), prepared.rows[0])
            self.tasks.grid.show_row(wanted.id)

    def _task_chosen(self, ids: list[int]) -> None:
        if len(ids) == 1:
            self.task_id = ids[0]
            self._read_task()

    def _read_task(self) -> None:
        task_id, steps, log = self.task_id, self.steps.model, self.log.model
        if task_id is None:
            return

        def ask(connection: Connection) -> tuple[Prepared, Prepared]:
            return steps.prepare(task_steps(connection, task_id)), log.prepare(task_log(connection, task_id))

        self._desk.work.query(self, ask, self._show_task, key="task")

    def _show_task(self, found: tuple[Prepared, Prepared]) -> None:
        steps, log = found
        self.steps.set_rows(steps)
        self.log.set_rows(log)
        self.log.grid.scrollToBottom()
        row = self.tasks.model.row_of(self.task_id) if self.task_id is not None else None
        if row is not None:
            shown = row.error or row.result
            self.result.setPlainText(json.dumps(masked(shown), indent=2, ensure_ascii=False) if shown else "")

    # -- commands -----------------------------------------------------------------------------------------------

    def retry_failed(self) -> None:
        """A new job on the targets that failed."""
        job_id, commands = self.job_id, self._desk.context.commands
        if job_id is not None:
            self._desk.work.command(
                self, lambda: commands.retry_failed(job_id), self.show_job, self._desk.fail
            )

    def cancel_job(self, grade: CancelGrade) -> None:
        """Stop it: after its running targets, after the running step, or now; what was promised is put back in each."""
        job_id, commands = self.job_id, self._desk.context.commands
        if job_id is not None:
            self._desk.work.command(self, lambda: commands.cancel(job_id, grade), None, self._desk.fail)

    def _menu(self, menu: QMenu) -> None:
        retry = menu.addAction("Retry failed", self.retry_failed)
        retry.setEnabled(self.retry.isEnabled())
        cancel = menu.addMenu("Cancel")
        for action in self.cancel.menu().actions():
            cancel.addAction(action)
        cancel.setEnabled(self.cancel.isEnabled())
        menu.addAction("Show its calls", self._show_calls)

    def _show_calls(self) -> None:
        if self.job_id is not None:
            self._desk.calls_opened.emit(CallFilter(job_id=self.job_id))

    def _open_server(self, task_id: int) -> None:
        row = self.tasks.model.row_of(task_id)
        if row is not None and row.server_id is not None:
            self._desk.server_opened.emit(row.server_id)
