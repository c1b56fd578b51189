"""Between two syncs vCenter itself says what changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from dsm_desktop.core.vsphere import VmPower
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.workers.vcenter_watch import VcenterWatchers
from tests.operations.vcenters import Desk, working_desk

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with working_desk(tmp_path_factory.mktemp("watch")) as desk:
        yield desk


@pytest.fixture
def watchers(desk: Desk) -> Iterator[VcenterWatchers]:
    job = desk.run("vcenter_sync")
    assert job.state == "completed", desk.outcome(job)
    watchers = VcenterWatchers(desk.program.app.store, desk.clients())
    watchers.look()
    # It listens once the first question of its own waits.
    assert desk.vcenter.wait_for(lambda: waiting(watchers), 60)
    yield watchers
    watchers.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("vcenter-watch")]


def waiting(watchers: VcenterWatchers) -> bool:
    return any(watcher.cancel is not None for watcher in watchers._watchers.values())


def shows(desk: Desk, what: Callable[[Site], bool]) -> bool:
    def look() -> bool:
        copy = desk.copy()
        return copy is not None and what(copy)

    return desk.vcenter.wait_for(look, 60)


def test_what_happens_in_vcenter_shows_in_the_copy(desk: Desk, watchers: VcenterWatchers) -> None:
    copy = desk.copy()
    assert copy is not None
    vm = next(vm for vm in copy.vms if vm.power is VmPower.ON and not vm.is_vcls)
    client = desk.clients().vcenter(desk.id)
    client.power_off(vm.moid)
    assert shows(desk, lambda site: any(v.moid == vm.moid and v.power is VmPower.OFF for v in site.vms))
    alone = next(host for host in copy.hosts if not host.cluster)
    client.enter_maintenance(alone.moid, 600)
    assert shows(
        desk,
        lambda site: (
            any(h.moid == alone.moid and h.tasks for h in site.hosts)
            or any(h.moid == alone.moid and h.in_maintenance for h in site.hosts)
        ),
    )
    again = desk.copy()
    assert again is not None
    assert len(again.vms) == len(copy.vms)
    assert {h.moid: (h.cluster, h.datacenter) for h in again.hosts} == {
        h.moid: (h.cluster, h.datacenter) for h in copy.hosts
    }


def test_an_ended_session_is_followed_by_a_new_one(desk: Desk, watchers: VcenterWatchers) -> None:
    desk.vcenter.expire_sessions()
    copy = desk.copy()
    assert copy is not None
    vm = next(vm for vm in copy.vms if vm.power is VmPower.ON and not vm.is_vcls)
    client = desk.clients().vcenter(desk.id)
    assert client.read_vm(vm.moid).power is VmPower.ON  # a read signs in anew, a change would not
    client.power_off(vm.moid)
    assert shows(desk, lambda site: any(v.moid == vm.moid and v.power is VmPower.OFF for v in site.vms))


def test_it_rests_where_another_runner_has_taken_over_and_begins_again_when_told(
    desk: Desk, watchers: VcenterWatchers
) -> None:
    watchers.rest()
    assert not [t for t in threading.enumerate() if t.name.startswith("vcenter-watch")]
    watchers.look()
    assert desk.vcenter.wait_for(lambda: waiting(watchers), 60)


def test_a_vcenter_in_trouble_is_left_alone(desk: Desk, watchers: VcenterWatchers) -> None:
    desk.vcenter.faults.set("unavailable", seconds=3600.0)
    assert desk.run("vcenter_sync").state == "failed"
    watchers.look()
    assert watchers._watchers == {}
    desk.vcenter.faults.clear()
    assert desk.run("vcenter_sync").state == "completed"
    watchers.look()
    assert desk.vcenter.wait_for(lambda: waiting(watchers), 60)
