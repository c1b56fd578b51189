"""A program at work beside a simulated vCenter whose hosts may be the servers of a simulated site; shared by its tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import insert, select

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands import decisions
from dsm_desktop.commands.jobs import put_back
from dsm_desktop.commands.library import add_folder
from dsm_desktop.commands.vcenters import add_vcenter, approve_vcenter_certificate
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import (
    DecisionRow,
    JobRow,
    RestoreRow,
    TaskRow,
    job_tasks,
    list_jobs,
    open_decisions,
    restore_list,
    task_log,
)
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.simulator import Site, SiteSpec
from dsm_desktop.simulator.dup import Package, build
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.hardware.catalog import MODELS
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.store.models import EsxiHost, Server
from dsm_desktop.workers.runner import Runner

QUICK = {"look_seconds": 0.1, "stuck_minutes": 0.03, "guest_minutes": 1, "ask_hours": 1}
"""The simulated site's minutes are parts of a second."""


class Datacentre:
    """The program, the simulated vCenter, and rows for its hosts."""

    def __init__(self, app: Application, site: VsphereSite) -> None:
        self.app, self.site = app, site
        self.vcenter_id = know(app, site)

    def host_id(self, name: str) -> int:
        """Of a host by the simulator's name, its first part or its moid."""
        moid = self.site.host(name).moid
        with self.app.store.read() as connection:
            row = connection.scalar(select(EsxiHost.id).where(EsxiHost.moid == moid))
        assert row is not None
        return row

    def submit(self, kind: str, ids: list[int] | None = None, **params: Any) -> int:
        more = {"dry_run": params.pop("dry_run")} if "dry_run" in params else {}
        return self.app.commands.submit(kind, ids or [], params, **more)

    def job(self, job_id: int) -> JobRow:
        return self.app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]

    def tasks(self, job_id: int) -> list[TaskRow]:
        return self.app.store.fetch(lambda c: job_tasks(c, job_id))

    def log(self, job_id: int) -> str:
        """All lines of its tasks."""
        lines = [self.app.store.fetch(lambda c, t=t: task_log(c, t.id)) for t in self.tasks(job_id)]  # type: ignore[misc]
        return "\n".join(f"{line.level}: {line.message}" for task in lines for line in task)

    def wait(self, job_id: int, seconds: float = 180) -> JobRow:
        """Until it has ended; a question that nobody expected ends the test."""
        self.until(
            lambda: JobState(self.job(job_id).state).final or bool(self.questions()),
            lambda: f"job {job_id}: {self.tasks(job_id)}\n{self.log(job_id)}",
            seconds,
        )
        asked = [(q.job_id, q.question) for q in self.questions()]
        assert not asked, f"{asked}\n{self.log(job_id)}"
        return self.job(job_id)

    def run(self, kind: str, ids: list[int] | None = None, **params: Any) -> tuple[JobRow, TaskRow]:
        """Submit a job with one task and wait for its end."""
        row = self.wait(self.submit(kind, ids, **params))
        (task,) = self.tasks(row.id)
        return row, task

    def until(self, condition: Callable[[], bool], what: Callable[[], str], seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(what())
            time.sleep(0.02)

    def questions(self) -> list[DecisionRow]:
        return self.app.store.fetch(open_decisions)

    def question(self, job_id: int = 0, seconds: float = 180) -> DecisionRow:
        """The one open question; waited for."""
        found: list[DecisionRow] = []

        def asked() -> bool:
            # Read once: a question may be gone at the next look.
            found[:] = self.questions()
            return bool(found)

        self.until(asked, lambda: f"no question was asked: {self.log(job_id)}", seconds)
        assert len(found) == 1, [(q.job_id, q.question[:400]) for q in found]
        (row,) = found
        return row

    def answer(self, value: str) -> DecisionRow:
        """Answer the open question."""
        asked = self.question()
        with self.app.store.write() as uow:
            decisions.answer(uow, self.app.principal, asked.id, value)
        return asked

    def standing(self) -> list[RestoreRow]:
        return self.app.store.fetch(lambda c: restore_list(c, standing_only=True))

    def press_put_back(self, job_id: int) -> None:
        """For the only task of an ended job."""
        (task,) = self.tasks(job_id)
        self.app.commands.do(put_back, task.id)

    def put_back(self, job_id: int) -> JobRow:
        """The same, and wait for the end."""
        self.press_put_back(job_id)
        return self.wait(job_id)

    def rest(self) -> None:
        """Every fault off; every host in service, every VM on."""
        self.site.faults.clear()

    def left_as_found(self) -> None:
        """At the end of a test that shares the site: no question, nothing to be put back, no host out or on its way."""
        self.rest()
        assert self.questions() == []
        assert self.standing() == []
        assert [h.name for h in self.site.hosts if h.maintenance or h.evacuation] == []


def know(app: Application, site: VsphereSite) -> int:
    """Put the vCenter and its hosts on the list, as a synchronisation would; returns the vCenter's id."""
    spec = site.spec
    credential = app.commands.save_credential(
        CredentialDraft(
            id=None,
            name=f"vCenter {site.port}",
            kind="vcenter",
            username=spec.username,
            password=spec.password,
        )
    )
    with app.store.write() as uow:
        vcenter = add_vcenter(uow, app.principal, site.address, site.port, credential_id=credential)
        approve_vcenter_certificate(uow, app.principal, vcenter, site.fingerprint)
        found = uow.session.execute(select(Server.service_tag, Server.id))
        servers: dict[str, int] = {tag: server for tag, server in found if tag}
        rows: list[dict[str, Any]] = [
            {
                "vcenter_id": vcenter,
                "moid": host.moid,
                "cluster": host.owner.moid if host.owner.moid.startswith("domain-c") else "",
                "name": host.name,
                "address": host.name,
                "service_tag": host.service_tag,
                "server_id": servers.get(host.service_tag),
                "link": "tag" if host.service_tag in servers else "",
                "gone": False,
                "facts": {},
            }
            for host in site.hosts
        ]
        uow.session.execute(insert(EsxiHost), rows)
    return vcenter


SMALL = VsphereSpec(
    clusters=(
        ClusterSpec("Prod", 4, vms_per_host=2),
        ClusterSpec("Lab", 2, vms_per_host=3, drs="manual", ha=False),
    ),
    clock_speed=200.0,
    pace=Pace(stop=20, post=60, boot=60),
)


@contextmanager
def datacentre(folder: Path, spec: VsphereSpec = SMALL) -> Iterator[Datacentre]:
    """A vCenter without iDRACs, and a program that knows it."""
    with VsphereSite(spec) as site:
        app = throw_away_profile(folder / "profile", "root", "calvin-not")
        app.listen()
        runner: Runner = app.make_runner("test")
        runner.start()
        try:
            yield Datacentre(app, site)
        finally:
            runner.stop()
            app.close()


BIOS = "BIOS.Setup.1-1"
# The site's clock runs ahead, so its hosts' clocks are wrong for this machine.
QUICK_WORK = QUICK | {
    "poll_seconds": 0.2,
    "backup": False,
    "even_if_critical": True,
    "recovery_key": "go_on",
    "minutes": 20,
    "proof_minutes": 0.2,
    "gate_minutes": 0.02,
    "check_clocks": False,
    "settle_minutes": 5,
}


QUICK_HOST = {
    name: value for name, value in QUICK_WORK.items() if name not in ("gate_minutes", "check_clocks")
}
"""The same for a job on one host."""


class RollSite(Datacentre):
    """A cluster whose hosts run on simulated servers, and a library for them."""

    def __init__(self, app: Application, site: VsphereSite, idracs: Site, folder: Path) -> None:
        super().__init__(app, site)
        self.idracs, self.folder = idracs, folder
        with app.store.write() as uow:
            add_folder(uow, app.principal, app.media.host, str(folder))

    @property
    def cluster(self) -> Cluster:
        return self.site.cluster("Prod")

    def package(self, version: str) -> list[str]:
        """A BIOS for every model of the site."""
        names = sorted(MODELS)
        ids = tuple(f"{MODELS[n].system_id:04X}" for n in names)
        package = Package("BIOS", "159", version, "BIOS", ids, tuple(names))
        build(self.folder / package.file_name, package)
        job = self.wait(self.submit("library_scan"))
        assert job.state == "completed"
        return [package.file_name]

    @contextmanager
    def runner(self) -> Iterator[Runner]:
        """A runner for a while, where agents do the work."""
        runner: Runner = self.app.make_runner("test")
        runner.start()
        try:
            yield runner
        finally:
            runner.stop()

    def bios(self) -> dict[str, str]:
        """By service tag."""
        return {i.service_tag: i.installed[BIOS] for i in self.idracs.idracs}

    def servers(self) -> list[ServerRow]:
        return self.app.store.fetch(list_servers)

    def result(self, job_id: int) -> dict[str, Any]:
        """Of a job's only task."""
        (task,) = self.tasks(job_id)
        assert task.result is not None, task.outcome
        return task.result

    def flashes(self, version: str) -> dict[str, int]:
        """By service tag, how often this version was written."""
        return {i.service_tag: i.effects.get(f"flash BIOS {version}", 0) for i in self.idracs.idracs}

    def roll(self, kind: str = "rolling_update", **params: Any) -> int:
        """Submit a run on the cluster."""
        given: dict[str, Any] = (
            QUICK_WORK | {"vcenter_id": self.vcenter_id, "cluster": self.cluster.moid} | params
        )
        return self.submit(kind, **given)


@contextmanager
def roll_site(
    folder: Path,
    hosts: int = 4,
    *,
    store_url: str = "",
    works: bool = True,
    speed: float = 300.0,
    generation: str = "idrac9-6",
    prepare: Callable[[Application, VsphereSite], None] = lambda app, site: None,
    **cluster: Any,
) -> Iterator[RollSite]:
    """Scanned and known; with a runner of its own unless agents shall do the work."""
    spec = VsphereSpec(
        clusters=(ClusterSpec("Prod", hosts, vms_per_host=2, **cluster),),
        stand_alone=1,
        pace=Pace(stop=20, post=60, boot=60),
    )
    site_spec = SiteSpec(
        idracs=hosts + 1, port=0, generations=(generation,), shared_key=True, healthy=True, clock_speed=speed,
        network="127.96.0.0/24",
    )  # fmt: skip
    packages = folder / "packages"
    packages.mkdir()
    # "Retry in 30 seconds" is said in the simulated device's time.
    late = patch("dsm_desktop.redfish.errors.wait_of", lambda *_, **__: 0.3)
    with Site(site_spec) as idracs, VsphereSite(spec, idracs) as site, late:
        first = idracs.idracs[0]
        app = throw_away_profile(folder / "profile", first.username, first.password, store_url)
        prepare(app, site)
        app.listen()
        runner: Runner = app.make_runner("test")
        runner.start()
        try:
            ranges = " ".join(i.address for i in idracs.idracs)
            app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": idracs.port})
            assert runner.wait_idle(60)
            if not works:
                runner.stop()
            yield RollSite(app, site, idracs, packages)
        finally:
            runner.stop()
            app.close()
