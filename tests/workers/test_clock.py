"""Steps of the database's clock: when there was one, and what is carried along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from dsm_desktop.commands.jobs import submit
from dsm_desktop.jobs import Catalogue, JobContext
from dsm_desktop.store import queue, runners, steps
from dsm_desktop.store.clock import Step, carry, unwatched
from dsm_desktop.store.models import DeviceJob, JobTask, Runner, TaskStep, db_now
from dsm_desktop.store.runners import RunnerFacts
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.clock import StepWatch
from tests.kit.work import ANNA, add_servers, job_of, task_rows

THEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE, GRACE = 30.0, 30.0


async def body(ctx: JobContext) -> str:
    return ""


WORK = job_of(body)


@pytest.mark.parametrize(
    ("passed", "shown", "step"),
    [
        (2.5, 2.5, 0.0),
        (2.5, 2.5 + 3600, 3600.0),
        (2.5, 2.5 - 3600, -3600.0),
        (2.5, 2.7, 0.0),
        (28_800.0, 28_800.0, 0.0),  # the computer slept: our counter went on too
    ],
)
def test_a_step_is_what_the_counter_does_not_explain(passed: float, shown: float, step: float) -> None:
    watch = StepWatch()
    assert watch.look(THEN, 100.0, 100.0) is None
    found = watch.look(THEN + timedelta(seconds=shown), 100.0 + passed, 100.0 + passed)
    assert (found.by.total_seconds() if found else 0.0) == step


def test_a_slow_answer_is_no_step() -> None:
    watch = StepWatch()
    watch.look(THEN, 100.0, 109.0)
    assert watch.look(THEN + timedelta(seconds=11), 110.0, 118.0) is None
    assert watch.look(THEN + timedelta(seconds=30), 119.0, 119.0) is not None


FAR = RunnerFacts("far runner", "test", "far", 1, "1", 1)


def _held(store: Store) -> int:
    """A task that is held, with a wait that has begun and a change on its way; its job."""
    servers = add_servers(store, 1)
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([WORK]), "work", servers, {})
    with store.write() as uow:
        runner = runners.register(uow, FAR, lease=LEASE)
    with store.write() as uow:
        (claim,) = queue.claim(uow, runner, 1)
        steps.begin(uow, claim.task_id, claim.token, "wait", "wait for reboot", "1")
        queue.hold(uow, runner, claim.task_id, claim.token, grace=GRACE)
    return job


def _set_clock(store: Store, by: timedelta) -> None:
    """What rows look like after the clock was set: they stay, the clock moves; here the clock stays and they move."""
    with store.write() as uow:
        session = uow.session
        for column in (
            JobTask.due_at,
            JobTask.lease_until,
            JobTask.started_at,
            TaskStep.begun_at,
            Runner.expires_at,
        ):
            rows = session.execute(select(column.class_.id, column).where(column.is_not(None))).all()
            for row_id, at in rows:
                session.execute(
                    update(column.class_).where(column.class_.id == row_id).values({column.key: at - by})
                )


def _carry(store: Store, by: timedelta) -> None:
    with store.write() as uow:
        step = Step(uow.now - timedelta(seconds=2), uow.now - by, uow.now)
        carry(uow, step, lease=LEASE, grace=GRACE)


def _seconds_ahead(
    store: Store, column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
) -> float:
    found = store.fetch(lambda c: c.execute(select(column, db_now())).first())
    assert found is not None
    at, now = found
    assert at is not None
    return float((at - now).total_seconds())


@pytest.mark.parametrize("by", [HOUR, -HOUR, 24 * HOUR, -24 * HOUR])
def test_a_wait_and_a_change_on_its_way_keep_their_seconds(store: Store, by: timedelta) -> None:
    job = _held(store)
    _set_clock(store, timedelta(seconds=5))  # so long ago
    _set_clock(store, by)
    _carry(store, by)
    assert -20 < _seconds_ahead(store, TaskStep.begun_at) <= -5
    if by > timedelta():
        assert 5 < _seconds_ahead(store, JobTask.lease_until) <= GRACE - 5
    with store.write() as uow:
        (seen,) = runners.alive(uow.session.connection())
        runners.declare_dead(uow, seen, grace=GRACE)
    (task,) = task_rows(store, job)
    assert task.state == "pending"
    assert 5 < _seconds_ahead(store, JobTask.due_at) <= GRACE
    _set_clock(store, by)
    _carry(store, by)
    assert -GRACE < _seconds_ahead(store, JobTask.due_at) <= GRACE


def test_a_device_that_writes_firmware_is_left_alone_for_as_long(store: Store) -> None:
    (server,) = add_servers(store, 1)
    with store.write() as uow:
        long_ago = uow.now - timedelta(minutes=10)
        uow.session.add(
            DeviceJob(
                server_id=server,
                job_id="JID_1",
                state="Running",
                first_seen=long_ago,
                seen_at=long_ago - HOUR,
            )
        )
    _carry(store, HOUR)
    assert -660 < _seconds_ahead(store, DeviceJob.seen_at) <= -600


def test_what_was_written_after_the_step_stays(store: Store) -> None:
    _held(store)
    _carry(store, HOUR)
    assert -10 < _seconds_ahead(store, TaskStep.begun_at) <= 0
    _carry(store, -HOUR)
    assert -10 < _seconds_ahead(store, TaskStep.begun_at) <= 0


def test_a_scheduled_start_that_has_not_come_follows_the_clock(store: Store) -> None:
    servers = add_servers(store, 2)
    with store.write() as uow:
        submit(
            uow,
            ANNA,
            Catalogue([WORK]),
            "work",
            servers,
            {},
            schedule_at=uow.now + 2 * HOUR,
            stagger_seconds=60,
        )
    for by in (HOUR, -HOUR):
        _carry(store, by)
        assert 7100 < _seconds_ahead(store, JobTask.due_at) < 7300


def test_a_step_nobody_saw_is_found_once(store: Store) -> None:
    with store.write() as uow:
        runners.sign_off(uow, runners.register(uow, FAR, lease=LEASE), grace=0)
    assert store.fetch(lambda c: unwatched(c, LEASE)) is None
    _set_clock(store, -HOUR)
    found = store.fetch(lambda c: unwatched(c, LEASE))
    assert found is not None
    assert -3601 < found.by.total_seconds() < -3590
    with store.write() as uow:
        carry(uow, found, lease=LEASE, grace=GRACE)
    assert store.fetch(lambda c: unwatched(c, LEASE)) is None


def test_runners_with_other_leases_are_no_step(store: Store) -> None:
    """A lease ends with its runner: what was left of it is not a time the clock has shown."""
    with store.write() as uow:
        runners.sign_off(uow, runners.register(uow, FAR, lease=100 * LEASE), grace=0)
    assert store.fetch(lambda c: unwatched(c, LEASE)) is None
