"""What the restore list says to work that goes on: what was left under way, who left a host as it is, what was put back before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from dsm_desktop.core.states import JobState
from dsm_desktop.store.models import Job, JobTask, RestoreItem
from dsm_desktop.store.unit_of_work import UnitOfWork

_OPEN = ("standing", "failed")
_FINAL = [s.value for s in JobState if s.final]
CERTIFICATE = "pin"
"""Name of the promise to believe a certificate that is being put on an iDRAC; its original: {"fingerprint": SHA-256}."""
OURS_NO_MORE = "ours_no_more"
"""In the original of a promise: it was put back, and what is found changed from then on is somebody else's. It still stands for
what is waited for afterwards."""


def left_standing(connection: Connection, task_id: int, names: Sequence[str]) -> list[str]:
    """What stands on the restore list for a task under these names, in words."""
    query = (
        select(RestoreItem.what)
        .where(
            RestoreItem.task_id == task_id,
            RestoreItem.name.in_(names),
            RestoreItem.state.in_(_OPEN),
        )
        .order_by(RestoreItem.id)
    )
    return list(connection.scalars(query))


def puts_certificate(connection: Connection, server_id: int, fingerprint: str) -> bool:
    """Whether the newest certificate that this program has put on a server's iDRAC is the one of this fingerprint. Some show it
    only after a restart long after the job."""
    query = (
        select(RestoreItem.original)
        .where(RestoreItem.server_id == server_id, RestoreItem.name == CERTIFICATE)
        .order_by(RestoreItem.id.desc())
        .limit(1)
    )
    newest = connection.scalar(query)
    return newest is not None and newest.get("fingerprint") == fingerprint


def left_on_host(connection: Connection, host_id: int, name: str) -> int | None:
    """The newest ended job that has left a promise of this name standing on a host."""
    query = (
        select(JobTask.job_id, RestoreItem.original)
        .join(RestoreItem, RestoreItem.task_id == JobTask.id)
        .where(
            JobTask.host_id == host_id,
            JobTask.state.in_(_FINAL),
            RestoreItem.name == name,
            RestoreItem.state.in_(_OPEN),
        )
        .order_by(RestoreItem.id.desc())
    )
    return next((row.job_id for row in connection.execute(query) if OURS_NO_MORE not in row.original), None)


def ours_no_more(connection: Connection, task_id: int, name: str) -> bool:
    """Whether what a task promised to put back was seen to be so."""
    query = select(RestoreItem.original).where(RestoreItem.task_id == task_id, RestoreItem.name == name)
    return any(OURS_NO_MORE in original for original in connection.scalars(query))


def let_go(uow: UnitOfWork, task_id: int, name: str) -> None:
    """It was seen to be so: nothing found changed after this is ours."""
    query = select(RestoreItem).where(RestoreItem.task_id == task_id, RestoreItem.name == name)
    for item in uow.session.scalars(query):
        item.original = item.original | {OURS_NO_MORE: True}
        uow.changed("restore_list", "changed", item.id)


def put_back_by_others(connection: Connection, task_id: int, name: str) -> list[str]:
    """Keys of promises of this name that other tasks of the same work (the job, or the jobs of one run) have kept already."""
    work = func.coalesce(Job.parent_id, Job.id)
    own = select(work).join(JobTask, JobTask.job_id == Job.id).where(JobTask.id == task_id)
    query = (
        select(RestoreItem.key)
        .join(JobTask, JobTask.id == RestoreItem.task_id)
        .join(Job, Job.id == JobTask.job_id)
        .where(
            work == own.scalar_subquery(),
            RestoreItem.task_id != task_id,
            RestoreItem.name == name,
            RestoreItem.state == "restored",
        )
    )
    return list(connection.scalars(query))
