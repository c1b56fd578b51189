"""A person at work with a runner, for tests of what a running job promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from dsm_desktop.commands import jobs
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue, JobContext, JobType, Targets
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.runner import Runner
from tests.kit.work import ANNA, QUICK, add_servers, ended, job_of, job_row, runner_for, wait_until

Body = Callable[[JobContext], Any]


class Desk:
    """A store, a runner on it and a person who submits."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.bus = EventBus()
        self.runner: Runner | None = None
        self.work: JobType | None = None
        self.config = QUICK

    def start(
        self, body: Body, *, exclusive: bool = False, targets: Targets = Targets.SERVER, threads: int = 8
    ) -> None:
        self.work = job_of(body, exclusive=exclusive, targets=targets)
        self.restart(threads)

    def restart(self, threads: int = 8) -> None:
        assert self.work is not None
        self.bus = EventBus()
        self.runner = runner_for(self.store, self.work, config=self.config, threads=threads, bus=self.bus)
        self.runner.start()

    def submit(self, servers: int | list[int] = 1, **options: Any) -> int:
        assert self.work is not None
        ids = add_servers(self.store, servers) if isinstance(servers, int) else servers
        with self.store.write() as uow:
            return jobs.submit(uow, ANNA, Catalogue([self.work]), "work", ids, {}, **options)

    def do(self, command: Callable[..., Any], *args: Any) -> Any:
        with self.store.write() as uow:
            return command(uow, ANNA, *args)

    def until(self, condition: Callable[[], bool]) -> None:
        assert wait_until(self.bus, condition, timeout=180)

    def until_ended(self, job: int) -> Any:
        self.until(ended(self.store, job))
        return job_row(self.store, job)

    def rows(self, *columns: Any) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(*columns)))

    def stop(self) -> None:
        if self.runner is not None:
            assert self.runner.stop(60)
