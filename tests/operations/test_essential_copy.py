"""VMs the work depends on are known in the copy in the store as they are to a run that asks vCenter."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from dsm_desktop.queries.blockers import blocker_rows, last_checks
from dsm_desktop.queries.cluster_safety import cluster_out
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.store.essential import essentials
from dsm_desktop.store.models import SafetyCheck
from tests.operations.vsphere_site import Datacentre, datacentre

CAUSE = "management_vm"


def of_the_run(desk: Datacentre, cluster: str) -> set[tuple[str, str]]:
    """(VM, what it is) as a check finds it, which reads vCenter as a run does."""
    job, task = desk.run("cluster_safety_check", vcenter_id=desk.vcenter_id, cluster=cluster)
    assert job.state == "completed", task.outcome
    verdict = desk.app.store.fetch(
        lambda c: c.execute(select(SafetyCheck.verdict).order_by(SafetyCheck.id.desc()).limit(1)).scalar_one()
    )
    return {(b["name"], what(b["reason"])) for b in verdict["blockers"] if b["cause"] == CAUSE}


def what(reason: str) -> str:
    return reason.split(" is ", 1)[1].split(": the work")[0]


def test_the_view_knows_them_as_a_run_does(tmp_path: Path) -> None:
    with datacentre(tmp_path) as desk:
        cluster = desk.site.cluster("Prod")
        first, second = [v for v in cluster.hosts[1].running() if not v.by_vcenter][:2]
        desk.site.put(Blocker.VCENTER_VM, first.name)
        desk.app.commands.save_settings("safety", {"keep": [second.name]})
        job, task = desk.run("vcenter_sync", vcenter_id=desk.vcenter_id)
        assert job.state == "completed", task.outcome
        expected = of_the_run(desk, cluster.moid)
        assert (second.name, "named in the settings as one to keep running") in expected
        assert {name for name, _ in expected} >= {first.name, second.name}

        with desk.app.store.read() as connection:
            sites = vsphere_view(connection).sites
            around = {place: essentials(connection, place) for place in sites}
            rows = blocker_rows(sites, None, around)
            out = cluster_out(connection, desk.vcenter_id, cluster.moid)
        shown = {(r.name, what(r.reason)) for r in rows if r.cause == CAUSE and r.cluster_id == cluster.moid}
        assert shown == expected
        assert not [r for r in rows if r.name in (first.name, second.name) and r.fix == "shut_down"]

        assert out is not None
        carries = {row.host: row.carries for row in out.hosts}
        assert (
            f"{second.name} (named in the settings as one to keep running)" in carries[cluster.hosts[1].name]
        )
        assert f"{first.name} (" in carries[cluster.hosts[1].name]


def test_name_and_time_servers_that_hosts_ask_are_in_the_copy(tmp_path: Path) -> None:
    with datacentre(tmp_path) as desk:
        cluster = desk.site.cluster("Prod")
        job, task = desk.run("vcenter_sync", vcenter_id=desk.vcenter_id)
        assert job.state == "completed", task.outcome
        sites = desk.app.store.fetch(vsphere_view).sites
        asks = {h.name: h.asks for h in sites[desk.vcenter_id].hosts if h.cluster == cluster.moid}
        assert len(asks) == len(cluster.hosts)
        assert all(dict(told) for told in asks.values()), asks
        assert {w for told in asks.values() for _, w in told} <= {
            "a DNS server of the hosts",
            "a time server of the hosts",
        }


def test_the_store_of_an_image_in_a_drive_is_no_store_of_the_vm_once_a_check_has_read_its_devices(
    tmp_path: Path,
) -> None:
    with datacentre(tmp_path) as desk:
        cluster = desk.site.cluster("Prod")
        inserted, disk = [v for v in cluster.hosts[1].running() if not v.by_vcenter][:2]
        desk.site.put(Blocker.CDROM_LOCAL_ISO, inserted.name)
        desk.site.put(Blocker.LOCAL_DISK, disk.name)
        job, task = desk.run("vcenter_sync", vcenter_id=desk.vcenter_id)
        assert job.state == "completed", task.outcome
        job, task = desk.run("cluster_safety_check", vcenter_id=desk.vcenter_id, cluster=cluster.moid)
        assert job.state == "completed", task.outcome
        with desk.app.store.read() as connection:
            sites, checks = vsphere_view(connection).sites, last_checks(connection)
        causes = {(r.name, r.cause) for r in blocker_rows(sites, checks)}
        assert (inserted.name, "cdrom") in causes
        assert (inserted.name, "local_storage") not in causes
        assert (disk.name, "local_storage") in causes
