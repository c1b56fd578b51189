"""What a host keeps that its VMs' moving away does not end, and what vCenter's own dry run says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.operations.vsphere_site import QUICK, QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("emptying"), 3) as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()


def guest_on(site: RollSite, number: int) -> tuple[Host, Vm]:
    """A VM that runs on this host of the cluster; earlier tests may have moved all away."""
    host = site.cluster.hosts[number]
    # DRS fills a host that came back; what is on its way would leave again.
    site.until(lambda: not any(v.moving for v in site.site.vms), lambda: "VMs still move")
    if not any(not v.by_vcenter for v in host.running()):
        vm = next(v for h in site.cluster.hosts for v in h.running() if not v.by_vcenter)
        site.site.run(lambda: vm.go_to(host))
    return host, next(v for v in host.running() if not v.by_vcenter)


def firmware(site: RollSite, host: Host, version: str, **more: Any) -> int:
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package(version)} | more
    return site.submit("host_update", [site.host_id(host.moid)], **given)


@pytest.mark.parametrize("decided", [False, True])
def test_a_vm_in_the_hosts_memory_is_not_lost_in_a_restart(site: RollSite, decided: bool) -> None:
    host, vm = guest_on(site, 0)
    site.site.put(Blocker.SUSPENDED_TO_MEMORY, vm)
    lost, version = site.site.counters["vms_lost"], f"14.1.{int(decided)}"
    more = {"decisions": [f"{vm.name} = shut_down"]} if decided else {}
    job_id = firmware(site, host, version, **more)
    asked = site.question(job_id, 90)
    assert f"{host.name} keeps the state of {vm.name} in its memory" in asked.question
    assert "shut_down" not in [o["value"] for o in asked.options]
    assert not host.maintenance
    site.site.run(lambda: vm.set_power("poweredOn"))
    site.answer("retry")
    job = site.wait(job_id, 120)
    assert job.state == "completed", site.log(job_id)
    assert vm.on
    assert site.site.counters["vms_lost"] == lost
    assert site.flashes(version)[host.service_tag] == 1


def test_a_vm_suspended_to_memory_while_its_host_gets_empty_keeps_it_from_a_restart(site: RollSite) -> None:
    host, vm = guest_on(site, 1)
    site.site.put(Blocker.BACKUP, vm)
    job_id = firmware(site, host, "14.2.1", stuck_minutes=30)
    site.until(lambda: host.evacuation is not None, lambda: site.log(job_id), 180)
    site.site.put(Blocker.SUSPENDED_TO_MEMORY, vm)
    asked = site.question(job_id, 90)
    assert vm.name in asked.question
    assert host.maintenance
    site.answer("skip")
    job = site.wait(job_id, 120)
    assert job.state == "failed"
    assert "was left out" in site.tasks(job_id)[0].outcome
    assert vm.suspended_to_memory
    assert site.flashes("14.2.1")[host.service_tag] == 0
    site.site.run(lambda: vm.set_power("poweredOn"))
    site.site.run(vm.disabled_methods.clear)


def test_the_same_on_a_host_that_is_in_maintenance_mode_already(site: RollSite) -> None:
    host, vm = guest_on(site, 2)
    site.site.put(Blocker.SUSPENDED_TO_MEMORY, vm)
    for other in host.running():
        site.site.run(lambda vm=other: vm.go_to(site.cluster.hosts[0]))  # type: ignore[misc]
    site.site.run(host.esxi.enter_maintenance)
    job_id = firmware(site, host, "14.3.1", occupied="use")
    asked = site.question(job_id, 90)
    assert vm.name in asked.question
    site.answer("stop")
    assert site.wait(job_id).state == "cancelled"
    site.site.run(host.esxi.exit_maintenance)
    site.site.run(lambda: vm.set_power("poweredOn"))


def test_nobody_is_offered_to_shut_down_what_is_suspended_to_memory(site: RollSite) -> None:
    host, vm = guest_on(site, 0)
    site.site.put(Blocker.SUSPENDED_TO_MEMORY, vm)
    job_id = site.roll(firmware="packages", packages=site.package("14.4.1"), hosts=[site.host_id(host.moid)])
    asked = site.question(job_id, 90)
    assert vm.name in asked.question
    assert [o["value"] for o in asked.options] == ["skip_host", "wait", "stop"]
    site.answer("stop")
    assert site.wait(job_id).state == "cancelled"
    site.site.run(lambda: vm.set_power("poweredOn"))


def test_vcenters_own_dry_run_is_asked_and_its_word_is_an_obstacle(site: RollSite) -> None:
    host, vm = guest_on(site, 0)
    vm.refusal = "An appliance of its maker holds it"
    try:
        job = site.wait(
            site.submit("cluster_safety_check", vcenter_id=site.vcenter_id, cluster=site.cluster.moid)
        )
        found = site.result(job.id)["clusters"][0]["judgement"]["hosts"]
        (told,) = [h["blockers"] for h in found if h["moid"] == host.moid]
        assert "An appliance of its maker holds it" in " ".join(told)
        job = site.wait(site.roll("rolling_plan", firmware="packages", packages=site.package("14.5.1")))
        (obstacle,) = site.result(job.id)["plan"]["obstacles"]
        assert obstacle["name"] == vm.name
        assert "An appliance of its maker holds it" in obstacle["reason"]
        assert "shut_down" in obstacle["ways"]
    finally:
        vm.refusal = ""


def test_what_the_dry_run_refuses_is_asked_about_without_waiting(site: RollSite) -> None:
    host, vm = guest_on(site, 1)
    vm.refusal = "An appliance of its maker holds it"
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **(QUICK | {"stuck_minutes": 60}))
    asked = site.question(job_id, 30)
    vm.refusal = ""
    log = site.log(job_id)
    assert f"vCenter's dry run says that {vm.name} stays: An appliance of its maker holds it" in log
    assert f"{vm.name} (An appliance of its maker holds it)" in asked.question
    assert "shut_down" in [o["value"] for o in asked.options]
    site.answer("wait")
    assert site.wait(job_id).state == "completed", site.log(job_id)
    assert host.maintenance
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)


def test_what_holds_for_the_whole_host_is_no_question_about_each_vm(site: RollSite) -> None:
    host, _ = guest_on(site, 0)
    policy = site.cluster.das.admissionControlPolicy
    site.site.run(lambda: setattr(policy, "failoverLevel", 2))
    try:
        job = site.wait(site.roll("rolling_plan", firmware="packages", packages=site.package("14.6.1")))
    finally:
        site.site.run(lambda: setattr(policy, "failoverLevel", 1))
    plan = site.result(job.id)["plan"]
    assert plan["obstacles"] == []
    room = next(h["room"] for h in plan["hosts"] if h["moid"] == host.moid)
    assert "Insufficient resources to satisfy" in room
    assert "which suspends it for the step (HA stays on)" in room


def test_a_host_that_lost_a_port_group_in_the_work_is_not_opened_to_vms(site: RollSite) -> None:
    host, _ = guest_on(site, 1)
    job_id = firmware(site, host, "14.7.1", settle_minutes=0.02)
    site.until(lambda: host.maintenance, lambda: site.log(job_id), 180)
    network = site.site.run(lambda: host.networks.pop())
    asked = site.question(job_id, 120)
    assert f"lacks what it had before the work: network {network.name}" in asked.question
    assert host.maintenance
    site.site.run(lambda: host.networks.append(network))
    site.answer("go_on")
    assert site.wait(job_id).state == "failed"
    assert f"network {network.name}" in site.tasks(job_id)[0].outcome


def test_the_plan_counts_the_same_vms_in_its_column_and_in_its_reasons(site: RollSite) -> None:
    """A VM that vCenter sees to itself runs there, but nobody has to move it."""
    _, vm = guest_on(site, 2)
    site.site.put(Blocker.VCLS, vm)
    job = site.wait(site.roll("rolling_plan", firmware="packages", packages=site.package("14.9.1")))
    hosts = site.result(job.id)["plan"]["hosts"]
    told = {h["name"]: re.search(r"(\d+) running VM", h["why"]) for h in hosts}
    assert any(told.values())
    for host in hosts:
        found = told[host["name"]]
        assert found is None or int(found[1]) == host["vms"], host["why"]
