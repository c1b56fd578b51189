"""The whole program without a window: a throw-away profile, a running runner and a simulated site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec
from dsm_desktop.workers.runner import Runner

GENERATIONS = ("idrac8", "idrac9-4", "idrac9-5", "idrac9-6", "idrac9-7", "idrac10")


class Program:
    """An application at work beside its site."""

    def __init__(self, app: Application, site: Site, runner: Runner) -> None:
        self.app = app
        self.site = site
        self.runner = runner

    def run(
        self, kind: str, params: dict[str, Any] | None = None, ids: list[int] | None = None, **more: Any
    ) -> JobRow:
        """Submit a job and wait for its end."""
        job_id = self.app.commands.submit(kind, ids or [], params or {}, **more)
        return self.wait(job_id)

    def wait(self, job_id: int, seconds: float = 180) -> JobRow:
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

    def set_password(self, password: str) -> None:
        """Change the only credential set."""
        view = self.app.reads.credentials()[0]
        self.app.commands.save_credential(
            CredentialDraft(
                id=view.id,
                name=view.name,
                kind=view.kind,
                username=view.username,
                password=password,
                ranges=view.ranges,
            )
        )

    def server(self, idrac: SimulatedIdrac) -> ServerRow:
        return next(s for s in self.servers() if s.address == idrac.address)

    def scan(self, **params: Any) -> JobRow:
        ranges = " ".join(i.address for i in self.site.idracs)
        return self.run("discovery_scan", {"ranges": ranges, "port": self.site.port, **params})


@contextmanager
def working_program(folder: Path) -> Iterator[Program]:
    spec = SiteSpec(
        idracs=6, seed=11, network="127.91.0.0/24", port=0, clock_speed=30, generations=GENERATIONS
    )
    with Site(spec) as site:
        idrac = site.idracs[0]
        app = throw_away_profile(folder / "profile", idrac.username, idrac.password)
        app.listen()
        runner = app.make_runner("test")
        runner.start()
        program = Program(app, site, runner)
        try:
            yield program
        finally:
            program.runner.stop()  # a test may have put another in its place
            app.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A program that knows nothing yet."""
    with working_program(tmp_path) as program:
        yield program


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program that has found and read its site; shared by the tests of a module."""
    with working_program(tmp_path_factory.mktemp("program")) as program:
        assert program.scan().state == "completed"
        yield program


@pytest.fixture
def ready(scanned: Program) -> Program:
    """The shared program with every fault switched off and every server on."""
    for idrac in scanned.site.idracs:
        idrac.clear_faults()
    job = scanned.run("power_action", {"action": "on"}, [s.id for s in scanned.servers()])
    assert job.failed == 0, [t.outcome for t in scanned.tasks(job.id)]
    return scanned
