"""kill -9 of the real program while it restarts 20 simulated servers: each is reset once, by the device's own journal.

DSM_KILLS sets the number for the whole suite; a tenth of it is done here, because every kill costs a start of the program.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, job_tasks, list_jobs, task_steps
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.simulator import SiteSpec
from tests.kit.site import SiteProcess

KILLS = max(4, int(os.environ.get("DSM_KILLS", "10")) // 10)
SERVERS = 20
ACTIONS = ("force_restart", "graceful_restart")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(180 + 20 * KILLS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    with SiteProcess(idracs=SERVERS, network="127.93.0.0/24", port=0, healthy=True, clock_speed=15.0) as site:
        yield site


@pytest.fixture
def app(site: SiteProcess, tmp_path: Path) -> Iterator[Application]:
    """A profile whose runner has found and read the site, and was stopped again."""
    spec = SiteSpec()
    app = throw_away_profile(tmp_path / "profile", spec.username, spec.password)
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


def start_agent(profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.kit.power_agent", str(profile)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def end(agent: subprocess.Popen[bytes], *, kill: bool) -> None:
    assert agent.stdin is not None
    assert agent.stdout is not None
    if kill:
        agent.kill()
    agent.stdin.close()
    agent.wait(60)
    agent.stdout.close()


def row_of(app: Application, job_id: int) -> JobRow:
    return app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]


def outcomes(app: Application, job_id: int) -> list[str]:
    return [t.outcome for t in app.store.fetch(lambda c: job_tasks(c, job_id))]


def requests_for(app: Application, action: str) -> list[int]:
    """Reset requests an action takes on each server: two where a generation has no graceful restart."""
    rows = app.store.fetch(list_servers)
    two = action == "graceful_restart"
    by_address = {r.address: 2 if two and r.generation in ("iDRAC7", "iDRAC8") else 1 for r in rows}
    return [by_address[address] for address in sorted(by_address, key=lambda a: int(a.rpartition(".")[2]))]


def resets(site: SiteProcess) -> list[int]:
    return [
        sum("ComputerSystem.Reset" in change["uri"] for change in site.journal(n))
        for n in range(len(site.idracs))
    ]


def story(site: SiteProcess, app: Application, job_id: int, expected: list[int]) -> str:
    """What a server says and what its task has written down, for the first one that was reset too often or too seldom."""
    wrong = next(n for n, (got, due) in enumerate(zip(resets(site), expected, strict=True)) if got != due)
    address = site.idracs[wrong]["address"]
    row = next(s for s in app.store.fetch(list_servers) if s.address == address)
    task = next(t for t in app.store.fetch(lambda c: job_tasks(c, job_id)) if t.server_id == row.id)
    steps = app.store.fetch(lambda c: task_steps(c, task.id))
    return "\n".join(map(str, [row.generation, *site.journal(wrong), *steps]))


def test_no_server_is_restarted_twice_and_none_is_left_out(site: SiteProcess, app: Application) -> None:
    dice = random.Random(20_261_120)
    ids = [s.id for s in app.store.fetch(list_servers)]
    kills = jobs = 0
    expected = [0] * SERVERS
    while kills < KILLS:
        jobs += 1
        job_id = app.commands.submit("power_action", ids, {"action": ACTIONS[jobs % 2], "max_parallel": 4})
        deadline = time.monotonic() + 120 + 10 * KILLS
        while not JobState(row_of(app, job_id).state).final:
            assert time.monotonic() < deadline, outcomes(app, job_id)
            agent = start_agent(app.profile)
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"ready\n"
            if kills < KILLS:
                moment = time.monotonic() + dice.uniform(0.0, 2.5)
                while time.monotonic() < moment and not JobState(row_of(app, job_id).state).final:
                    time.sleep(0.01)
                kills += 1
                end(agent, kill=True)
            else:
                while not JobState(row_of(app, job_id).state).final and time.monotonic() < deadline:
                    time.sleep(0.05)
                end(agent, kill=False)
        row = row_of(app, job_id)
        assert (row.state, row.done, row.failed) == ("completed", SERVERS, 0), outcomes(app, job_id)
        expected = [
            before + n for before, n in zip(expected, requests_for(app, ACTIONS[jobs % 2]), strict=True)
        ]
        assert resets(site) == expected, story(site, app, job_id, expected)
