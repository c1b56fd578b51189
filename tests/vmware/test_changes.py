"""Changes to VMs through the client, each taken by a simulated vCenter over a socket and on record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.vmware.client import VcenterClient
from tests.vmware.kit import client_of, ended


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def client(site: VsphereSite, recorder: MemoryRecorder) -> Iterator[VcenterClient]:
    made = client_of(site, recorder)
    yield made
    made.close()


def machine(site: VsphereSite, client: VcenterClient, blocker: str) -> Vm:
    """A VM of the cluster that moves by itself, with a blocker."""
    vm = next(v for v in site.vms if v.host.owner.name == "Prod" and not v.name.startswith("vCLS"))
    site.put(blocker, vm=vm.name)
    return client.read_vm(vm.moid)


@pytest.mark.parametrize("blocker", ["cdrom_local_iso", "floppy", "serial"])
def test_a_medium_is_taken_out_and_put_in_again(
    site: VsphereSite, client: VcenterClient, recorder: MemoryRecorder, blocker: str
) -> None:
    vm = machine(site, client, blocker)
    device = next(d for d in vm.devices or () if d.connected)
    for connected, at_power_on in ((False, False), (True, False), (False, True), (True, True)):
        task = client.set_device_connected(vm.moid, device.key, connected, at_power_on=at_power_on)
        assert ended(site, client, task).state == "success"
        now = next(d for d in client.read_vm(vm.moid).devices or () if d.key == device.key)
        assert (now.connected, now.at_power_on) == (connected, at_power_on)
    changes = [call for call, end in recorder.calls if call.changing]
    assert [call.method for call in changes] == ["ReconfigVM_Task"] * 4
    assert all(call.body for call in changes), "what was changed stands in the log"
