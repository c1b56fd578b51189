"""A program beside a simulated vCenter whose ESXi hosts answer by SSH, and depots on a datastore they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.simulator.esxi import Pace, vmware_image, write_bundle
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store import settings
from dsm_desktop.store.models import EsxiHost
from dsm_desktop.workers.runner import Runner
from tests.operations.vsphere_site import QUICK, Datacentre, RollSite, roll_site

OLD, NEW = "24022510", "24674464"
PROFILE = f"ESXi-8.0U3e-{NEW}-standard"
DEPOT = "[prod-iso] depots/esxi.zip"
FAST = QUICK | {
    "look_seconds": 0.1,
    "doubt_seconds": 1.0,
    "settle_minutes": 1,
    "depot": DEPOT,
    "profile": PROFILE,
}
SMALL = VsphereSpec(
    clusters=(ClusterSpec("Prod", 3, vms_per_host=2, version="8.0.3", build=OLD),),
    stand_alone=1,
    clock_speed=200.0,
    version="8.0.3",
    build="24674346",
    pace=Pace(stop=20, post=60, boot=60, update=60, dry_run=5),
)


class EsxiSite(Datacentre):
    """Hosts whose SSH is off, as they come."""

    runner: Runner

    def __init__(self, app: Application, site: VsphereSite, bundle: Path) -> None:
        super().__init__(app, site)
        self.bundle = bundle
        self.prepare(app, site, bundle)

    @staticmethod
    def prepare(app: Application, site: VsphereSite, bundle: Path) -> None:
        """A depot on the shared store, and the addresses the hosts really have."""
        site.store("prod-iso").disk.put("depots/esxi.zip", bundle, site.clock.now())
        with app.store.write() as uow:
            for host in site.hosts:
                uow.session.execute(
                    update(EsxiHost).where(EsxiHost.moid == host.moid).values(address=host.esxi.spec.address)
                )

    def row(self, host: Host) -> Any:
        """What the store knows of a host."""
        return self.app.store.fetch(
            lambda c: c.execute(select(EsxiHost.__table__).where(EsxiHost.moid == host.moid)).one()
        )

    def ssh(self, host: Host) -> tuple[bool, str]:
        """(running, policy)."""
        service = host.esxi.service("TSM-SSH")
        return service.running, service.policy

    def effects(self, host: Host) -> dict[str, int]:
        """What was done to the host, as often as it was."""
        return dict(host.esxi.journal.effects())

    def rest(self) -> None:
        super().rest()
        for host in self.site.hosts:
            host.esxi.faults.clear()


def login(app: Application, site: VsphereSite) -> None:
    """The hosts' own account, and the port their SSH has here."""
    app.commands.save_credential(
        CredentialDraft(
            id=None,
            name="hosts",
            kind="esxi",
            username="root",
            password=site.spec.host_password,
            is_default=True,
        )
    )
    with app.store.write() as uow:
        network = settings.load_in(uow.session.connection(), NetworkSettings)
        settings.save(uow, network.model_copy(update={"ssh_port": site.ssh.port}), "test")


def bundle_in(folder: Path) -> Path:
    """An offline bundle with VMware's profiles of the new build."""
    images = [vmware_image("8.0.3", NEW, letter="e"), vmware_image("8.0.3", NEW, letter="e", tools=False)]
    return write_bundle(folder / "esxi.zip", images)


@contextmanager
def esxi_site(folder: Path, spec: VsphereSpec = SMALL, *, works: bool = True) -> Iterator[EsxiSite]:
    """A vCenter without iDRACs, and a program that knows it and may sign in to its hosts; with a runner of its own unless agents
    shall do the work."""
    with VsphereSite(spec) as site:
        app = throw_away_profile(folder / "profile", "root", "calvin-not")
        app.listen()
        runner = app.make_runner("test")
        if works:
            runner.start()
        login(app, site)  # with the runner at work: login and port count at once
        try:
            known = EsxiSite(app, site, bundle_in(folder))
            known.runner = runner
            yield known
            runner = known.runner  # a test may have put another in its place
        finally:
            if works:
                runner.stop()
            app.close()


@contextmanager
def rolling_esxi(folder: Path, hosts: int) -> Iterator[RollSite]:
    """A cluster on simulated servers whose old hosts answer by SSH, with a newer depot on their store and a runner at work."""
    with roll_site(folder, hosts=hosts, version="8.0.3", build=OLD, works=False) as site:
        EsxiSite.prepare(site.app, site.site, bundle_in(folder))
        login(site.app, site.site)
        with site.runner():
            yield site
