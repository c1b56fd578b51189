"""What people have ordered of running work: the emergency stop and cancels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from dsm_desktop.core.states import JobState
from dsm_desktop.store.dialect import sql
from dsm_desktop.store.models import Job, Setting
from dsm_desktop.store.unit_of_work import UnitOfWork

STOP_KEY = "emergency_stop"
"""Row of `settings` that stands while everything is stopped."""
ROLL_KIND = "rolling_update"
_OPEN = tuple(state.value for state in JobState if not state.final)


def roll_key(job_id: int) -> str:
    """Row of `settings` with what people have told a rolling update: {"paused": who or "", "skip": [host ids]}."""
    return f"roll.{job_id}"


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


@dataclass(frozen=True, slots=True)
class RollOrders:
    """What people have told a rolling update by now. `paused` by whom, "" = not; `skip` ids of hosts to leave out."""

    grade: int = 0
    paused: str = ""
    skip: tuple[int, ...] = ()


def roll_orders(connection: Connection, job_id: int) -> RollOrders:
    """The orders for one run."""
    grade = connection.scalar(select(Job.cancel_grade).where(Job.id == job_id)) or 0
    said = connection.scalar(select(Setting.value).where(Setting.key == roll_key(job_id))) or {}
    return RollOrders(grade, str(said.get("paused", "")), tuple(said.get("skip", ())))


def at_last(uow: UnitOfWork, job_id: int, look: Callable[[UnitOfWork], bool]) -> bool:
    """What `look` finds, while until the commit nobody gives this job another order: who does locks its row first."""
    uow.session.execute(select(Job.id).where(Job.id == job_id).with_for_update(read=True, key_share=True))
    return look(uow)


def runs_going_on(connection: Connection) -> tuple[int, ...]:
    """Rolling updates that have not ended and that nobody has paused or told to stop, oldest first."""
    wanted = select(Job.id).where(Job.kind == ROLL_KIND, Job.state.in_(_OPEN), Job.cancel_grade == 0)
    ids = connection.scalars(wanted.order_by(Job.id)).all()
    return tuple(number for number in ids if not roll_orders(connection, number).paused)


def forget_roll_orders(connection: Connection, job_id: int) -> None:
    """The run has ended."""
    connection.execute(delete(Setting).where(Setting.key == roll_key(job_id)))
