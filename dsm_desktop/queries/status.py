"""How the program itself is doing: running work, runners, locks, queue, feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import OPEN
from dsm_desktop.store.models import Decision, FeedEntry, Job, JobTask, Lease, RestoreItem, Runner, db_now


@dataclass(frozen=True, slots=True)
class WorkNumbers:
    """What is going on, for the status bar. `percent` over the targets of all open jobs;
    `failed_today` = jobs that ended in the last 24 hours with a failed target."""

    open_jobs: int
    running_tasks: int
    waiting_tasks: int
    percent: int
    decisions: int
    standing: int
    failed_today: int


def work_numbers(connection: Connection) -> WorkNumbers:
    """Counts of open work."""
    jobs, total, through = connection.execute(
        select(func.count(), func.sum(Job.total), func.sum(Job.done + Job.failed + Job.cancelled)).where(
            Job.state.in_(OPEN)
        )
    ).one()
    by_state = select(JobTask.state, func.count()).where(JobTask.state.in_(OPEN)).group_by(JobTask.state)
    tasks: dict[str, int] = {state: n for state, n in connection.execute(by_state)}  # noqa: C416
    now = connection.scalar(select(db_now()))
    assert now is not None
    failed = connection.scalar(
        select(func.count()).where(Job.finished_at > now - timedelta(hours=24), Job.failed > 0)
    )
    return WorkNumbers(
        open_jobs=jobs,
        running_tasks=tasks.get(JobState.RUNNING, 0),
        waiting_tasks=tasks.get(JobState.PENDING, 0),
        percent=round(100 * (through or 0) / total) if total else 0,
        decisions=connection.scalar(
            select(func.count(Decision.id))
            .join(JobTask, JobTask.id == Decision.task_id)
            .where(Decision.answer.is_(None), JobTask.state.in_(OPEN))
        )
        or 0,
        standing=connection.scalar(select(func.count()).where(RestoreItem.state.in_(("standing", "failed"))))
        or 0,
        failed_today=failed or 0,
    )


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """A process that runs tasks; `alive` by the database's clock."""

    id: int
    name: str
    kind: str
    host: str
    pid: int
    version: str
    slots: int
    state: str
    started_at: datetime
    expires_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """An exclusive lock and who holds it for what."""

    id: int
    key: str
    purpose: str
    runner: str
    taken_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the diagnostics page shows. `oldest_due_seconds`: how long the first waiting task has been due."""

    runners: tuple[RunnerRow, ...]
    leases: tuple[LeaseRow, ...]
    waiting: int
    running: int
    oldest_due_seconds: float
    feed_entries: int
    newest_feed: datetime | None
    database_time: datetime


def diagnostics(connection: Connection) -> Diagnostics:
    """Runners, locks and queue depth at this moment."""
    now = connection.scalar(select(db_now()))
    assert now is not None
    r = Runner
    runners = tuple(
        RunnerRow(*row)
        for row in connection.execute(
            select(
                r.id,
                r.name,
                r.kind,
                r.host,
                r.pid,
                r.version,
                r.slots,
                r.state,
                r.started_at,
                r.expires_at,
                r.expires_at > now,
            ).order_by(r.id.desc())
        )
    )
    held = select(
        Lease.key, Lease.purpose, func.coalesce(r.name, ""), Lease.taken_at, Lease.expires_at
    ).outerjoin(r, r.id == Lease.runner_id)
    leases = tuple(LeaseRow(number, *row) for number, row in enumerate(connection.execute(held)))
    waiting, oldest = connection.execute(
        select(func.count(), func.min(JobTask.due_at)).where(
            JobTask.state == JobState.PENDING, JobTask.due_at <= now
        )
    ).one()
    running = connection.scalar(select(func.count()).where(JobTask.state == JobState.RUNNING)) or 0
    entries, newest = connection.execute(select(func.count(FeedEntry.id), func.max(FeedEntry.at))).one()
    return Diagnostics(
        runners,
        leases,
        waiting,
        running,
        (now - oldest).total_seconds() if oldest else 0.0,
        entries,
        newest,
        now,
    )
