"""The task history through the client: it outlives a restart of vCenter, and its collector never stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.simulator.vsphere.nodes.history import TaskHistory
from dsm_desktop.vmware.client import VcenterClient
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.vmodl import vim
from tests.vmware.kit import client_of, ended

REBOOT = "HostSystem.reboot"


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def client(site: VsphereSite, recorder: MemoryRecorder) -> Iterator[VcenterClient]:
    with client_of(site, recorder) as made:
        yield made


def refused(site: VsphereSite, client: VcenterClient, host: str) -> str:
    """A restart of a host that is not in maintenance mode."""
    task = client.reboot_host(host)
    assert ended(site, client, task).fault == "InvalidState"
    return task


def test_what_was_asked_is_there_at_once_and_after_a_restart(
    site: VsphereSite, client: VcenterClient, recorder: MemoryRecorder
) -> None:
    host, other = site.hosts[0], site.hosts[1]
    for vm in host.running():
        client.power_off(vm.moid)
    assert ended(site, client, client.enter_maintenance(host.moid, 600)).state == "success"
    host.esxi.faults.set("reboot_late", times=1, seconds=10**6)
    before = client.current_time()
    assert client.past_tasks(host.moid, REBOOT, before) == ()
    task = client.reboot_host(host.moid)
    (queued,) = client.past_tasks(host.moid, REBOOT, before) or ()
    assert (queued.moid, queued.fault) == (task, "")
    assert queued.queued is not None
    assert queued.queued >= before
    assert ended(site, client, task).state == "success"

    site.restart(0.0)
    assert client.recent_tasks(host.moid, REBOOT) == ()
    (after,) = client.past_tasks(host.moid, REBOOT, before) or ()
    assert (after.moid, after.state, after.queued) == (task, "success", queued.queued)
    assert client.past_tasks(host.moid, REBOOT, queued.queued + timedelta(seconds=1)) == ()
    assert client.past_tasks(other.moid, REBOOT, before) == ()
    assert client.past_tasks(host.moid, "HostSystem.shutdown", before) == ()
    assert site.world.of(TaskHistory) == []
    assert [call.method for call, _ in recorder.calls if call.changing].count("RebootHost_Task") == 1
    assert not any("Collector" in call.method for call, _ in recorder.calls if call.changing)


def test_all_pages_are_read(
    site: VsphereSite, client: VcenterClient, recorder: MemoryRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.vmware.task_history._PAGE", 2)
    host = site.hosts[0].moid
    before = client.current_time()
    asked = [refused(site, client, host) for _ in range(5)]
    past = client.past_tasks(host, REBOOT, before) or ()
    assert [(t.moid, t.state, t.fault) for t in past] == [(t, "error", "InvalidState") for t in asked]
    assert [call.method for call, _ in recorder.calls].count("ReadNextTasks") == 4


def test_what_was_running_when_vcenter_stopped(site: VsphereSite, client: VcenterClient) -> None:
    host = site.hosts[0].moid
    site.faults.set("task_hangs", method="RebootHost_Task", times=1)
    before = client.current_time()
    task = client.reboot_host(host)
    site.restart(0.0)
    (past,) = client.past_tasks(host, REBOOT, before) or ()
    assert (past.moid, past.state, past.fault) == (task, "error", "SystemError")


def test_the_collector_goes_also_when_reading_fails(site: VsphereSite, client: VcenterClient) -> None:
    site.faults.set("refused", method="ReadNextTasks", times=1)
    with pytest.raises(VcenterFault, match="not allowed"):
        client.past_tasks(site.hosts[0].moid, REBOOT, client.current_time())
    assert site.world.of(TaskHistory) == []


def test_it_goes_with_a_dropped_connection_or_with_the_session(
    site: VsphereSite, client: VcenterClient
) -> None:
    site.faults.set("drop_before", method="ReadNextTasks", times=1)
    assert client.past_tasks(site.hosts[0].moid, REBOOT, client.current_time()) == ()
    client.close()
    assert site.world.of(TaskHistory) == []


def test_no_room_for_one_more_collector(site: VsphereSite, client: VcenterClient) -> None:
    def fill(opened: Opened) -> list[Any]:
        make = opened.content.taskManager.CreateCollectorForTasks
        return [make(filter=vim.TaskFilterSpec()) for _ in range(32)]

    client.session.read(fill)
    assert client.past_tasks(site.hosts[0].moid, REBOOT, client.current_time()) is None


def test_a_host_by_itself_keeps_none() -> None:
    with VsphereSite(host_spec(clock_speed=200.0)) as site, client_of(site) as client:
        assert client.past_tasks(site.hosts[0].moid, REBOOT, client.current_time()) is None


def test_the_clock_is_vcenters(site: VsphereSite, client: VcenterClient) -> None:
    site.clock.advance(86400.0)
    first = site.clock.now()
    shown = client.current_time()
    assert shown.tzinfo is UTC
    assert datetime.fromtimestamp(first, UTC) <= shown <= datetime.fromtimestamp(site.clock.now(), UTC)
