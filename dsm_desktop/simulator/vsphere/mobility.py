"""Why a running VM cannot leave its host, told in the faults a vCenter uses.

Everything is read from the state of the VM, its cluster and the hosts, so that whoever removes the cause may move it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.vsphere.devices import DEVICE, label
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.vmomi import fault, vim

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

EVC: Final = (
    "intel-merom intel-penryn intel-nehalem intel-westmere intel-sandybridge intel-ivybridge intel-haswell "
    "intel-broadwell intel-skylake intel-cascadelake intel-icelake intel-sapphirerapids"
).split()
"""Oldest first."""
OVERHEAD_MB: Final = 150
HARD_LIMIT: Final = 95
"""Percent of a host's memory that reservations may take."""


def obstacles(vm: Vm, target: Host) -> list[Any]:
    """Every fault that keeps a running VM from moving to a host; none: it can."""
    return [*pinned(vm), *_at(vm, target)]


def pinned(vm: Vm) -> list[Any]:
    """Faults that no other host would cure."""
    found: list[Any] = []
    if vm.connection != "connected":
        found.append(fault(vim.fault.InvalidState, f"The virtual machine is {vm.connection}."))
        return found
    if "MigrateVM_Task" in vm.disabled_methods:
        found.append(fault(vim.fault.MigrationDisabled, "vMotion is disabled for this virtual machine."))
    if vm.tools_mounted:
        found.append(fault(vim.fault.ToolsInstallationInProgress, "The VMware Tools installer is connected."))
    bound = [n for n, on in (("cpu", vm.cpu_affinity), ("memory", vm.memory_affinity)) if on]
    if bound or "numa.nodeAffinity" in vm.options:
        found.append(
            fault(
                vim.fault.AffinityConfigured,
                "The virtual machine has affinity to processors or memory of its host.",
                configuredAffinity=bound or ["memory"],
            )
        )
    if vm.fork_parent or vm.flash_cache:
        found.append(fault(vim.fault.MigrationDisabled, "The virtual machine is tied to its host."))
    if vm.refusal:
        found.append(fault(vim.fault.MigrationDisabled, vm.refusal))
    for device in vm.devices:
        told = _device(vm, device)
        if told is not None:
            found.append(told)
    return found


def _unsupported(device: Any, why: str) -> Any:
    return fault(
        vim.fault.DeviceNotSupported,
        f"Device '{label(device)}' is not supported for vMotion: {why}",
        device=label(device),
        reason=why,
    )


def _device(vm: Vm, device: Any) -> Any:
    """The fault of one device, if it ties the VM to its host."""
    backing = device.backing
    if isinstance(device, DEVICE.VirtualPCIPassthrough):
        if isinstance(backing, DEVICE.VirtualPCIPassthrough.VmiopBackingInfo):
            hot = vm.world.singles["settings"].get("vgpu.hotmigrate.enabled")
            return None if hot else _unsupported(device, "vGPU migration is not enabled.")
        if isinstance(backing, DEVICE.VirtualPCIPassthrough.DvxBackingInfo):
            return None
        return _unsupported(device, "PCI passthrough.")
    if isinstance(device, DEVICE.VirtualSriovEthernetCard):
        return _unsupported(device, "SR-IOV.")
    if isinstance(device, DEVICE.VirtualNVDIMM):
        return _unsupported(device, "persistent memory of the host.")
    if isinstance(device, DEVICE.VirtualUSB):
        movable = isinstance(backing, DEVICE.VirtualUSB.RemoteHostBackingInfo)
        return None if movable or not device.connected else _unsupported(device, "USB device.")
    if isinstance(device, DEVICE.VirtualSCSIController):
        if device.sharedBus != "virtualSharing":
            return None
        return fault(
            vim.fault.SharedBusControllerNotSupported,
            f"SCSI controller '{label(device)}' is engaged in bus-sharing.",
            device=label(device),
            reason="virtual bus sharing",
        )
    if isinstance(device, DEVICE.VirtualDisk):
        shared = getattr(backing, "sharing", None) == "sharingMultiWriter"
        return _unsupported(device, "multi-writer disk.") if shared else None
    return _removable(device, backing)


def _removable(device: Any, backing: Any) -> Any:
    if device.connectable is None or not device.connectable.connected:
        return None
    remote = (
        DEVICE.VirtualDevice.RemoteDeviceBackingInfo,
        DEVICE.VirtualCdrom.AtapiBackingInfo,
        DEVICE.VirtualFloppy.DeviceBackingInfo,
        DEVICE.VirtualFloppy.ImageBackingInfo,
        DEVICE.VirtualSerialPort.DeviceBackingInfo,
        DEVICE.VirtualSerialPort.FileBackingInfo,
        DEVICE.VirtualSerialPort.PipeBackingInfo,
        DEVICE.VirtualParallelPort.DeviceBackingInfo,
        DEVICE.VirtualParallelPort.FileBackingInfo,
    )
    if not isinstance(backing, remote):
        return None
    where = getattr(backing, "deviceName", None) or getattr(backing, "fileName", "")
    return fault(
        vim.fault.CannotAccessVmDevice,
        f"The device '{label(device)}' is backed by '{where}' and connected to the source host only.",
        device=label(device),
        backing=str(where),
        connected=True,
    )


# -- what depends on where it goes -------------------------------------------------------------------------------


def _at(vm: Vm, target: Host) -> Iterator[Any]:
    checks: tuple[Callable[[Vm, Host], Any], ...] = (
        _host_state,
        _vmotion,
        _stores,
        _media,
        _networks,
        _processor,
        _encryption,
        _fault_tolerance,
        _room,
        _rules,
    )
    for check in checks:
        told = check(vm, target)
        if told is not None:
            yield told


def _host_state(vm: Vm, target: Host) -> Any:
    if target.takes_machines:
        return None
    return fault(vim.fault.InvalidHostState, f"The host {target.name} cannot run it now.", host=target.ref)


def _vmotion(vm: Vm, target: Host) -> Any:
    for host in (vm.host, target):
        if not host.vmotion:
            return fault(
                vim.fault.VMotionNotConfigured,
                f"The vMotion interface is not configured on host {host.name}.",
                atSourceHost=host is vm.host,
                failedHost=host.name,
                failedHostEntity=host.ref,
            )
    return None


def _stores(vm: Vm, target: Host) -> Any:
    if vm.swap == "hostLocal":
        return fault(
            vim.fault.UnsharedSwapVMotionNotSupported,
            "The swap file lies on a store of the host.",
            atSourceHost=True,
            failedHostName=vm.host.name,
            failedHost=vm.host.ref,
        )
    for store in vm.stores:
        if not store.reachable_from(target):
            return fault(
                vim.fault.CannotAccessVmDisk,
                f"Unable to access the virtual disk on [{store.name}] from {target.name}.",
                device="Hard disk 1",
                backing=f"[{store.name}] {vm.name}/{vm.name}.vmdk",
                connected=True,
                fault=vim.fault.CannotAccessFile(file=f"[{store.name}] {vm.name}/{vm.name}.vmdk"),
            )
    return None


def _media(vm: Vm, target: Host) -> Any:
    for device in vm.devices:
        backing = device.backing
        if not isinstance(backing, DEVICE.VirtualDevice.FileBackingInfo) or not isinstance(
            device, DEVICE.VirtualCdrom
        ):
            continue
        store = vm.world.nodes.get(backing.datastore._moId) if backing.datastore is not None else None
        if device.connectable.connected and store is not None and not store.reachable_from(target):  # type: ignore[attr-defined]
            return fault(
                vim.fault.CannotAccessVmDevice,
                f"'{label(device)}' uses {backing.fileName}, which {target.name} cannot reach.",
                device=label(device),
                backing=str(backing.fileName),
                connected=True,
            )
    return None


def _networks(vm: Vm, target: Host) -> Any:
    for network in vm.networks:
        if target not in network.hosts:
            return fault(
                vim.fault.CannotAccessNetwork,
                f"The network {network.name} is not there on {target.name}.",
                device="Network adapter 1",
                backing=network.name,
                connected=True,
                network=network.ref,
            )
    return None


def _processor(vm: Vm, target: Host) -> Any:
    offered = target.owner.evc or target.evc_max
    if vm.min_evc in EVC and offered in EVC and EVC.index(vm.min_evc) > EVC.index(offered):
        return fault(
            vim.fault.FeatureRequirementsNotMet,
            f"The processors of {target.name} lack features that the virtual machine uses.",
            vm=vm.ref,
            host=target.ref,
        )
    return None


def _encryption(vm: Vm, target: Host) -> Any:
    if vm.key_id is None or target.crypto == "safe":
        return None
    return fault(vim.fault.EncryptionKeyRequired, f"The host {target.name} does not have the key of the VM.")


def _fault_tolerance(vm: Vm, target: Host) -> Any:
    if vm.ft_state != "running" or vm.ft is None:
        return None
    for other in target.vms:
        if other is not vm and other.ft is not None and other.ft.instanceUuids == vm.ft.instanceUuids:
            return fault(
                vim.fault.FtIssuesOnHost,
                f"The other half of the fault tolerant pair runs on {target.name}.",
                host=target.ref,
                hostName=target.name,
            )
    return None


def _room(vm: Vm, target: Host) -> Any:
    if vm.cpus > target.cores * 2:
        return fault(
            vim.fault.NotEnoughCpus,
            f"The virtual machine has more processors than {target.name}.",
            numCpuDest=target.cores * 2,
            numCpuVm=vm.cpus,
        )
    taken = sum(v.memory_reservation + OVERHEAD_MB for v in target.running())
    free = target.memory_mb * HARD_LIMIT // 100 - taken
    wanted = vm.memory_reservation + OVERHEAD_MB
    if wanted > free or vm.memory_mb > target.memory_mb:
        return fault(
            vim.fault.InsufficientMemoryResourcesFault,
            f"The host {target.name} does not have sufficient memory resources.",
            unreserved=max(0, free) << 20,
            requested=wanted << 20,
        )
    return None


def _rules(vm: Vm, target: Host) -> Any:
    cluster = target.owner
    if not isinstance(cluster, Cluster):
        return None
    groups = {g.name: g for g in cluster.groups}
    for rule in cluster.rules:
        if not rule.enabled:
            continue
        if isinstance(rule, vim.cluster.VmHostRuleInfo):
            if rule.mandatory and not _host_allowed(vm, target, rule, groups):
                return fault(
                    vim.fault.VmHostAffinityRuleViolation,
                    f"Virtual machine {vm.name} on host {target.name} would violate the rule {rule.name}.",
                    vmName=vm.name,
                    hostName=target.name,
                )
        elif isinstance(rule, vim.cluster.AntiAffinityRuleSpec) and _together(vm, target, rule):
            return fault(
                vim.fault.RuleViolation, f"It would violate the rule {rule.name}.", host=target.ref, rule=rule
            )
    return None


def _host_allowed(vm: Vm, target: Host, rule: Any, groups: dict[str, Any]) -> bool:
    members = groups.get(rule.vmGroupName)
    if members is None or all(ref._moId != vm.moid for ref in members.vm):
        return True
    yes, no = groups.get(rule.affineHostGroupName), groups.get(rule.antiAffineHostGroupName)
    if yes is not None and all(ref._moId != target.moid for ref in yes.host):
        return False
    return no is None or all(ref._moId != target.moid for ref in no.host)


def _together(vm: Vm, target: Host, rule: Any) -> bool:
    ids = {ref._moId for ref in rule.vm}
    return vm.moid in ids and any(v.moid in ids and v is not vm for v in target.vms)
