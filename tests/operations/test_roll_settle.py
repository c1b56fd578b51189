"""Between two hosts the cluster comes to rest, what DRS recommends is named, and fault-tolerant pairs are suspended only where
they are in the way and resumed in any case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.evacuation import recommendation
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.operations.vsphere_site import RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 2, drs="manual") as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.rest()
    shared.site.run(shared.cluster.recommendations.clear)
    assert shared.questions() == []
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []


def standings(site: RollSite, job_id: int) -> list[str]:
    return [h["standing"] for h in site.result(job_id)["hosts"]]


def begun(site: RollSite, version: str, count: int, **more: Any) -> int:
    ids = [site.host_id(h.moid) for h in site.cluster.hosts[:count]]
    return site.roll(firmware="packages", packages=site.package(version), order=ids, hosts=ids, **more)


def mover(site: RollSite, host: int) -> Vm:
    return next(v for v in site.cluster.hosts[host].running() if not v.by_vcenter)


def test_the_next_host_waits_while_vms_still_move(site: RollSite) -> None:
    first, second = site.cluster.hosts
    job_id = begun(site, "12.1.1", 2)
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    vm = mover(site, 1)
    moving = site.site.run(lambda: Task.start(site.site.world, "Drm.ExecuteVMotionLRO", vm, "DRS"))
    site.until(
        lambda: f"settles: {vm.name} (1 VMs) still move" in site.tasks(job_id)[0].message,
        lambda: f"{site.tasks(job_id)}\n{site.log(job_id)}",
    )
    assert not second.maintenance
    assert second.evacuation is None
    site.site.run(moving.succeed)
    site.wait(job_id, 120)
    assert standings(site, job_id) == ["done", "done"], site.log(job_id)


@pytest.mark.parametrize(("follow", "version"), [(False, "12.2.1"), (True, "12.3.1")])
def test_what_drs_recommends_is_named_and_followed_only_where_asked(
    site: RollSite, follow: bool, version: str
) -> None:
    first, second = site.cluster.hosts
    job_id = begun(site, version, 1, follow_drs=follow)
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    vm = mover(site, 1)
    site.site.run(lambda: site.cluster.recommendations.append(recommendation(vm, first)))
    site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"], site.log(job_id)
    said = f"DRS of Prod recommends: move {vm.name} from {second.name} to {first.name}"
    assert said in site.log(job_id)
    assert len(site.site.journal("ApplyRecommendation")) == int(follow)
    assert (vm.host is first) is follow


def paired(site: RollSite) -> Vm:
    """A VM of the first host, with its other half on the second; earlier runs may have moved all to one."""
    first, second = site.cluster.hosts
    for here, there in ((first, second), (second, first)):
        if not any(not v.by_vcenter for v in here.running()):
            moved = next(v for v in there.running() if not v.by_vcenter)
            site.site.run(lambda vm=moved, host=here: vm.go_to(host))  # type: ignore[misc]
    vm = mover(site, 0)
    site.site.put(Blocker.FAULT_TOLERANCE, vm)
    return vm


def unpair(site: RollSite) -> None:
    def apart() -> None:
        for vm in site.site.world.of(Vm):
            vm.ft, vm.ft_state = None, "notConfigured"

    site.site.run(apart)


def test_a_pair_that_holds_a_host_is_suspended_for_the_run_and_resumed(site: RollSite) -> None:
    vm = paired(site)
    job_id = begun(site, "12.4.1", 1)
    site.until(lambda: site.cluster.hosts[0].maintenance, lambda: site.log(job_id))
    assert vm.ft_state == "disabled"
    assert f"Resume fault tolerance of {vm.name}" in [r.what for r in site.standing()]
    site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"], site.log(job_id)
    assert vm.ft_state == "running"
    assert f"Fault tolerance of {vm.name}: suspended" in site.result(job_id)["changed"]
    assert len(site.site.journal("DisableSecondaryVM_Task", vm.name)) == 1
    assert len(site.site.journal("EnableSecondaryVM_Task", vm.name)) == 1
    unpair(site)


def test_a_cancelled_run_resumes_it_as_well(site: RollSite) -> None:
    vm = paired(site)
    job_id = begun(site, "12.5.1", 1)
    site.until(lambda: vm.ft_state == "disabled", lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id, 120)
    assert site.job(job_id).state == JobState.CANCELLED
    assert vm.ft_state == "running"
    unpair(site)


def test_without_leave_to_suspend_a_person_is_asked(site: RollSite) -> None:
    vm = paired(site)
    before = len(site.site.journal("DisableSecondaryVM_Task"))
    job_id = begun(site, "12.6.1", 1, suspend_ft=False)
    asked = site.question(job_id)
    assert f"{vm.name} on {site.cluster.hosts[0].name}" in asked.question
    assert "fault-tolerant pair" in asked.question
    site.answer("stop")
    site.wait(job_id, 60)
    assert vm.ft_state == "running"
    assert len(site.site.journal("DisableSecondaryVM_Task")) == before
    unpair(site)


def test_a_recommendation_that_vcenter_refuses_ends_no_run(site: RollSite) -> None:
    first, _ = site.cluster.hosts
    job_id = begun(site, "12.9.1", 1, follow_drs=True)
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    vm = mover(site, 1)
    site.site.faults.set("refused", method="ApplyRecommendation")
    site.site.run(lambda: site.cluster.recommendations.append(recommendation(vm, first)))
    try:
        site.wait(job_id, 120)
    finally:
        site.site.faults.clear("refused")
    assert standings(site, job_id) == ["done"], site.log(job_id)
    assert "vCenter did not apply" in site.log(job_id)
