"""Every blocker is visible to a client and blocks as it does in a real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.simulator import BadSite
from dsm_desktop.simulator.vsphere import Blocker, ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.hindrances import kind_of
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.site import UnknownEntity
from dsm_desktop.simulator.vsphere.vmomi import vim
from tests.simulator.vsphere.conftest import Client

F: Any = vim.fault
PINS: dict[Blocker, Any] = {
    Blocker.PCI_PASSTHROUGH: F.DeviceNotSupported,
    Blocker.VGPU: F.DeviceNotSupported,
    Blocker.SRIOV: F.DeviceNotSupported,
    Blocker.USB_HOST: F.DeviceNotSupported,
    Blocker.USB_CLIENT: F.DeviceNotSupported,
    Blocker.CDROM_CLIENT: F.CannotAccessVmDevice,
    Blocker.CDROM_HOST: F.CannotAccessVmDevice,
    Blocker.CDROM_LOCAL_ISO: F.CannotAccessVmDevice,
    Blocker.CDROM_LOCKED: F.CannotAccessVmDevice,
    Blocker.TOOLS_INSTALLER: F.ToolsInstallationInProgress,
    Blocker.FLOPPY: F.CannotAccessVmDevice,
    Blocker.SERIAL: F.CannotAccessVmDevice,
    Blocker.PARALLEL: F.CannotAccessVmDevice,
    Blocker.LOCAL_DISK: F.CannotAccessVmDisk,
    Blocker.LOCAL_SWAP: F.UnsharedSwapVMotionNotSupported,
    Blocker.DRS_OFF_FOR_VM: F.DrsDisabledOnVm,
    Blocker.MUST_RUN_HERE: F.VmHostAffinityRuleViolation,
    Blocker.ANTI_AFFINITY: F.RuleViolation,
    Blocker.CPU_AFFINITY: F.AffinityConfigured,
    Blocker.MEMORY_AFFINITY: F.AffinityConfigured,
    Blocker.NUMA_AFFINITY: F.AffinityConfigured,
    Blocker.SHARED_BUS: F.SharedBusControllerNotSupported,
    Blocker.MULTI_WRITER: F.DeviceNotSupported,
    Blocker.RESERVATION: F.InsufficientMemoryResourcesFault,
    Blocker.BIG_VM: F.InsufficientMemoryResourcesFault,
    Blocker.NETWORK_MISSING: F.CannotAccessNetwork,
    Blocker.NEWER_CPU: F.FeatureRequirementsNotMet,
    Blocker.ENCRYPTED_NO_KEY: F.EncryptionKeyRequired,
    Blocker.INACCESSIBLE: F.InvalidState,
    Blocker.BACKUP: F.MigrationDisabled,
    Blocker.NVDIMM: F.DeviceNotSupported,
    Blocker.INSTANT_CLONE_PARENT: F.MigrationDisabled,
    Blocker.FLASH_CACHE: F.MigrationDisabled,
}
"""Fault of the dry run."""
LETS_GO = (
    Blocker.DVX,
    Blocker.SHOULD_RUN_HERE,
    Blocker.KEEP_TOGETHER,
    Blocker.FAULT_TOLERANCE,
    Blocker.PHYSICAL_RDM,
    Blocker.LATENCY_SENSITIVE,
    Blocker.ENCRYPTED,
    Blocker.SUSPENDED,
    Blocker.SUSPENDED_TO_MEMORY,
    Blocker.POWERED_OFF,
    Blocker.TEMPLATE,
    Blocker.VCLS,
    Blocker.AGENT_VM,
    Blocker.VCENTER_VM,
    Blocker.CONSOLIDATION,
    Blocker.BUSY,
    Blocker.NO_TOOLS,
)
"""Those that do not hold a host with automatic DRS up."""


def enter(client: Client, host: Any, timeout: int = 0) -> Any:
    return client.stored(host).EnterMaintenanceMode_Task(timeout, False)


@pytest.mark.parametrize("blocker", PINS, ids=lambda b: b.value)
def test_the_dry_run_names_the_machine_and_the_host_stays_occupied(
    blocker: Blocker, site: VsphereSite, client: Client
) -> None:
    vm = site.vms[0]
    site.put(blocker, vm=vm.name)
    told = client.stored(site.cluster("Prod")).EnterMaintenanceMode([client.stored(vm.host)])
    (by_vm,) = told.fault.faultsByVm
    assert by_vm.vm._moId == vm.moid
    assert isinstance(by_vm.fault[0], PINS[blocker])

    host = vm.host
    assert isinstance(client.fails(enter(client, host, timeout=30)), vim.fault.Timedout)
    assert [v.name for v in host.running()] == [vm.name]


@pytest.mark.parametrize("blocker", LETS_GO, ids=lambda b: b.value)
def test_what_does_not_block_lets_the_host_empty(blocker: Blocker, site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    host = vm.host
    site.put(blocker, vm=vm.name)
    client.works(enter(client, host, timeout=600))
    assert not host.running()


def test_a_cause_removed_from_one_machine_stays_on_the_others(site: VsphereSite) -> None:
    one, other = site.vms[:2]
    for vm in (one, other):
        site.put(Blocker.BACKUP, vm=vm.name)
    site.run(one.disabled_methods.clear)
    assert not one.disabled_methods
    assert other.disabled_methods


def test_every_blocker_is_looked_at_here(site: VsphereSite) -> None:
    of_vms = {b for b in Blocker if kind_of(b) is Vm}
    assert of_vms - set(PINS) - set(LETS_GO) == {Blocker.DRS_MANUAL_FOR_VM, Blocker.QUESTION}


def test_everything_can_be_read_with_every_blocker_on() -> None:
    clusters = tuple(ClusterSpec(f"C{n}", 2, vms_per_host=3) for n in range(12))
    with VsphereSite(VsphereSpec(clusters=clusters)) as site:
        vms, hosts = iter(site.vms[:60]), iter(site.hosts[3:])
        groups, stores = iter(clusters), iter(("c9-vmfs-1", "c10-vmfs-1", "c11-vmfs-1"))
        for blocker in Blocker:
            kind = kind_of(blocker)
            if kind is Vm:
                site.put(blocker, vm=next(vms).name)
            elif kind is Host:
                site.put(blocker, host=next(hosts).name)
            else:
                site.put(blocker, next(groups).name if kind is Cluster else next(stores))
        reader = Client(site)
        for kind in (vim.VirtualMachine, vim.HostSystem, vim.ClusterComputeResource, vim.Datastore):
            spec = reader.spec(reader.view(kind), kind)
            spec.propSet[0].all = True
            assert len(reader.content.propertyCollector.RetrieveProperties([spec])) > 10
        reader.close()


def test_what_does_not_fit_is_told(site: VsphereSite) -> None:
    with pytest.raises(BadSite, match="no blocker 'nonsense'"):
        site.put("nonsense", vm="Prod/0")
    with pytest.raises(BadSite, match="in no cluster"):
        site.put(Blocker.MUST_RUN_HERE, vm=site.hosts[-1].vms[0].name)
    with pytest.raises(UnknownEntity):
        site.put(Blocker.USB_HOST, vm="Prod/99")


def test_a_machine_with_a_manual_override_is_only_recommended(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    site.put(Blocker.DRS_MANUAL_FOR_VM, vm=vm.name)
    cluster = site.cluster("Prod")
    task = enter(client, vm.host)
    assert site.wait_for(lambda: len(vm.host.running()) == 1 == len(cluster.recommendations))
    client.stored(cluster).ApplyRecommendation(cluster.recommendations[0].key)
    client.works(task)


def test_a_machine_with_a_question_moves_when_it_is_answered(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    site.put(Blocker.QUESTION, vm=vm.name)
    task = enter(client, vm.host)
    assert site.wait_for(lambda: len(vm.host.running()) == 1)
    client.stored(vm).AnswerVM("1", "0")
    client.works(task)


@pytest.mark.parametrize("blocker", [Blocker.DRS_OFF, Blocker.DRS_MANUAL, Blocker.DRS_PARTIAL])
def test_without_automatic_drs_nobody_moves(blocker: Blocker, site: VsphereSite, client: Client) -> None:
    site.put(blocker, cluster="Prod")
    host = site.cluster("Prod").hosts[0]
    count = len(host.running())
    assert isinstance(client.fails(enter(client, host, timeout=120)), vim.fault.Timedout)
    assert len(host.running()) == count
    if blocker is Blocker.DRS_OFF:
        with pytest.raises(vim.fault.InvalidState):
            client.stored(site.cluster("Prod")).EnterMaintenanceMode([client.stored(host)])


def test_removing_the_cause_removes_the_blocker(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    host: Host = vm.host
    site.put(Blocker.CDROM_LOCAL_ISO, vm=vm.name)
    task = enter(client, host)
    assert site.wait_for(lambda: len(host.running()) == 1)
    drive = next(
        d
        for d in client.read(vm, "config.hardware.device")["config.hardware.device"]
        if isinstance(d, vim.vm.device.VirtualCdrom)
    )
    drive.connectable.connected = drive.connectable.startConnected = False
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=drive)
    client.works(client.stored(vm).ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
    client.works(task)


@pytest.mark.parametrize(
    ("blocker", "kind"),
    [(Blocker.CDROM_LOCAL_ISO, ""), (Blocker.LOCAL_SWAP, "swap"), (Blocker.LOCAL_DISK, "config")],
)
def test_a_store_of_the_host_is_listed_where_a_file_is_open(
    blocker: Blocker, kind: str, site: VsphereSite, client: Client
) -> None:
    vm = site.vms[0]
    local = next(s for s in vm.host.stores if not s.shared)
    site.put(blocker, vm=vm.name)
    told = client.read(vm, "datastore", "layoutEx")
    assert local.moid in [ref._moId for ref in told["datastore"]]
    on_it = {f.type for f in told["layoutEx"].file if f.name.startswith(f"[{local.name}]")}
    assert (kind in on_it) if kind else not on_it


def test_a_locked_door_asks_before_it_opens(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    site.put(Blocker.CDROM_LOCKED, vm=vm.name)
    drive = next(d for d in client.stored(vm).config.hardware.device if d.key == 3000)
    drive.connectable.connected = False
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=drive)
    client.works(client.stored(vm).ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
    assert "locked" in client.stored(vm).runtime.question.text


def test_a_local_machine_moves_with_its_storage(site: VsphereSite, client: Client) -> None:
    vm = site.vms[0]
    site.put(Blocker.LOCAL_DISK, vm=vm.name)
    target, store = site.hosts[1], site.store("prod-vsan")
    refused = client.fails(client.stored(vm).MigrateVM_Task(None, client.stored(target), "defaultPriority"))
    assert isinstance(refused, vim.fault.CannotAccessVmDisk)
    spec = vim.vm.RelocateSpec(
        host=client.stored(target), datastore=client.stored(store), pool=client.stored(target.owner.pool)
    )
    client.works(client.stored(vm).RelocateVM_Task(spec))
    assert vm.host is target
    assert [s.name for s in vm.stores] == ["prod-vsan"]


def test_admission_control_keeps_the_second_host_of_two(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Lab")
    cluster.das.enabled = True
    told = client.stored(cluster).EnterMaintenanceMode([client.stored(cluster.hosts[0])])
    assert isinstance(told.fault.faultsByVm[0].fault[0], vim.fault.InsufficientFailoverResourcesFault)
    cluster.das.admissionControlEnabled = False
    told = client.stored(cluster).EnterMaintenanceMode([client.stored(cluster.hosts[0])])
    assert told.fault is None
    assert len(told.recommendations) == 3
