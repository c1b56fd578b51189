"""Who is alive: watched by a monotonic counter, whatever any wall clock says; and what happens to the dead."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs import Catalogue, JobContext
from dsm_desktop.store import queue, runners
from dsm_desktop.store.models import JobTask, Lease, Runner
from dsm_desktop.store.queue import LostLease, Outcome
from dsm_desktop.store.runners import DeclaredDead, RunnerFacts, Sighting
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.executor import Finisher
from dsm_desktop.workers.journal import Journal
from dsm_desktop.workers.judge import Judge
from dsm_desktop.workers.notes import Notes
from dsm_desktop.workers.place import place
from dsm_desktop.workers.services import Duty
from tests.kit.work import ANNA, QUICK, add_servers, ended, job_of, job_row, runner_for, task_rows, wait_until

ELSEWHERE = RunnerFacts("other", "agent", "far away", 1, "0", 4)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Ticks:
    """A monotonic counter the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _watch(steps: list[tuple[float, datetime]], *, host: str = "far away", pid: int = 1) -> list[float]:
    """At which ticks a runner whose row looks like this is declared dead; lease 30 s."""
    ticks = Ticks()
    judge = Judge("here", 30.0, monotonic=ticks)
    dead = []
    for at, expires in steps:
        ticks.now = at
        if judge.look([Sighting(7, host, pid, expires)], own_id=1):
            dead.append(at)
    return dead


def test_only_a_row_that_did_not_move_for_a_lease_is_dead() -> None:
    silent = [(2.5 * n, NOON) for n in range(20)]
    assert _watch(silent)[0] == 30.0
    renewed = [(2.5 * n, NOON + timedelta(seconds=10 * (n // 4))) for n in range(40)]
    assert _watch(renewed) == []


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=-400)])
def test_steps_of_the_database_clock_lose_no_lease_and_fake_none(step: timedelta) -> None:
    stepped = [
        (2.5 * n, NOON + timedelta(seconds=10 * (n // 4)) + (step if n > 10 else timedelta()))
        for n in range(40)
    ]
    assert _watch(stepped) == []
    died_before = [(2.5 * n, NOON) for n in range(40)]
    assert _watch(died_before)[0] <= 45.0


def test_a_watcher_that_slept_itself_does_not_judge() -> None:
    assert _watch([(0.0, NOON), (2.5, NOON), (4000.0, NOON), (4002.5, NOON)]) == []


def test_a_killed_neighbour_is_seen_at_once() -> None:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    assert _watch([(0.0, NOON)], host="here", pid=child) == [0.0]
    assert _watch([(0.0, NOON)], host="here", pid=os.getpid()) == []
    assert _watch([(0.0, NOON)], host="elsewhere", pid=child) == []


def test_takeover_takes_at_most_45_seconds_by_its_constants() -> None:
    usual = RunnerConfig()
    assert usual.lease + 2 * usual.watch_every <= 45
    assert usual.renew_every * 2 < usual.lease


def _one_task(store: Store) -> int:
    async def body(ctx: JobContext) -> str:
        return ""

    with store.write() as uow:
        return submit(uow, ANNA, Catalogue([job_of(body, exclusive=True)]), "work", add_servers_in(store), {})


def add_servers_in(store: Store) -> list[int]:
    with store.read() as connection:
        return list(connection.scalars(select(Runner.metadata.tables["servers"].c.id)))


def test_the_dead_write_nothing_more(store: Store) -> None:
    add_servers(store, 1)
    _one_task(store)
    with store.write() as uow:
        first = runners.register(uow, ELSEWHERE, lease=30)
        second = runners.register(uow, ELSEWHERE, lease=30)
    with store.write() as uow:
        [claim] = queue.claim(uow, first, 5)
    with store.read() as connection:
        seen = next(s for s in runners.alive(connection) if s.id == first)
    with store.write() as uow:
        runners.renew(uow.session.connection(), first, 31)
    with store.write() as uow:
        assert runners.declare_dead(uow, seen, grace=30) is None  # it moved since it was seen
    with store.read() as connection:
        seen = next(s for s in runners.alive(connection) if s.id == first)
    with store.write() as uow:
        assert runners.declare_dead(uow, seen, grace=30) == [claim.task_id]
    with pytest.raises(DeclaredDead), store.write() as uow:
        runners.renew(uow.session.connection(), first, 30)
    with store.write() as uow:
        [again] = queue.claim(uow, second, 5)
    assert (again.task_id, again.token) == (claim.task_id, claim.token + 1)
    with pytest.raises(LostLease), store.write() as uow:
        queue.hold(uow, first, claim.task_id, claim.token)
    with store.write() as uow:
        assert queue.finish(uow, first, [Outcome(claim.task_id, claim.token, JobState.COMPLETED)]) == [
            claim.task_id
        ]
    done = Outcome(again.task_id, again.token, JobState.COMPLETED, "done")
    for _ in range(2):  # the second time as after a commit whose answer was lost
        with store.write() as uow:
            assert queue.finish(uow, second, [done]) == []
    with store.read() as connection:
        assert connection.execute(select(JobTask.state, JobTask.message)).one() == ("completed", "done")


def test_a_change_on_its_way_is_given_time_to_arrive(store: Store) -> None:
    add_servers(store, 1)
    _one_task(store)
    with store.write() as uow:
        dead = runners.register(uow, ELSEWHERE, lease=30)
        other = runners.register(uow, ELSEWHERE, lease=30)
        [claim] = queue.claim(uow, dead, 1)
        queue.hold(uow, dead, claim.task_id, claim.token, grace=60.0)
    with store.read() as connection:
        seen = next(s for s in runners.alive(connection) if s.id == dead)
    with store.write() as uow:
        runners.declare_dead(uow, seen, grace=60)
        assert queue.claim(uow, other, 1) == []
    with store.read() as connection:
        assert 50 < queue.next_due(connection) <= 60


def test_one_leads_and_the_next_follows_when_it_is_gone(store: Store) -> None:
    with store.write() as uow:
        first = runners.register(uow, ELSEWHERE, lease=30)
        second = runners.register(uow, ELSEWHERE, lease=30)
        assert runners.lead(uow, first, lease=30)
        assert not runners.lead(uow, second, lease=30)
        assert runners.lead(uow, first, lease=30)
        runners.sign_off(uow, first, grace=0)
        assert runners.lead(uow, second, lease=30)
    with store.read() as connection:
        assert runners.leader(connection) == second


def test_who_leads_no_more_lets_go_of_what_its_duties_hold(store: Store) -> None:
    async def body(ctx: JobContext) -> str:
        return ""

    work, did, rested = job_of(body), threading.Event(), threading.Event()
    duty = Duty("look", 0.05, did.set, rested.set)
    runner = runner_for(store, work, config=QUICK, duties=(duty,))
    runner.start()
    assert did.wait(60)
    assert not rested.is_set()
    with store.write() as uow:
        other = runners.register(uow, ELSEWHERE, lease=3600)
        uow.session.execute(update(Lease).where(Lease.key == runners.LEADER_KEY).values(runner_id=other))
    assert rested.wait(60)
    assert runner.stop(60)


def test_a_runner_declared_dead_by_mistake_is_born_again(store: Store) -> None:
    inside, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    async def body(ctx: JobContext) -> str:
        def wait() -> None:
            inside.set()
            go_on.wait(60)

        await ctx.step("wait", wait)
        await ctx.step("act", lambda: done.append(1), changing=True, interrupted=lambda: None)
        return ""

    work = job_of(body)
    servers = add_servers(store, 1)
    bus = EventBus()
    runner = runner_for(store, work, config=QUICK, bus=bus)
    runner.start()
    before = runner.id
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([work]), "work", servers, {})
    assert inside.wait(60)
    with store.read() as connection:
        [seen] = runners.alive(connection)
    assert seen.host == place()
    verdict: list[int] | None = None
    while verdict is None:
        with store.read() as connection:
            [seen] = runners.alive(connection)
        with store.write() as uow:
            verdict = runners.declare_dead(uow, seen, grace=30)
    go_on.set()
    assert wait_until(bus, ended(store, job))
    assert runner.id != before
    assert runner.stop(60)
    assert done == [1]
    assert job_row(store, job).state == "completed"
    assert task_rows(store, job)[0].token == 2


def test_tasks_can_be_finished_after_a_rebirth(store: Store) -> None:
    add_servers(store, 1)
    _one_task(store)
    with store.write() as uow:
        first = runners.register(uow, ELSEWHERE, lease=30)
        [claim] = queue.claim(uow, first, 1)
    life = [first]
    journal = Journal(store, lambda uow: runners.renew(uow.session.connection(), life[0], 30))
    finisher = Finisher(journal, Notes(), lambda: life[0])
    with store.read() as connection:
        [seen] = runners.alive(connection)
    with store.write() as uow:
        runners.declare_dead(uow, seen, grace=30)

    async def lives() -> None:
        with pytest.raises(DeclaredDead):
            await finisher.finish(Outcome(claim.task_id, claim.token, JobState.COMPLETED))
        with store.write() as uow:
            life[0] = runners.register(uow, ELSEWHERE, lease=30)
            [again] = queue.claim(uow, life[0], 1)
        with pytest.raises(LostLease):
            await finisher.finish(Outcome(claim.task_id, claim.token, JobState.COMPLETED))
        await finisher.finish(Outcome(again.task_id, again.token, JobState.COMPLETED))

    asyncio.run(lives())
    journal.close()
    with store.read() as connection:
        assert connection.scalar(select(JobTask.state)) == "completed"
