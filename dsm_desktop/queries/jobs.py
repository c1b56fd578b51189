"""Jobs, their tasks, steps and log lines, open decisions and the restore list, as rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.waiting import holders, waiting_jobs
from dsm_desktop.store.models import Decision, Job, JobTask, RestoreItem, Server, TaskLog, TaskStep

OPEN = (JobState.PENDING.value, JobState.RUNNING.value, JobState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. `done`, `failed`, `cancelled` of `total` targets; `cancel_grade` as core.states.CancelGrade."""

    id: int
    kind: str
    title: str
    state: str
    dry_run: bool
    submitted_by: str
    submitted_at: datetime
    schedule_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parent_id: int | None
    retry_of_id: int | None
    cancel_grade: int
    total: int
    done: int
    failed: int
    cancelled: int
    message: str
    params: dict[str, Any]

    @property
    def finished(self) -> int:
        """Targets that are through, well or not."""
        return self.done + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        return round(100 * self.finished / self.total) if self.total else 0

    @property
    def outcome(self) -> str:
        """The state in words; a completed job with failed targets says so."""
        if self.state == JobState.COMPLETED and self.failed:
            return "completed with failures"
        if self.cancel_grade and self.state in OPEN:
            return "cancelling"
        if self.state == JobState.PENDING and self.schedule_at is not None:
            return "scheduled"
        return self.state


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A job on one target; `progress_done` of `progress_total` as the operation counts."""

    id: int
    job_id: int
    server_id: int | None
    target: str
    state: str
    attempt: int
    progress_done: int
    progress_total: int
    message: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None
    host_id: int | None = None

    @property
    def outcome(self) -> str:
        """One sentence: the error, the result's summary or the running message."""
        if self.error:
            return str(self.error.get("message", ""))
        if self.result and self.result.get("summary"):
            return str(self.result["summary"])
        return self.message


@dataclass(frozen=True, slots=True)
class ServerTaskRow:
    """A task seen from its server."""

    id: int
    job_id: int
    title: str
    state: str
    outcome: str
    submitted_by: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a task. `kind` step | always | wait | decide; `state` begun | done | failed."""

    id: int
    task_id: int
    kind: str
    name: str
    key: str
    state: str
    attempt: int
    message: str
    error: dict[str, Any] | None
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskLogRow:
    """A line of a task's log. `level` info | warning | error."""

    id: int
    task_id: int
    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """An open question; `options` as [{value, title, help, danger}], `default` is taken at `deadline`."""

    id: int
    task_id: int
    job_id: int
    target: str
    title: str
    question: str
    options: list[Any]
    default: str
    asked_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class RestoreRow:
    """A promise to put something back. `state` standing | restored | failed | abandoned."""

    id: int
    task_id: int | None
    server: str
    what: str
    state: str
    message: str
    created_at: datetime
    closed_at: datetime | None


_JOB = [getattr(Job, name) for name in JobRow.__dataclass_fields__]
_TASK = [getattr(JobTask, name) for name in TaskRow.__dataclass_fields__]
_STEP = [getattr(TaskStep, name) for name in StepRow.__dataclass_fields__]
_LOG = [getattr(TaskLog, name) for name in TaskLogRow.__dataclass_fields__]


def list_jobs(
    connection: Connection, ids: Collection[int] | None = None, *, open_only: bool = False, limit: int = 5_000
) -> list[JobRow]:
    """Jobs, newest first: all up to `limit`, those of `ids`, or only those not finished. The message of one that cannot begin names
    the job it waits for."""
    query = select(*_JOB).order_by(Job.id.desc()).limit(limit)
    if ids is not None:
        query = query.where(Job.id.in_(sorted(ids)))
    if open_only:
        query = query.where(Job.state.in_(OPEN))
    rows = [JobRow(*row) for row in connection.execute(query)]
    pending = [row.id for row in rows if row.state == JobState.PENDING and not row.message][:900]
    held = waiting_jobs(connection, pending) if pending else {}
    return [replace(row, message=f"waits: {held[row.id].words}") if row.id in held else row for row in rows]


def job_tasks(connection: Connection, job_id: int) -> list[TaskRow]:
    """The targets of a job in the order they were given."""
    query = select(*_TASK).where(JobTask.job_id == job_id).order_by(JobTask.id)
    rows = [TaskRow(*row) for row in connection.execute(query)]
    held = holders(connection, [job_id]) if any(row.state == JobState.PENDING for row in rows) else {}
    return [replace(row, message=f"waits: {held[row.id].words}") if row.id in held else row for row in rows]


def tasks_by_id(connection: Connection, ids: Collection[int]) -> list[TaskRow]:
    """The tasks of `ids` that exist."""
    query = select(*_TASK).where(JobTask.id.in_(sorted(ids)[:900]))
    return [TaskRow(*row) for row in connection.execute(query)]


def server_tasks(connection: Connection, server_id: int, limit: int = 500) -> list[ServerTaskRow]:
    """What was done to a server, newest first."""
    query = (
        select(Job.title, Job.submitted_by, *_TASK)
        .join(Job, Job.id == JobTask.job_id)
        .where(JobTask.server_id == server_id)
        .order_by(JobTask.id.desc())
        .limit(limit)
    )
    rows = []
    for title, by, *task in connection.execute(query):
        row = TaskRow(*task)
        rows.append(
            ServerTaskRow(
                row.id, row.job_id, title, row.state, row.outcome, by, row.started_at, row.finished_at
            )
        )
    return rows


def task_steps(connection: Connection, task_id: int) -> list[StepRow]:
    """The steps of a task as they began."""
    query = select(*_STEP).where(TaskStep.task_id == task_id).order_by(TaskStep.id)
    return [StepRow(*row) for row in connection.execute(query)]


def task_log(connection: Connection, task_id: int, limit: int = 5_000) -> list[TaskLogRow]:
    """The newest `limit` lines of a task's log, oldest of them first."""
    query = select(*_LOG).where(TaskLog.task_id == task_id).order_by(TaskLog.id.desc()).limit(limit)
    return [TaskLogRow(*row) for row in connection.execute(query)][::-1]


def open_decisions(connection: Connection) -> list[DecisionRow]:
    """Questions nobody has answered yet, the nearest deadline first."""
    query = (
        select(
            Decision.id,
            Decision.task_id,
            JobTask.job_id,
            JobTask.target,
            Job.title,
            Decision.question,
            Decision.options,
            Decision.default,
            Decision.asked_at,
            Decision.deadline,
        )
        .join(JobTask, JobTask.id == Decision.task_id)
        .join(Job, Job.id == JobTask.job_id)
        .where(Decision.answer.is_(None), JobTask.state.in_(OPEN))
        .order_by(Decision.deadline)
    )
    return [DecisionRow(*row) for row in connection.execute(query)]


def restore_list(
    connection: Connection, *, standing_only: bool = False, limit: int = 2_000
) -> list[RestoreRow]:
    """What was promised to be put back: first what stands or has failed, which needs a person, then the rest; the newest first."""
    waits = RestoreItem.state.in_(("standing", "failed"))
    label = func.coalesce(
        func.nullif(Server.name, ""),
        func.nullif(Server.host_name, ""),
        Server.service_tag,
        Server.address,
        "",
    )
    r = RestoreItem
    query = (
        select(r.id, r.task_id, label, r.what, r.state, r.message, r.created_at, r.closed_at)
        .outerjoin(Server, Server.id == r.server_id)
        .order_by(waits.desc(), r.id.desc())
        .limit(limit)
    )
    if standing_only:
        query = query.where(waits)
    return [RestoreRow(*row) for row in connection.execute(query)]


def left_standing(connection: Connection) -> list[RestoreRow]:
    """What stands on the restore list although the work that promised it has ended: a person must see to it."""
    open_tasks = select(JobTask.id).where(JobTask.state.in_(OPEN))
    held = select(RestoreItem.id).where(RestoreItem.task_id.in_(open_tasks))
    at_work = set(connection.scalars(held))
    return [row for row in restore_list(connection, standing_only=True) if row.id not in at_work]
