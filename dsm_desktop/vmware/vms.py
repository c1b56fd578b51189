"""A VM as the collector read it → a plain value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dsm_desktop.core.vsphere import Connection, Question, RunningTask, Vm, VmPower
from dsm_desktop.vmware.collector import Row
from dsm_desktop.vmware.devices import devices_of
from dsm_desktop.vmware.facts import as_enum, tasks_of
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.paths import NUMA

_MOVING = re.compile(r"(?:Migrate|Relocate)VM_Task\Z|PowerOffVM_Task\Z|ReconfigVM_Task\Z")


def vm_of(row: Row, running: Mapping[str, RunningTask] | None = None) -> Vm:
    """A VM; of an inaccessible one vCenter shows no configuration. Written for speed: a site has thousands."""
    got = row.values.get
    managed, swap, ft, level = (
        got("config.managedBy"),
        got("config.swapPlacement"),
        got("config.ftInfo"),
        got("config.latencySensitivity.level"),
    )
    memory = int(got("config.hardware.memoryMB") or 0)
    locked = bool(got("config.memoryReservationLockedToMax"))
    devices = got("config.hardware.device")
    return Vm(
        moid=row.moid,
        name=row.name,
        host=moid_of(got("runtime.host")),
        instance_uuid=str(got("config.instanceUuid") or ""),
        power=as_enum(VmPower, got("runtime.powerState"), VmPower.UNKNOWN),
        connection=as_enum(Connection, got("runtime.connectionState"), Connection.INVALID),
        template=bool(got("config.template")),
        guest_host=str(got("guest.hostName") or ""),
        guest_address=str(got("guest.ipAddress") or ""),
        tools_running=str(got("guest.toolsRunningStatus") or "") == "guestToolsRunning",
        cpus=int(got("config.hardware.numCPU") or 0),
        memory_mb=memory,
        cpu_used_mhz=int(got("summary.quickStats.overallCpuUsage") or 0),
        memory_used_mb=int(got("summary.quickStats.hostMemoryUsage") or 0),
        cpu_reservation_mhz=int(got("config.cpuAllocation.reservation") or 0),
        memory_reservation_mb=memory if locked else int(got("config.memoryAllocation.reservation") or 0),
        memory_overhead_mb=int(got("summary.quickStats.consumedOverheadMemory") or 0),
        datastores=row.moids("datastore"),
        networks=row.moids("network"),
        managed_by=str(getattr(managed, "extensionKey", "") or ""),
        fault_tolerance=_fault_tolerance(str(got("runtime.faultToleranceState") or ""), ft),
        question=_question(got("runtime.question")),
        tools_installer=bool(got("runtime.toolsInstallerMounted")),
        suspended_to_memory=bool(got("runtime.suspendedToMemory")),
        min_evc=str(got("runtime.minRequiredEVCModeKey") or ""),
        cpu_affinity=_affinity(got("config.cpuAffinity")),
        memory_affinity=_affinity(got("config.memoryAffinity")),
        latency_high=level is not None and str(level) == "high",
        encrypted=got("config.keyId") is not None,
        consolidation_needed=bool(got("runtime.consolidationNeeded")),
        fork_parent=bool(got("runtime.quiescedForkParent")),
        disabled_methods=tuple(name for name in got("disabledMethod") or () if _MOVING.match(name)),
        swap_on_host=swap is not None and str(swap) == "hostLocal",
        snapshots=_snapshots(got("snapshot")),
        devices=None if devices is None else devices_of(devices),
        disk_datastores=None if devices is None else _disk_stores(row, devices),
        numa_affinity=got(NUMA) is not None,
        vflash=bool(got("config.vFlashCacheReservation")),
        fault_tolerance_pair=_pair(ft),
        busy_with=next((task.kind for task in tasks_of(row, running or {})), ""),
    )


def _fault_tolerance(state: str, info: Any) -> str:
    if state in ("", "notConfigured", "disabled"):
        return ""
    return "primary" if getattr(info, "role", 1) == 1 else "secondary"


def _affinity(said: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in getattr(said, "affinitySet", None) or ())


def _question(said: Any) -> Question | None:
    if said is None:
        return None
    choice = said.choice
    options = list(choice.choiceInfo or ())
    default = int(choice.defaultIndex) if choice.defaultIndex is not None else -1
    return Question(
        key=str(said.id),
        text=" ".join(str(said.text or "").split()),
        choices=tuple(
            (str(option.key), str(option.label or option.summary or option.key)) for option in options
        ),
        default=str(options[default].key) if 0 <= default < len(options) else "",
    )


def _snapshots(said: Any) -> int:
    """All snapshots of the tree; walks without recursion, chains of 32 are allowed."""
    count, level = 0, list(getattr(said, "rootSnapshotList", None) or ())
    while level:
        count += len(level)
        level = [child for node in level for child in node.childSnapshotList or ()]
    return count


def _pair(info: Any) -> str:
    """The first of the instance uuids is the primary's, at both VMs."""
    uuids = list(getattr(info, "instanceUuids", None) or ())
    return str(uuids[0]) if uuids else ""


def _disk_stores(row: Row, devices: Iterable[Any]) -> tuple[str, ...]:
    """The stores without those that only hold a mounted image. `datastore` names all; files name theirs in brackets."""
    files = row.get("config.files")
    own = {
        _bracket(getattr(files, name, None))
        for name in ("vmPathName", "snapshotDirectory", "suspendDirectory", "logDirectory")
    }
    held: set[str] = set()
    images: set[str] = set()
    for item in devices:
        backing = item.backing
        store = moid_of(getattr(backing, "datastore", None))
        if not store:
            continue
        image = type(backing).__name__.endswith((".IsoBackingInfo", ".ImageBackingInfo"))
        (images if image and _bracket(backing.fileName) not in own else held).add(store)
    return tuple(store for store in row.moids("datastore") if store not in images - held)


def _bracket(path: Any) -> str:
    """ "[store1] db01/db01.vmx" → "store1"."""
    return str(path or "").partition("]")[0].removeprefix("[")
