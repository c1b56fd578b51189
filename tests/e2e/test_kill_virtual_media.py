"""kill -9 of the real program while it mounts and ejects: every drive is filled and emptied once, and the URL stays the same.

DSM_KILLS sets the number for the whole suite; a twentieth of it is done here, because every kill costs a start of the program.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import restore_list
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.queries.virtual_media import list_mounts
from dsm_desktop.simulator import SiteSpec
from tests.e2e.test_kill_power import end, outcomes, row_of, start_agent
from tests.kit.site import SiteProcess
from tests.operations.test_library import iso_image

KILLS = max(3, int(os.environ.get("DSM_KILLS", "10")) // 20)
SERVERS = 8

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(180 + 30 * KILLS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    options = {"idracs": SERVERS, "network": "127.95.0.0/24", "healthy": True, "clock_speed": 20.0}
    with SiteProcess(**options, generations=("idrac8", "idrac9-4", "idrac9-7", "idrac10")) as site:
        yield site


@pytest.fixture
def app(site: SiteProcess, tmp_path: Path) -> Iterator[Application]:
    """A profile that knows the site and an ISO, with a port of its own; its runner was stopped again."""
    spec = SiteSpec()
    app = throw_away_profile(tmp_path / "profile", spec.username, spec.password)
    with socket.create_server(("", 0)) as free:
        app.commands.save_settings("media", {"port": free.getsockname()[1]})
    (tmp_path / "isos").mkdir()
    iso_image(tmp_path / "isos" / "rescue.iso", 600)
    app.commands.add_library_folder(str(tmp_path / "isos"))
    runner = app.make_runner("test")
    runner.start()
    try:
        ranges = " ".join(i["address"] for i in site.idracs)
        app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})
        app.commands.submit("library_scan", [], {})
        assert runner.wait_idle(60)
    finally:
        runner.stop()
    assert len(app.store.fetch(list_servers)) == SERVERS
    yield app
    app.close()


def done(site: SiteProcess, what: str) -> list[int]:
    """How often each iDRAC accepted such a request."""
    return [sum(what in change["uri"] for change in site.journal(n)) for n in range(SERVERS)]


def test_no_drive_is_filled_or_emptied_twice(site: SiteProcess, app: Application) -> None:
    dice = random.Random(20_261_128)
    ids = [s.id for s in app.store.fetch(list_servers)]
    kills = mounted = ejected = 0
    while kills < KILLS or mounted > ejected:
        kind = "virtual_media_mount" if mounted == ejected else "virtual_media_unmount"
        params = {"item": "rescue.iso"} if kind == "virtual_media_mount" else {}
        job_id = app.commands.submit(kind, ids, params)
        deadline = time.monotonic() + 120
        while not JobState(row_of(app, job_id).state).final:
            assert time.monotonic() < deadline, outcomes(app, job_id)
            agent = start_agent(app.profile)
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"ready\n"
            if kills < KILLS:
                moment = time.monotonic() + dice.uniform(0.0, 2.0)
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
        mounted += kind == "virtual_media_mount"
        ejected += kind == "virtual_media_unmount"
        assert done(site, "InsertMedia") == [mounted] * SERVERS
        assert done(site, "EjectMedia") == [ejected] * SERVERS
        standing = app.store.fetch(list_mounts)
        assert len(standing) == (SERVERS if mounted > ejected else 0)


def test_a_killed_start_from_iso_restarts_once_and_leaves_nothing_mounted(
    site: SiteProcess, app: Application
) -> None:
    servers = app.store.fetch(list_servers)
    params = {"item": "rescue.iso", "restart": "power_cycle", "quiet_minutes": 0}
    job_id = app.commands.submit("boot_to_iso", [s.id for s in servers], params)
    agent = start_agent(app.profile)
    assert agent.stdout is not None
    assert agent.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + 120
    while sum(done(site, "InsertMedia")) < SERVERS // 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    end(agent, kill=True)
    agent = start_agent(app.profile)
    while not JobState(row_of(app, job_id).state).final and time.monotonic() < deadline:
        time.sleep(0.05)
    end(agent, kill=False)
    # A host that started while nobody served the ISO went on to its disk: that is said, and ejected all the same.
    for said in outcomes(app, job_id):
        assert "ejected" in said or "did not read" in said
    assert done(site, "InsertMedia") == [1] * SERVERS
    old = {s.address for s in servers if s.generation == "iDRAC8"}  # no power cycle there: off, then on
    wanted = [2 if i["address"] in old else 1 for i in site.idracs]
    assert done(site, "ComputerSystem.Reset") == wanted
    assert app.store.fetch(list_mounts) == []
    assert app.store.fetch(lambda c: restore_list(c, standing_only=True)) == []
