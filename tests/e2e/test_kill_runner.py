"""kill -9 and freezes at random points of a job that changes devices: nothing twice, nothing lost, everything put back.

DSM_KILLS and DSM_FREEZES raise the numbers (200 and 100 in CI, 1,000 and 500 before a release).
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.models import JobTask, Lease, RestoreItem, Runner
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.feed import Feed
from tests.kit.rolling import RIGHT, RunnerProcess, rolling_job
from tests.kit.work import ANNA, World, add_servers, ended, job_row, wait_until

KILLS = int(os.environ.get("DSM_KILLS", "10"))
FREEZES = int(os.environ.get("DSM_FREEZES", "4"))
SERVERS = 20
CONFIG = RunnerConfig(lease=0.6, renew_every=0.1, grace=0.05, poll=0.2, max_deaths=1000)

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(240 + 4 * (KILLS + FREEZES)),
]


@pytest.fixture
def bus(store: Store) -> Iterator[EventBus]:
    bus = EventBus()
    feed = Feed(store, bus)
    feed.start()
    yield bus
    feed.stop()


def _submit(store: Store, world: World, servers: list[int]) -> int:
    with store.write() as uow:
        return submit(uow, ANNA, Catalogue([rolling_job(world)]), "work", servers, {})


def _waiting(store: Store) -> int:
    """Tasks nobody has begun."""
    with store.read() as connection:
        statement = select(func.count()).select_from(JobTask).where(JobTask.state == "pending")
        return int(connection.scalar(statement) or 0)


def _left(store: Store) -> str:
    """What has not ended, for the message of a failure."""
    with store.read() as connection:
        tasks = select(JobTask.__table__).where(JobTask.finished_at.is_(None))
        living = select(Runner.__table__).where(Runner.state == "running")
        lines = [
            *connection.execute(tasks),
            *connection.execute(living),
            *connection.execute(select(Lease.__table__)),
        ]
    return "\n".join(map(str, lines))


def _without(done: list[str], late: list[str]) -> list[str]:
    """The history without what came a second time, late."""
    left = list(done)
    for what in late:
        if left.count(what) > 1:
            del left[len(left) - 1 - left[::-1].index(what)]
    return left


def _assert_right(store: Store, world: World, jobs: list[int]) -> None:
    overslept = world.overslept()
    wrong = {
        device: done
        for device, done in world.history().items()
        if done != RIGHT and _without(done, overslept.get(device, [])) != RIGHT
    }
    assert wrong == {}
    assert sum(map(len, overslept.values())) <= 1 + FREEZES // 50, (
        "rarer than that, or the look comes too early"
    )
    assert len(world.history()) == SERVERS * len(jobs)
    assert [(job_row(store, job).state, job_row(store, job).done) for job in jobs] == [
        ("completed", SERVERS)
    ] * len(jobs)
    with store.read() as connection:
        standing = select(func.count()).where(RestoreItem.state != "restored")
        kept = select(func.count()).select_from(RestoreItem)
        assert connection.scalar(standing) == 0
        assert connection.scalar(kept) == SERVERS * len(jobs)
        assert connection.scalar(select(func.count()).where(Lease.task_id.is_not(None))) == 0


def test_kill_9_at_random_points(store: Store, database_url: str, bus: EventBus, tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    servers = add_servers(store, SERVERS)
    jobs = [_submit(store, world, servers)]
    for _ in range(KILLS):
        if ended(store, jobs[-1])():
            jobs.append(_submit(store, world, servers))
        runner = RunnerProcess.start(database_url, world.path, CONFIG)
        wait_until(bus, ended(store, jobs[-1]), timeout=random.uniform(0.0, 0.4))
        runner.kill()
    last = RunnerProcess.start(database_url, world.path, CONFIG)
    assert wait_until(bus, lambda: all(ended(store, job)() for job in jobs), timeout=120), _left(store)
    last.stop()
    _assert_right(store, world, jobs)
    world.close()


def test_frozen_runners_are_replaced_and_do_nothing_when_they_wake(
    store: Store, database_url: str, bus: EventBus, tmp_path: Path
) -> None:
    world = World(tmp_path / "world")
    servers = add_servers(store, SERVERS)
    jobs = [_submit(store, world, servers)]
    pair = [RunnerProcess.start(database_url, world.path, CONFIG) for _ in range(2)]
    for round_ in range(FREEZES):
        if _waiting(store) < SERVERS // 2:
            jobs.append(_submit(store, world, servers))
        never: Callable[[], bool] = lambda: False  # noqa: E731
        wait_until(bus, never, timeout=random.uniform(0.1, 0.25))
        sleeper = pair[round_ % 2]
        sleeper.freeze()
        began = time.monotonic()
        wait_until(bus, never, timeout=2 * CONFIG.lease + random.uniform(0, 0.3))
        assert time.monotonic() - began > CONFIG.lease
        sleeper.thaw()
    assert wait_until(bus, lambda: all(ended(store, job)() for job in jobs), timeout=120), _left(store)
    for runner in pair:
        runner.stop()
    _assert_right(store, world, jobs)
    world.close()
