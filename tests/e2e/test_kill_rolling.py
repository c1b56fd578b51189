"""kill -9 of the real program over whole rolling updates of a cluster with decisions, and freezes with a second runner on one
Postgres.

By the simulators' own journals no host is flashed twice or outside maintenance mode, none is restarted or entered twice, none
is left in maintenance mode, and every setting, VM and medium is as it was. DSM_KILLS (200 in CI, 1,000 before a release),
DSM_FREEZES (100, 500) and DSM_ROLL_HOSTS (8) set how often and how many, DSM_SEED where.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.workers.config import RunnerConfig
from tests.kit.agents import end, start_agent
from tests.kit.databases import PostgresServer
from tests.operations.vsphere_site import RollSite, roll_site

KILLS = int(os.environ.get("DSM_KILLS", "8"))
FREEZES = int(os.environ.get("DSM_FREEZES", "4"))
SEED = os.environ.get("DSM_SEED", "2026")
HOSTS = int(os.environ.get("DSM_ROLL_HOSTS", "3"))
LIMIT = 1500.0
"""Seconds for one run over the cluster with all its kills."""
LEASE = 0.02 * RunnerConfig().lease
"""Seconds, as the agents of these tests have it."""

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Linux"),
    pytest.mark.timeout(LIMIT + 20 * (KILLS + FREEZES)),
]


class Night:
    """A cluster with a VM that cannot move and one with an image in its drive, and runs over it."""

    def __init__(self, site: RollSite) -> None:
        self.site = site
        hosts = site.cluster.hosts
        self.pinned = self._vm(hosts[0])
        self.with_image = self._vm(hosts[1])
        site.site.put(Blocker.PCI_PASSTHROUGH, self.pinned)
        site.site.put(Blocker.CDROM_LOCAL_ISO, self.with_image)
        site.site.run(lambda: setattr(site.cluster.dpm, "enabled", True))
        self.settings = site.site.settings()
        self.runs = 0

    def _vm(self, host: Host) -> Vm:
        return next(vm for vm in host.running() if not vm.by_vcenter)

    def start(self) -> tuple[int, str]:
        """Submit a run; its id and the version it brings."""
        self.runs += 1
        version = f"9.{self.runs}.1"
        with self.site.runner():
            packages = self.site.package(version)
        decided = [f"{self.pinned.name} = shut_down"]
        job = self.site.roll(
            firmware="packages", packages=packages, decisions=decided, minutes_to_empty=600, mute_alarms=True
        )
        return job, version

    def over(self, job: int) -> bool:
        return JobState(self.site.job(job).state).final or bool(self.site.questions())

    def watch(self, job: int, seconds: float) -> None:
        """Until the time is over or the run is."""
        moment = time.monotonic() + seconds
        while time.monotonic() < moment and not self.over(job):
            time.sleep(0.02)

    def _told(self) -> str:
        """The logs of all jobs."""
        jobs = self.site.app.store.fetch(list_jobs)
        return "\n".join(self.site.log(row.id) for row in jobs if row.kind == "host_update")

    def proven(self, job: int, version: str) -> None:
        """By the journals: each host once, inside maintenance mode, and all as before."""
        site, log = self.site, self.site.log(job)
        asked = [q.question for q in site.questions()]
        assert not asked, f"{asked}\n{log}"
        assert site.job(job).state == "completed", log
        assert site.standing() == [], log
        for host in site.cluster.hosts:
            idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
            assert idrac.effects.get(f"flash BIOS {version}", 0) == 1, f"{host.name} {version}\n{log}"
            (flashed,) = [c.when for c in idrac.journal if c.effect == f"flash BIOS {version}"]
            entered = [a.when for a in site.site.journal("EnterMaintenanceMode_Task", host.name)]
            left = [a.when for a in site.site.journal("ExitMaintenanceMode_Task", host.name)]
            assert len(entered) == self.runs, f"{host.name} entered {len(entered)} times in {self.runs} runs"
            assert len(left) >= self.runs
            assert entered[-1] < flashed < max(left), f"{host.name} was flashed outside maintenance mode"
            assert not host.maintenance
            resets = sum(n for e, n in idrac.effects.items() if e.startswith("ComputerSystem.Reset"))
            assert resets == self.runs, f"{host.name}: {idrac.effects}"
        assert site.site.journal("RebootHost_Task") == []
        assert site.site.journal("PowerOffVM_Task") == []
        switched = [a.arguments["enabled"] for a in site.site.journal("EnableAlarmActions")]
        assert switched.count(False) >= len(site.cluster.hosts) * self.runs, "muted, and back (below)"
        assert self.pinned.on
        assert len(site.site.journal("PowerOnVM_Task", self.pinned.name)) == self.runs
        now = site.site.settings()
        image = self.with_image.name
        if now[image] != self.settings[image]:
            # When it was to be put in again, the VM ran on another host, from which nobody reaches the image.
            assert f"of {image} stays disconnected" in self._told()
            now[image] = self.settings[image]
        assert now == self.settings


@contextmanager
def night(folder: Path, store_url: str = "") -> Iterator[Night]:
    with roll_site(folder, HOSTS, store_url=store_url, works=False, speed=120.0) as site:
        yield Night(site)


def test_killed_anywhere_every_host_is_done_once_and_all_is_put_back(tmp_path: Path) -> None:
    dice = random.Random(f"kills {SEED}")
    kills = 0
    with night(tmp_path) as night_:
        while kills < KILLS:
            job, version = night_.start()
            deadline = time.monotonic() + LIMIT
            while not night_.over(job):
                assert time.monotonic() < deadline, night_.site.log(job)
                agent = start_agent(night_.site.app.profile)
                if kills < KILLS:
                    night_.watch(job, dice.uniform(0.0, 2.0))
                    kills += 1
                    end(agent, kill=True)
                else:
                    night_.watch(job, deadline - time.monotonic())
                    end(agent, kill=False)
            night_.proven(job, version)


@pytest.fixture(scope="module")
def one_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


def test_frozen_with_a_second_runner_on_one_postgres(one_postgres: str, tmp_path: Path) -> None:
    dice = random.Random(f"freezes {SEED}")
    freezes = 0
    with night(tmp_path, one_postgres) as night_:
        while freezes < FREEZES:
            job, version = night_.start()
            deadline = time.monotonic() + LIMIT
            agents = [start_agent(night_.site.app.profile) for _ in range(2)]
            try:
                while not night_.over(job):
                    assert time.monotonic() < deadline, night_.site.log(job)
                    if freezes >= FREEZES:
                        night_.watch(job, 1.0)
                        continue
                    night_.watch(job, dice.uniform(0.0, 1.5))
                    frozen = agents[freezes % 2]
                    os.kill(frozen.pid, signal.SIGSTOP)
                    night_.watch(job, dice.uniform(LEASE, 3 * LEASE))
                    os.kill(frozen.pid, signal.SIGCONT)
                    freezes += 1
            finally:
                for agent in agents:
                    end(agent, kill=True)
            night_.proven(job, version)
