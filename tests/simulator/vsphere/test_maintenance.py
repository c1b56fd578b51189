"""Maintenance mode of the simulated vCenter: evacuation, time-outs, cancels, restarts."""

from __future__ import annotations

import dataclasses
import json
import time
from functools import partial
from http.client import RemoteDisconnected
from typing import Any

import pytest

from dsm_desktop.simulator.vsphere import Blocker, ClusterSpec, VsphereSite, noticing
from dsm_desktop.simulator.vsphere.vmomi import vim, vmodl
from tests.simulator.vsphere.conftest import SMALL, Client, Connect


def enter(client: Client, host: Any, timeout: int = 0, off: bool = False) -> Any:
    return client.stored(host).EnterMaintenanceMode_Task(timeout, off)


def test_drs_empties_a_host_and_fills_it_again(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    total = len(site.vms)
    task = enter(client, host)
    assert client.read(host, "recentTask")["recentTask"][0]._moId == task._moId
    client.works(task)
    assert client.read(host, "runtime.inMaintenanceMode")["runtime.inMaintenanceMode"] is True
    assert host.running() == []
    assert len(site.vms) == total
    assert host.esxi.in_maintenance

    client.works(client.stored(host).ExitMaintenanceMode_Task(0))
    assert not host.maintenance
    assert site.wait_for(lambda: len(host.running()) > 0), "DRS brings some back"
    assert [a.method for a in site.journal(target=host.name)] == [
        "EnterMaintenanceMode_Task",
        "ExitMaintenanceMode_Task",
    ]


def test_a_host_in_maintenance_mode_cannot_enter_again(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    client.works(enter(client, host))
    assert isinstance(client.fails(enter(client, host)), vim.fault.InvalidState)
    client.works(client.stored(host).ExitMaintenanceMode_Task(0))
    error = client.fails(client.stored(host).ExitMaintenanceMode_Task(0))
    assert isinstance(error, vim.fault.InvalidState)


def test_with_manual_drs_the_task_stands_at_two_percent_until_somebody_moves(
    site: VsphereSite, client: Client
) -> None:
    cluster = site.cluster("Lab")
    host, other = cluster.hosts
    task = enter(client, host)
    assert site.wait_for(lambda: len(cluster.recommendations) == 3)
    assert task.info.progress == 2
    advice = client.read(cluster, "recommendation")["recommendation"]
    assert {r.reason for r in advice} == {"hostMaint"}

    client.stored(cluster).ApplyRecommendation(advice[0].key)
    moved = next(v for v in host.vms if v.moid != advice[0].target._moId)
    client.works(client.stored(moved).MigrateVM_Task(None, client.stored(other), "defaultPriority"))
    assert site.wait_for(lambda: len(host.running()) == 1)
    assert site.wait_for(lambda: task.info.progress > 2)
    client.stored(host.running()[0]).ShutdownGuest()
    client.works(task)
    assert cluster.recommendations == []


def test_a_deadline_ends_the_task_and_leaves_what_has_moved(site: VsphereSite, client: Client) -> None:
    host = site.cluster("Lab").hosts[0]
    error = client.fails(enter(client, host, timeout=60))
    assert isinstance(error, vim.fault.Timedout)
    assert not host.maintenance
    assert client.wait(enter(client, host, timeout=20)).state == "error"


def test_a_cancel_ends_the_task(site: VsphereSite, client: Client) -> None:
    host = site.cluster("Lab").hosts[0]
    task = enter(client, host)
    task.CancelTask()
    assert isinstance(client.fails(task), vmodl.fault.RequestCanceled)
    assert host.evacuation is None
    with pytest.raises(vim.fault.InvalidState):
        task.CancelTask()


def test_powered_off_machines_stay_without_drs_and_hold_up_the_task(
    site: VsphereSite, client: Client
) -> None:
    host = site.hosts[-1]
    for vm in host.vms:
        client.works(client.stored(vm).PowerOffVM_Task())
    task = enter(client, host, timeout=100, off=True)
    assert isinstance(client.fails(task), vim.fault.Timedout)
    client.works(enter(client, host, timeout=100, off=False))


def test_a_restart_is_refused_outside_maintenance_mode(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    error = client.fails(client.stored(host).RebootHost_Task(False))
    assert isinstance(error, vim.fault.InvalidState)
    assert host.esxi.boots == 0
    (entry,) = site.journal("RebootHost_Task")
    assert entry.arguments["maintenance"] is False


def test_a_restart_is_noticed_late_and_ends_with_a_newer_boot_time(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    client.works(enter(client, host))
    before = client.read(host, "runtime.bootTime")["runtime.bootTime"]
    client.works(client.stored(host).RebootHost_Task(False))
    assert client.read(host, "runtime.connectionState", "runtime.bootTime") == {
        "runtime.connectionState": "connected",
        "runtime.bootTime": before,
    }
    assert site.wait_for(lambda: host.connection == "notResponding")
    assert site.wait_for(lambda: host.connection == "connected")
    now = client.read(host, "runtime.bootTime", "runtime.inMaintenanceMode")
    assert now["runtime.bootTime"] > before
    assert now["runtime.inMaintenanceMode"] is True
    assert host.esxi.boots == 1


def test_a_host_that_comes_back_disconnected_is_reconnected(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    client.works(enter(client, host))
    site.run(lambda: setattr(host, "comes_back_disconnected", True))
    client.works(client.stored(host).RebootHost_Task(False))
    assert site.wait_for(lambda: host.connection == "disconnected")
    site.faults.set("reconnect_fails", times=1)
    assert isinstance(client.fails(client.stored(host).ReconnectHost_Task()), vim.fault.NoHost)
    client.works(client.stored(host).ReconnectHost_Task())
    assert host.connection == "connected"


def test_ha_restarts_the_machines_of_a_lost_host(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    machines = list(host.running())
    host.esxi.cut_power()
    assert site.wait_for(lambda: host.connection == "notResponding")
    assert client.read(host, "triggeredAlarmState")["triggeredAlarmState"][0].overallStatus == "red"
    assert site.wait_for(lambda: all(vm.on and vm.host is not host for vm in machines))
    host.esxi.power_on()
    assert site.wait_for(lambda: host.connection == "connected")
    assert client.read(host, "overallStatus") == {"overallStatus": "green"}


def test_a_question_during_evacuation_holds_it_up_until_answered(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    site.faults.set("question", times=1)
    task = enter(client, host)
    assert site.wait_for(lambda: any(v.question for v in host.vms))
    assert site.wait_for(lambda: len(host.running()) == 1)
    (vm,) = host.running()
    asked = client.read(vm, "runtime.question")["runtime.question"]
    assert task.info.state == "running"
    client.stored(vm).AnswerVM(asked.id, asked.choice.choiceInfo[0].key)
    client.works(task)


def test_somebody_who_may_only_read_changes_nothing(site: VsphereSite, connect: Connect) -> None:
    reader = connect(site.spec.reader, site.spec.reader_password)
    with pytest.raises(vim.fault.NoPermission):
        enter(reader, site.hosts[0])
    assert site.journal() == []


def test_a_connection_cut_after_the_request_leaves_the_task_behind(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    site.faults.set("drop_after", method="EnterMaintenanceMode_Task", times=1)
    with pytest.raises(RemoteDisconnected):
        enter(client, host)
    (task,) = client.read(host, "recentTask")["recentTask"]
    assert task.info.descriptionId == "HostSystem.enterMaintenanceMode"
    client.works(task)
    assert len(site.journal("EnterMaintenanceMode_Task")) == 1


def test_a_task_can_hang(site: VsphereSite, client: Client) -> None:
    site.faults.set("task_hangs", method="EnterMaintenanceMode_Task", times=1)
    task = enter(client, site.hosts[0], timeout=10)
    assert not site.wait_for(lambda: task.info.state != "running", 0.5)


def _is_back(host: Any, booted: float) -> bool:
    """A newer boot time: until the restart is noticed the host is shown connected with the old one."""
    return bool(host.connection == "connected" and host.boot_time > booted)


def test_a_rolling_maintenance_leaves_nothing_behind(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Prod")
    before = site.settings()
    for host in cluster.hosts:
        client.works(enter(client, host))
        client.works(client.stored(host).RebootHost_Task(False))
        assert site.wait_for(partial(_is_back, host, host.boot_time))
        client.works(client.stored(host).ExitMaintenanceMode_Task(0))
    assert site.settings() == before
    counters = site.counters
    assert (counters["hosts_down"], counters["hosts_down_outside_maintenance"], counters["vms_lost"]) == (
        3,
        0,
        0,
    )
    assert {a.times for a in site.journal("RebootHost_Task")} == {1}
    assert sum(len(h.vms) for h in cluster.hosts) == 12


def test_a_second_host_of_a_vsan_cluster_is_refused(site: VsphereSite, client: Client) -> None:
    first, second, third = site.cluster("Prod").hosts
    site.cluster("Prod").das.admissionControlEnabled = False
    client.works(enter(client, first))
    assert isinstance(client.fails(enter(client, second)), vim.fault.VsanFault)
    keep = vim.host.MaintenanceSpec(vsanMode=vim.vsan.host.DecommissionMode(objectAction="noAction"))
    client.works(client.stored(second).EnterMaintenanceMode_Task(0, False, keep))
    assert len(third.running()) == 12


def test_a_vsan_cluster_is_brought_up_to_date_after_a_restart(site: VsphereSite, client: Client) -> None:
    host = site.cluster("Prod").hosts[0]
    client.works(enter(client, host))
    client.works(client.stored(host).RebootHost_Task(False))
    assert site.wait_for(lambda: host.esxi.vsan.resync_bytes > 0)
    system = client.stored(host).configManager.vsanInternalSystem
    assert json.loads(system.QuerySyncingVsanObjects())["dom_objects"]
    assert site.wait_for(lambda: host.esxi.vsan.resync_bytes == 0)
    assert json.loads(system.QuerySyncingVsanObjects())["dom_objects"] == {}


def test_a_fault_tolerant_pair_is_parted_for_a_while(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    site.put(Blocker.FAULT_TOLERANCE, vm=vm.name)
    other = next(v for v in site.vms if v.ft is not None and v is not vm)
    refused = client.fails(
        client.stored(vm).MigrateVM_Task(None, client.stored(other.host), "defaultPriority")
    )
    assert isinstance(refused, vim.fault.FtIssuesOnHost)
    client.works(client.stored(vm).DisableSecondaryVM_Task(client.stored(other)))
    client.works(client.stored(vm).MigrateVM_Task(None, client.stored(other.host), "defaultPriority"))
    client.works(client.stored(vm).MigrateVM_Task(None, client.stored(site.hosts[2]), "defaultPriority"))
    client.works(client.stored(vm).EnableSecondaryVM_Task(client.stored(other)))
    assert other.on


def test_a_restart_of_vcenter_forgets_the_task_but_the_host_goes_on(
    site: VsphereSite, connect: Connect
) -> None:
    client = connect()
    host = site.hosts[0]
    task = enter(client, host)
    site.restart(0.2)
    assert site.wait_for(lambda: host.maintenance)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and site.faults.active():
        site.faults.strike("unavailable")
        time.sleep(0.02)
    again = connect()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _ = vim.Task(task._moId, again.stub).info
    assert again.read(host, "runtime.inMaintenanceMode") == {"runtime.inMaintenanceMode": True}


def test_ha_needs_a_while_after_maintenance(
    site: VsphereSite, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noticing, "ELECTION", 1200.0)  # six seconds here, however late a busy machine looks
    host = site.cluster("Prod").hosts[1]
    client.works(enter(client, host))
    client.works(client.stored(host).ExitMaintenanceMode_Task(0))
    states = [host.ha_state]
    assert site.wait_for(lambda: host.ha_state == "connectedToMaster")
    assert states == ["election"]


def test_two_hosts_that_are_emptied_at_once_send_nothing_to_each_other() -> None:
    spec = dataclasses.replace(SMALL, clusters=(ClusterSpec("Prod", 4, vms_per_host=6),))
    with VsphereSite(spec) as site:
        client = Client(site)
        first, second = site.hosts[:2]
        tasks = [enter(client, first), enter(client, second)]
        refused = client.stored(site.hosts[2].vms[0]).MigrateVM_Task(
            None, client.stored(first), "defaultPriority"
        )
        assert isinstance(client.fails(refused), vim.fault.InvalidHostState)
        for task in tasks:
            client.works(task)
        assert site.counters["migrations"] <= 12
        client.close()
