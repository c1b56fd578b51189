"""A host is not taken out of maintenance mode while a restart may come, or where it is a colleague's by now."""

from __future__ import annotations

import pytest

from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.workflows import guests
from tests.operations.esxi_site import EsxiSite
from tests.operations.test_esxi_upgrade import failed, host, upgrade
from tests.operations.test_host_kept import shared, starts_soon

__all__ = ["shared", "starts_soon"]
pytestmark = pytest.mark.shared_program


@pytest.mark.usefixtures("starts_soon")
def test_a_host_that_may_still_restart(shared: EsxiSite) -> None:
    site = shared
    target = host(site, 0)
    target.esxi.faults.set("reboot_late", times=1, seconds=20000.0)
    job_id = upgrade(site, target)
    site.answer("keep")
    failed(site, job_id)
    site.run("verify_host", [site.host_id(target.moid)], look_seconds=0.1)
    assert target.maintenance, "it may restart at any moment"


def test_a_host_whose_update_may_still_write_and_that_nobody_sees(shared: EsxiSite) -> None:
    site = shared
    target = host(site, 2)
    target.esxi.faults.set("update_slow", factor=60.0)
    job_id = upgrade(site, target, update_minutes=0.05)
    site.answer("keep")
    failed(site, job_id)
    target.esxi.faults.set("ssh_refused")
    site.site.ssh.drop_connections(target.esxi)

    def verify() -> int:
        given = {"look_seconds": 0.1, "settle_minutes": 0.02}
        return site.submit("verify_host", [site.host_id(target.moid)], **given)

    job_id = verify()
    asked = site.question(job_id)
    assert f"An update of ESXi was left under way on {target.name}, and SSH does not answer" in asked.question
    assert "Start SSH on it, or look at its console" in asked.question
    assert asked.default == "keep"
    assert target.maintenance
    site.answer("keep")
    assert failed(site, job_id)["code"] == "HostKept"
    assert target.maintenance
    target.esxi.stop_service("TSM-SSH")
    target.esxi.faults.clear("ssh_refused")
    assert failed(site, verify())["code"] == "UpdateLocked", "SSH was started again, and it is seen to run"
    assert target.maintenance
    target.esxi.faults.set("ssh_refused")
    site.site.ssh.drop_connections(target.esxi)
    job_id = verify()
    site.answer("go_on")
    assert site.wait(job_id).state == "completed", site.log(job_id)
    assert not target.maintenance


def test_a_host_that_a_colleague_has_taken_again(shared: EsxiSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken by a colleague after it was opened, before its VM is switched on: theirs."""
    site = shared
    target = host(site, 6)
    vm = next(v for v in target.running() if not v.by_vcenter)
    asked = guests.Guests._may_be_on

    async def late(these: guests.Guests, vm: Vm) -> None:
        site.site.put(Blocker.IN_MAINTENANCE, target)
        await asked(these, vm)  # type: ignore[arg-type]

    monkeypatch.setattr(guests.Guests, "_may_be_on", late)
    monkeypatch.setattr("dsm_desktop.workflows.guests.lasting", lambda undo, every: undo)
    job_id = upgrade(site, target, decisions=[f"{vm.name} = shut_down"])
    site.until(lambda: bool(site.job(job_id).finished_at), lambda: site.log(job_id), 150)
    assert target.maintenance, site.log(job_id)
