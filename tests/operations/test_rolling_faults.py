"""A night with faults: each ends in success, or stands with one question that names host, VM, cause and next step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.vsphere_site import QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), drs="manual") as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()


def idrac_of(site: RollSite, host: Host) -> SimulatedIdrac:
    return next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)


def ends(site: RollSite, job_id: int) -> list[str]:
    (task,) = site.tasks(job_id)
    assert task.result is not None, task.outcome
    return [h["standing"] for h in task.result["hosts"]]


def alone(site: RollSite, host: Host, version: str, **more: Any) -> int:
    """A run over one host of the cluster."""
    return site.roll(
        firmware="packages", packages=site.package(version), hosts=[site.host_id(host.moid)], **more
    )


def test_with_manual_drs_the_run_moves_the_vms(site: RollSite) -> None:
    job = site.wait(site.roll(firmware="packages", packages=site.package("8.1.1")), 150)
    assert ends(site, job.id) == ["done"] * 4, site.log(job.id)
    assert len(site.site.journal("MigrateVM_Task")) >= 8
    assert "DRS is manual: the run moves VMs itself." in str(site.tasks(job.id)[0].result)


def test_drs_is_set_for_the_time_and_put_back(site: RollSite) -> None:
    before = site.site.settings()
    moved = len(site.site.journal("MigrateVM_Task"))
    job = site.wait(alone(site, site.cluster.hosts[2], "8.1.5", drs_automatic=True), 120)
    assert ends(site, job.id) == ["done"], site.log(job.id)
    assert len(site.site.journal("MigrateVM_Task")) == moved
    assert site.site.settings()["Prod"] == before["Prod"]
    assert "DRS automation level" in str(site.tasks(job.id)[0].result)


def test_the_level_of_drs_that_is_off_is_left_alone(site: RollSite) -> None:
    """Another level would move nothing: the run moves the VMs, and claims no change."""
    site.site.run(lambda: setattr(site.cluster.drs, "enabled", False))
    before = site.site.settings()["Prod"]
    moved = len(site.site.journal("MigrateVM_Task"))
    changed = len(site.site.journal("ReconfigureComputeResource_Task"))
    job = site.wait(alone(site, site.cluster.hosts[2], "8.1.7", drs_automatic=True), 120)
    assert ends(site, job.id) == ["done"], site.log(job.id)
    assert len(site.site.journal("MigrateVM_Task")) > moved
    assert len(site.site.journal("ReconfigureComputeResource_Task")) == changed
    assert site.result(job.id)["changed"] == []
    assert "DRS of Prod is off, so its level is left alone" in site.log(job.id)
    assert site.site.settings()["Prod"] == before
    site.site.run(lambda: setattr(site.cluster.drs, "enabled", True))


def test_an_idrac_that_restarts_in_the_middle(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    idrac_of(site, host).set_fault("idrac_resets_in_job", kind="Firmware", then="resumes")
    job = site.wait(alone(site, host, "8.2.1"), 120)
    idrac_of(site, host).clear_faults()
    assert ends(site, job.id) == ["done"], site.log(job.id)


def test_a_vm_with_a_question(site: RollSite) -> None:
    host = max(site.cluster.hosts, key=lambda h: len(h.running()))
    vm = next(v for v in host.running() if not v.by_vcenter)
    site.site.faults.set("question", vm=vm.name)
    job_id = alone(site, host, "8.3.1")
    asked = site.question(job_id)
    assert vm.name in asked.question
    assert "Override the lock?" in asked.question
    site.answer(asked.options[0]["value"])
    site.wait(job_id, 120)
    assert ends(site, job_id) == ["done"]


def test_a_guest_without_tools_is_asked_about_and_its_host_left_out(site: RollSite) -> None:
    host = max(site.cluster.hosts, key=lambda h: len(h.running()))
    vm = next(v for v in host.running() if not v.by_vcenter)
    devices = list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    site.site.run(lambda: setattr(vm, "tools", False))
    job_id = alone(site, host, "8.5.1", decisions=[f"{vm.name} = shut_down"])
    asked = site.answer("skip")
    assert host.name in asked.question
    assert vm.name in asked.question
    site.wait(job_id, 120)
    assert ends(site, job_id) == ["failed"]
    assert vm.on
    assert site.flashes("8.5.1")[host.service_tag] == 0
    site.site.run(lambda: setattr(vm, "tools", True))
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_host_that_stands_alone_has_its_vms_shut_down(site: RollSite) -> None:
    host = next(h for h in site.site.hosts if h not in site.cluster.hosts)
    running = [v.name for v in host.running() if not v.by_vcenter]
    assert running
    params: dict[str, Any] = {"cluster": "", "hosts": [site.host_id(host.moid)], "firmware": "packages"}
    job_id = site.roll(
        **params, packages=site.package("8.6.1"), decisions=[f"{n} = shut_down" for n in running]
    )
    site.wait(job_id, 120)
    assert ends(site, job_id) == ["done"], site.log(job_id)
    assert sorted(v.name for v in host.running() if not v.by_vcenter) == sorted(running)
    assert site.flashes("8.6.1")[host.service_tag] == 1


def test_a_host_that_never_comes_back_is_asked_about_and_stays_on_the_list(tmp_path: Path) -> None:
    with roll_site(tmp_path, 3) as site:
        host = site.cluster.hosts[0]
        job_id = site.roll(
            firmware="packages", packages=site.package("8.7.1"), hosts=[site.host_id(host.moid)], boot_minutes=0.1,
            on_failure="ask",
        )  # fmt: skip
        site.until(lambda: host.maintenance, lambda: site.log(job_id))
        site.site.lose_host(host.name)
        asked = site.question(job_id, 120)
        assert host.name in asked.question
        assert asked.options[-1]["value"] == "stop"
        assert f"Take {host.name} out of maintenance mode" in [r.what for r in site.standing()]


def test_a_host_that_somebody_opens_to_vms_is_not_restarted(site: RollSite) -> None:
    host = site.cluster.hosts[3]
    flashed = site.flashes("8.6.1")[host.service_tag]
    restarts = len(site.site.journal("RebootHost_Task", host.name))
    packages = site.package("8.6.1")
    given = QUICK_HOST | {"firmware": "packages", "packages": packages}
    job_id = site.submit("host_update", [site.host_id(host.moid)], **given)
    site.until(lambda: host.maintenance, lambda: site.log(job_id))
    idrac_of(site, host).set_fault("slow", seconds=0.3)  # so that it is still at its gate
    site.until(lambda: "the work begins" in site.log(job_id), lambda: site.log(job_id))
    site.site.run(host.esxi.exit_maintenance)
    idrac_of(site, host).clear_faults()
    job = site.wait(job_id, 120)
    (task,) = site.tasks(job.id)
    assert "was taken out of maintenance mode by somebody" in task.outcome, site.log(job.id)
    assert site.flashes("8.6.1")[host.service_tag] == flashed
    assert len(site.site.journal("RebootHost_Task", host.name)) == restarts
