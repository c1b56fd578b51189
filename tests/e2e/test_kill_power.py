"""kill -9 of the real program while it restarts 20 simulated servers: each is reset once, by the device's own journal.

DSM_KILLS sets the number for the whole suite; a tenth of it is done here, because every kill costs a start of the program.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.queries.jobs import task_steps
from dsm_desktop.queries.servers import list_servers
from tests.kit.agents import Work, work_on
from tests.kit.site import SiteProcess

KILLS = max(4, int(os.environ.get("DSM_KILLS", "10")) // 10)
SERVERS = 20
ACTIONS = ("force_restart", "graceful_restart")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(720 + 20 * KILLS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    with SiteProcess(idracs=SERVERS, network="127.93.0.0/24", port=0, healthy=True, clock_speed=15.0) as site:
        yield site


@pytest.fixture
def work(site: SiteProcess, tmp_path: Path) -> Iterator[Work]:
    with work_on(site, tmp_path) as work:
        yield work


def requests_for(work: Work, action: str) -> list[int]:
    """Reset requests an action takes on each server: two where a generation has no graceful restart."""
    rows = work.app.store.fetch(list_servers)
    two = action == "graceful_restart"
    by_address = {r.address: 2 if two and r.generation in ("iDRAC7", "iDRAC8") else 1 for r in rows}
    return [by_address[address] for address in sorted(by_address, key=lambda a: int(a.rpartition(".")[2]))]


def story(work: Work, job_id: int, expected: list[int]) -> str:
    """What a server says and what its task has written down, for the first one that was reset too often or too seldom."""
    seen = work.changes("ComputerSystem.Reset")
    wrong = next(n for n, (got, due) in enumerate(zip(seen, expected, strict=True)) if got != due)
    address = work.site.idracs[wrong]["address"]
    row = next(s for s in work.app.store.fetch(list_servers) if s.address == address)
    task = next(t for t in work.tasks(job_id) if t.server_id == row.id)
    steps = work.app.store.fetch(lambda c: task_steps(c, task.id))
    return "\n".join(map(str, [row.generation, *work.site.journal(wrong), *steps]))


def test_no_server_is_restarted_twice_and_none_is_left_out(work: Work) -> None:
    dice = random.Random(20_261_120)
    kills = jobs = 0
    expected = [0] * SERVERS
    while kills < KILLS:
        jobs += 1
        action = ACTIONS[jobs % 2]
        job_id = work.submit("power_action", {"action": action, "max_parallel": 4})
        kills += work.finish(job_id, dice, KILLS - kills, within=2.5, seconds=600 + 10 * KILLS)
        work.assert_all_done(job_id)
        expected = [before + n for before, n in zip(expected, requests_for(work, action), strict=True)]
        assert work.changes("ComputerSystem.Reset") == expected, story(work, job_id, expected)
