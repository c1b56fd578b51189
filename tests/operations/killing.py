"""Killing the real program in the middle of a job and letting another one finish it, beside a site that keeps the books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs, open_decisions
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec
from tests.kit.agents import Agent, end, start_agent

PATIENCE = 60.0


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Killable:
    """A profile that has read its site; its jobs are run by agents of their own, which can be killed."""

    def __init__(self, app: Application, site: Site) -> None:
        self.app = app
        self.site = site

    @property
    def server_id(self) -> int:
        return self.server().id

    @property
    def idrac(self) -> SimulatedIdrac:
        return self.site.idracs[0]

    def server(self, idrac: SimulatedIdrac | None = None) -> ServerRow:
        address = (idrac or self.idrac).address
        return next(s for s in self.app.store.fetch(list_servers) if s.address == address)

    def submit(self, kind: str, params: dict[str, Any] | None = None, **more: Any) -> int:
        return self.app.commands.submit(kind, [self.server_id], params or {}, **more)

    def job(self, job_id: int) -> JobRow:
        return self.app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]

    def tasks(self, job_id: int) -> list[TaskRow]:
        return self.app.store.fetch(lambda c: job_tasks(c, job_id))

    def run(self, kind: str, params: dict[str, Any] | None = None, **more: Any) -> JobRow:
        """Submit and wait for the end; a runner of the test's works."""
        job_id = self.submit(kind, params, **more)
        until(lambda: JobState(self.job(job_id).state).final, f"the end of {kind}: {self.tasks(job_id)}")
        return self.job(job_id)

    def error(self, job: JobRow) -> dict[str, Any]:
        """How the only task failed."""
        (task,) = self.tasks(job.id)
        assert task.error is not None, task.outcome
        return task.error

    def now(self) -> datetime:
        """The time, aware."""
        return datetime.now(UTC)

    @contextmanager
    def agent(self) -> Iterator[Agent]:
        """An agent of the real program; killed at the end unless it has ended."""
        agent = start_agent(self.app.profile)
        try:
            yield agent
        finally:
            end(agent, kill=True)

    def killed_when(self, job_id: int, condition: Callable[[], bool], what: str) -> None:
        """Let an agent work until something is seen on the device, then kill it at once."""
        with self.agent():
            until(condition, what)

    def finish(self, job_id: int) -> JobRow:
        """Let another agent bring the job to its end."""
        with self.agent():
            until(
                lambda: JobState(self.job(job_id).state).final,
                f"the end of job {job_id}: {self.tasks(job_id)}",
            )
        return self.job(job_id)


def open_question(app: Application, job_id: int) -> int | None:
    """The id of what a job asks, None while it asks nothing."""
    return next((d.id for d in app.store.fetch(open_decisions) if d.job_id == job_id), None)


def answered(app: Application, job_id: int, option: str) -> None:
    """Wait for a job's question and answer it."""
    until(lambda: open_question(app, job_id) is not None, "the question")
    number = open_question(app, job_id)
    assert number is not None
    app.commands.answer(number, option)


@contextmanager
def killable_program(
    folder: Path, network: str, generation: str = "idrac9-7", store_url: str = "", **more: Any
) -> Iterator[Killable]:
    """One simulated iDRAC and a profile that knows it."""
    spec = SiteSpec(idracs=1, seed=11, network=network, port=0, generations=(generation,), **more)
    with Site(spec) as site:
        idrac = site.idracs[0]
        app = throw_away_profile(folder / "profile", idrac.username, idrac.password, store_url)
        runner = app.make_runner("test")
        runner.start()
        try:
            app.commands.submit("discovery_scan", [], {"ranges": idrac.address, "port": site.port})
            assert runner.wait_idle(60)
        finally:
            runner.stop()
        try:
            yield Killable(app, site)
        finally:
            app.close()


@contextmanager
def working(program: Killable) -> Iterator[None]:
    """A runner of this process's own is at work."""
    runner = program.app.make_runner("test")
    runner.start()
    try:
        yield
    finally:
        runner.stop()
