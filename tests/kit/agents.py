"""Agents of the real program that are killed on the way, and jobs that must end well all the same."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.simulator import SiteSpec
from tests.kit.forking import CONTEXT
from tests.kit.power_agent import serve
from tests.kit.site import SiteProcess


@dataclass(frozen=True, slots=True)
class Agent:
    """A process of the real program that works at the jobs of a profile."""

    process: Any
    pipe: Connection

    @property
    def pid(self) -> int:
        return int(self.process.pid)


def start_agent(profile: Path) -> Agent:
    """An agent that is at work."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=serve, args=(str(profile), dict(os.environ), theirs), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(60), "the agent did not start"
    assert ours.recv() == "ready"
    return Agent(process, ours)


def end(agent: Agent, *, kill: bool) -> None:
    """At once, or in good order."""
    if kill:
        agent.process.kill()
    agent.pipe.close()
    agent.process.join(60)
    assert not agent.process.is_alive(), "the agent did not end"
    agent.process.close()


class Work:
    """A profile that has found and read a site; only agents that are started here work at its jobs."""

    def __init__(self, app: Application, site: SiteProcess) -> None:
        self.app, self.site = app, site
        self.ids = [row.id for row in app.store.fetch(list_servers)]

    def submit(self, kind: str, params: dict[str, object]) -> int:
        return self.app.commands.submit(kind, self.ids, params)

    def job(self, job_id: int) -> JobRow:
        return self.app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]

    def tasks(self, job_id: int) -> list[TaskRow]:
        return self.app.store.fetch(lambda c: job_tasks(c, job_id))

    def outcomes(self, job_id: int) -> list[str]:
        return [task.outcome or task.message for task in self.tasks(job_id)]

    def over(self, job_id: int) -> bool:
        return JobState(self.job(job_id).state).final

    def watch(self, job_id: int, seconds: float, seen: Callable[[], bool] = lambda: False) -> None:
        """Until the time is over, the job is, or something is seen."""
        moment = time.monotonic() + seconds
        while time.monotonic() < moment and not self.over(job_id) and not seen():
            time.sleep(0.02)

    def finish(self, job_id: int, dice: random.Random, kills: int, *, within: float, seconds: float) -> int:
        """The job to its end, by one agent after the other: so many are killed within `within` seconds each, the last one
        may finish. Returns how many were killed; fails after `seconds`."""
        done, deadline = 0, time.monotonic() + seconds
        while not self.over(job_id):
            assert time.monotonic() < deadline, self.outcomes(job_id)
            agent = start_agent(self.app.profile)
            kill = done < kills
            self.watch(job_id, dice.uniform(0.0, within) if kill else deadline - time.monotonic())
            done += kill
            end(agent, kill=kill)
        return done

    def assert_all_done(self, job_id: int) -> None:
        row = self.job(job_id)
        assert (row.state, row.done, row.failed) == ("completed", len(self.ids), 0), self.outcomes(job_id)

    def changes(self, part: str, verb: str = "") -> list[int]:
        """Per iDRAC, how often it has carried out such a request, by its own journal."""
        return [
            sum(part in change["uri"] and verb in ("", change["verb"]) for change in self.site.journal(n))
            for n in range(len(self.site.idracs))
        ]


@contextmanager
def work_on(
    site: SiteProcess, folder: Path, prepare: Callable[[Application], object] = lambda app: None, *more: str
) -> Iterator[Work]:
    """A throw-away profile whose runner has found and read the site, has done one job of each kind of `more` on all servers,
    and was stopped again."""
    spec = SiteSpec()
    app = throw_away_profile(folder / "profile", spec.username, spec.password)
    try:
        prepare(app)
        runner = app.make_runner("test")
        runner.start()
        try:
            ranges = " ".join(i["address"] for i in site.idracs)
            app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})
            assert runner.wait_idle(60)
            work = Work(app, site)
            assert len(work.ids) == len(site.idracs)
            for kind in more:
                targets = app.catalogue[kind].targets.value
                app.commands.submit(kind, work.ids if targets == "server" else [], {})
            assert runner.wait_idle(60)
        finally:
            runner.stop()
        yield work
    finally:
        app.close()
