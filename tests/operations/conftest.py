"""The whole program without a window: a throw-away profile, a running runner and a simulated site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec

GENERATIONS = ("idrac8", "idrac9-4", "idrac9-5", "idrac9-6", "idrac9-7", "idrac10")


class Program:
    """An application at work beside its site."""

    def __init__(self, app: Application, site: Site) -> None:
        self.app = app
        self.site = site

    def run(
        self, kind: str, params: dict[str, Any] | None = None, ids: list[int] | None = None, **more: Any
    ) -> JobRow:
        """Submit a job and wait for its end."""
        job_id = self.app.commands.submit(kind, ids or [], params or {}, **more)
        return self.wait(job_id)

    def wait(self, job_id: int, seconds: float = 60) -> JobRow:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            row = self.app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]
            if JobState(row.state).final:
                return row
            time.sleep(0.02)
        raise AssertionError(f"job {job_id} did not end: {row}; {self.tasks(job_id)}")

    def tasks(self, job_id: int) -> list[TaskRow]:
        return self.app.store.fetch(lambda c: job_tasks(c, job_id))

    def servers(self) -> list[ServerRow]:
        return self.app.store.fetch(list_servers)

    def server(self, idrac: SimulatedIdrac) -> ServerRow:
        return next(s for s in self.servers() if s.address == idrac.address)

    def scan(self, **params: Any) -> JobRow:
        ranges = " ".join(i.address for i in self.site.idracs)
        return self.run("discovery_scan", {"ranges": ranges, "port": self.site.port, **params})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(
        SiteSpec(idracs=6, seed=11, network="127.91.0.0/24", port=0, clock_speed=30, generations=GENERATIONS)
    ) as site:
        yield site


@pytest.fixture
def program(site: Site, tmp_path: Path) -> Iterator[Program]:
    idrac = site.idracs[0]
    app = throw_away_profile(tmp_path / "profile", idrac.username, idrac.password)
    app.listen()
    runner = app.make_runner("test")
    runner.start()
    try:
        yield Program(app, site)
    finally:
        runner.stop()
        app.close()
