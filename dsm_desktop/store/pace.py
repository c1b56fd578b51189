"""Pauses between the starts of a job's tasks, counted from real starts: a runner that comes late must not start all at once
what had become due meanwhile (twenty servers switched on in one second can trip a fuse)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from dsm_desktop.core.states import JobState
from dsm_desktop.store.models import Job, JobTask


def too_soon(connection: Connection, rows: Sequence[Any], held: datetime) -> set[int]:
    """Ids of just claimed tasks (rows with id, job_id, started_at, seen_at) that must wait for the pause of their job.

    Their jobs' waiting tasks are moved so that every two starts are the pause apart. Tasks that go on after an interruption
    are never held up. `held` is the due time of tasks that wait for a place, which are not touched.
    """
    fresh = [row for row in rows if row.started_at == row.seen_at]
    jobs = select(Job.id, Job.stagger_seconds).where(
        Job.id.in_({row.job_id for row in fresh}), Job.stagger_seconds > 0
    )
    refused: set[int] = set()
    # The row lock lets a second runner see the first one's start before it decides.
    for job_id, stagger in connection.execute(jobs.with_for_update()).all():
        mine = sorted(row.id for row in fresh if row.job_id == job_id)
        seen = next(row.seen_at for row in fresh if row.job_id == job_id)
        refused |= _spaced(connection, job_id, timedelta(seconds=stagger), mine, seen, held)
    return refused


def _spaced(
    connection: Connection, job_id: int, pause: timedelta, mine: list[int], seen: datetime, held: datetime
) -> set[int]:
    # Starts in the future were before the clock was set back; the due times were carried along (store.clock).
    others = (JobTask.job_id == job_id, JobTask.id.not_in(mine), JobTask.started_at <= seen)
    last = connection.scalar(select(func.max(JobTask.started_at)).where(*others))
    may_start = last is None or seen - last >= pause
    kept, due = (mine[:1], seen) if may_start or last is None else ([], last)
    refused = set(mine) - set(kept)
    waiting = connection.execute(
        select(JobTask.id, JobTask.due_at)
        .where(
            JobTask.job_id == job_id,
            (JobTask.state == JobState.PENDING.value) | JobTask.id.in_(refused),
            JobTask.due_at < held,
        )
        .order_by(JobTask.id)
    ).all()
    moved = []
    for task_id, was_due in waiting:
        due += pause
        if was_due < due:
            moved.append({"task": task_id, "due": due})
    if moved:
        connection.execute(
            update(JobTask).where(JobTask.id == bindparam("task")).values(due_at=bindparam("due")), moved
        )
    return refused
