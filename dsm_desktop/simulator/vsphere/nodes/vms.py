"""Virtual machines."""

from __future__ import annotations

import uuid as uuids
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere.devices import base_devices
from dsm_desktop.simulator.vsphere.nodes.base import ENTITY, Entity, refs
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import moment, vim
from dsm_desktop.simulator.vsphere.world import World

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.containers import Folder, Network
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host

GUEST_POWER = {"poweredOn": "Powered on", "poweredOff": "Powered off", "suspended": "Suspended"}
"""How the host itself says it."""
_NAMES = uuids.UUID("6d1a2f0e-52f4-4d0b-9a77-6a0f3f2b9c11")


class Vm(Entity):
    """One virtual machine, on or off; `host` is where it is registered."""

    kind = vim.VirtualMachine

    def __init__(
        self,
        world: World,
        name: str,
        folder: Folder,
        host: Host,
        stores: list[Datastore],
        networks: list[Network],
    ) -> None:
        super().__init__(world, world.next_id("vm", 100), name, folder)
        self.number = int(self.moid[3:])
        self.host = host
        self.stores = stores
        self.networks = networks
        self.power = "poweredOn"
        self.connection = "connected"
        self.memory_mb, self.cpus, self.disk_gb = 4096, 2, 40
        self.memory_reservation = self.cpu_reservation = 0
        self.locked_to_max = False
        self.template = False
        self.managed_by: str | None = None
        self.tools_mounted = False
        self.tools = True
        self.question: Any = None
        self.cpu_affinity: list[int] = []
        self.memory_affinity: list[int] = []
        self.latency = "normal"
        self.ft_state = "notConfigured"
        self.ft: Any = None
        self.key_id: Any = None
        self.swap = "inherit"
        self.options: dict[str, str] = {}
        self.min_evc = ""
        self.suspended_to_memory = False
        self.consolidation = False
        self.fork_parent = False
        self.flash_cache = 0
        self.ip = f"10.30.{self.number >> 8 & 255}.{self.number & 255}"
        self.guest_name = f"{name}.example.test"
        self.booted = world.now() - 86400.0 * (1 + self.number % 60)
        self.refusal = ""
        """Why vCenter does not move it, in words; no property of it shows this."""
        self.moving = False
        """A migration of it is under way."""
        host.vms.append(self)
        self.guest = host.esxi.add_guest(name, stores[0].name)
        for store in stores:
            store.vms.append(self)
        for network in networks:
            network.vms.append(self)
        folder.entries.append(self)

    @cached_property
    def devices(self) -> list[Any]:
        """Virtual hardware, made when somebody first looks."""
        return base_devices(self)

    @property
    def on(self) -> bool:
        """Powered on."""
        return self.power == "poweredOn"

    @property
    def is_vcls(self) -> bool:
        """A cluster service VM, which vCenter handles by itself."""
        return "HDCS.agent" in self.options

    @property
    def by_vcenter(self) -> bool:
        """vCenter moves or stops it itself: cluster services and agents."""
        return self.managed_by == "com.vmware.vim.eam"

    def all_stores(self) -> list[Datastore]:
        """Where it has files open: its own, an image in the CD drive, swap on a store of the host."""
        found = dict.fromkeys(self.stores)
        if self.swap == "hostLocal":
            found.update(dict.fromkeys(s for s in self.host.stores if not s.shared))
        for device in self.devices if "devices" in vars(self) else ():
            ref = getattr(device.backing, "datastore", None)
            store = None if ref is None else self.world.nodes.get(ref._moId)
            if isinstance(store, Datastore):
                found[store] = None
        return list(found)

    def host_memory_mb(self) -> int:
        """Host memory in use."""
        return max(self.memory_reservation, self.memory_mb * (60 + self.number % 30) // 100) if self.on else 0

    def cpu_mhz(self) -> int:
        """Processor in use."""
        return self.cpus * (90 + self.number * 37 % 200) if self.on else 0

    def uuid(self, what: str) -> str:
        """A lasting id: "instance" or "bios"."""
        return str(uuids.uuid5(_NAMES, f"{self.world.spec.seed}/{self.moid}/{what}"))

    def go_to(self, host: Host) -> None:
        """Be registered on another host."""
        old = self.host
        old.vms.remove(self)
        old.esxi.guests.pop(self.guest.number, None)
        self.host = host
        host.vms.append(self)
        self.guest = host.esxi.add_guest(self.name, self.stores[0].name)
        self.guest.power = GUEST_POWER[self.power]
        if old.owner is not host.owner:
            self.world.membership += 1  # views of a cluster hold other VMs now
        self.world.touch(self, old, host)

    def attach(self, store: Datastore) -> None:
        """Have files on one more store."""
        self.stores = [*self.stores, store]
        store.vms.append(self)
        self.world.touch(self, store)

    def rehome(self, store: Datastore) -> None:
        """All disks lie on one store now."""
        for device in self.devices:
            if getattr(device.backing, "datastore", None) is not None and hasattr(device, "capacityInKB"):
                device.backing.datastore = store.ref
                device.backing.fileName = f"[{store.name}] {self.name}/{device.key}.vmdk"
        self.swap = "inherit"

    def detach(self, store: Datastore) -> None:
        """Have no files there any more."""
        self.stores = [s for s in self.stores if s is not store]
        if self in store.vms:
            store.vms.remove(self)
        self.world.touch(self, store)

    def set_power(self, state: str) -> None:
        """poweredOn, poweredOff or suspended; what lay in the host's memory ends."""
        self.power = state
        self.suspended_to_memory = False
        self.guest.power = GUEST_POWER[state]
        if state == "poweredOn":
            self.booted = self.world.now()
        self.world.touch(self, self.host)


def _allocation(reservation: int) -> Any:
    return vim.ResourceAllocationInfo(
        reservation=reservation,
        expandableReservation=False,
        limit=-1,
        shares=vim.SharesInfo(shares=1000, level="normal"),
    )


def _affinity(values: list[int]) -> Any:
    return vim.vm.AffinityInfo(affinitySet=values) if values else None


def _managed(vm: Vm) -> Any:
    return None if vm.managed_by is None else vim.ext.ManagedByInfo(extensionKey=vm.managed_by, type="agent")


def _path(vm: Vm) -> str:
    return f"[{vm.stores[0].name}] {vm.name}/{vm.name}.vmx"


def _layout(vm: Vm) -> Any:
    """Configuration, disks and, while it runs, the swap file."""
    kind = vim.vm.FileLayoutEx.FileInfo
    files = [kind(key=0, name=_path(vm), type="config", size=4096)]
    for device in vm.devices:
        if hasattr(device, "capacityInKB"):
            size = device.capacityInKB * 1024
            files.append(kind(key=len(files), name=device.backing.fileName, type="diskExtent", size=size))
    if vm.on:
        local = [s for s in vm.host.stores if not s.shared] if vm.swap == "hostLocal" else vm.stores
        name = f"[{local[0].name}] {vm.name}/{vm.name}.vswp"
        files.append(kind(key=len(files), name=name, type="swap", size=vm.memory_mb << 20))
    return vim.vm.FileLayoutEx(file=files, timestamp=moment(vm.world.now()))


_CONFIG: dict[str, Any] = {
    "changeVersion": lambda v: moment(v.booted).isoformat(),
    "modified": lambda v: moment(v.booted),
    "name": lambda v: v.name,
    "guestFullName": lambda v: "Red Hat Enterprise Linux 9 (64-bit)",
    "guestId": lambda v: "rhel9_64Guest",
    "alternateGuestName": lambda v: "",
    "version": lambda v: "vmx-19",
    "uuid": lambda v: v.uuid("bios"),
    "instanceUuid": lambda v: v.uuid("instance"),
    "template": lambda v: v.template,
    "files": lambda v: vim.vm.FileInfo(vmPathName=_path(v)),
    "flags": lambda v: vim.vm.FlagInfo(),
    "defaultPowerOps": lambda v: vim.vm.DefaultPowerOpInfo(),
    "hardware.numCPU": lambda v: v.cpus,
    "hardware.numCoresPerSocket": lambda v: 1,
    "hardware.memoryMB": lambda v: v.memory_mb,
    "hardware.device": lambda v: v.devices,
    "cpuAllocation": lambda v: _allocation(v.cpu_reservation),
    "memoryAllocation": lambda v: _allocation(v.memory_reservation),
    "latencySensitivity": lambda v: vim.LatencySensitivity(level=v.latency),
    "cpuAffinity": lambda v: _affinity(v.cpu_affinity),
    "memoryAffinity": lambda v: _affinity(v.memory_affinity),
    "extraConfig": lambda v: [vim.option.OptionValue(key=k, value=x) for k, x in v.options.items()],
    "swapPlacement": lambda v: v.swap,
    "ftInfo": lambda v: v.ft,
    "managedBy": _managed,
    "memoryReservationLockedToMax": lambda v: v.locked_to_max,
    "keyId": lambda v: v.key_id,
    "vFlashCacheReservation": lambda v: v.flash_cache or None,
    "migrateEncryption": lambda v: "opportunistic" if v.key_id is None else "required",
}


def _config(name: str, read: Any) -> Any:
    """`config` is unset while a VM cannot be reached."""
    return lambda v: read(v) if v.connection == "connected" else None


Vm.schema = Schema(
    vim.VirtualMachine,
    {
        **ENTITY,
        "runtime.host": lambda v: v.host.ref,
        "runtime.connectionState": lambda v: v.connection,
        "runtime.powerState": lambda v: v.power,
        "runtime.faultToleranceState": lambda v: v.ft_state,
        "runtime.question": lambda v: v.question,
        "runtime.toolsInstallerMounted": lambda v: v.tools_mounted,
        "runtime.suspendedToMemory": lambda v: v.suspended_to_memory,
        "runtime.cryptoState": lambda v: None if v.key_id is None else "encrypted",
        "runtime.minRequiredEVCModeKey": lambda v: v.min_evc or v.host.owner.evc or None,
        "runtime.consolidationNeeded": lambda v: v.consolidation,
        "runtime.quiescedForkParent": lambda v: v.fork_parent or None,
        "runtime.vFlashCacheAllocation": lambda v: v.flash_cache or None,
        "runtime.bootTime": lambda v: moment(v.booted) if v.on else None,
        "runtime.recordReplayState": lambda v: "inactive",
        "runtime.numMksConnections": lambda v: 0,
        "runtime.onlineStandby": lambda v: False,
        **{f"config.{name}": _config(name, read) for name, read in _CONFIG.items()},
        "datastore": lambda v: refs(v.all_stores()),
        "layoutEx": _layout,
        "network": lambda v: refs(v.networks),
        "resourcePool": lambda v: None if v.template else v.host.owner.pool.ref,
        "environmentBrowser": lambda v: vim.EnvironmentBrowser(f"envbrowser-{v.number}"),
        "capability": lambda v: vim.vm.Capability(),
        "storage": lambda v: vim.vm.StorageInfo(timestamp=moment(v.world.now())),
        "guest.hostName": lambda v: v.guest_name if v.on and v.tools else None,
        "guest.ipAddress": lambda v: v.ip if v.on and v.tools else None,
        "guest.guestState": lambda v: "running" if v.on and v.tools else "notRunning",
        "guest.toolsRunningStatus": lambda v: f"guestTools{'Running' if v.on and v.tools else 'NotRunning'}",
        "guest.toolsStatus": lambda v: "toolsOk" if v.tools else "toolsNotInstalled",
        "summary.vm": lambda v: v.ref,
        "summary.runtime": lambda v: Vm.schema.read(v, "runtime", v.world.version),
        "summary.config.name": lambda v: v.name,
        "summary.config.template": lambda v: v.template,
        "summary.config.vmPathName": _path,
        "summary.config.memorySizeMB": lambda v: v.memory_mb,
        "summary.config.numCpu": lambda v: v.cpus,
        "summary.config.cpuReservation": lambda v: v.cpu_reservation,
        "summary.config.memoryReservation": lambda v: v.memory_reservation,
        "summary.config.instanceUuid": lambda v: v.uuid("instance"),
        "summary.config.uuid": lambda v: v.uuid("bios"),
        "summary.quickStats.overallCpuUsage": lambda v: v.cpu_mhz(),
        "summary.quickStats.hostMemoryUsage": lambda v: v.host_memory_mb(),
        "summary.quickStats.guestMemoryUsage": lambda v: v.host_memory_mb() // 3,
        "summary.quickStats.guestHeartbeatStatus": lambda v: "green" if v.on and v.tools else "gray",
        "summary.overallStatus": lambda v: v.overall_status(),
    },
)
