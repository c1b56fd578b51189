"""What runs on a host without a vCenter: read from the host itself, kept, judged, and shown while the host is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.vcenters import add_esxi_host, approve_host_certificate, remove_esxi_host
from dsm_desktop.commands.watch import submit_due
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.core.vsphere import Host
from dsm_desktop.core.vsphere_site import About, Site, place_of_host
from dsm_desktop.queries.blockers import blocker_rows
from dsm_desktop.queries.cluster_safety import cluster_out, gate_rows
from dsm_desktop.queries.vsphere import VsphereView, vsphere_view
from dsm_desktop.queries.vsphere_rows import HostRow
from dsm_desktop.queries.vsphere_tree import Node, tree_of
from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.store.models import EsxiObject, Job, Vcenter
from dsm_desktop.store.vsphere_sync import save_site
from tests.operations.esxi_site import login
from tests.operations.test_datastore_files import image
from tests.operations.vsphere_site import QUICK, Datacentre

pytestmark = pytest.mark.shared_program


class Alone(Datacentre):
    """A program that knows one host, and no vCenter."""

    def __init__(self, app: Application, site: VsphereSite) -> None:
        self.app, self.site = app, site
        with app.store.write() as uow:
            self.id = add_esxi_host(uow, app.principal, site.address, site.port, name="edge.site")
            approve_host_certificate(uow, app.principal, self.id, site.fingerprint)
        self.place = place_of_host(self.id)

    def view(self) -> VsphereView:
        return self.app.store.fetch(vsphere_view)

    def row(self) -> HostRow:
        (row,) = self.view().hosts
        return row

    def node(self) -> Node:
        """The host's place in the tree."""
        branch = next(n for n in tree_of(self.view()).children if n.kind == "alone")
        (node,) = branch.children
        return node

    def age(self) -> None:
        with self.app.store.write() as uow:
            uow.session.execute(update(Job).values(submitted_at=uow.now - timedelta(hours=1)))

    def due(self) -> list[int]:
        watch = WatchSettings(health_minutes=0, logs_hours=0, inventory_hours=0, vcenter_minutes=10)
        with self.app.store.write() as uow:
            made = submit_due(uow, self.app.catalogue, watch, RetentionSettings())
        return [job_id for job_id in made if self.wait(job_id).kind == "host_refresh"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    folder: Path = tmp_path_factory.mktemp("lone")
    spec = host_spec(address="127.88.9.7", host_network="127.88.9.7/32", clock_speed=200.0)
    with VsphereSite(spec) as site:
        app = throw_away_profile(folder / "profile", "root", "calvin-not")
        app.listen()
        login(app, site)
        runner = app.make_runner("test")
        runner.start()
        try:
            yield Alone(app, site)
        finally:
            runner.stop()
            app.close()


def test_before_it_was_read_it_is_there_and_bare(alone: Alone) -> None:
    row, node = alone.row(), alone.node()
    assert (row.alone, row.connection, row.seen_at, node.state) == (True, "", None, "unknown")
    assert node.hosts() == {(row.vcenter_id, row.moid)}


def test_before_it_was_read_it_can_be_planned_and_checked(alone: Alone) -> None:
    """A job asks the host itself for what it needs."""
    job, task = alone.run("host_plan", [alone.id], firmware="none")
    assert task.result is not None, f"{task.outcome}\n{alone.log(job.id)}"
    assert task.result["vms"] == len(alone.site.hosts[0].running())
    assert task.result["problem"] == ""
    job, task = alone.run("prepare_host", [alone.id], dry_run=True, **QUICK)
    assert job.state == "completed", f"{task.outcome}\n{alone.log(job.id)}"
    assert alone.row().seen_at is None


def test_its_vms_and_datastores_are_kept_and_shown(alone: Alone) -> None:
    host = alone.site.hosts[0]
    alone.site.put(Blocker.USB_HOST, host.vms[0])
    job, task = alone.run("host_refresh", [alone.id])
    assert job.state == "completed", task.outcome
    assert f", {len(host.vms)} VMs" in task.outcome
    view, row, node = alone.view(), alone.row(), alone.node()
    assert [vm.name for vm in view.vms] == [vm.name for vm in sorted(host.vms, key=lambda v: v.moid)]
    assert {vm.host for vm in view.vms} == {"edge.site"}
    assert {store.name for store in view.datastores} == {store.name for store in host.stores}
    assert {r.seen_at for r in view.vms} == {r.seen_at for r in view.datastores} == {row.seen_at}
    assert (row.vms, row.connection, row.version) == (len(host.running()), "connected", "8.0.2")
    assert sorted(child.title for child in node.children) == sorted(vm.name for vm in host.vms)
    assert node.hosts() == {(row.vcenter_id, row.moid)}
    assert len({r.id for r in view.vms}) == len(view.vms)


def test_what_keeps_it_from_being_emptied_is_named_with_devices(alone: Alone) -> None:
    vm = alone.site.hosts[0].vms[0]
    rows = [r for r in blocker_rows(alone.view().sites) if r.name == vm.name]
    assert any("USB" in r.reason or "USB" in r.way_out for r in rows), rows
    assert {(r.vcenter_id, r.host_id, r.host) for r in rows} == {(alone.place, alone.row().moid, "edge.site")}
    others = [r for r in blocker_rows(alone.view().sites) if r.name != vm.name]
    assert any("stands alone" in r.reason for r in others), others


def test_what_if_says_which_vms_are_shut_down(alone: Alone) -> None:
    row = alone.row()
    running = sorted(vm.name for vm in alone.site.hosts[0].running())
    found = alone.app.store.fetch(lambda c: cluster_out(c, row.vcenter_id, row.moid))
    assert found is not None
    assert found.alone
    (_, out) = found.hosts
    assert (out.state, out.vms, out.light) == ("off", len(running), "amber")
    assert out.reason.startswith(f"{', '.join(running)} will be shut down")
    gates = alone.app.store.fetch(lambda c: gate_rows(c, row.vcenter_id, row.moid, row.moid))
    assert any("must be shut down" in gate.text for gate in gates)


def test_its_datastore_can_be_browsed(alone: Alone) -> None:
    store = alone.view().datastores[0]
    alone.site.run(lambda: alone.site.store(store.name).disk.make_folder("iso"))
    job, task = alone.run("browse_datastore", vcenter_id=alone.place, datastore=store.moid)
    assert job.state == "completed", task.outcome
    assert job.title == f"Browse {store.name}"
    assert task.result is not None
    assert [f["path"] for f in task.result["files"]] == ["iso"]


def test_an_image_of_the_library_is_sent_to_it(alone: Alone, tmp_path: Path) -> None:
    store = alone.view().datastores[0]
    image(tmp_path / "edge.iso")
    alone.app.commands.add_library_folder(str(tmp_path))
    assert alone.run("library_scan")[0].state == "completed"
    job, task = alone.run(
        "iso_upload", vcenter_id=alone.place, datastore=store.moid, item="edge.iso", folder="iso"
    )
    assert job.state == "completed", task.outcome
    stored = alone.site.run(lambda: alone.site.store(store.name).disk.get("iso/edge.iso"))
    assert stored is not None


def test_while_it_is_away_the_last_look_stays_with_its_age_and_reason(alone: Alone) -> None:
    before = alone.row()
    alone.site.faults.set("unavailable", seconds=3600.0)
    job, _ = alone.run("host_refresh", [alone.id])
    assert job.state == "failed"
    row = alone.row()
    assert (row.connection, row.seen_at, row.vms) == ("disconnected", before.seen_at, before.vms)
    assert row.problem
    assert alone.node().state == "critical"
    assert len(alone.view().vms) == len(alone.site.hosts[0].vms)
    alone.site.faults.clear()
    alone.run("host_refresh", [alone.id])
    assert (alone.row().problem, alone.row().connection) == ("", "connected")


def test_it_is_read_by_itself_when_due_and_left_alone_when_a_person_is_needed(alone: Alone) -> None:
    assert alone.due() == []
    alone.age()
    (job_id,) = alone.due()
    assert alone.job(job_id).state == "completed"
    assert alone.due() == []
    alone.site.new_certificate()
    alone.site.listener.drop_connections()
    alone.age()
    (job_id,) = alone.due()
    assert alone.job(job_id).state == "failed"
    assert alone.row().strange_certificate
    alone.age()
    assert alone.due() == []
    with alone.app.store.write() as uow:
        approve_host_certificate(uow, alone.app.principal, alone.id, alone.site.fingerprint)
    assert alone.row().problem == ""
    assert alone.run("host_refresh", [alone.id])[0].state == "completed"


def test_maintenance_of_it_compares_with_before(alone: Alone) -> None:
    guests = [vm.name for vm in alone.site.hosts[0].running()]
    params = QUICK | {"decisions": [f"{name} = shut_down" for name in guests], "settle_minutes": 0.01}
    job, task = alone.run("prepare_host", [alone.id], **params)
    assert job.state == "completed", task.outcome
    alone.site.run(lambda: alone.site.hosts[0].links.update(vmnic1=0))
    job, task = alone.run("verify_host", [alone.id], **params)
    assert "uplink vmnic1" in task.outcome
    alone.site.run(lambda: alone.site.hosts[0].links.update(vmnic1=25000))
    assert alone.run("verify_host", [alone.id], **params)[0].state == "completed"


def test_a_host_that_joins_a_vcenter_is_shown_by_it_alone(alone: Alone) -> None:
    row = alone.row()
    with alone.app.store.write() as uow:
        vcenter = Vcenter(address="vc", added_at=uow.now)
        uow.session.add(vcenter)
        uow.session.flush()
        host = Host("host-9", "edge.site", service_tag=row.service_tag)
        save_site(uow, vcenter.id, Site(About("u-9", "vc", "8", "1"), uow.now, hosts=(host,)))
        assert uow.session.scalar(select(func.count()).select_from(EsxiObject)) == 0
        uow.session.delete(vcenter)  # and with it its hosts
    assert alone.view().hosts == ()


def test_what_is_kept_goes_with_the_host(alone: Alone) -> None:
    other = Alone(alone.app, alone.site)
    other.run("host_refresh", [other.id])
    assert other.view().vms
    with alone.app.store.write() as uow:
        remove_esxi_host(uow, alone.app.principal, other.id)
        assert uow.session.scalar(select(func.count()).select_from(EsxiObject)) == 0
