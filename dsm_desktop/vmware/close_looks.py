"""Small reads that a change or a judgement needs right before: one object, a few properties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dsm_desktop.core.vsphere import Alarm
from dsm_desktop.vmware.collector import named, one
from dsm_desktop.vmware.errors import NotThere, VcenterFault
from dsm_desktop.vmware.facts import alarms_of
from dsm_desktop.vmware.faults import fault_name, fault_text, moid_of
from dsm_desktop.vmware.session import Opened, kind_of

_OF_ALL = {
    "InsufficientFailoverResourcesFault": "HA's admission control keeps this room free: have fewer hosts out at once, or plan "
    "maintenance of the cluster, which suspends it for the step (HA stays on) and puts it back.",
    "NoActiveHostInCluster": "Bring another host of the cluster back first.",
}
"""Faults that the dry run writes to every VM of the host, though they are the cluster's, each with its way out."""
_NOT_OFFERED = ("MethodNotFound", "NotSupported", "InvalidState", "MethodDisabled")


def addresses(opened: Opened) -> tuple[str, ...]:
    """What this vCenter is reached at, to know its own VM."""
    return (opened.link.endpoint.host,) if opened.about.kind == "vcenter" else ()


def triggered_alarms(opened: Opened, moid: str) -> tuple[Alarm, ...]:
    """What is triggered on an object (and shows there of those below it), without names. Raises NotThere."""
    return alarms_of(one(opened, kind_of(moid), moid, ("triggeredAlarmState",)), {})


def service_system(opened: Opened, host: str) -> str:
    """Moid of the object that starts and stops a host's services."""
    return _manager(opened, host, "configManager.serviceSystem", "services")


def _manager(opened: Opened, host: str, path: str, what: str) -> str:
    found = moid_of(one(opened, "HostSystem", host, (path,)).values.get(path))
    if not found:
        raise VcenterFault(
            "NotSupported",
            f"{host} does not let its {what} be set",
            about=host,
            where=opened.name,
            hint="Is the host connected?",
        )
    return found


def management_addresses(opened: Opened, hosts: Sequence[str]) -> dict[str, str]:
    """IP address of each host's management adapter, by moid; hosts that show none are left out. About 0.1 s a host: for new
    hosts, not for every look."""
    path = "config.virtualNicManagerInfo.netConfig"
    found: dict[str, str] = {}
    for row in named(opened, "HostSystem", hosts, (path,)):
        for config in row.get(path, ()):
            if str(config.nicType) != "management":
                continue
            chosen = list(config.selectedVnic or ())
            for nic in config.candidateVnic or ():
                address = str(getattr(nic.spec.ip, "ipAddress", "") or "")
                if nic.key in chosen and address:
                    found.setdefault(row.moid, address)
    return found


def device(opened: Opened, vm: str, key: int) -> Any:
    """A VM's device by its key, as vCenter has it now."""
    for item in one(opened, "VirtualMachine", vm, ("config.hardware.device",)).get(
        "config.hardware.device", ()
    ):
        if item.key == key:
            if item.connectable is None:
                raise VcenterFault(
                    "NotSupported",
                    f"device {key} of {vm} cannot be disconnected while it runs",
                    about=vm,
                    where=opened.name,
                    hint="Shut the VM down, or remove the device.",
                )
            return item
    raise NotThere(
        "InvalidDeviceSpec",
        f"{vm} has no device {key} any more",
        about=vm,
        where=opened.name,
        hint="Read it again.",
    )


def dry_run_evacuation(opened: Opened, cluster: str, host: str) -> tuple[tuple[str, str], ...] | None:
    """`ClusterEnterMaintenanceMode` changes nothing: DRS says where each VM would go, or why it would stay. (VM, reason); the
    VM is "" for what holds for the whole host. None where it is not offered."""
    if opened.about.kind != "vcenter":
        return None
    try:
        result = opened.object("ClusterComputeResource", cluster).ClusterEnterMaintenanceMode(
            host=[opened.object("HostSystem", host)], option=None
        )
    except VcenterFault as error:
        if error.fault in _NOT_OFFERED:
            return None
        raise
    fault = result.fault
    if fault is None:
        return ()
    named = tuple(dict.fromkeys(_refusals(fault)))
    return named or ((("", fault_text(fault)),) if getattr(fault, "reason", "") else ())


def _refusals(told: Any) -> Iterator[tuple[str, str]]:
    for of_vm in told.faultsByVm or ():
        for fault in of_vm.fault or ():
            way_out = _OF_ALL.get(fault_name(fault))
            if way_out is None:
                yield moid_of(getattr(of_vm, "vm", None)), fault_text(fault)
            else:
                yield "", f"{fault_text(fault).rstrip('.')}. {way_out}"
