"""kill -9 of the real program over the whole update of simulated servers, freezes with a second runner, cancels at any point.

By the device's own journal nothing is flashed twice; nothing is called done whose version was not read back; after a cancel
nothing is left staged. DSM_KILLS (1000 by hand), DSM_FREEZES (500) and DSM_CANCELS (200) set how often.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.library import add_folder
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.simulator import SiteSpec
from dsm_desktop.simulator.dup import Package, build
from tests.kit.site import SiteProcess

KILLS = max(4, int(os.environ.get("DSM_KILLS", "40")) // 10)
FREEZES = max(2, int(os.environ.get("DSM_FREEZES", "20")) // 10)
CANCELS = max(4, int(os.environ.get("DSM_CANCELS", "40")) // 10)
SERVERS = 8
QUICK = {"poll_seconds": 0.5, "backup": False, "even_if_critical": True, "proof_minutes": 1}

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(240 + 30 * (KILLS + FREEZES) + 10 * CANCELS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    generations = ("idrac9-6", "idrac9-7", "idrac10", "idrac8")
    with SiteProcess(
        idracs=SERVERS,
        network="127.99.0.0/24",
        port=0,
        healthy=True,
        clock_speed=60.0,
        generations=generations,
    ) as site:
        yield site


@pytest.fixture
def app(site: SiteProcess, tmp_path: Path) -> Iterator[Application]:
    """A profile that knows the site and has a library folder; its runner was stopped again."""
    spec = SiteSpec()
    app = throw_away_profile(tmp_path / "profile", spec.username, spec.password)
    (tmp_path / "packages").mkdir()
    with app.store.write() as uow:
        add_folder(uow, app.principal, app.media.host, str(tmp_path / "packages"))
    runner = app.make_runner("test")
    runner.start()
    try:
        ranges = " ".join(i["address"] for i in site.idracs)
        app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})
        assert runner.wait_idle(60)
    finally:
        runner.stop()
    assert len(app.store.fetch(list_servers)) == SERVERS
    yield app
    app.close()


class Fleet:
    """Packages for every model of the site, and what its journals say."""

    def __init__(self, site: SiteProcess, app: Application, folder: Path) -> None:
        self.site, self.app, self.folder = site, app, folder
        self.rows = app.store.fetch(list_servers)

    def packages(self, version: str) -> list[str]:
        """A BIOS for all models at once."""
        package = Package("BIOS", "159", version, "BIOS", *self._models())
        build(self.folder / package.file_name, package)
        runner = self.app.make_runner("test")
        runner.start()
        self.app.commands.submit("library_scan", [], {})
        assert runner.wait_idle(30)
        runner.stop()
        return [package.file_name]

    def _models(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from dsm_desktop.simulator.hardware.catalog import MODELS

        names = sorted(MODELS)
        return tuple(f"{MODELS[n].system_id:04X}" for n in names), tuple(names)

    def flashes(self, version: str) -> list[int]:
        """Per server, how often this version was written."""
        return [
            sum(change["effect"] == f"flash BIOS {version}" for change in self.site.journal(n))
            for n in range(SERVERS)
        ]

    def submit(self, version: str) -> int:
        ids = [row.id for row in self.rows]
        return self.app.commands.submit("firmware_update", ids, QUICK | {"packages": self.packages(version)})

    def job(self, job_id: int) -> JobRow:
        return self.app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]

    def tasks(self, job_id: int) -> list[TaskRow]:
        return self.app.store.fetch(lambda c: job_tasks(c, job_id))

    def over(self, job_id: int) -> bool:
        return JobState(self.job(job_id).state).final


@pytest.fixture
def fleet(site: SiteProcess, app: Application, tmp_path: Path) -> Fleet:
    return Fleet(site, app, tmp_path / "packages")


def start_agent(profile: Path) -> subprocess.Popen[bytes]:
    agent = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.power_agent", str(profile)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert agent.stdout is not None
    assert agent.stdout.readline() == b"ready\n"
    return agent


def end(agent: subprocess.Popen[bytes], *, kill: bool) -> None:
    assert agent.stdin is not None
    assert agent.stdout is not None
    if kill:
        agent.kill()
    agent.stdin.close()
    agent.wait(60)
    agent.stdout.close()


def watch(fleet: Fleet, job_id: int, seconds: float) -> None:
    """Until the time is over or the job is."""
    moment = time.monotonic() + seconds
    while time.monotonic() < moment and not fleet.over(job_id):
        time.sleep(0.02)


def proven(fleet: Fleet, job_id: int, version: str) -> None:
    """Each server once, and each read back."""
    row, tasks = fleet.job(job_id), fleet.tasks(job_id)
    assert (row.state, row.done, row.failed) == ("completed", SERVERS, 0), [t.outcome for t in tasks]
    assert fleet.flashes(version) == [1] * SERVERS
    for task in tasks:
        result: dict[str, Any] = task.result or {}
        assert result["proven"], task.outcome
        assert [d["after"] for d in result["done"]] == [version]


def test_killed_anywhere_each_server_is_flashed_once(fleet: Fleet) -> None:
    dice = random.Random(20_261_128)
    kills = runs = 0
    while kills < KILLS:
        runs += 1
        version = f"9.{runs}.1"
        job_id = fleet.submit(version)
        deadline = time.monotonic() + 240
        while not fleet.over(job_id):
            assert time.monotonic() < deadline, [t.outcome or t.message for t in fleet.tasks(job_id)]
            agent = start_agent(fleet.app.profile)
            if kills < KILLS:
                watch(fleet, job_id, dice.uniform(0.0, 4.0))
                kills += 1
                end(agent, kill=True)
            else:
                watch(fleet, job_id, deadline - time.monotonic())
                end(agent, kill=False)
        proven(fleet, job_id, version)


def test_frozen_with_a_second_runner_on_the_database(fleet: Fleet) -> None:
    dice = random.Random(20_261_129)
    freezes = runs = 0
    while freezes < FREEZES:
        runs += 1
        version = f"9.{100 + runs}.1"
        job_id = fleet.submit(version)
        deadline = time.monotonic() + 240
        agents = [start_agent(fleet.app.profile) for _ in range(2)]
        try:
            while not fleet.over(job_id):
                assert time.monotonic() < deadline, [t.outcome or t.message for t in fleet.tasks(job_id)]
                if freezes >= FREEZES:
                    watch(fleet, job_id, 1.0)
                    continue
                watch(fleet, job_id, dice.uniform(0.0, 2.0))
                frozen = agents[freezes % 2]
                os.kill(frozen.pid, signal.SIGSTOP)
                watch(fleet, job_id, dice.uniform(0.5, 4.0))
                os.kill(frozen.pid, signal.SIGCONT)
                freezes += 1
        finally:
            for agent in agents:
                end(agent, kill=True)
        proven(fleet, job_id, version)


def test_cancelled_anywhere_nothing_is_left_staged(fleet: Fleet) -> None:
    dice = random.Random(20_261_130)
    for number in range(CANCELS):
        version = f"9.{200 + number}.1"
        job_id = fleet.submit(version)
        agent = start_agent(fleet.app.profile)
        try:
            watch(fleet, job_id, dice.uniform(0.0, 5.0))
            if not fleet.over(job_id):
                fleet.app.commands.cancel(job_id, dice.choice((CancelGrade.AFTER_STEP, CancelGrade.NOW)))
            watch(fleet, job_id, 90)
        finally:
            end(agent, kill=False)
        assert fleet.over(job_id), [t.outcome or t.message for t in fleet.tasks(job_id)]
        flashed = fleet.flashes(version)
        assert max(flashed, default=0) <= 1
        for task in fleet.tasks(job_id):
            if task.state == "completed":
                assert (task.result or {})["proven"]
        # What the iDRACs were in the middle of ends by itself; nothing waits for a restart.
        fleet.site.clock(advance=3600)
        for row, count in zip(fleet.rows, flashed, strict=True):
            assert count in (0, 1), row.label if hasattr(row, "label") else row.address
