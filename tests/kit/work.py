"""Job types and a small durable "device world" for tests of the engine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.events import Event, EventBus
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs import Catalogue, JobContext, JobType, Params, Result, Targets, job
from dsm_desktop.store.models import Job, JobTask, Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.current import current_work
from dsm_desktop.workers.run import awake_seconds
from dsm_desktop.workers.runner import Runner
from dsm_desktop.workers.services import Services
from dsm_desktop.workers.threads import ThreadPool

ANNA = Principal("anna", Role.ADMIN)
QUICK = RunnerConfig(lease=0.9, renew_every=0.2, grace=0.0, poll=0.2)
"""Times of takeover of a test: about a second instead of half a minute."""
OVERSLEPT = 0.3
"""Seconds between the last look at the lease and a write that only a freeze explains."""


class World:
    """Devices that outlive every runner: an append-only file of "device what". One write is one effect, done or not.

    `do` asks for the task's lease right before, as the recorder of every client does before a changing request. Frozen in
    the microseconds between the answer and the write, no program can know it: such a write owns up to it by itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._overslept = path.with_suffix(".overslept")
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)

    def do(self, device: int, what: str) -> bool:
        line = f"{device} {what}\n".encode()
        work = current_work()
        if work is not None:
            work.renew()
        asked = awake_seconds()
        os.write(self._file, line)
        if awake_seconds() - asked > OVERSLEPT:
            with self._overslept.open("ab") as file:
                file.write(line)
        return True

    def history(self) -> dict[int, list[str]]:
        """What was done to each device, in order."""
        return _by_device(self.path)

    def overslept(self) -> dict[int, list[str]]:
        """What was written by a process that was frozen between its last look and the write."""
        return _by_device(self._overslept) if self._overslept.exists() else {}

    def was_done(self, device: int, what: str) -> bool | None:
        """True or None, as an `interrupted` probe answers."""
        return True if what in self.history().get(device, []) else None

    def close(self) -> None:
        os.close(self._file)


def _by_device(path: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for line in path.read_text(encoding="ascii").splitlines():
        device, _, what = line.partition(" ")
        found.setdefault(int(device), []).append(what)
    return found


class Nothing(Params):
    """No parameters."""


class Done(Result):
    """Nothing but the summary."""


def job_of(
    body: Callable[[JobContext], Any], *, exclusive: bool = False, targets: Targets = Targets.SERVER
) -> JobType:
    """A job type "work" with this coroutine as its body; what it returns becomes the summary."""

    @job("work", label="Work", title="Work on {target}", targets=targets, exclusive=exclusive)
    async def work(ctx: JobContext, params: Nothing) -> Done:
        """Do the work of the test."""
        return Done(summary=str(await body(ctx)))

    return work


def add_servers(store: Store, count: int) -> list[int]:
    """Servers in the store; their ids."""
    with store.write() as uow:
        first = uow.session.scalar(select(func.coalesce(func.max(Server.id), 0))) or 0
        rows = [
            {"address": f"192.0.2.{n % 250}", "port": 1000 + n, "name": f"server-{n}", "added_at": uow.now}
            for n in range(first, first + count)
        ]
        return list(
            uow.session.scalars(insert(Server).returning(Server.id, sort_by_parameter_order=True), rows)
        )


def runner_for(
    store: Store, *types: JobType, config: RunnerConfig = QUICK, threads: int = 8, **services: Any
) -> Runner:
    """A runner with a plain pool."""
    return Runner(store, Catalogue(list(types)), Services(**services), ThreadPool(threads), config)


def job_row(store: Store, job_id: int) -> Any:
    with store.read() as connection:
        return connection.execute(select(Job.__table__).where(Job.id == job_id)).one()


def task_rows(store: Store, job_id: int) -> list[Any]:
    with store.read() as connection:
        return list(
            connection.execute(select(JobTask.__table__).where(JobTask.job_id == job_id).order_by(JobTask.id))
        )


def wait_until(bus: EventBus, condition: Callable[[], bool], timeout: float = 180.0) -> bool:
    """Wait until `condition()` holds, looking again after every event of the bus (and twice a second)."""
    heard = threading.Event()

    def listener(event: Event) -> None:
        heard.set()

    unsubscribe = bus.subscribe(listener)
    ends = time.monotonic() + timeout
    try:
        while not condition():
            if time.monotonic() > ends:
                return False
            heard.wait(max(0.0, min(0.5, ends - time.monotonic())))
            heard.clear()
        return True
    finally:
        unsubscribe()


def ended(store: Store, job_id: int) -> Callable[[], bool]:
    """Whether the job has come to an end."""
    return lambda: JobState(job_row(store, job_id).state).final
