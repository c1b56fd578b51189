"""kill -9 of the real program in updates of ESXi, alone and with firmware in one restart, and freezes with a second runner on one
Postgres.

By the simulators' own journals nothing is installed, flashed, restarted or entered twice, nothing outside maintenance mode, and
SSH, services and all settings are as before. DSM_KILLS (1000 by hand) and DSM_FREEZES (500) set how often.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.esxi.banks import Banks
from dsm_desktop.simulator.esxi.image import Image
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.kit.agents import end, start_agent
from tests.kit.databases import PostgresServer
from tests.operations.esxi_site import DEPOT, NEW, OLD, PROFILE, EsxiSite, bundle_in, login
from tests.operations.vsphere_site import BIOS, QUICK, QUICK_HOST, RollSite, roll_site

KILLS = max(4, int(os.environ.get("DSM_KILLS", "40")) // 10)
FREEZES = max(3, int(os.environ.get("DSM_FREEZES", "30")) // 10)
LIMIT = 180.0 + 12 * max(KILLS, FREEZES)
ESXI: dict[str, Any] = {"depot": DEPOT, "profile": PROFILE, "doubt_seconds": 1.0, "minutes_to_empty": 600}

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(400 + 40 * (KILLS + FREEZES)),
]


class Night:
    """Hosts on the old image, updated one after the other: ESXi alone and with firmware by turns."""

    def __init__(self, site: RollSite) -> None:
        self.site = site
        self.settings = site.site.settings()
        self.old: Image = site.cluster.hosts[0].esxi.image
        self.runs = 0
        self.before: Counter[str] = Counter()

    @property
    def both(self) -> bool:
        return self.runs % 2 == 0

    @property
    def version(self) -> str:
        return f"9.{self.runs}.3"

    @property
    def host(self) -> Host:
        hosts = self.site.cluster.hosts
        return hosts[self.runs % len(hosts)]

    def seen(self) -> Counter[str]:
        """What was done to the host until now, by the books of vCenter, of the host itself and of its iDRAC."""
        host, site = self.host, self.site
        idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
        effects = host.esxi.journal.effects()
        return Counter(
            updates=effects.get(f"update_started:{NEW}", 0),
            restarts=effects.get("reboot", 0),
            asked=len(site.site.journal("RebootHost_Task", host.name)),
            entered=len(site.site.journal("EnterMaintenanceMode_Task", host.name)),
            starts=idrac.boots,
            flashes=idrac.effects.get(f"flash BIOS {self.version}", 0),
        )

    def start(self) -> int:
        """Submit the next update."""
        self.runs += 1
        host = self.host

        def old_image() -> None:
            host.esxi.banks = Banks(self.old)
            host.image = self.old

        self.site.site.run(old_image)
        self.before = self.seen()
        ids = [self.site.host_id(host.moid)]
        if not self.both:
            return self.site.submit("esxi_upgrade", ids, **(QUICK | ESXI))
        with self.site.runner():
            packages = self.site.package(self.version)
        given = QUICK_HOST | ESXI | {"firmware": "packages", "packages": packages}
        return self.site.submit("firmware_then_esxi", ids, **given)

    def over(self, job: int) -> bool:
        return JobState(self.site.job(job).state).final or bool(self.site.questions())

    def watch(self, job: int, seconds: float) -> None:
        """Until the time is over or the update is."""
        moment = time.monotonic() + seconds
        while time.monotonic() < moment and not self.over(job):
            time.sleep(0.02)

    def proven(self, job: int) -> None:
        """Each thing once, inside maintenance mode, and all as before."""
        site, host = self.site, self.host
        told = f"{host.name}, {site.job(job).kind}: {site.tasks(job)}\n{site.log(job)}"
        assert not site.questions(), f"{[q.question for q in site.questions()]}\n{told}"
        assert site.job(job).state == "completed", told
        assert host.esxi.image.build == NEW, told
        done = self.seen()
        done.subtract(self.before)
        once = {"updates": 1, "restarts": 1, "asked": 1, "entered": 1, "starts": 1, "flashes": int(self.both)}
        assert dict(done) == once, told
        changes = [c for c in host.esxi.journal.changes() if c.effect in (f"update_started:{NEW}", "reboot")]
        assert all(c.body["maintenance"] for c in changes), told
        if self.both:
            idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
            assert idrac.installed[BIOS] == self.version
        assert site.standing() == [], told
        assert site.site.counters["hosts_down_outside_maintenance"] == 0
        assert site.site.settings() == self.settings, "services, policies, maintenance mode and VMs as before"


@contextmanager
def night(folder: Path, store_url: str = "") -> Iterator[Night]:
    with roll_site(
        folder, 3, store_url=store_url, works=False, speed=120.0, version="8.0.3", build=OLD
    ) as site:
        login(site.app, site.site)
        EsxiSite.prepare(site.app, site.site, bundle_in(folder))
        yield Night(site)


def test_killed_anywhere_a_host_is_updated_once(tmp_path: Path) -> None:
    dice = random.Random(20_261_128)
    kills = 0
    with night(tmp_path) as night_:
        while kills < KILLS or not night_.both:
            job = night_.start()
            deadline = time.monotonic() + LIMIT
            here = 0
            while not night_.over(job):
                assert time.monotonic() < deadline, night_.site.log(job)
                agent = start_agent(night_.site.app.profile)
                kill = here < 6 and (kills < KILLS or not here)
                night_.watch(job, dice.uniform(0.0, 6.0) if kill else deadline - time.monotonic())
                kills, here = kills + kill, here + 1
                end(agent, kill=kill)
            night_.proven(job)


@pytest.fixture(scope="module")
def one_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


def test_frozen_with_a_second_runner_on_one_postgres(one_postgres: str, tmp_path: Path) -> None:
    dice = random.Random(20_261_129)
    freezes = 0
    with night(tmp_path, one_postgres) as night_:
        while freezes < FREEZES or not night_.both:
            job = night_.start()
            deadline = time.monotonic() + LIMIT
            agents = [start_agent(night_.site.app.profile) for _ in range(2)]
            try:
                while not night_.over(job):
                    assert time.monotonic() < deadline, night_.site.log(job)
                    night_.watch(job, dice.uniform(0.0, 4.0))
                    frozen = agents[freezes % 2]
                    os.kill(frozen.pid, signal.SIGSTOP)
                    night_.watch(job, dice.uniform(0.5, 4.0))
                    os.kill(frozen.pid, signal.SIGCONT)
                    freezes += 1
            finally:
                for agent in agents:
                    end(agent, kill=True)
            night_.proven(job)
