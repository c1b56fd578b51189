"""The simulated task history, read by pyVmomi's own client as the API reference says."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.simulator.vsphere.vmomi import vim, vmodl
from tests.simulator.vsphere.conftest import Client, Connect

SPEC: Any = vim.TaskFilterSpec


def collector(client: Client, **wanted: Any) -> Any:
    return client.content.taskManager.CreateCollectorForTasks(SPEC(**wanted))


def keys(infos: Any) -> list[str]:
    return [info.key for info in infos]


@pytest.fixture
def asked(site: VsphereSite, client: Client) -> list[str]:
    """Five restarts that were refused, oldest first."""
    host = client.stored(site.hosts[0])
    tasks = [host.RebootHost_Task(False) for _ in range(5)]
    for task in tasks:
        client.fails(task)
    return [task._moId for task in tasks]


def test_a_collector_stands_at_the_oldest_and_scrolls_both_ways(client: Client, asked: list[str]) -> None:
    history = collector(client)
    assert keys(history.ReadPreviousTasks(3)) == []
    assert keys(history.ReadNextTasks(3)) == asked[:3]
    assert keys(history.ReadNextTasks(3)) == asked[3:]
    assert keys(history.ReadNextTasks(3)) == []
    history.RewindCollector()
    assert keys(history.ReadNextTasks(1)) == asked[:1]
    history.SetCollectorPageSize(2)
    assert sorted(keys(history.latestPage)) == sorted(asked[3:])
    history.ResetCollector()
    assert keys(history.ReadPreviousTasks(2)) == [asked[2], asked[1]]
    assert keys(history.ReadPreviousTasks(2)) == [asked[0]]
    for wrong in (0, 1001):
        with pytest.raises(vmodl.fault.InvalidArgument):
            history.ReadNextTasks(wrong)
    history.DestroyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        history.ReadNextTasks(1)


def test_filters(site: VsphereSite, client: Client, asked: list[str]) -> None:
    host, vm = site.hosts[0], site.hosts[0].running()[0]
    off = client.stored(vm).PowerOffVM_Task()
    client.works(off)
    owner = client.stored(host.owner)

    def found(**wanted: Any) -> list[str]:
        history = collector(client, **wanted)
        try:
            return keys(history.ReadNextTasks(100))
        finally:
            history.DestroyCollector()

    def about(entity: Any, recursion: str) -> Any:
        return SPEC.ByEntity(entity=entity, recursion=recursion)

    assert found(entity=about(client.stored(host), "self")) == asked
    assert found(entity=about(owner, "self")) == []
    assert set(asked) <= set(found(entity=about(owner, "children")))
    assert set(asked) <= set(found(entity=about(owner, "all")))
    assert off._moId in found(state=["success"])
    assert not set(asked) & set(found(state=["success"]))
    infos = {info.key: info for info in collector(client).ReadNextTasks(100)}
    third = infos[asked[2]].queueTime
    assert asked[2] in found(time=SPEC.ByTime(timeType="queuedTime", beginTime=third))
    assert asked[0] not in found(time=SPEC.ByTime(timeType="queuedTime", beginTime=third))
    assert asked[4] not in found(time=SPEC.ByTime(timeType="completedTime", endTime=third))


def test_it_stays_when_vcenter_restarts_and_collectors_do_not(
    site: VsphereSite, client: Client, connect: Connect, asked: list[str]
) -> None:
    history = collector(client)
    site.restart(0.0)
    again = connect()
    assert again.read(site.hosts[0], "recentTask") in ({}, {"recentTask": []})
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        type(history)(history._moId, again.stub).ReadNextTasks(1)
    assert keys(collector(again).ReadNextTasks(10)) == asked
