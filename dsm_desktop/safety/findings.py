"""What stands in the way of emptying a host, in words and in a form a program can act on."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


class Severity(enum.StrEnum):
    """BLOCK: the host does not get empty, or something is lost. WARN: it may, look at it. INFO: good to know."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class Cause(enum.StrEnum):
    """Why. One for each kind of obstacle vSphere knows; NOT_READ and NO_TARGET where there is nothing to judge by; ESXI_… of an update."""

    PCI_PASSTHROUGH = "pci_passthrough"
    DVX = "dvx"
    VGPU = "vgpu"
    SRIOV = "sriov"
    HOST_USB = "host_usb"
    CLIENT_DEVICE = "client_device"
    CDROM = "cdrom"
    TOOLS_INSTALLER = "tools_installer"
    FLOPPY = "floppy"
    PORT = "port"
    LOCAL_STORAGE = "local_storage"
    DRS_NOT_AUTOMATED = "drs_not_automated"
    VM_OVERRIDE = "vm_override"
    MUST_RULE = "must_rule"
    SHOULD_RULE = "should_rule"
    ANTI_AFFINITY = "anti_affinity"
    KEEP_TOGETHER = "keep_together"
    CPU_AFFINITY = "cpu_affinity"
    FAULT_TOLERANCE = "fault_tolerance"
    SHARED_DISK = "shared_disk"
    RESERVATION = "reservation"
    LATENCY = "latency"
    BIG_VM = "big_vm"
    VMOTION = "vmotion"
    NETWORK = "network"
    CPU_COMPATIBILITY = "cpu_compatibility"
    ENCRYPTED = "encrypted"
    SUSPENDED = "suspended"
    SUSPENDED_TO_MEMORY = "suspended_to_memory"
    POWERED_OFF = "powered_off"
    VCLS = "vcls"
    AGENT = "agent"
    MANAGEMENT_VM = "management_vm"
    QUESTION = "question"
    VM_NOT_ACCESSIBLE = "vm_not_accessible"
    OWNED_BY_TASK = "owned_by_task"
    PERSISTENT_MEMORY = "persistent_memory"
    DATASTORE = "datastore"
    POWER_MANAGEMENT = "power_management"
    NO_ROOM = "no_room"
    NO_TARGET = "no_target"
    NOT_READ = "not_read"
    DRS_FAULT = "drs_fault"
    ESXI_NOTHING_TO_DO = "esxi_nothing_to_do"
    ESXI_PATH = "esxi_path"
    ESXI_BACK_IN_TIME = "esxi_back_in_time"
    ESXI_VCENTER = "esxi_vcenter"
    ESXI_IMAGE_MANAGED = "esxi_image_managed"
    ESXI_HARDWARE = "esxi_hardware"
    ESXI_BOOT_DEVICE = "esxi_boot_device"
    ESXI_QUICK_BOOT = "esxi_quick_boot"
    ESXI_SPACE = "esxi_space"
    ESXI_VIB = "esxi_vib"
    ESXI_ACCEPTANCE = "esxi_acceptance"
    ESXI_SECURE_BOOT = "esxi_secure_boot"
    ESXI_RECOVERY_KEY = "esxi_recovery_key"
    ESXI_RESTART_PENDING = "esxi_restart_pending"
    ESXI_NOT_READ = "esxi_not_read"


class Remedy(enum.StrEnum):
    """The way out, for a program. BY_HAND: only a person can."""

    MIGRATE = "migrate"
    SHUT_DOWN = "shut_down"
    DISCONNECT_MEDIA = "disconnect_media"
    UNMOUNT_TOOLS = "unmount_tools"
    ANSWER_QUESTION = "answer_question"
    DISABLE_RULE = "disable_rule"
    CLEAR_AFFINITY = "clear_affinity"
    SET_DRS_AUTOMATED = "set_drs_automated"
    SUSPEND_ADMISSION_CONTROL = "suspend_admission_control"
    SUSPEND_FAULT_TOLERANCE = "suspend_fault_tolerance"
    SUSPEND_POWER_MANAGEMENT = "suspend_power_management"
    MOVE_STORAGE = "move_storage"
    RESUME = "resume"
    FEWER_HOSTS = "fewer_hosts"
    SAVE_KEY = "save_key"
    UPDATE_VCENTER = "update_vcenter"
    OTHER_TARGET = "other_target"
    RESTART = "restart"
    REFRESH = "refresh"
    WAIT = "wait"
    LEAVE_ALONE = "leave_alone"
    BY_HAND = "by_hand"


What = Literal["vm", "host", "cluster", "datastore", "network"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One obstacle. `moid` and `name` say of what (`what`); `reason` names VM, host and the thing in the way; `way_out` is the
    next step in words, `remedy` the same for a program, `others` what would do as well. `key` is the device's or rule's
    key (0 = none), so that a remedy finds it."""

    cause: Cause
    severity: Severity
    what: What
    moid: str
    name: str
    reason: str
    remedy: Remedy
    way_out: str
    others: tuple[Remedy, ...] = ()
    key: int = 0


_SAFE = {
    Cause.CDROM: Remedy.DISCONNECT_MEDIA,
    Cause.CLIENT_DEVICE: Remedy.DISCONNECT_MEDIA,
    Cause.FLOPPY: Remedy.DISCONNECT_MEDIA,
    Cause.TOOLS_INSTALLER: Remedy.UNMOUNT_TOOLS,
}


def safe_fix(finding: Finding) -> bool:
    """May be mended without asking what it means for the guest, and undone by putting the same thing back: an image, a
    floppy or a client's drive taken out, the tools installer unmounted. Nothing else: a rule, a serial line or a licence
    dongle has somebody who counts on it."""
    return _SAFE.get(finding.cause) is finding.remedy


_ORDER = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFO: 2}


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, then by name; the same obstacle found twice stands once."""
    return tuple(
        sorted(dict.fromkeys(findings), key=lambda f: (_ORDER[f.severity], f.name.casefold(), f.cause, f.key))
    )


def gb(megabytes: float) -> str:
    """MiB as text: "34.0 GiB"."""
    return f"{megabytes / 1024:.1f} GiB"
