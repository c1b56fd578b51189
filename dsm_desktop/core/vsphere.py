"""A vSphere site as it was read at one moment, in plain values: what the client reads, the store keeps, the judges judge.

Ids are managed object ids ("host-12"), unique only within one vCenter. CPU in MHz, memory in MiB, capacities in bytes, times
aware UTC. None = could not be read (no permission, not there in this version), which is never the same as zero or "no".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from dsm_desktop.core.uplinks import Uplink
from dsm_desktop.core.worded import Worded


class Connection(Worded):
    """Whether vCenter reaches a host or a VM."""

    CONNECTED = "connected", "connected"
    DISCONNECTED = "disconnected", "disconnected"
    NOT_RESPONDING = "notResponding", "not responding"
    ORPHANED = "orphaned", "orphaned"
    INACCESSIBLE = "inaccessible", "inaccessible"
    INVALID = "invalid", "invalid"


class VmPower(enum.StrEnum):
    """A VM's (or host's) power state; standby only for hosts."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"
    STANDBY = "standBy"
    UNKNOWN = "unknown"


class Colour(enum.StrEnum):
    """vCenter's overall status; gray means "not known", not "good"."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GRAY = "gray"


class DrsLevel(Worded):
    """Who moves VMs: nobody asks (FULL), only the first placement (PARTIAL), a person (MANUAL)."""

    MANUAL = "manual", "manual"
    PARTIAL = "partiallyAutomated", "partially automated"
    FULL = "fullyAutomated", "fully automated"


class RuleKind(enum.StrEnum):
    """Keep VMs together, keep them apart, or tie VMs to (or away from) hosts."""

    TOGETHER = "together"
    APART = "apart"
    ON_HOSTS = "on_hosts"


class Backing(enum.StrEnum):
    """What stands behind a VM's device, as far as it decides whether the VM can move."""

    PASSTHROUGH = "passthrough"
    DVX = "dvx"
    VGPU = "vgpu"
    SRIOV = "sriov"
    HOST_USB = "host_usb"
    REMOTE_HOST_USB = "remote_host_usb"
    CLIENT_USB = "client_usb"
    CLIENT_CDROM = "client_cdrom"
    HOST_CDROM = "host_cdrom"
    ISO = "iso"
    FLOPPY = "floppy"
    SERIAL = "serial"
    PARALLEL = "parallel"
    SHARED_BUS = "shared_bus"
    RAW_DISK = "raw_disk"
    MULTI_WRITER = "multi_writer"
    NVDIMM = "nvdimm"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that may hold its VM on a host. `datastore` moid of the file behind it; `detail` e.g. the sharing mode
    ("physicalSharing"), the file's path or the PCI address; `at_power_on` it is connected whenever the VM starts."""

    key: int
    label: str
    backing: Backing
    connected: bool = True
    datastore: str = ""
    detail: str = ""
    at_power_on: bool = True


@dataclass(frozen=True, slots=True)
class Alarm:
    """A triggered alarm. `on` moid of the object it was triggered on (its parents show it too), `alarm` of its definition."""

    key: str
    name: str
    colour: Colour
    on: str
    since: datetime | None = None
    acknowledged: bool = False
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class RunningTask:
    """Work in progress on a host or cluster. `kind` is vCenter's descriptionId ("HostSystem.enterMaintenanceMode")."""

    moid: str
    kind: str
    who: str = ""
    progress: int | None = None
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question a VM waits with; nothing goes on until it is answered. `choices` key → text."""

    key: str
    text: str
    choices: tuple[tuple[str, str], ...]
    default: str = ""


@dataclass(frozen=True, slots=True)
class HostService:
    """A service of ESXi. `policy` on | off | automatic."""

    key: str
    running: bool
    policy: str


@dataclass(frozen=True, slots=True)
class Host:
    """An ESXi host. `service_tag` is cleaned ("" if vCenter gives none). CPU capacity = `cpu_mhz` x `cpu_cores`."""

    moid: str
    name: str
    cluster: str = ""
    datacenter: str = ""
    vendor: str = ""
    model: str = ""
    service_tag: str = ""
    uuid: str = ""
    bmc_address: str = ""
    cpu_model: str = ""
    cpu_mhz: int = 0
    cpu_cores: int = 0
    cpu_threads: int = 0
    memory_mb: int = 0
    cpu_used_mhz: int | None = None
    memory_used_mb: int | None = None
    connection: Connection = Connection.CONNECTED
    power: VmPower = VmPower.ON
    in_maintenance: bool = False
    in_quarantine: bool = False
    status: Colour = Colour.GRAY
    config_issues: tuple[str, ...] = ()
    ha_state: str = ""
    """vCenter's dasHostState: master, connectedToMaster, … ; "" without HA."""
    evc: str = ""
    max_evc: str = ""
    boot_time: datetime | None = None
    version: str = ""
    build: str = ""
    reboot_required: bool = False
    lockdown: str = ""
    """lockdownDisabled | lockdownNormal | lockdownStrict; "" not read."""
    vmotion: bool | None = None
    """A VMkernel adapter is selected for vMotion."""
    crypto_safe: bool | None = None
    services: tuple[HostService, ...] | None = None
    clock_skew_seconds: float | None = None
    vsan: bool = False
    datastores: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    uplinks: tuple[Uplink, ...] | None = None
    """Read with `services`, not for a whole site; so is whether its alarms act (mail, SNMP)."""
    alarm_actions: bool | None = None
    asks: tuple[tuple[str, str], ...] = ()
    """(address or name, what it is) of the machines it asks for names and for the time."""
    alarms: tuple[Alarm, ...] = ()
    tasks: tuple[RunningTask, ...] = ()

    @property
    def usable(self) -> bool:
        """May carry VMs now."""
        return (
            self.connection is Connection.CONNECTED
            and self.power is VmPower.ON
            and not self.in_maintenance
            and not self.in_quarantine
        )

    @property
    def cpu_capacity_mhz(self) -> int:
        """All cores together."""
        return self.cpu_mhz * self.cpu_cores


@dataclass(frozen=True, slots=True)
class Vm:
    """A virtual machine. `devices` None = not read yet (they cost 2 ms a VM and are read when a host is to be emptied)."""

    moid: str
    name: str
    host: str = ""
    instance_uuid: str = ""
    power: VmPower = VmPower.UNKNOWN
    connection: Connection = Connection.CONNECTED
    template: bool = False
    guest_host: str = ""
    guest_address: str = ""
    tools_running: bool = False
    cpus: int = 0
    memory_mb: int = 0
    cpu_used_mhz: int = 0
    memory_used_mb: int = 0
    """Host memory it takes now."""
    cpu_reservation_mhz: int = 0
    memory_reservation_mb: int = 0
    """With "reserve all guest memory" the whole memory."""
    memory_overhead_mb: int = 0
    datastores: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    managed_by: str = ""
    """Extension key of the product that owns it ("com.vmware.vim.eam" for vCLS and agents)."""
    fault_tolerance: str = ""
    """"" none or suspended | primary | secondary."""
    question: Question | None = None
    tools_installer: bool = False
    suspended_to_memory: bool = False
    min_evc: str = ""
    cpu_affinity: tuple[int, ...] = ()
    memory_affinity: tuple[int, ...] = ()
    latency_high: bool = False
    encrypted: bool = False
    consolidation_needed: bool = False
    fork_parent: bool = False
    disabled_methods: tuple[str, ...] = ()
    """Only those that matter for moving ("MigrateVM_Task", set by backup products)."""
    swap_on_host: bool = False
    snapshots: int = 0
    devices: tuple[Device, ...] | None = None
    disk_datastores: tuple[str, ...] | None = None
    """Where its disks, its configuration and its swap file lie: `datastores` without those that only hold a mounted image.
    None = not read: then every store of `datastores` counts."""
    numa_affinity: bool = False
    vflash: bool = False
    fault_tolerance_pair: str = ""
    """The same text at both VMs of a fault-tolerant pair (instance uuid of the primary); "" = find it by the name."""
    busy_with: str = ""
    """Kind of a task that runs on the VM now ("VirtualMachine.createSnapshot"), "" = none."""

    @property
    def is_vcls(self) -> bool:
        """One of vCenter's own cluster service VMs, which it moves itself."""
        return self.name.startswith("vCLS") and (not self.managed_by or "eam" in self.managed_by)


@dataclass(frozen=True, slots=True)
class Mount:
    """How a host sees a datastore."""

    host: str
    accessible: bool = True
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Datastore:
    """A store. `kind` VMFS | NFS | NFS41 | vsan | OTHER. Shared = several hosts may mount it and at least two do."""

    moid: str
    name: str
    datacenter: str = ""
    kind: str = ""
    url: str = ""
    capacity: int = 0
    free: int = 0
    accessible: bool = True
    maintenance: str = "normal"
    multi_host: bool | None = None
    mounts: tuple[Mount, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def shared(self) -> bool:
        """At least two hosts reach it."""
        return self.multi_host is not False and sum(m.accessible for m in self.mounts) >= 2


@dataclass(frozen=True, slots=True)
class Network:
    """A port group or a distributed one. `kind` is vCenter's type name."""

    moid: str
    name: str
    kind: str = "Network"
    hosts: tuple[str, ...] = ()
    uplink: bool | None = None
    """The switch behind it has an uplink; without one a VM on it cannot move while it runs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A DRS rule over `vms`. ON_HOSTS: they must (not `mandatory`: should) run on `hosts`, or, with `away`, must not."""

    key: int
    name: str
    kind: RuleKind
    enabled: bool = True
    mandatory: bool = False
    vms: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    away: bool = False


@dataclass(frozen=True, slots=True)
class VmOverride:
    """A VM's own DRS level, where overrides are allowed. `enabled` False = DRS leaves it alone."""

    vm: str
    enabled: bool = True
    level: DrsLevel | None = None


@dataclass(frozen=True, slots=True)
class HaPolicy:
    """HA of a cluster. `policy` percent | slots | hosts | "" ; `cpu_percent`/`memory_percent` for percent; `level` = host
    failures to tolerate; `failover_hosts` moids kept free."""

    enabled: bool = False
    host_monitoring: bool = True
    admission_control: bool = False
    policy: str = ""
    cpu_percent: int = 0
    memory_percent: int = 0
    auto_percent: bool = False
    level: int = 0
    current_level: int | None = None
    failover_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrsPolicy:
    """DRS, DPM and proactive HA of a cluster."""

    enabled: bool = False
    level: DrsLevel = DrsLevel.MANUAL
    overrides_allowed: bool = True
    overrides: tuple[VmOverride, ...] = ()
    dpm: bool = False
    proactive_ha: bool = False


@dataclass(frozen=True, slots=True)
class Vsan:
    """vSAN of a cluster; None where it could not be asked."""

    resync_bytes: int | None = None
    inaccessible_objects: int | None = None
    reduced_objects: int | None = None
    health: Colour = Colour.GRAY


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's own settings."""

    moid: str
    name: str
    datacenter: str = ""
    status: Colour = Colour.GRAY
    evc: str = ""
    image_managed: bool | None = None
    """vLCM owns the hosts' software; own ESXi updates are refused there."""
    ha: HaPolicy = field(default_factory=HaPolicy)
    drs: DrsPolicy = field(default_factory=DrsPolicy)
    vsan: Vsan | None = None
    rules: tuple[Rule, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    tasks: tuple[RunningTask, ...] = ()
    drs_faults: tuple[tuple[str, str], ...] = ()
    """(VM moid, text) of DRS's last refusals."""
    advice: tuple[tuple[str, str], ...] = ()
    """(key, text) of what DRS recommends and leaves to a person: "move web-01 from esx1 to esx2 (balance)"."""
