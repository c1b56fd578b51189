"""kill -9 of the real program over the whole update of simulated servers, freezes with a second runner, cancels at any point.

By the device's own journal nothing is flashed twice; nothing is called done whose version was not read back; after a cancel
nothing is left staged. DSM_KILLS, DSM_FREEZES and DSM_CANCELS, each divided by ten, set how often (1,000, 500 and 200 before a
release), DSM_SEED where.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.dup import Package, build
from dsm_desktop.simulator.hardware.catalog import MODELS
from tests.kit.agents import Work, end, start_agent, work_on
from tests.kit.site import SiteProcess

KILLS = max(4, int(os.environ.get("DSM_KILLS", "40")) // 10)
FREEZES = max(2, int(os.environ.get("DSM_FREEZES", "20")) // 10)
CANCELS = max(4, int(os.environ.get("DSM_CANCELS", "40")) // 10)
SEED = os.environ.get("DSM_SEED", "2026")
SERVERS = 8
QUICK = {"poll_seconds": 0.5, "backup": False, "even_if_critical": True, "proof_minutes": 1}
SWITCHED_ON = "ComputerSystem.Reset:On"
WAITS = ("New", "Downloaded", "Scheduled", "Scheduling", "ReadyForExecution", "RebootPending")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(720 + 30 * (KILLS + FREEZES) + 10 * CANCELS),
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


class Fleet:
    """Packages for every model of the site, and what its journals say."""

    def __init__(self, work: Work, folder: Path) -> None:
        self.work, self.app, self.site, self.folder = work, work.app, work.site, folder

    def packages(self, version: str) -> list[str]:
        """A BIOS for all models at once."""
        names = sorted(MODELS)
        ids = tuple(f"{MODELS[n].system_id:04X}" for n in names)
        package = Package("BIOS", "159", version, "BIOS", ids, tuple(names))
        build(self.folder / package.file_name, package)
        runner = self.app.make_runner("test")
        runner.start()
        self.app.commands.submit("library_scan", [], {})
        assert runner.wait_idle(30)
        runner.stop()
        return [package.file_name]

    def flashes(self, version: str) -> list[int]:
        """Per server, how often this version was written."""
        return [
            sum(change["effect"] == f"flash BIOS {version}" for change in self.site.journal(n))
            for n in range(SERVERS)
        ]

    def forward(self) -> list[list[str]]:
        """Per server, the requests that led on. What is put back is not among them: staged jobs are deleted, and a server that
        was stopped for its restart (iDRAC8 offers none) is switched on again."""
        return [
            [
                change["effect"]
                for change in self.site.journal(n)
                if change["verb"] in ("POST", "PATCH", "PUT") and change["effect"] != SWITCHED_ON
            ]
            for n in range(SERVERS)
        ]

    def staged(self) -> list[list[str]]:
        """Per server, the firmware jobs that wait for a restart."""
        return [
            [job for job, state in self.site.idrac(n)["jobs"].items() if state in WAITS]
            for n in range(SERVERS)
        ]

    def power(self) -> list[str]:
        return [self.site.idrac(n)["power_state"] for n in range(SERVERS)]

    def submit(self, version: str) -> int:
        return self.work.submit("firmware_update", QUICK | {"packages": self.packages(version)})


@pytest.fixture
def fleet(site: SiteProcess, tmp_path: Path) -> Iterator[Fleet]:
    folder = tmp_path / "packages"
    folder.mkdir()
    with work_on(site, tmp_path, lambda app: app.commands.add_library_folder(str(folder))) as work:
        yield Fleet(work, folder)


def proven(fleet: Fleet, job_id: int, version: str) -> None:
    """Each server once, and each read back."""
    fleet.work.assert_all_done(job_id)
    assert fleet.flashes(version) == [1] * SERVERS
    for task in fleet.work.tasks(job_id):
        result: dict[str, Any] = task.result or {}
        assert result["proven"], task.outcome
        assert [d["after"] for d in result["done"]] == [version]


def test_killed_anywhere_each_server_is_flashed_once(fleet: Fleet) -> None:
    dice = random.Random(f"kills {SEED}")
    kills = runs = 0
    while kills < KILLS:
        runs += 1
        version = f"9.{runs}.1"
        job_id = fleet.submit(version)
        kills += fleet.work.finish(job_id, dice, KILLS - kills, within=4.0, seconds=600)
        proven(fleet, job_id, version)


def test_frozen_with_a_second_runner_on_the_database(fleet: Fleet) -> None:
    dice = random.Random(f"freezes {SEED}")
    work, freezes, runs = fleet.work, 0, 0
    while freezes < FREEZES:
        runs += 1
        version = f"9.{100 + runs}.1"
        job_id = fleet.submit(version)
        deadline = time.monotonic() + 240
        agents = [start_agent(fleet.app.profile) for _ in range(2)]
        try:
            while not work.over(job_id):
                assert time.monotonic() < deadline, work.outcomes(job_id)
                if freezes >= FREEZES:
                    work.watch(job_id, 1.0)
                    continue
                work.watch(job_id, dice.uniform(0.0, 2.0))
                frozen = agents[freezes % 2]
                os.kill(frozen.pid, signal.SIGSTOP)
                work.watch(job_id, dice.uniform(0.5, 4.0))
                os.kill(frozen.pid, signal.SIGCONT)
                freezes += 1
        finally:
            for agent in agents:
                end(agent, kill=True)
        proven(fleet, job_id, version)


def test_cancelled_anywhere_one_more_request_at_most_and_nothing_is_left(fleet: Fleet) -> None:
    dice = random.Random(f"cancels {SEED}")
    work, power = fleet.work, fleet.power()
    for number in range(CANCELS):
        version = f"9.{200 + number}.1"
        job_id = fleet.submit(version)
        agent = start_agent(fleet.app.profile)
        sent = None
        try:
            work.watch(job_id, dice.uniform(0.0, 5.0))
            if not work.over(job_id):
                fleet.app.commands.cancel(job_id, dice.choice((CancelGrade.AFTER_STEP, CancelGrade.NOW)))
                sent = fleet.forward()
            work.watch(job_id, 90)
        finally:
            end(agent, kill=False)
        assert work.over(job_id), work.outcomes(job_id)
        if sent is not None:
            # What was on its way when the cancel was written down, and nothing after it.
            more = [after[len(before) :] for before, after in zip(sent, fleet.forward(), strict=True)]
            assert max(map(len, more)) <= 1, (more, work.outcomes(job_id))
        for task in work.tasks(job_id):
            if task.state == "completed":
                assert (task.result or {})["proven"]
        # What the iDRACs were in the middle of ends by itself; nothing waits for a restart, and no server was left off.
        fleet.site.clock(advance=3600)
        assert fleet.staged() == [[]] * SERVERS
        assert fleet.power() == power
        assert max(fleet.flashes(version)) <= 1
