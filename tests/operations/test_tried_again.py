"""What was decided about a VM does not go at once, and somebody says how to go on: nothing is forgotten, nothing asked for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.operations.vsphere_site import QUICK, Datacentre, datacentre

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("vsphere")) as site:
        yield site


@pytest.fixture
def site(shared: Datacentre) -> Iterator[Datacentre]:
    yield shared
    shared.left_as_found()


@pytest.fixture
def vm(site: Datacentre) -> Iterator[Vm]:
    """On a host whose VMs no DRS moves; with its own devices again afterwards."""
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    devices = list(vm.devices)
    yield vm
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def decided(site: Datacentre, vm: Vm, answer: str, **more: float) -> int:
    params = QUICK | {"decisions": [f"{vm.moid} = {answer}"]} | more
    return site.submit("prepare_host", [site.host_id(vm.host.moid)], **params)


def taken_back(site: Datacentre, vm: Vm, job_id: int) -> None:
    """The host was emptied; afterwards the VM runs and nothing stands on the list."""
    host = next(h for h in site.site.hosts if h.maintenance)
    assert site.job(job_id).state == "completed", site.log(job_id)
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert vm.on
    assert site.standing() == []


def test_a_guest_that_takes_no_second_request_is_still_one_that_was_asked(site: Datacentre, vm: Vm) -> None:
    """Its Tools have stopped; it goes off after the host was left out, and would have stayed so."""
    site.site.faults.set("guest_ignores_shutdown")
    job_id = decided(site, vm, "shut_down", guest_minutes=0.02)
    site.question(job_id)
    site.site.faults.set("refused", method="ShutdownGuest")
    site.answer("wait")
    site.until(lambda: "takes no second request" in site.log(job_id), lambda: site.log(job_id), 60)
    asked = site.answer("skip")
    assert f"{vm.name} to shut down did not happen" in asked.question
    site.question(job_id)
    site.site.run(lambda: vm.set_power("poweredOff"))
    assert "was asked to shut down and still runs" in site.answer("wait").question
    assert site.wait(job_id).state == "failed"
    assert vm.on, site.log(job_id)
    assert site.standing() == []


def test_a_guest_that_stops_while_it_is_asked_about_needs_no_request(site: Datacentre, vm: Vm) -> None:
    site.site.faults.set("guest_ignores_shutdown")
    job_id = decided(site, vm, "shut_down", guest_minutes=0.02)
    site.question(job_id)
    site.site.run(lambda: vm.set_power("poweredOff"))
    site.answer("wait")
    site.wait(job_id)
    taken_back(site, vm, job_id)


def test_a_vm_for_which_something_else_was_done_is_not_asked_about_again(site: Datacentre, vm: Vm) -> None:
    site.site.put(Blocker.TOOLS_INSTALLER, vm)
    site.site.faults.set("refused", method="ShutdownGuest", times=1)
    job_id = decided(site, vm, "shut_down")
    assert vm.name in site.answer("disconnect").question
    site.wait(job_id)
    assert vm.on, site.log(job_id)
    taken_back(site, vm, job_id)


@pytest.mark.parametrize("beforehand", [True, False])
def test_a_medium_whose_taking_out_was_refused_is_taken_out_the_second_time(
    site: Datacentre, vm: Vm, beforehand: bool
) -> None:
    """Decided beforehand, or when it was asked about: promised once, and put in again as it was."""
    host = vm.host
    site.site.put(Blocker.FLOPPY, vm)
    site.site.faults.set("refused", method="ReconfigVM_Task", times=1)
    if beforehand:
        job_id = decided(site, vm, "disconnect")
        site.answer("wait")
    else:
        job_id = decided(site, vm, "wait")
        site.answer("disconnect")
        site.until(lambda: site.site.faults.active() == [], lambda: site.log(job_id), 60)
        site.answer("disconnect")
    assert site.wait(job_id).state == "completed", site.tasks(job_id)
    assert vm.host is not host
    (entry,) = [e for e in site.standing() if vm.name in e.what]
    assert entry.what == f"Connect Floppy drive 1 of {vm.name} again"
    site.site.run(lambda: vm.go_to(host))  # where its image is reached
    taken_back(site, vm, job_id)
