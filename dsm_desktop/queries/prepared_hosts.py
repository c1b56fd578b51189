"""Hosts that a finished job has left in maintenance mode because that was asked for, and what it changed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.states import JobState
from dsm_desktop.store.models import JobTask, RestoreItem

_FINAL = [s.value for s in JobState if s.final]


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry of the restore list of an ended task. `before` is that task's note of the host, {} where it has none."""

    task_id: int
    job_id: int
    name: str
    key: str
    what: str
    original: dict[str, Any]
    before: dict[str, Any]


def standing_of_host(connection: Connection, host_id: int) -> list[Standing]:
    """What ended tasks have left changed on a host, in the order in which it was changed."""
    item = RestoreItem
    rows = connection.execute(
        select(item.task_id, JobTask.job_id, item.name, item.key, item.what, item.original, JobTask.result)
        .join(JobTask, JobTask.id == item.task_id)
        .where(
            JobTask.host_id == host_id,
            JobTask.state.in_(_FINAL),
            item.state.in_(["standing", "failed"]),
        )
        .order_by(item.id)
    )
    return [
        Standing(task or 0, job, name, key, what, original, (result or {}).get("before") or {})
        for task, job, name, key, what, original, result in rows
    ]
