"""What a task leaves behind while it runs: steps, promises to put back, questions, progress and log lines.

All functions that write are called after `queue.hold` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, text, update

from dsm_desktop.core.states import JobState, StepState
from dsm_desktop.store.dialect import sql, sql_times
from dsm_desktop.store.models import Decision, EsxiHost, Job, JobTask, RestoreItem, Server, TaskStep, db_now
from dsm_desktop.store.unit_of_work import UnitOfWork

_ASKING = 7_110_001  # this program's room among the advisory locks of a database that others may use too
_FIRST_DUE = 1000  # due questions answered at a time


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as written down; `result` is {"value": …} or None. `begun_at` is the database's time."""

    kind: str
    name: str
    key: str
    state: StepState
    attempt: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """All a runner needs to run a claimed task."""

    kind: str
    params: dict[str, Any]
    dry_run: bool
    submitted_by: str
    priority: int
    cancel_grade: int
    error: dict[str, Any] | None
    """What an ended task had ended with, when it is only to be put back."""
    server: dict[str, Any] | None
    host: dict[str, Any] | None
    """The ESXi host's row, for work on hosts."""
    steps: tuple[StepRecord, ...]
    promises: tuple[tuple[str, str, str], ...]
    """(name, key, state) of the restore list."""


_SERVER = (
    Server.id, Server.name, Server.host_name, Server.service_tag, Server.address, Server.port, Server.model, Server.generation,
)  # fmt: skip
_HOST = (EsxiHost.id, EsxiHost.vcenter_id, EsxiHost.moid, EsxiHost.name, EsxiHost.cluster, EsxiHost.address)


def load_plans(
    connection: Connection, tasks: Sequence[tuple[int, int, int | None, int | None, bool]]
) -> dict[int, TaskPlan]:
    """Plans of claimed tasks, given as (task id, job id, server id, host id, begun before)."""
    jobs = {
        row.id: row
        for row in connection.execute(
            select(
                Job.id, Job.kind, Job.params, Job.dry_run, Job.submitted_by, Job.priority, Job.cancel_grade
            ).where(Job.id.in_({t[1] for t in tasks}))
        )
    }
    servers = _rows_by_id(connection, _SERVER, {t[2] for t in tasks if t[2] is not None})
    hosts = _rows_by_id(connection, _HOST, {t[3] for t in tasks if t[3] is not None})
    begun = [t[0] for t in tasks if t[4]]
    steps = _steps_of(connection, begun) if begun else {}
    errors: dict[int, dict[str, Any] | None] = {}
    if begun:
        found_errors = connection.execute(select(JobTask.id, JobTask.error).where(JobTask.id.in_(begun)))
        errors = {row.id: row.error for row in found_errors}
    promises = _promises_of(connection, begun) if begun else {}
    plans = {}
    for task_id, job_id, server_id, host_id, _ in tasks:
        job = jobs[job_id]
        plans[task_id] = TaskPlan(
            job.kind,
            job.params,
            job.dry_run,
            job.submitted_by,
            job.priority,
            job.cancel_grade,
            errors.get(task_id),
            servers.get(server_id) if server_id is not None else None,
            hosts.get(host_id) if host_id is not None else None,
            tuple(steps.get(task_id, ())),
            tuple(promises.get(task_id, ())),
        )
    return plans


def _rows_by_id(connection: Connection, columns: Sequence[Any], ids: set[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    found = connection.execute(select(*columns).where(columns[0].in_(ids)))
    return {row.id: dict(row._mapping) for row in found}


def _steps_of(connection: Connection, task_ids: Sequence[int]) -> dict[int, list[StepRecord]]:
    rows = connection.execute(
        select(
            TaskStep.task_id,
            TaskStep.kind,
            TaskStep.name,
            TaskStep.key,
            TaskStep.state,
            TaskStep.attempt,
            TaskStep.result,
            TaskStep.error,
            TaskStep.begun_at,
        )
        .where(TaskStep.task_id.in_(task_ids))
        .order_by(TaskStep.id)
    )
    found: dict[int, list[StepRecord]] = {}
    for task_id, kind, name, key, state, *rest in rows:
        found.setdefault(task_id, []).append(StepRecord(kind, name, key, StepState(state), *rest))
    return found


def _promises_of(connection: Connection, task_ids: Sequence[int]) -> dict[int, list[tuple[str, str, str]]]:
    rows = connection.execute(
        select(RestoreItem.task_id, RestoreItem.name, RestoreItem.key, RestoreItem.state).where(
            RestoreItem.task_id.in_(task_ids)
        )
    )
    found: dict[int, list[tuple[str, str, str]]] = {}
    for task_id, name, key, state in rows:
        assert task_id is not None
        found.setdefault(task_id, []).append((name, key, state))
    return found


def begin(uow: UnitOfWork, task_id: int, token: int, kind: str, name: str, key: str) -> float:
    """Write down that a step begins (again); returns the seconds since it first began (waits count from there)."""
    connection = uow.session.connection()
    statement = sql_times(
        connection,
        """
        INSERT INTO task_steps (task_id, kind, name, key, state, attempt, token, message, begun_at)
        VALUES (:task, :kind, :name, :key, 'begun', 1, :token, '', {now})
        ON CONFLICT (task_id, name, key) DO UPDATE SET state = 'begun', attempt = task_steps.attempt + 1, token = excluded.token,
            ended_at = NULL, error = NULL
        RETURNING id, begun_at, {now} AS seen_at
        """,
        "begun_at",
        "seen_at",
    )
    values = {"task": task_id, "kind": kind, "name": name, "key": key, "token": token}
    row = connection.execute(statement, values).one()
    uow.changed("task_steps", "changed", row.id)
    elapsed: float = (row.seen_at - row.begun_at).total_seconds()
    return max(0.0, elapsed)


def end(
    uow: UnitOfWork,
    task_id: int,
    token: int,
    name: str,
    key: str,
    *,
    result: Any = None,
    error: dict[str, Any] | None = None,
    message: str = "",
) -> None:
    """Write down how a step ended: with {"value": result}, or with an error. A device may be looked at again."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        """
        UPDATE task_steps SET state = :state, result = :result, error = :error, message = :message,
            ended_at = {now}
        WHERE task_id = :task AND name = :name AND key = :key RETURNING id
        """,
    )
    row = connection.execute(
        statement,
        {
            "task": task_id,
            "name": name,
            "key": key,
            "state": (StepState.FAILED if error else StepState.DONE).value,
            "result": None if error else {"value": result},
            "error": error,
            "message": message,
        },
    ).one()
    connection.execute(
        sql(
            connection,
            "UPDATE job_tasks SET attempt = 0, lease_until = NULL WHERE id = :id AND token = :token",
        ),
        {"id": task_id, "token": token},
    )
    uow.changed("task_steps", "changed", row.id)


def result_of(uow: UnitOfWork, task_id: int, name: str, key: str) -> Any:
    """The recorded result of a step that is done, None otherwise."""
    statement = select(TaskStep.result).where(
        TaskStep.task_id == task_id,
        TaskStep.name == name,
        TaskStep.key == key,
        TaskStep.state == StepState.DONE.value,
    )
    found = uow.session.scalar(statement)
    return None if found is None else found.get("value")


def promise(
    uow: UnitOfWork,
    task_id: int,
    server_id: int | None,
    name: str,
    key: str,
    what: str,
    original: dict[str, Any],
) -> None:
    """Put a promise on the restore list (once)."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        """
        INSERT INTO restore_list (task_id, server_id, name, key, what, original, state, message, created_at)
        VALUES (:task, :server, :name, :key, :what, :original, 'standing', '', {now})
        ON CONFLICT (task_id, name, key) DO NOTHING RETURNING id
        """,
    )
    values = {
        "task": task_id,
        "server": server_id,
        "name": name,
        "key": key,
        "what": what,
        "original": original,
    }
    row = connection.execute(statement, values).first()
    if row is not None:
        uow.changed("restore_list", "added", row.id)


def close_promise(uow: UnitOfWork, task_id: int, name: str, key: str, state: str, message: str = "") -> None:
    """The promise was kept ("restored") or could not be ("failed", with why)."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        "UPDATE restore_list SET state = :state, message = :message, closed_at = {now}"
        " WHERE task_id = :task AND name = :name AND key = :key RETURNING id",
    )
    values = {"task": task_id, "name": name, "key": key, "state": state, "message": message}
    for row in connection.execute(statement, values):
        uow.changed("restore_list", "changed", row.id)


def ask(uow: UnitOfWork, task_id: int, question: dict[str, Any], within: timedelta) -> None:
    """Open a question (once) and show the task and its job as paused."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        """INSERT INTO decisions (task_id, key, question, options, "default", asked_at, deadline, answered_by)
           VALUES (:task, :key, :question, :options, :default, :asked, :deadline, '')
           ON CONFLICT (task_id, key) DO NOTHING RETURNING id""",
    )
    values = {"task": task_id, **question, "asked": uow.now, "deadline": uow.now + within}
    row = connection.execute(statement, values).first()
    if row is not None:
        uow.changed("decisions", "added", row.id)
    _pause(uow, task_id, JobState.RUNNING, JobState.PAUSED)


def one_asks(uow: UnitOfWork, about: str) -> None:
    """Until the commit no other process passes here for the same `about`: whoever comes next sees what this one has asked."""
    connection = uow.session.connection()
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        lock = text("SELECT pg_advisory_xact_lock(CAST(:room AS integer), hashtext(:about))")
        connection.execute(lock, {"room": _ASKING, "about": about})


def withdraw(
    uow: UnitOfWork, task_id: int, key: str, answer: str = "cancelled", by: str = "cancelled"
) -> None:
    """Nobody needs to answer any more: the task was cancelled, and what it asks while it puts things back is another question."""
    statement = (
        update(Decision)
        .where(Decision.task_id == task_id, Decision.key == key, Decision.answer.is_(None))
        .values(answer=answer, answered_by=by, answered_at=db_now())
        .returning(Decision.id)
    )
    ids = [row.id for row in uow.session.connection().execute(statement)]
    if ids:
        uow.changed("decisions", "changed", *ids)


def resume(uow: UnitOfWork, task_id: int) -> None:
    """The question is answered: the task runs again."""
    _pause(uow, task_id, JobState.PAUSED, JobState.RUNNING)


def _pause(uow: UnitOfWork, task_id: int, before: JobState, after: JobState) -> None:
    connection = uow.session.connection()
    task = update(JobTask).where(JobTask.id == task_id, JobTask.state == before.value)
    job_id = connection.scalar(task.values(state=after.value).returning(JobTask.job_id))
    if job_id is None:
        return
    uow.changed("job_tasks", "changed", task_id)
    job = update(Job).where(Job.id == job_id, Job.state == before.value)
    if after is JobState.RUNNING:
        paused = select(JobTask.id).where(JobTask.job_id == job_id, JobTask.state == JobState.PAUSED.value)
        job = job.where(~paused.exists())
    connection.execute(job.values(state=after.value))
    uow.changed("jobs", "changed", job_id)


def answers(connection: Connection, task_ids: Sequence[int]) -> dict[tuple[int, str], str]:
    """Answers given so far, by (task, question key)."""
    rows = connection.execute(
        select(Decision.task_id, Decision.key, Decision.answer).where(
            Decision.task_id.in_(task_ids), Decision.answer.is_not(None)
        )
    )
    return {(row.task_id, row.key): row.answer for row in rows if row.answer is not None}


def take_defaults(uow: UnitOfWork) -> list[int]:
    """Answer every question whose deadline has passed with its declared default."""
    connection = uow.session.connection()
    due = (
        select(Decision.id).where(Decision.answer.is_(None), Decision.deadline <= db_now()).limit(_FIRST_DUE)
    )
    statement = (
        update(Decision)
        .where(Decision.id.in_(due), Decision.answer.is_(None))
        .values(answer=Decision.default, answered_by="deadline", answered_at=db_now())
        .returning(Decision.id)
    )
    ids = [row.id for row in connection.execute(statement)]
    if ids:
        uow.changed("decisions", "changed", *ids)
    return ids


def note(
    uow: UnitOfWork,
    progress: Sequence[tuple[int, int, int, int, str]],
    lines: Sequence[tuple[int, datetime, str, str]],
) -> None:
    """Progress rows (task, token, done, total, message) and log lines (task, at, level, message), many at once."""
    connection = uow.session.connection()
    if progress:
        connection.execute(
            sql(
                connection,
                "UPDATE job_tasks SET progress_done = :done, progress_total = :total, message = :message"
                " WHERE id = :id AND token = :token AND state IN ('running', 'paused')",
            ),
            [{"id": i, "token": t, "done": d, "total": n, "message": m} for i, t, d, n, m in progress],
        )
        uow.changed("job_tasks", "changed", *(row[0] for row in progress))
    if lines:
        connection.execute(
            sql(
                connection,
                "INSERT INTO task_log (task_id, at, level, message) VALUES (:task, :at, :level, :message)",
            ),
            [{"task": t, "at": at, "level": level, "message": m} for t, at, level, m in lines],
        )
        uow.changed("task_log", "added", tasks=sorted({row[0] for row in lines}))
