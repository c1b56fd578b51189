"""kill -9 of the real program while it mounts and ejects: every drive is filled and emptied once, and the URL stays the same.

DSM_KILLS sets the number for the whole suite; a twentieth of it is done here, because every kill costs a start of the program.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.queries.jobs import restore_list
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.queries.virtual_media import list_mounts
from tests.kit.agents import Work, end, start_agent, work_on
from tests.kit.site import SiteProcess
from tests.operations.test_library import iso_image

KILLS = max(3, int(os.environ.get("DSM_KILLS", "10")) // 20)
SERVERS = 8

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(720 + 30 * KILLS),
]


@pytest.fixture
def site() -> Iterator[SiteProcess]:
    options = {"idracs": SERVERS, "network": "127.95.0.0/24", "healthy": True, "clock_speed": 20.0}
    with SiteProcess(**options, generations=("idrac8", "idrac9-4", "idrac9-7", "idrac10")) as site:
        yield site


@pytest.fixture
def work(site: SiteProcess, tmp_path: Path) -> Iterator[Work]:
    """An ISO in the library, and a port of this profile's own."""
    (tmp_path / "isos").mkdir()
    iso_image(tmp_path / "isos" / "rescue.iso", 600)
    with work_on(
        site, tmp_path, lambda app: app.commands.add_library_folder(str(tmp_path / "isos")), "library_scan"
    ) as work:
        yield work


def test_no_drive_is_filled_or_emptied_twice(work: Work) -> None:
    dice = random.Random(20_261_128)
    kills = mounted = ejected = 0
    while kills < KILLS or mounted > ejected:
        kind = "virtual_media_mount" if mounted == ejected else "virtual_media_unmount"
        job_id = work.submit(kind, {"item": "rescue.iso"} if kind == "virtual_media_mount" else {})
        kills += work.finish(job_id, dice, KILLS - kills, within=2.0, seconds=600)
        work.assert_all_done(job_id)
        mounted += kind == "virtual_media_mount"
        ejected += kind == "virtual_media_unmount"
        assert work.changes("InsertMedia") == [mounted] * SERVERS
        assert work.changes("EjectMedia") == [ejected] * SERVERS
        standing = work.app.store.fetch(list_mounts)
        assert len(standing) == (SERVERS if mounted > ejected else 0)


def test_a_killed_start_from_iso_restarts_once_and_leaves_nothing_mounted(work: Work) -> None:
    job_id = work.submit("boot_to_iso", {"item": "rescue.iso", "restart": "power_cycle", "quiet_minutes": 0})
    agent = start_agent(work.app.profile)
    work.watch(job_id, 120, lambda: sum(work.changes("InsertMedia")) >= SERVERS // 2)
    end(agent, kill=True)
    agent = start_agent(work.app.profile)
    work.watch(job_id, 120)
    end(agent, kill=False)
    # A host that started while nobody served the ISO went on to its disk: that is said, and ejected all the same.
    for said in work.outcomes(job_id):
        assert "ejected" in said or "did not read" in said
    assert work.changes("InsertMedia") == [1] * SERVERS
    servers = work.app.store.fetch(list_servers)
    old = {s.address for s in servers if s.generation == "iDRAC8"}  # no power cycle there: off, then on
    wanted = [2 if i["address"] in old else 1 for i in work.site.idracs]
    assert work.changes("ComputerSystem.Reset") == wanted
    assert work.app.store.fetch(list_mounts) == []
    assert work.app.store.fetch(lambda c: restore_list(c, standing_only=True)) == []
