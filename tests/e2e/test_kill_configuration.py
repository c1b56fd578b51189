"""kill -9 of the real program while it changes BIOS, attributes, boot and whole configurations: each change is sent once, by the
device's own journal, and each job ends proven."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import IDRAC
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.simulator import SiteSpec
from tests.e2e.test_kill_power import end, outcomes, row_of, start_agent
from tests.kit.site import SiteProcess

KILLS = max(2, int(os.environ.get("DSM_KILLS", "10")) // 50)
"""For each kind of job."""
SERVERS = 3
GENERATIONS = ("idrac9-5", "idrac9-7", "idrac10")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(300 + 60 * KILLS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    options: dict[str, Any] = {
        "idracs": SERVERS,
        "network": "127.98.0.0/24",
        "healthy": True,
        "clock_speed": 60.0,
    }
    with SiteProcess(**options, generations=GENERATIONS, port=0) as site:
        yield site


@pytest.fixture
def app(site: SiteProcess, tmp_path: Path) -> Iterator[Application]:
    """A profile that knows the site and its registries, with no runner at work."""
    spec = SiteSpec()
    app = throw_away_profile(tmp_path / "profile", spec.username, spec.password)
    runner = app.make_runner("test")
    runner.start()
    try:
        ranges = " ".join(i["address"] for i in site.idracs)
        app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})
        assert runner.wait_idle(60)
        ids = [s.id for s in app.store.fetch(list_servers)]
        for kind in ("bios_config_read", "attributes_read"):
            app.commands.submit(kind, ids, {})
        assert runner.wait_idle(60)
    finally:
        runner.stop()
    yield app
    app.close()


def sent(site: SiteProcess, verb: str, part: str) -> list[int]:
    """Accepted calls per iDRAC."""
    return [
        sum(change["verb"] == verb and part in change["uri"] for change in site.journal(n))
        for n in range(SERVERS)
    ]


def run_with_kills(app: Application, dice: random.Random, kind: str, params: dict[str, Any]) -> None:
    """The job to its end, killed some times on the way."""
    ids = [s.id for s in app.store.fetch(list_servers)]
    job_id = app.commands.submit(kind, ids, params)
    kills, deadline = 0, time.monotonic() + 180
    while not JobState(row_of(app, job_id).state).final:
        assert time.monotonic() < deadline, outcomes(app, job_id)
        agent = start_agent(app.profile)
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"ready\n"
        moment = time.monotonic() + (dice.uniform(0.1, 4.0) if kills < KILLS else 600.0)
        while time.monotonic() < min(moment, deadline) and not JobState(row_of(app, job_id).state).final:
            time.sleep(0.02)
        end(agent, kill=kills < KILLS)
        kills += 1
    row = row_of(app, job_id)
    assert (row.state, row.done, row.failed) == ("completed", SERVERS, 0), (kind, outcomes(app, job_id))


def test_no_change_is_sent_twice(site: SiteProcess, app: Application) -> None:
    dice = random.Random(20_261_128)
    profile = app.commands.profiles.add(
        compose([(IDRAC, "SysLog.1#Port", "1601"), (IDRAC, "NTPConfigGroup.1#NTP3", "10.3.3.3")]), "killed"
    )
    changes: list[tuple[str, dict[str, Any], str, str]] = [
        ("bios_config_write", {"settings": ["NumLock=Off"]}, "PATCH", "/Bios/Settings"),
        ("attributes_write", {"settings": ["WebServer.1.Timeout=1200"]}, "PATCH", "DellAttributes"),
        ("boot_configuration", {"once": "PXE"}, "PATCH", "System.Embedded.1"),
        (
            "scp_import",
            {"profile_id": profile, "shutdown": "no restart", "preview": False},
            "POST",
            ".ImportSystemConfiguration",
        ),
    ]
    for kind, params, verb, part in changes:
        before = sent(site, verb, part)
        jobs = sent(site, "POST", "/Jobs")
        run_with_kills(app, dice, kind, params)
        assert sent(site, verb, part) == [n + 1 for n in before], kind
        made = 1 if kind == "bios_config_write" else 0
        assert sent(site, "POST", "/Jobs") == [n + made for n in jobs], kind
