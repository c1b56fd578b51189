"""The queue: tasks are claimed, held under a fencing token, finished or given back. One code for both databases.

A task is held by (runner, token). The token goes up with every claim, and every write for a task names it, so that who was
declared dead or replaced writes nothing any more. A lock (`leases` row) belongs to the task, not to the runner: work that
was interrupted half-way keeps its server to itself until it is finished by whoever claims it next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import JobState
from dsm_desktop.store.dialect import sql, sql_times
from dsm_desktop.store.models import JobTask
from dsm_desktop.store.orders import STOP_KEY
from dsm_desktop.store.pace import too_soon
from dsm_desktop.store.unit_of_work import UnitOfWork

HELD = datetime(9999, 1, 1, tzinfo=UTC)
"""`due_at` of a task that waits for its turn within its job (max_parallel): each task that ends gives one its turn."""


class LostLease(DsmError):
    """The task was taken over: by another runner after a silence, or by an operator. Nothing more may be done for it."""

    blame = Blame.HERE

    def __init__(self, task_id: int) -> None:
        super().__init__(
            "This task is no longer ours: it was taken over.",
            hint="The new holder continues it; nothing is to be done here.",
            where=f"task {task_id}",
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A task this runner now holds. `deaths` counts claims since a step last ended; `restoring` = only put things back."""

    task_id: int
    job_id: int
    server_id: int | None
    host_id: int | None
    target: str
    token: int
    deaths: int
    restoring: bool
    started: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a held task ended."""

    task_id: int
    token: int
    state: JobState
    message: str = ""
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


_DUE = f"""
    FROM job_tasks t
    WHERE t.state = 'pending' AND t.due_at <= {{now}}
      AND NOT EXISTS (SELECT 1 FROM settings s WHERE s.key = '{STOP_KEY}')
      AND (t.lock_key = '' OR NOT EXISTS (SELECT 1 FROM leases l WHERE l.key = t.lock_key AND l.task_id <> t.id))
"""  # noqa: S608 - constants only
# SQLite 3.40 answers `error IS NULL` wrongly inside RETURNING (0 for a NULL), so the value itself is asked for.
_CLAIM = f"""
    WITH due AS (SELECT t.id {_DUE} ORDER BY t.priority, t.due_at, t.id LIMIT :limit {{skip_locked}})
    UPDATE job_tasks SET state = 'running', runner_id = :runner, token = token + 1, attempt = attempt + 1,
        lease_until = NULL, started_at = COALESCE(started_at, {{now}})
    WHERE id IN (SELECT id FROM due)
    RETURNING id, job_id, server_id, host_id, target, token, attempt, lock_key, CAST(error AS TEXT) AS before, started_at,
        {{now}} AS seen_at
"""  # noqa: S608 - constants only
_LOCK = """
    INSERT INTO leases (key, purpose, runner_id, task_id, token, taken_at, expires_at)
    SELECT :key, j.kind || ' by ' || j.submitted_by, :runner, :task, :token, {now}, {now}
    FROM job_tasks t JOIN jobs j ON j.id = t.job_id WHERE t.id = :task
    ON CONFLICT (key) DO UPDATE SET runner_id = excluded.runner_id, token = excluded.token
        WHERE leases.task_id = excluded.task_id
"""
_UNCLAIM = """
    UPDATE job_tasks SET state = 'pending', runner_id = NULL, lease_until = NULL, attempt = attempt - 1,
        started_at = CASE WHEN :fresh = 1 THEN NULL ELSE started_at END WHERE id = :id
"""
_START_JOB = """
    UPDATE jobs SET state = 'running', started_at = COALESCE(started_at, {now}) WHERE id = :id AND state = 'pending'
"""


def claim(uow: UnitOfWork, runner_id: int, limit: int) -> list[Claim]:
    """Take up to `limit` due tasks, best priority first. Tasks whose server is locked by another task stay where they are."""
    connection = uow.session.connection()
    statement = sql_times(connection, _CLAIM, "started_at", "seen_at")
    found = connection.execute(statement, {"limit": limit, "runner": runner_id}).all()
    if not found:
        return []
    early = too_soon(connection, found, HELD)
    rows = sorted((row for row in found if row.id not in early), key=lambda row: row.id)
    refused = _lock(
        connection, [(row.lock_key, row.id, row.token) for row in rows if row.lock_key], runner_id
    )
    rows = [row for row in rows if row.id not in refused]
    _give_back(connection, refused | early, {row.id for row in found if row.started_at == row.seen_at})
    _start_jobs(uow, sorted({row.job_id for row in rows}))
    if rows:
        uow.changed("job_tasks", "changed", *(row.id for row in rows))
    return [
        Claim(
            row.id,
            row.job_id,
            row.server_id,
            row.host_id,
            row.target,
            row.token,
            row.attempt,
            row.before is not None,
            row.started_at,
            row.seen_at,
        )
        for row in rows
    ]


def due_exists(connection: Connection) -> bool:
    """Whether a claim would find something; asked first, because an empty claim would still be a write."""
    return connection.execute(sql(connection, f"SELECT 1 {_DUE} LIMIT 1")).first() is not None


_NEXT = (
    "SELECT {now} AS seen_at, MIN(due_at) AS first FROM job_tasks WHERE state = 'pending' AND due_at > {now}"
)


def next_due(connection: Connection) -> float:
    """Seconds until something more becomes due; infinity when nothing will."""
    row = connection.execute(sql_times(connection, _NEXT, "seen_at", "first")).one()
    return (row.first - row.seen_at).total_seconds() if row.first is not None else math.inf


def _lock(connection: Connection, wanted: Sequence[tuple[str, int, int]], runner_id: int) -> set[int]:
    """Take the locks of claimed tasks; returns the tasks that were a moment too late."""
    refused: set[int] = set()
    statement = sql(connection, _LOCK)
    for key, task, token in sorted(wanted):
        values = {"key": key, "runner": runner_id, "task": task, "token": token}
        if connection.execute(statement, values).rowcount == 0:
            refused.add(task)
    return refused


def _give_back(connection: Connection, task_ids: Iterable[int], fresh: set[int]) -> None:
    for task_id in task_ids:
        connection.execute(sql(connection, _UNCLAIM), {"id": task_id, "fresh": int(task_id in fresh)})


def _start_jobs(uow: UnitOfWork, job_ids: Sequence[int]) -> None:
    connection = uow.session.connection()
    for job_id in job_ids:
        if connection.execute(sql(connection, _START_JOB), {"id": job_id}).rowcount:
            uow.changed("jobs", "changed", job_id)


_HELD_BY = " WHERE runner_id = :runner AND state IN ('running', 'paused')"
_OURS = _HELD_BY + " AND id = :id AND token = :token"
_HOLD = "UPDATE job_tasks SET token = token" + _OURS  # noqa: S608 - constants only
_HOLD_FOR = "UPDATE job_tasks SET lease_until = {after:grace}" + _OURS  # noqa: S608 - constants only


def hold(uow: UnitOfWork, runner_id: int, task_id: int, token: int, *, grace: float | None = None) -> None:
    """Make sure, until the commit, that the task is still ours; LostLease otherwise.

    `grace` notes that a change of a device is on its way for so many seconds: should we die now, nobody looks at the
    device before that, because the request may still arrive.
    """
    connection = uow.session.connection()
    statement = sql(connection, _HOLD if grace is None else _HOLD_FOR)
    values = {"id": task_id, "token": token, "runner": runner_id, "grace": grace}
    if grace is None:
        del values["grace"]
    if connection.execute(statement, values).rowcount == 0:
        raise LostLease(task_id)


_FINISH = """
    UPDATE job_tasks SET state = :state, message = :message, result = :result, error = :error, finished_at = {now},
        lease_until = NULL
    WHERE id = :id
"""


def finish(uow: UnitOfWork, runner_id: int, outcomes: Sequence[Outcome]) -> list[int]:
    """Close held tasks and roll their jobs up; returns the tasks that were not ours any more.

    Repeated after a commit whose answer was lost it changes nothing: a task that is closed under the same token is ours.
    """
    connection = uow.session.connection()
    rows = _held_rows(connection, runner_id, [outcome.task_id for outcome in outcomes])
    ended: dict[int, list[JobState]] = {}
    lost: list[int] = []
    values: list[dict[str, Any]] = []
    locked: list[int] = []
    for outcome in sorted(outcomes, key=lambda o: o.task_id):
        row = rows.get(outcome.task_id)
        if row is None or row.token != outcome.token or row.state not in ("running", "paused"):
            if row is None or (row.token, row.state) != (outcome.token, outcome.state.value):
                lost.append(outcome.task_id)
            continue
        ended.setdefault(row.job_id, []).append(outcome.state)
        values.append(
            {
                "id": outcome.task_id,
                "state": outcome.state.value,
                "message": outcome.message,
                "result": outcome.result,
                "error": outcome.error,
            }
        )
        if row.lock_key:
            locked.append(outcome.task_id)
    if values:
        connection.execute(sql(connection, _FINISH), values)
        uow.changed("job_tasks", "changed", *(value["id"] for value in values))
    if locked:
        unlock(connection, locked)
        uow.changed("job_tasks", "due")
    for job_id in sorted(ended):
        _roll_up(uow, job_id, ended[job_id])
    return lost


def _held_rows(connection: Connection, runner_id: int, task_ids: Sequence[int]) -> dict[int, Any]:
    """The tasks as they are, theirs until the commit (Postgres locks the rows; SQLite has one writer)."""
    found = connection.execute(
        select(JobTask.id, JobTask.job_id, JobTask.token, JobTask.state, JobTask.lock_key)
        .where(JobTask.id.in_(task_ids), JobTask.runner_id == runner_id)
        .order_by(JobTask.id)
        .with_for_update()
    )
    return {row.id: row for row in found}


def unlock(connection: Connection, task_ids: Iterable[int]) -> None:
    """Give the locks of these tasks free."""
    connection.execute(
        sql(connection, "DELETE FROM leases WHERE task_id = :id"), [{"id": i} for i in task_ids]
    )


_COUNT = """
    UPDATE jobs SET done = done + :done, failed = failed + :failed, cancelled = cancelled + :cancelled WHERE id = :id
    RETURNING total, done, failed, cancelled, cancel_grade, stop_on_failure, max_parallel, stagger_seconds
"""


def _roll_up(uow: UnitOfWork, job_id: int, states: Sequence[JobState]) -> None:
    """Count ended tasks into their job; close the job, stop its rest, or give the next tasks their turn."""
    connection = uow.session.connection()
    counts = {
        "id": job_id,
        "done": states.count(JobState.COMPLETED),
        "failed": states.count(JobState.FAILED),
        "cancelled": states.count(JobState.CANCELLED),
    }
    job = connection.execute(sql(connection, _COUNT), counts).one()
    uow.changed("jobs", "changed", job_id)
    if job.done + job.failed + job.cancelled >= job.total:
        _close_job(connection, job_id, job)
    elif job.failed and job.stop_on_failure and counts["failed"]:
        cancel_unstarted(uow, job_id)
    elif job.max_parallel:
        _next_turns(connection, job_id, len(states), job.stagger_seconds)
        uow.changed("job_tasks", "due")


_CLOSE_JOB = "UPDATE jobs SET state = :state, message = :message, finished_at = {now} WHERE id = :id"


def _close_job(connection: Connection, job_id: int, job: Any) -> None:
    if job.cancelled and (job.cancel_grade or not job.failed):
        state = JobState.CANCELLED
    elif job.failed and (not job.done or job.cancelled):
        state = JobState.FAILED
    else:
        state = JobState.COMPLETED
    parts = [f"{n} {word}" for n, word in ((job.failed, "failed"), (job.cancelled, "cancelled")) if n]
    message = f"{job.done} of {job.total} done" + (f", {', '.join(parts)}" if parts else "")
    values = {"id": job_id, "state": state.value, "message": message}
    connection.execute(sql(connection, _CLOSE_JOB), values)


_TURN = """
    UPDATE job_tasks SET due_at = :due WHERE id IN (
        SELECT id FROM job_tasks WHERE job_id = :job AND state = 'pending' AND due_at = :held ORDER BY id LIMIT 1)
"""
_LAST_START = (
    "SELECT {now} AS seen_at, MAX(due_at) AS last FROM job_tasks WHERE job_id = :job AND due_at < :held"
)


def _next_turns(connection: Connection, job_id: int, count: int, stagger: float) -> None:
    """Give `count` held tasks their turn, each at least `stagger` seconds after the start before it."""
    for _ in range(count):
        statement = sql_times(connection, _LAST_START, "seen_at", "last")
        row = connection.execute(statement, {"job": job_id, "held": HELD}).one()
        due = max(row.seen_at, row.last + timedelta(seconds=stagger)) if row.last else row.seen_at
        connection.execute(sql(connection, _TURN), {"job": job_id, "due": due, "held": HELD})


_CANCEL_UNSTARTED = """
    UPDATE job_tasks SET state = 'cancelled', finished_at = {now} WHERE job_id = :job AND state = 'pending' AND started_at IS NULL
    RETURNING id
"""
# Interrupted ones that wait for their turn must come up to put things back.
_ALL_TURNS = (
    "UPDATE job_tasks SET due_at = {now} WHERE job_id = :job AND state = 'pending' AND due_at = :held"
)


def cancel_unstarted(uow: UnitOfWork, job_id: int) -> int:
    """Close every task of the job that no runner has ever begun; returns how many. Begun ones end through a runner."""
    connection = uow.session.connection()
    ids = [row.id for row in connection.execute(sql(connection, _CANCEL_UNSTARTED), {"job": job_id})]
    connection.execute(sql(connection, _ALL_TURNS), {"job": job_id, "held": HELD})
    if ids:
        uow.changed("job_tasks", "changed", *ids)
        _roll_up(uow, job_id, [JobState.CANCELLED] * len(ids))
    return len(ids)


# A grace further ahead than it is long was written before the clock was set back.
_RELEASE = """
    UPDATE job_tasks SET state = 'pending', runner_id = NULL, lease_until = NULL, due_at = CASE
        WHEN lease_until > {after:grace} THEN {after:grace} WHEN lease_until > {now} THEN lease_until ELSE {now} END
"""
_RELEASE_NOW = """
    UPDATE job_tasks SET state = 'pending', runner_id = NULL, lease_until = NULL, due_at = {now}
"""


def release(uow: UnitOfWork, runner_id: int, task_id: int, token: int, *, grace: float | None = None) -> None:
    """Give a task back unfinished. At a safe point (no `grace`) anybody may go on with it at once and nothing is held
    against it; else as after a death of its runner, with so many seconds at most for a change on its way."""
    connection = uow.session.connection()
    values: dict[str, Any] = {"id": task_id, "token": token, "runner": runner_id}
    if grace is None:
        connection.execute(sql(connection, _RELEASE_NOW + ", attempt = 0" + _OURS), values)
    else:
        connection.execute(sql(connection, _RELEASE + _OURS), values | {"grace": grace})
    _freed(uow, [task_id])


def release_some(uow: UnitOfWork, runner_id: int, task_ids: Sequence[int]) -> list[int]:
    """Give back tasks the database says we hold and we never heard of."""
    connection = uow.session.connection()
    statement = sql(connection, _RELEASE_NOW + _HELD_BY + " AND id = :id RETURNING id")
    freed: list[int] = []
    for task_id in task_ids:
        freed += connection.scalars(statement, {"id": task_id, "runner": runner_id})
    return _freed(uow, freed)


def release_all(uow: UnitOfWork, runner_id: int, *, grace: float) -> list[int]:
    """Give back everything a runner held that is dead or signs off. A task with a change on its way becomes due when its
    grace has passed, which is at most `grace` seconds from now."""
    connection = uow.session.connection()
    statement = sql(connection, _RELEASE + _HELD_BY + " RETURNING id")
    return _freed(uow, list(connection.scalars(statement, {"runner": runner_id, "grace": grace})))


def _freed(uow: UnitOfWork, ids: list[int]) -> list[int]:
    if ids:
        uow.changed("job_tasks", "changed", *ids)
        uow.changed("job_tasks", "due")
    return ids


def held_by(connection: Connection, runner_id: int) -> list[int]:
    """Tasks the database says this runner holds."""
    statement = sql(connection, "SELECT id FROM job_tasks" + _HELD_BY + " ORDER BY id")  # noqa: S608 - constants only
    return list(connection.scalars(statement, {"runner": runner_id}))
