"""Turns: what only one task at a time may have beside its own lock, taken in the middle of its work and kept until it ends."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from dsm_desktop.core.states import JobState
from dsm_desktop.store.dialect import sql
from dsm_desktop.store.models import Job, JobTask, Lease

_TAKE = """
    INSERT INTO leases (key, purpose, runner_id, task_id, token, taken_at, expires_at)
    SELECT :key, j.kind || ' by ' || j.submitted_by, t.runner_id, t.id, t.token, {now}, {now}
    FROM job_tasks t JOIN jobs j ON j.id = t.job_id WHERE t.id = :task
    ON CONFLICT (key) DO UPDATE SET runner_id = excluded.runner_id, token = excluded.token
        WHERE leases.task_id = excluded.task_id
"""
_FINAL = [s.value for s in JobState if s.final]


@dataclass(frozen=True, slots=True)
class Turn:
    """Who has it: job and its target in words."""

    job_id: int
    target: str


def take_turn(connection: Connection, task_id: int, key: str) -> Turn | None:
    """Take the turn for a running task that has a lock, with which it is given up; returns who has it instead, None = ours."""
    if connection.execute(sql(connection, _TAKE), {"key": key, "task": task_id}).rowcount:
        return None
    query = (
        select(JobTask.job_id, JobTask.target)
        .join(Lease, Lease.task_id == JobTask.id)
        .where(Lease.key == key)
    )
    row = connection.execute(query).first()
    return Turn(row.job_id, row.target) if row is not None else Turn(0, "")


def works_for(connection: Connection, task_id: int, kind: str) -> bool:
    """Whether the task's job was started by a job of this kind that is still at work."""
    parent = aliased(Job)
    query = (
        select(parent.id)
        .join(Job, Job.parent_id == parent.id)
        .join(JobTask, JobTask.job_id == Job.id)
        .where(
            JobTask.id == task_id,
            Job.retry_of_id.is_(None),  # a retry is a person's, and nobody has judged it
            parent.kind == kind,
            parent.state.not_in(_FINAL),
        )
    )
    return connection.scalar(query) is not None
