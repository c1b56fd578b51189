"""How the program itself is doing: running work, runners, locks, queue, feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import OPEN
from dsm_desktop.queries.newest import server_label
from dsm_desktop.queries.run_told import told
from dsm_desktop.store.models import (
    Decision,
    EsxiHost,
    FeedEntry,
    Job,
    JobTask,
    Lease,
    RestoreItem,
    Runner,
    Server,
    VsphereObject,
    db_now,
)
from dsm_desktop.store.orders import runs_going_on
from dsm_desktop.store.queue import HELD
from dsm_desktop.store.runners import LEADER_KEY


@dataclass(frozen=True, slots=True)
class WorkNumbers:
    """What is going on, for the status bar. `paused_tasks` wait for an answer; `next_start`: when the first of the waiting
    tasks is due that is not due yet. `percent` over the targets of all open jobs;
    `failed_today` = jobs that ended in the last 24 hours with a failed target. `clock_ahead`: seconds by which this machine's
    clock is ahead of the store's, which tells all times. `runs`: rolling updates that could be paused."""

    open_jobs: int
    running_tasks: int
    waiting_tasks: int
    paused_tasks: int
    next_start: datetime | None
    percent: int
    decisions: int
    standing: int
    failed_today: int
    clock_ahead: float
    runs: tuple[int, ...]

    @property
    def work_left(self) -> bool:
        """Whether anything is still to be done: under way, waiting for its time or for an answer."""
        return self.running_tasks + self.waiting_tasks + self.paused_tasks > 0


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
        paused_tasks=tasks.get(JobState.PAUSED, 0),
        next_start=connection.scalar(
            select(func.min(JobTask.due_at)).where(
                JobTask.state == JobState.PENDING, JobTask.due_at > now, JobTask.due_at < HELD
            )
        ),
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
        clock_ahead=(datetime.now(UTC) - now).total_seconds(),
        runs=tuple(run for run in runs_going_on(connection) if not told(connection, run).over),
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
    """An exclusive lock and who holds it for what; `what` is locked, by name as far as it has one, else its key."""

    id: int
    what: str
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
    locks = connection.execute(held).all()
    names = _names(connection, [row.key for row in locks])
    leases = tuple(LeaseRow(n, names.get(row.key, row.key), *row) for n, row in enumerate(locks))
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


def _names(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Names by key ("server:12", "host:3", "cluster:1:domain-c8") of what stands in the store."""
    found = {LEADER_KEY: "the whole store"}
    for kind, column, name in (("server", Server.id, server_label()), ("host", EsxiHost.id, EsxiHost.name)):
        numbers = [key.removeprefix(f"{kind}:") for key in keys if key.startswith(f"{kind}:")]
        ids = [int(number) for number in numbers if number.isdecimal()][:900]
        for i, said in connection.execute(select(column, name).where(column.in_(ids))):
            found[f"{kind}:{i}"] = said or f"{kind}:{i}"
    o = VsphereObject
    moids = [key.rpartition(":")[2] for key in keys if key.startswith("cluster:")][:900]
    clusters = select(o.vcenter_id, o.moid, o.name).where(o.kind == "cluster", o.moid.in_(moids))
    for vcenter_id, moid, said in connection.execute(clusters):
        found[f"cluster:{vcenter_id}:{moid}"] = said
    return found
