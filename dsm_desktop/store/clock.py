"""The database's clock was set: what was to happen after so many seconds still happens then.

Times in the store are the database's. A start somebody scheduled and a maintenance window mean that clock and follow it when
it is set. What was to be waited for (the grace of a dead runner, a pause between starts, the deadline of a question, a parked
wait) means seconds: its times are carried along by the step, or an hour backward would be an hour of standstill, and an hour
forward would answer questions nobody has had the time to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from dsm_desktop.core.states import JobState, StepState
from dsm_desktop.store import audit
from dsm_desktop.store.models import Decision, DeviceJob, Job, JobTask, Runner, TaskStep, db_now
from dsm_desktop.store.queue import HELD
from dsm_desktop.store.unit_of_work import UnitOfWork

STEP_ACTION = "clock.step"
"""In the audit log, with the `seconds` in its detail."""
_AUDITED_FROM = timedelta(minutes=1)
NOTICED_FROM = timedelta(seconds=1)
"""Smaller steps are left alone: NTP's corrections, and the time a question to the database takes."""


@dataclass(frozen=True, slots=True)
class Step:
    """The clock stood at `since` right after it was set at the earliest; at `now` it should have shown `expected`."""

    since: datetime
    expected: datetime
    now: datetime

    @property
    def by(self) -> timedelta:
        return self.now - self.expected

    def before(self, written: datetime) -> bool:
        """Whether what was written then was written before the step. Where both may be, it was not: then a wait is carried
        too little by the length of the step, but nothing is due too early after a step backward."""
        return not self.since <= written <= self.now


def unwatched(connection: Connection, lease: float) -> Step | None:
    """A step backward that nobody has seen, as after a start with an empty clock battery. Runners renew their rows to `lease`
    seconds ahead and end them when they stop, so the clock has shown the newest of them. How long nobody was there is not
    known: it counts as nothing."""
    ended = Runner.state == "stopped"
    stopped, others, now = connection.execute(
        select(
            func.max(Runner.expires_at).filter(ended), func.max(Runner.expires_at).filter(~ended), db_now()
        )
    ).one()
    shown = max(filter(None, (stopped, others and others - timedelta(seconds=lease))), default=now)
    return Step(now - timedelta(seconds=lease), shown, now) if shown - now >= NOTICED_FROM else None


def carry(uow: UnitOfWork, step: Step, *, lease: float, grace: float) -> int:
    """Carry the times of everything that waits along; returns how many. `lease` and `grace` in seconds, as the runners
    have them."""
    _lower_signs(uow, Runner.state == "stopped", step.now)
    _lower_signs(uow, Runner.state != "stopped", step.now + timedelta(seconds=lease))
    seconds = round(step.by.total_seconds())
    if abs(step.by) >= _AUDITED_FROM:
        audit.append(
            uow, "runner", STEP_ACTION, f"the store's clock was set by {seconds:+d} s", seconds=seconds
        )
    _looks(uow, step)
    return _questions(uow, step) + _waits(uow, step) + _tasks(uow, step, timedelta(seconds=grace))


def _move(uow: UnitOfWork, column: InstrumentedAttribute[Any], moved: list[dict[str, Any]]) -> int:
    """Set `column` of the rows given as {"row": id, "at": time}."""
    if moved:
        table = column.class_.__table__
        statement = update(table).where(table.c.id == bindparam("row")).values({column.key: bindparam("at")})
        uow.session.connection().execute(statement, moved)
    return len(moved)


def _questions(uow: UnitOfWork, step: Step) -> int:
    unanswered = select(Decision.id, Decision.asked_at, Decision.deadline).where(Decision.answer.is_(None))
    rows = [row for row in uow.session.execute(unanswered) if step.before(row.asked_at)]
    _move(uow, Decision.asked_at, [{"row": row.id, "at": row.asked_at + step.by} for row in rows])
    if rows:
        uow.changed("decisions", "changed", *(row.id for row in rows))
    return _move(uow, Decision.deadline, [{"row": row.id, "at": row.deadline + step.by} for row in rows])


def _waits(uow: UnitOfWork, step: Step) -> int:
    """Whoever takes a wait over counts it from where it first began."""
    open_waits = select(TaskStep.id, TaskStep.begun_at).where(
        TaskStep.kind == "wait", TaskStep.state == StepState.BEGUN.value
    )
    rows = [row for row in uow.session.execute(open_waits) if step.before(row.begun_at)]
    return _move(uow, TaskStep.begun_at, [{"row": row.id, "at": row.begun_at + step.by} for row in rows])


def _tasks(uow: UnitOfWork, step: Step, grace: timedelta) -> int:
    """Backward: whatever would wait for longer than the grace, but not a scheduled start that has not come. Forward: the
    grace alone, of tasks given back and of changes on their way; the claim itself keeps pauses between starts."""
    waiting = (
        select(JobTask.id, JobTask.due_at.label("at"))
        .join(Job, Job.id == JobTask.job_id)
        .where(JobTask.state == JobState.PENDING.value, JobTask.due_at < HELD)
    )
    if step.by < timedelta():
        counted = (JobTask.token > 0) | Job.schedule_at.is_(None) | Job.started_at.is_not(None)
        due = waiting.where(counted, JobTask.due_at > step.now + grace)
        flying = None
    else:
        end = step.expected + grace
        due = waiting.where(JobTask.token > 0, JobTask.due_at > step.expected, JobTask.due_at <= end)
        flying = select(JobTask.id, JobTask.lease_until.label("at")).where(
            JobTask.lease_until > step.expected, JobTask.lease_until <= end
        )
    moved = 0
    for column, statement in ((JobTask.due_at, due), (JobTask.lease_until, flying)):
        if statement is not None:
            rows = uow.session.execute(statement).all()
            moved += _move(uow, column, [{"row": row.id, "at": row.at + step.by} for row in rows])
    if moved:
        uow.changed("job_tasks", "due")
    return moved


def _looks(uow: UnitOfWork, step: Step) -> None:
    """A device that was seen writing firmware is left alone for so long after that look."""
    seen = select(DeviceJob.id, DeviceJob.seen_at)
    rows = [row for row in uow.session.execute(seen) if step.before(row.seen_at)]
    _move(uow, DeviceJob.seen_at, [{"row": row.id, "at": row.seen_at + step.by} for row in rows])


def _lower_signs(uow: UnitOfWork, which: ColumnElement[bool], highest: datetime) -> None:
    """Rows of ended runners must not tell of the clock before it was set once more."""
    uow.session.execute(update(Runner).where(which, Runner.expires_at > highest).values(expires_at=highest))
