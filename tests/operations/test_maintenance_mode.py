"""Hosts into maintenance mode and back: emptied by DRS or by the job, asked about where they do not get empty, put back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from dsm_desktop.commands.restore_list import abandon
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.core.vsphere import Vm
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.devices import cdrom, iso
from dsm_desktop.store.models import RestoreItem
from dsm_desktop.workflows.evacuate_watch import left_words
from tests.operations.vsphere_site import QUICK, Datacentre, datacentre

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("vsphere")) as site:
        yield site


@pytest.fixture
def site(shared: Datacentre) -> Iterator[Datacentre]:
    yield shared
    shared.rest()
    assert shared.questions() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []


def test_a_host_is_emptied_and_taken_back(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[0]
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert host.maintenance
    assert host.running() == []
    (entry,) = site.standing()
    assert "out of maintenance mode" in entry.what

    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert not host.maintenance
    assert site.standing() == []
    assert task.result is not None
    assert task.result["build"] == host.esxi.image.build


def test_put_back_does_the_same(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[1]
    job, _ = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert host.maintenance
    site.put_back(job.id)
    assert not host.maintenance
    assert site.standing() == []


def test_where_drs_is_manual_the_job_moves_the_vms(site: Datacentre) -> None:
    host, other = site.site.cluster("Lab").hosts
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert host.running() == []
    assert len(other.running()) == 6
    assert len(site.site.journal("MigrateVM_Task")) == 3
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)


def test_a_cancel_stops_the_evacuation_and_leaves_nothing(site: Datacentre) -> None:
    host = site.site.cluster("Lab").hosts[1]
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **QUICK, move_vms=False)
    site.until(lambda: host.evacuation is not None, lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id).state == "cancelled"
    assert host.evacuation is None
    assert site.standing() == []


def test_a_host_that_is_in_maintenance_mode_belongs_to_somebody(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[2]
    first, _ = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert host.maintenance

    _, task = site.run("host_update", [site.host_id(host.moid)], **QUICK, firmware="none")
    assert task.result is not None
    assert task.result["needed"] is False

    skipped, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK, occupied="skip")
    assert skipped.state == "failed"
    assert "left out" in task.outcome
    used = site.submit("prepare_host", [site.host_id(host.moid)], **QUICK)
    asked = site.answer("use").question
    assert f"left so by job {first.id} of this program" in asked
    assert "Somebody may be working on it" in asked
    assert site.wait(used).state == "completed"
    assert host.maintenance

    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert not host.maintenance


def test_without_an_entry_on_the_restore_list_it_is_not_taken_back_unasked(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[0]
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    with site.app.store.write() as uow:
        abandon(uow, site.app.principal, site.standing()[0].id, "for the test")
    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "failed"
    assert "not by a job of this program" in task.outcome
    assert host.maintenance
    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK, anyway=True)
    assert job.state == "completed", task.outcome
    assert not host.maintenance


def test_a_decided_vm_is_shut_down_and_on_again_afterwards(site: Datacentre) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    params = QUICK | {"decisions": [f"{vm.name} = shut_down"]}
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **params)
    assert job.state == "completed", task.outcome
    assert not vm.on
    assert task.result is not None
    assert task.result["stopped"] == [vm.name]
    assert len(site.standing()) == 2

    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert vm.on
    assert site.standing() == []


def test_a_vcenter_that_restarts_is_waited_for(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[1]
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **QUICK)
    site.until(lambda: host.evacuation is not None or host.maintenance, lambda: site.log(job_id))
    site.site.restart(2.0)
    assert site.wait(job_id).state == "completed", site.tasks(job_id)
    assert len(site.site.journal("EnterMaintenanceMode_Task", host.name)) >= 1
    assert site.run("verify_host", [site.host_id(host.moid)], **QUICK)[0].state == "completed"


def test_an_answer_that_never_came_is_looked_for_and_not_sent_again(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[2]
    before = len(site.site.journal("EnterMaintenanceMode_Task", host.name))
    site.site.faults.set("drop_after", method="EnterMaintenanceMode_Task", times=1)
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert len(site.site.journal("EnterMaintenanceMode_Task", host.name)) == before + 1
    assert "had already been done" in site.log(job.id)
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)


def test_leaving_fails_while_the_hosts_services_start_and_is_tried_again(site: Datacentre) -> None:
    host = site.site.cluster("Prod").hosts[2]
    site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    site.site.faults.set("exit_fails", times=2)
    site.site.faults.set("refused", method="ExitMaintenanceMode_Task", times=1)
    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert site.log(job.id).count("does not leave maintenance mode yet") == 3
    assert not host.maintenance


def test_a_vm_that_asks_a_question_is_shown_and_answered(site: Datacentre) -> None:
    host = site.site.cluster("Lab").hosts[1]
    site.site.faults.set("question", vm=host.running()[0].name)
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **QUICK)
    asked = site.question(job_id)
    assert f"{host.running()[0].name} on {host.name} waits with a question" in asked.question
    site.answer(asked.options[0]["value"])
    assert site.wait(job_id).state == "completed", site.log(job_id)
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)


def test_a_guest_that_does_not_stop_is_never_cut_off(site: Datacentre) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    site.site.faults.set("guest_ignores_shutdown")
    params = QUICK | {"decisions": [f"{vm.moid} = shut_down"], "guest_minutes": 0.02}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    asked = site.answer("skip")
    assert vm.name in asked.question
    asked = site.answer("go_on")
    assert f"{vm.name} was asked to shut down and still runs" in asked.question
    assert site.wait(job_id).state == "failed"
    assert vm.on
    assert site.site.journal("PowerOffVM_Task") == []
    assert not host.maintenance


def test_a_guest_that_stops_long_after_its_time_is_on_again_in_the_end(site: Datacentre) -> None:
    vm = next(v for v in site.site.cluster("Lab").hosts[0].running() if not v.by_vcenter)
    host = vm.host
    site.site.faults.set("guest_slow", times=1, seconds=800.0)
    params = QUICK | {"decisions": [f"{vm.moid} = shut_down"], "guest_minutes": 0.04}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    site.answer("skip")
    assert vm.on, "it has not stopped yet"
    assert f"Switch {vm.name} on again" in [entry.what for entry in site.standing()]
    site.until(lambda: bool(site.questions()) or not vm.on, lambda: site.log(job_id))
    if site.questions():
        site.answer("wait")
    assert site.wait(job_id).state == "failed"
    assert len(site.site.journal("PowerOnVM_Task", vm.name)) == 1, site.log(job_id)
    assert vm.on
    assert site.standing() == []


def test_a_guest_that_may_still_stop_stays_on_the_list_until_it_is_looked_at(site: Datacentre) -> None:
    vm = next(v for v in site.site.cluster("Lab").hosts[0].running() if not v.by_vcenter)
    site.site.faults.set("guest_ignores_shutdown")
    params = QUICK | {"decisions": [f"{vm.moid} = shut_down"], "guest_minutes": 0.02}
    job_id = site.submit("prepare_host", [site.host_id(vm.host.moid)], **params)
    site.answer("skip")
    site.answer("keep")
    assert site.wait(job_id).state == "failed"
    assert [entry.what for entry in site.standing()] == [f"Switch {vm.name} on again"]
    before = len(site.site.journal("PowerOnVM_Task", vm.name))
    site.site.run(lambda: vm.set_power("poweredOff"))
    site.put_back(job_id)
    assert vm.on
    assert len(site.site.journal("PowerOnVM_Task", vm.name)) == before + 1


@pytest.mark.parametrize(("at_power_on", "by_the_list"), [(True, True), (False, True), (False, False)])
def test_an_image_is_taken_out_and_put_in_again(
    site: Datacentre, at_power_on: bool, by_the_list: bool
) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    before = [d for d in vm.devices if d.key == 3000]
    site.site.put(Blocker.CDROM_LOCAL_ISO, vm)
    (drive,) = (d for d in vm.devices if d.key == 3000)
    site.site.run(lambda: setattr(drive.connectable, "startConnected", at_power_on))
    params = QUICK | {"decisions": [f"{vm.moid} = disconnect"], "minutes_to_empty": 600}
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **params)
    assert job.state == "completed", task.outcome
    (drive,) = (d for d in vm.devices if d.key == 3000)
    assert (drive.connectable.connected, drive.connectable.startConnected) == (False, False)
    assert vm.host is not host
    site.site.run(lambda: vm.go_to(host))  # where its image is reached
    if by_the_list:
        site.put_back(job.id)
    else:
        site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    (drive,) = (d for d in vm.devices if d.key == 3000)
    assert (drive.connectable.connected, drive.connectable.startConnected) == (True, at_power_on)
    assert site.standing() == []
    site.site.run(
        lambda: vm.devices.__setitem__(slice(None), [d for d in vm.devices if d.key != 3000] + before)
    )


def test_an_image_that_other_hosts_reach_stays_in_where_a_floppy_is_taken_out(site: Datacentre) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, devices = vm.host, list(vm.devices)
    shared = next(store for store in host.stores if store.name.endswith("-iso"))
    with_image = [cdrom(iso(shared)) if d.key == 3000 else d for d in devices]
    site.site.run(lambda: vm.devices.__setitem__(slice(None), with_image))
    site.site.put(Blocker.FLOPPY, vm)
    sent = len(site.site.journal("ReconfigVM_Task", vm.name))
    params = QUICK | {"decisions": [f"{vm.moid} = disconnect"], "minutes_to_empty": 600}
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **params)
    assert job.state == "completed", task.outcome
    assert vm.host is not host
    assert next(d for d in vm.devices if d.key == 3000).connectable.connected
    assert len(site.site.journal("ReconfigVM_Task", vm.name)) == sent + 1
    assert [entry.what for entry in site.standing() if "Connect" in entry.what] == [
        f"Connect Floppy drive 1 of {vm.name} again"
    ]
    site.site.run(lambda: vm.go_to(host))
    site.put_back(job.id)
    assert site.standing() == []
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_host_that_cannot_be_emptied_is_asked_about_by_name_and_left_as_it_was(site: Datacentre) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    devices = list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **(QUICK | {"stuck_minutes": 60}))
    asked = site.answer("shut_down")
    assert host.name in asked.question
    assert vm.name in asked.question
    assert "what is left will not move by itself" in asked.question, "asked at once, not after an hour"
    assert "passthrough" in asked.question.lower()
    assert {o["value"] for o in asked.options} == {"wait", "shut_down", "skip", "stop"}
    assert site.wait(job_id).state == "completed"
    assert not vm.on
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert vm.on
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_vm_whose_medium_is_taken_out_when_it_is_asked_about_is_moved_then(site: Datacentre) -> None:
    """Its first move was refused because of the medium: that refusal counts no more."""
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, devices = vm.host, list(vm.devices)
    site.site.put(Blocker.FLOPPY, vm)
    params = QUICK | {"stuck_minutes": 60, "minutes_to_empty": 600}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    assert vm.name in site.answer("disconnect").question
    assert site.wait(job_id).state == "completed", site.log(job_id)
    assert vm.on
    assert vm.host is not host
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_vm_that_no_other_host_takes_is_named_with_what_they_lack(site: Datacentre) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, networks = vm.host, list(vm.networks)
    site.site.put(Blocker.NETWORK_MISSING, vm)
    (only_here,) = vm.networks
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **(QUICK | {"stuck_minutes": 60}))
    asked = site.answer("skip")
    assert f"{vm.name} (no other host has its" in asked.question
    assert only_here.name in asked.question
    assert site.wait(job_id).state == "failed"
    assert vm.host is host
    site.site.run(lambda: setattr(vm, "networks", networks))
    site.site.run(lambda: host.networks.remove(only_here))


def test_a_host_that_somebody_takes_meanwhile_is_theirs(site: Datacentre) -> None:
    """Guests stop slowly, and people answer late: in maintenance mode by then, it is neither worked on nor taken out of it."""
    host = site.site.cluster("Prod").hosts[2]
    vm = next(v for v in host.running() if not v.by_vcenter)
    site.site.faults.set("guest_ignores_shutdown")
    params = QUICK | {"guest_minutes": 0.03, "decisions": [f"{vm.name} = shut_down"]}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    site.question(job_id)
    site.site.faults.clear()
    before = len(site.site.journal("ExitMaintenanceMode_Task", host.name))
    site.site.put(Blocker.IN_MAINTENANCE, host)
    site.answer("wait")
    job = site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert job.state == "failed", site.log(job_id)
    assert "meanwhile" in task.outcome
    assert host.maintenance
    assert len(site.site.journal("ExitMaintenanceMode_Task", host.name)) == before
    assert vm.on
    assert site.standing() == []
    site.site.run(host.esxi.exit_maintenance)


def test_an_answer_lost_while_a_vm_is_switched_on_again_leaves_none_off(site: Datacentre) -> None:
    host = max(site.site.cluster("Prod").hosts, key=lambda h: len(h.running()))
    vm = next(v for v in host.running() if not v.by_vcenter)
    site.site.faults.set("drop_before", method="PowerOnVM_Task", times=1)
    params = QUICK | {"decisions": [f"{vm.name} = shut_down"]}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    site.until(lambda: not vm.on, lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id)
    assert site.site.faults.active() == []
    assert vm.on, site.log(job_id)
    assert site.standing() == []


def test_what_the_work_depends_on_is_never_shut_down(site: Datacentre) -> None:
    host = site.site.cluster("Lab").hosts[0]
    vm = next(v for v in site.site.cluster("Lab").hosts[1].running() + host.running() if not v.by_vcenter)
    # vCenter is on the list as 127.0.0.1.
    old = vm.ip
    site.site.run(lambda: setattr(vm, "ip", site.site.address))
    params = QUICK | {"decisions": [f"{vm.name} = shut_down"]}
    job, task = site.run("prepare_host", [site.host_id(vm.host.moid)], **params)
    assert job.state == "failed"
    assert "never shut down" in task.outcome
    assert vm.on
    assert not vm.host.maintenance
    site.site.run(lambda: setattr(vm, "ip", old))


@pytest.mark.parametrize("reached", [True, False])
def test_a_medium_that_stays_out_is_told_and_not_called_put_back(site: Datacentre, reached: bool) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, before = vm.host, list(vm.devices)
    site.site.put(Blocker.CDROM_LOCAL_ISO, vm)
    params = QUICK | {"decisions": [f"{vm.moid} = disconnect"], "minutes_to_empty": 600}
    first, task = site.run("prepare_host", [site.host_id(host.moid)], **params)
    assert first.state == "completed", task.outcome
    if reached:
        site.site.run(lambda: vm.go_to(host))
        site.site.faults.set("refused", method="ReconfigVM_Task")
    asked = len(site.site.journal("ReconfigVM_Task", vm.name))
    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    site.site.faults.clear()
    assert job.state == "completed", task.outcome
    assert task.result is not None
    (note,) = task.result["notes"]
    assert f"of {vm.name} stays disconnected" in note
    assert note.rstrip(".") in task.outcome
    if reached:
        (entry,) = site.standing()
        assert f"of {vm.name} again" in entry.what
        site.put_back(first.id)
        assert next(d for d in vm.devices if d.key == 3000).connectable.connected
    else:
        assert len(site.site.journal("ReconfigVM_Task", vm.name)) == asked, "nobody can reach it there"
    assert site.standing() == []
    site.site.run(lambda: vm.devices.__setitem__(slice(None), before))


@pytest.mark.parametrize("cluster", ["Lab", "Prod"])
def test_powered_off_vms_are_moved_only_where_drs_does_it(site: Datacentre, cluster: str) -> None:
    vm = next(v for h in site.site.cluster(cluster).hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    site.site.put(Blocker.POWERED_OFF, vm)
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **(QUICK | {"evacuate_off": True}))
    assert job.state == "completed", task.outcome
    assert (vm.host is host) is (cluster == "Lab")
    assert ("DRS is not fully automated" in site.log(job.id)) is (cluster == "Lab")
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    site.site.run(lambda: vm.set_power("poweredOn"))


def test_powered_off_vms_that_are_left_are_named() -> None:
    off = [f"off{n}" for n in range(6)]
    words = left_words([], {}, off)
    assert words == "Powered-off VMs that vCenter moves too: off0, off1, off2, off3 and 2 more"
    assert left_words([Vm(moid="vm-1", name="web1")], {}, off[:1]) == (
        "1 VM left: web1. Powered-off VMs that vCenter moves too: off0"
    )


def test_a_colleagues_maintenance_mode_is_not_ended_for_what_else_still_stands(site: Datacentre) -> None:
    """The host was taken out; only its alarm actions could not be put back."""
    host = site.site.cluster("Prod").hosts[1]
    where = [site.host_id(host.moid)]
    _, task = site.run("prepare_host", where, **(QUICK | {"mute_alarms": True}))
    site.site.run(host.esxi.exit_maintenance)
    with site.app.store.write() as uow:
        for name, state in (("maintenance", "restored"), ("alarm actions", "failed")):
            mine = update(RestoreItem).where(RestoreItem.task_id == task.id, RestoreItem.name == name)
            assert uow.session.execute(mine.values(state=state)).rowcount  # type: ignore[attr-defined]
    site.site.put(Blocker.IN_MAINTENANCE, host)
    _, task = site.run("verify_host", where, **QUICK)
    assert task.error is not None
    assert task.error["code"] == "NotOurs", task.outcome
    assert host.maintenance
    site.run("verify_host", where, **(QUICK | {"anyway": True}))
    assert site.standing() == []
