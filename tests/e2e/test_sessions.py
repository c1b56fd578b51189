"""P9: how polite the program is to iDRACs, counted by the simulated site; the runner is a process of its own and is killed."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.store.models import BmcSession, Server
from tests.kit.commandline import AgentProcess, CommandLine
from tests.kit.site import SiteProcess

MANY = int(os.environ.get("DSM_IDRACS", "100"))
"""iDRACs of the lock-out test; 1,000 by hand."""
IDRACS = 6
KILLS = 5
USER, PASSWORD = "root", "calvin-sim-7Q"
GENERATIONS = ("idrac9-6", "idrac10", "idrac8", "idrac9-4")


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    options = {"idracs": IDRACS, "seed": 5, "network": "127.93.0.0/24", "latency": 0.02}
    with SiteProcess(**options, shared_key=True, generations=GENERATIONS) as site:
        yield site


@pytest.fixture
def app(site: SiteProcess, tmp_path: Path) -> Iterator[Application]:
    app = throw_away_profile(tmp_path / "profile", USER, PASSWORD)
    yield app
    app.close()


def until(true: Callable[[], bool], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def ended(app: Application, job_id: int) -> JobRow:
    def row() -> JobRow:
        return app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]

    until(lambda: JobState(row().state).final, f"job {job_id} did not end", 60 + MANY)
    return row()


def ids(app: Application) -> list[int]:
    return list(app.store.fetch(lambda c: c.scalars(select(Server.id)).all()))


def sessions_on_paper(app: Application) -> int:
    return app.store.fetch(lambda c: c.scalar(select(func.count(BmcSession.id)))) or 0


def scan(app: Application, site: SiteProcess) -> JobRow:
    ranges = " ".join(i["address"] for i in site.idracs)
    return ended(app, app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port}))


def counted(site: SiteProcess) -> list[dict[str, int]]:
    return [site.counters(n) for n in range(site.count)]


def asked(site: SiteProcess, wanted: int) -> bool:
    return sum(c["requests"] for c in counted(site)) >= wanted


def test_two_calls_and_one_session_at_most_and_none_stays(app: Application, site: SiteProcess) -> None:
    with AgentProcess(CommandLine(app.profile), app) as agent:
        assert scan(app, site).failed == 0
        jobs = [
            app.commands.submit(kind, ids(app), {})
            for kind in ("inventory_refresh", "health_check", "fetch_event_logs")
        ]
        assert [ended(app, job).failed for job in jobs] == [0, 0, 0]
        assert agent.stop() == 0, agent.said
    for numbers in counted(site):
        assert numbers["in_flight_peak"] <= 2, numbers
        assert numbers["sessions_peak"] == 1, numbers
        assert numbers["sessions_created"] >= 1, numbers
        assert numbers["sessions_deleted"] == numbers["sessions_created"], numbers
        assert numbers["sessions_open"] == 0, numbers
        assert numbers["logins_failed"] == 0, numbers
    assert sessions_on_paper(app) == 0


def test_what_a_killed_runner_left_open_is_ended_at_the_next_start(
    app: Application, site: SiteProcess
) -> None:
    chance = random.Random(20261120)
    line = CommandLine(app.profile)
    with AgentProcess(line, app) as agent:
        assert scan(app, site).failed == 0
        agent.stop()
    left_open = 0
    for n in range(KILLS):
        before = sum(c["requests"] for c in counted(site))
        with AgentProcess(line, app) as agent:
            job = app.commands.submit("inventory_refresh", ids(app), {})
            wanted = before + chance.randint(1, 9 * IDRACS)
            until(partial(asked, site, wanted), "the job did not begin")
            agent.kill()
        left_open += sum(c["sessions_open"] for c in counted(site))
        with AgentProcess(line, app) as agent:
            assert ended(app, job).failed == 0, n
            assert agent.stop() == 0, agent.said
        open_now = {
            site.idracs[i]["address"]: c["sessions_open"]
            for i, c in enumerate(counted(site))
            if c["sessions_open"]
        }
        assert not open_now, f"kill {n}: {open_now}"
        assert sessions_on_paper(app) == 0
    assert left_open, "no kill came while a session was open: this test has proved nothing"
    for numbers in counted(site):
        assert numbers["in_flight_peak"] <= 2
        assert numbers["logins_failed"] == 0


def test_a_wrong_password_locks_no_idrac_out(tmp_path: Path) -> None:
    options = {
        "idracs": MANY,
        "listen": "any",
        "seed": 6,
        "network": "127.94.0.0/22",
        "shared_key": True,
        "generations": ("idrac9-6",),
    }
    with SiteProcess(**options) as site:
        app = throw_away_profile(tmp_path / "profile", USER, PASSWORD)
        try:
            with AgentProcess(CommandLine(app.profile), app) as agent:
                assert scan(app, site).failed == 0
                view = app.reads.credentials()[0]
                wrong = CredentialDraft(view.id, view.name, view.kind, USER, "not-the-password", view.ranges)
                app.commands.save_credential(wrong)
                for kind in ("health_check", "inventory_refresh", "test_credentials"):
                    assert ended(app, app.commands.submit(kind, ids(app), {})).done == 0
                assert agent.stop() == 0, agent.said
            numbers = [site.counters(n) for n in range(site.count)]
            assert sum(n["refused_while_blocked"] for n in numbers) == 0
            assert max(n["logins_failed"] for n in numbers) <= 1
            # The same wrong account is not carried over the whole fleet either.
            assert sum(n["logins_failed"] for n in numbers) <= 10
            assert sum(n["sessions_open"] for n in numbers) == 0
        finally:
            app.close()
