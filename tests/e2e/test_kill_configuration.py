"""kill -9 of the real program while it changes BIOS, attributes, boot and whole configurations: each change is sent once, by the
device's own journal, and each job ends proven."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import IDRAC
from tests.kit.agents import Work, work_on
from tests.kit.site import SiteProcess

KILLS = max(2, int(os.environ.get("DSM_KILLS", "10")) // 50)
"""For each kind of job."""
SERVERS = 3
GENERATIONS = ("idrac9-5", "idrac9-7", "idrac10")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(720 + 60 * KILLS),
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
def work(site: SiteProcess, tmp_path: Path) -> Iterator[Work]:
    """Its registries are known too."""
    with work_on(site, tmp_path, lambda app: None, "bios_config_read", "attributes_read") as work:
        yield work


def test_no_change_is_sent_twice(work: Work) -> None:
    dice = random.Random(20_261_128)
    profile = work.app.commands.profiles.add(
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
        before, jobs = work.changes(part, verb), work.changes("/Jobs", "POST")
        job_id = work.submit(kind, params)
        work.finish(job_id, dice, KILLS, within=4.0, seconds=600)
        work.assert_all_done(job_id)
        assert work.changes(part, verb) == [n + 1 for n in before], kind
        made = 1 if kind == "bios_config_write" else 0
        assert work.changes("/Jobs", "POST") == [n + made for n in jobs], kind
