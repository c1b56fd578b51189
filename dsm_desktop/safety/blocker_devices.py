"""What in a VM itself holds it on its host: devices, media, its state, who owns it.

Each check yields at most one finding a device; the sentences name the VM, its host and the thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsm_desktop.core.vsphere import Backing, Connection, Device, Host, Vm
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity
from dsm_desktop.safety.fitting import Fitting

_SHUT = "Shut the guest down in time and power it on again after the work."
_ON_ITS_WAY = re.compile(r"migrate|relocate|vmotion", re.IGNORECASE)
_HELD = "cannot be moved while it runs"


@dataclass(frozen=True, slots=True)
class Case:
    """A running VM that must leave its host, and what may take it."""

    fitting: Fitting
    host: Host
    vm: Vm
    targets: int

    @property
    def at(self) -> str:
        """How a sentence about it begins."""
        return f"VM '{self.vm.name}' on host '{self.host.name}'"

    def found(
        self,
        cause: Cause,
        severity: Severity,
        tail: str,
        remedy: Remedy,
        way_out: str,
        *others: Remedy,
        key: int = 0,
    ) -> Finding:
        """A finding about this VM; `tail` goes on after its name."""
        reason = f"{self.at} {tail}."
        return Finding(
            cause, severity, "vm", self.vm.moid, self.vm.name, reason, remedy, way_out, tuple(others), key
        )


def device_findings(case: Case) -> Iterator[Finding]:
    """One for each device in the way. A VM whose devices nobody looked at is told of with its host (`not_looked_at`)."""
    for device in case.vm.devices or ():
        found = _DEVICES[device.backing](case, device)
        if found is not None:
            yield found


def not_looked_at(fitting: Fitting, host: Host) -> Iterator[Finding]:
    """One for the host, not one for each VM: a picture out of the store knows no devices at all."""
    blind = sorted(vm.name for vm in fitting.moving[host.moid] if vm.devices is None)
    if blind:
        shown = ", ".join(blind[:3]) + (f" and {len(blind) - 3} more" if len(blind) > 3 else "")
        yield Finding(
            Cause.NOT_READ, Severity.WARN, "host", host.moid, host.name,
            f"The devices of {len(blind)} running VMs on host '{host.name}' were not read ({shown}).", Remedy.REFRESH,
            "Check the host now: its VMs are then read in depth. Until then nobody knows what their devices would stop.",
        )  # fmt: skip


def _named(device: Device) -> str:
    return f"'{device.label}'" + (f" ({device.detail})" if device.detail else "")


def _fixed(cause: Cause, what: str) -> Callable[[Case, Device], Finding]:
    def check(case: Case, device: Device) -> Finding:
        tail = f"has {what} {_named(device)} and {_HELD}"
        return case.found(
            cause, Severity.BLOCK, tail, Remedy.SHUT_DOWN, _SHUT, Remedy.BY_HAND, key=device.key
        )

    return check


def _dvx(case: Case, device: Device) -> Finding:
    return case.found(
        Cause.DVX, Severity.WARN, f"has vendor device {_named(device)}: whether it moves depends on the vendor's driver",
        Remedy.MIGRATE, "Let vCenter's own dry run decide; if that refuses, shut the guest down.", Remedy.SHUT_DOWN,
        key=device.key,
    )  # fmt: skip


def _vgpu(case: Case, device: Device) -> Finding:
    if case.fitting.picture.vgpu_vmotion:
        return case.found(
            Cause.VGPU, Severity.WARN,
            f"has vGPU {_named(device)}: DRS leaves it where it is, and a move stops it for seconds to minutes",
            Remedy.MIGRATE, "Move it by hand at a quiet time, or shut the guest down.", Remedy.SHUT_DOWN, key=device.key,
        )  # fmt: skip
    return case.found(
        Cause.VGPU, Severity.BLOCK,
        f"has vGPU {_named(device)}, and vCenter's setting vgpu.hotmigrate.enabled is not known to be on",
        Remedy.SHUT_DOWN, "Shut the guest down, or switch vgpu.hotmigrate.enabled on in vCenter and move it by hand.",
        Remedy.BY_HAND, key=device.key,
    )  # fmt: skip


def _host_usb(case: Case, device: Device) -> Finding:
    return case.found(
        Cause.HOST_USB, Severity.BLOCK,
        f"uses USB device {_named(device)} that is plugged into the host: it dies when the host restarts",
        Remedy.BY_HAND, "Ask its owner first (it may be a licence dongle), then remove the device or shut the guest down.",
        Remedy.SHUT_DOWN, key=device.key,
    )  # fmt: skip


def _remote_usb(case: Case, device: Device) -> Finding:
    return case.found(
        Cause.HOST_USB, Severity.WARN,
        f"uses USB device {_named(device)} of a host: the VM can move, but the device is gone while that host restarts",
        Remedy.MIGRATE, "Move it, and tell its owner that the device will be away.", Remedy.BY_HAND, key=device.key,
    )  # fmt: skip


def _client_device(case: Case, device: Device) -> Finding | None:
    if not device.connected:
        return None
    if device.backing is Backing.CLIENT_USB:
        return case.found(
            Cause.CLIENT_DEVICE, Severity.BLOCK, f"is connected to USB device {_named(device)} of somebody's own computer",
            Remedy.BY_HAND, "Ask whoever uses it to disconnect it; it must be connected anew afterwards.", Remedy.SHUT_DOWN,
            key=device.key,
        )  # fmt: skip
    return case.found(
        Cause.CLIENT_DEVICE, Severity.BLOCK, f"is connected to CD drive {_named(device)} of somebody's own computer",
        Remedy.DISCONNECT_MEDIA, "Disconnect the device; whoever uses it must connect it anew.", key=device.key,
    )  # fmt: skip


def _cdrom(case: Case, device: Device) -> Finding | None:
    if not device.connected:
        return None
    if device.backing is Backing.HOST_CDROM:
        tail = f"is connected to the host's own CD drive ({device.label})"
    else:
        reach = case.fitting.store_reach(device.datastore) & case.targets
        if device.datastore and reach:
            return None
        store = case.fitting.stores.get(device.datastore)
        place = f"'{store.name}'" if store else "a store that cannot be found"
        tail = f"has image {_named(device)} in its drive, on {place}, which no other host reaches"
    return case.found(
        Cause.CDROM, Severity.BLOCK, tail, Remedy.DISCONNECT_MEDIA,
        "Disconnect the drive, also at power-on. If the guest has locked it, vCenter asks a question: answer yes.",
        key=device.key,
    )  # fmt: skip


def _floppy(case: Case, device: Device) -> Finding | None:
    if not device.connected:
        return None
    return case.found(
        Cause.FLOPPY, Severity.BLOCK, f"has floppy {_named(device)} connected and {_HELD}", Remedy.DISCONNECT_MEDIA,
        "Disconnect the floppy drive.", key=device.key,
    )  # fmt: skip


def _port(case: Case, device: Device) -> Finding | None:
    """A serial or parallel port to something of the host; one to a network address (detail "uri …") moves along."""
    if not device.connected or device.detail.casefold().startswith(("uri", "tcp:", "telnet:")):
        return None
    if device.datastore and case.fitting.store_reach(device.datastore) & case.targets:
        return None
    kind = "serial" if device.backing is Backing.SERIAL else "parallel"
    return case.found(
        Cause.PORT, Severity.BLOCK, f"has {kind} port {_named(device)} connected to something only this host has",
        Remedy.BY_HAND, "Ask what hangs on it, then disconnect the port; removing it needs the VM off.", Remedy.SHUT_DOWN,
        key=device.key,
    )  # fmt: skip


def _shared_disk(case: Case, device: Device) -> Finding | None:
    node = "a node of a guest cluster: fail its role over in the guest, then shut this node down"
    if device.backing is Backing.RAW_DISK:
        return case.found(
            Cause.SHARED_DISK, Severity.INFO,
            f"has raw disk {_named(device)}: it moves if every target sees the same LUN, snapshots are not possible",
            Remedy.MIGRATE, "Check that the LUN is presented to the other hosts.", Remedy.SHUT_DOWN, key=device.key,
        )  # fmt: skip
    if device.backing is Backing.SHARED_BUS and "physical" in device.detail.casefold():
        return case.found(
            Cause.SHARED_DISK, Severity.WARN,
            f"shares SCSI bus {_named(device)} with VMs on other hosts: it moves only with hardware version 11 or later "
            "and a recent guest",
            Remedy.MIGRATE, f"Let vCenter's dry run decide; else treat it as {node}.", Remedy.SHUT_DOWN, key=device.key,
        )  # fmt: skip
    what = "disk with several writers" if device.backing is Backing.MULTI_WRITER else "SCSI bus"
    return case.found(
        Cause.SHARED_DISK, Severity.BLOCK, f"shares {what} {_named(device)} with another VM and {_HELD}",
        Remedy.SHUT_DOWN, f"Treat it as {node}.", Remedy.BY_HAND, key=device.key,
    )  # fmt: skip


_DEVICES: dict[Backing, Callable[[Case, Device], Finding | None]] = {
    Backing.PASSTHROUGH: _fixed(Cause.PCI_PASSTHROUGH, "PCI passthrough device"),
    Backing.DVX: _dvx,
    Backing.VGPU: _vgpu,
    Backing.SRIOV: _fixed(Cause.SRIOV, "SR-IOV network card"),
    Backing.HOST_USB: _host_usb,
    Backing.REMOTE_HOST_USB: _remote_usb,
    Backing.CLIENT_USB: _client_device,
    Backing.CLIENT_CDROM: _client_device,
    Backing.HOST_CDROM: _cdrom,
    Backing.ISO: _cdrom,
    Backing.FLOPPY: _floppy,
    Backing.SERIAL: _port,
    Backing.PARALLEL: _port,
    Backing.SHARED_BUS: _shared_disk,
    Backing.RAW_DISK: _shared_disk,
    Backing.MULTI_WRITER: _shared_disk,
    Backing.NVDIMM: _fixed(Cause.PERSISTENT_MEMORY, "persistent memory"),
}


# --- the VM's own state ---------------------------------------------------------------------------------------------


def not_accessible(case: Case) -> Finding | None:
    """A VM that vCenter itself cannot reach."""
    if case.vm.connection is Connection.CONNECTED:
        return None
    return case.found(
        Cause.VM_NOT_ACCESSIBLE, Severity.BLOCK, f"cannot be reached by vCenter ({case.vm.connection.words})",
        Remedy.BY_HAND, "Mend or unregister it in vCenter; nobody can move it as it is.",
    )  # fmt: skip


def question(case: Case) -> Finding | None:
    """A VM that waits for an answer: every task on it hangs."""
    asked = case.vm.question
    if asked is None:
        return None
    choices = " / ".join(text for _, text in asked.choices)
    return case.found(
        Cause.QUESTION, Severity.BLOCK, f'waits for an answer to "{asked.text.strip()}"', Remedy.ANSWER_QUESTION,
        f"Answer it ({choices}); until then every task on this VM hangs." if choices else "Answer it in vCenter.",
    )  # fmt: skip


def state_findings(case: Case) -> Iterator[Finding]:
    """What its own settings and guests say, for a VM that runs."""
    vm = case.vm
    if vm.tools_installer:
        yield case.found(
            Cause.TOOLS_INSTALLER, Severity.BLOCK, f"has the VMware Tools installer mounted and {_HELD}",
            Remedy.UNMOUNT_TOOLS, "Unmount the installer.",
        )  # fmt: skip
    bound = [
        text
        for text, yes in (("CPUs", vm.cpu_affinity), ("memory nodes", vm.memory_affinity), ("a NUMA node", vm.numa_affinity))
        if yes
    ]  # fmt: skip
    if bound:
        yield case.found(
            Cause.CPU_AFFINITY, Severity.BLOCK, f"is bound to {' and '.join(bound)} of its host and {_HELD}",
            Remedy.CLEAR_AFFINITY, "Clear the affinity in vCenter; write it down if it is wanted, for it does not come back by itself.",
            Remedy.SHUT_DOWN,
        )  # fmt: skip
    if vm.latency_high:
        yield case.found(
            Cause.LATENCY, Severity.WARN,
            "has latency sensitivity high: it reserves all its memory and whole cores, and a move stops it for a moment",
            Remedy.MIGRATE, "Move it in a window its owner knows of.", Remedy.SHUT_DOWN,
        )  # fmt: skip
    if vm.fork_parent or vm.vflash:
        what = "is the parent of instant clones" if vm.fork_parent else "has a flash read cache on its host"
        yield case.found(
            Cause.PERSISTENT_MEMORY,
            Severity.BLOCK,
            f"{what} and {_HELD}",
            Remedy.SHUT_DOWN,
            _SHUT,
            Remedy.BY_HAND,
        )
    if _ON_ITS_WAY.search(vm.busy_with):
        yield case.found(
            Cause.OWNED_BY_TASK, Severity.INFO, f"is being moved just now ({vm.busy_with})", Remedy.WAIT, "Wait until it is there."
        )  # fmt: skip
    elif owner := _owner(vm):
        yield case.found(
            Cause.OWNED_BY_TASK, Severity.BLOCK, owner, Remedy.WAIT,
            "Wait until that is done. If a backup died and left its lock behind, release it in the backup product.",
            Remedy.BY_HAND,
        )  # fmt: skip
    elif vm.consolidation_needed:
        yield case.found(
            Cause.OWNED_BY_TASK, Severity.WARN, "has disks that need consolidation, mostly after a backup that broke off",
            Remedy.BY_HAND, "Consolidate its disks in vCenter before the night; the move itself may still work.",
        )  # fmt: skip


def _owner(vm: Vm) -> str:
    if any(name.startswith(("MigrateVM", "RelocateVM")) for name in vm.disabled_methods):
        return "may not be moved just now: a backup or another product has locked migration"
    return f"has task {vm.busy_with} at work on it" if vm.busy_with else ""
