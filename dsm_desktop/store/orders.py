"""What people have ordered of running work: the emergency stop and cancels."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from dsm_desktop.store.dialect import sql
from dsm_desktop.store.models import Job

STOP_KEY = "emergency_stop"
"""Row of `settings` that stands while everything is stopped."""

_IS_STOPPED = f"SELECT 1 FROM settings WHERE key = '{STOP_KEY}'"  # noqa: S608 - constants only
_ORDERS = f"SELECT cancel_grade, EXISTS (SELECT 1 FROM settings WHERE key = '{STOP_KEY}') AS stopped FROM jobs WHERE id = :id"  # noqa: S608 - constants only


def is_stopped(connection: Connection) -> bool:
    """Whether the emergency stop stands."""
    return connection.execute(sql(connection, _IS_STOPPED)).first() is not None


def orders(connection: Connection, job_id: int) -> tuple[bool, int]:
    """What people have ordered by now: whether everything is stopped, and how soon this job is to stop."""
    row = connection.execute(sql(connection, _ORDERS), {"id": job_id}).one()
    return bool(row.stopped), int(row.cancel_grade)


def cancel_grades(connection: Connection, job_ids: Iterable[int]) -> dict[int, int]:
    """How soon each of these jobs was asked to stop (0 = not)."""
    statement = select(Job.id, Job.cancel_grade).where(Job.id.in_(list(job_ids)), Job.cancel_grade > 0)
    return {row.id: row.cancel_grade for row in connection.execute(statement)}
