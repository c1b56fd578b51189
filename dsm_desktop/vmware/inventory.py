"""A whole vCenter, one cluster, one host or one VM: each read in one pass of the collector (paged)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere import Backing, Host, RunningTask, Vm
from dsm_desktop.core.vsphere_site import ClusterPicture, Folder, Site, asked
from dsm_desktop.vmware import paths
from dsm_desktop.vmware.clusters import cluster_of
from dsm_desktop.vmware.collector import Row, everything, gone, named, one, these, walked
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.facts import Place, datastore_of, host_of, moment, network_of
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.session import Opened, current_time, kind_of
from dsm_desktop.vmware.switches import uplinks
from dsm_desktop.vmware.vms import vm_of
from dsm_desktop.vmware.vsan import read_vsan

_NETWORKS = ("Network", "DistributedVirtualPortgroup", "OpaqueNetwork")
_FOLDERS = {"Datacenter": "datacenter", "Folder": "folder"}
SITE: dict[str, tuple[str, ...]] = {
    "Folder": paths.FOLDER,
    "Datacenter": paths.FOLDER,
    "ComputeResource": paths.FOLDER,
    "ClusterComputeResource": paths.CLUSTER,
    "HostSystem": paths.HOST,
    "VirtualMachine": paths.VM,
    "Datastore": paths.DATASTORE,
    **dict.fromkeys(("Network", "dvs.DistributedVirtualPortgroup", "OpaqueNetwork"), paths.NETWORK),
}
"""All of a site in one call."""
LIVE: dict[str, tuple[str, ...]] = {
    "ClusterComputeResource": (
        "name",
        "overallStatus",
        "configurationEx",
        "triggeredAlarmState",
        "recentTask",
    ),
    "HostSystem": (
        "name",
        "parent",
        "overallStatus",
        "triggeredAlarmState",
        "recentTask",
        "runtime.connectionState",
        "runtime.powerState",
        "runtime.inMaintenanceMode",
        "runtime.bootTime",
        "summary.rebootRequired",
        "config.product.build",
    ),
    "VirtualMachine": (
        "name",
        "runtime.host",
        "runtime.powerState",
        "runtime.connectionState",
        "runtime.question",
        "runtime.toolsInstallerMounted",
    ),
    "Datastore": ("name", "summary.accessible", "summary.maintenanceMode", "triggeredAlarmState"),
}
"""What is worth telling at once. Figures of load change every 20 seconds: with them the watch would never rest."""
_PICTURE: dict[str, tuple[str, ...]] = {
    "Folder": paths.FOLDER,
    "Datacenter": paths.FOLDER,
    "ComputeResource": paths.FOLDER,
    "ClusterComputeResource": paths.CLUSTER,
    "HostSystem": paths.HOST_CLOSE,
    "VirtualMachine": paths.VM_CLOSE,
    "Datastore": paths.DATASTORE,
    **dict.fromkeys(("Network", "OpaqueNetwork"), paths.NETWORK),
    "dvs.DistributedVirtualPortgroup": paths.PORT_GROUP,
}
_ABOVE: dict[str, tuple[str, ...]] = {
    "Folder": paths.FOLDER,
    "Datacenter": paths.FOLDER,
    "ComputeResource": paths.FOLDER,
    "ClusterComputeResource": paths.FOLDER,
    "HostSystem": paths.HOST_CLOSE,
}
_HOST_STEPS: dict[tuple[str, str], Any] = {
    ("HostSystem", "vm"): None,
    ("HostSystem", "datastore"): None,
    ("HostSystem", "network"): None,
}


def read_site(opened: Opened) -> Site:
    """Everything but devices: folders, clusters, hosts, VMs, stores, networks, alarms, running tasks."""
    return site_of(opened, everything(opened, SITE))


def read_objects(opened: Opened, moids: Sequence[str]) -> Site:
    """A part of the site: these objects, and the folders and clusters above them."""
    return site_of(opened, these(opened, SITE, moids))


def site_of(opened: Opened, rows: list[Row]) -> Site:
    """The rows of a pass as a site; the names of alarms and what the tasks do are asked for once each."""
    place, kinds = Place(rows), _by_kind(rows)
    names, running = _alarm_names(opened, rows), _running(opened, rows)
    return Site(
        about=opened.about,
        read_at=datetime.now(UTC),
        folders=tuple(_folder(row) for row in rows if row.kind in _FOLDERS),
        clusters=tuple(cluster_of(row, place, names, running) for row in kinds["ClusterComputeResource"]),
        hosts=tuple(host_of(row, place, names, running) for row in kinds["HostSystem"]),
        vms=tuple([vm_of(row) for row in kinds["VirtualMachine"]]),
        datastores=tuple(datastore_of(row, place, names) for row in kinds["Datastore"]),
        networks=tuple(network_of(row) for kind in _NETWORKS for row in kinds[kind]),
        hidden=hidden_in(rows),
    )


def read_cluster(
    opened: Opened,
    moid: str,
    addresses: tuple[str, ...],
    essential: tuple[tuple[str, str], ...] = (),
) -> ClusterPicture:
    """A cluster (or a stand-alone host, by its moid) with its hosts, their VMs and devices, stores and networks, now.
    `essential`: machines the work depends on beside vCenter and what the hosts themselves ask."""
    start = opened.entity(moid)
    alone = kind_of(moid) == "HostSystem"
    steps = _HOST_STEPS if alone else {("ComputeResource", "host"): _HOST_STEPS}
    rows = walked(opened, _PICTURE, start, steps)
    # The walk meets a store once for each host that mounts it; the collector tells each once.
    place, kinds = Place(rows), _by_kind(rows)
    names, running = _alarm_names(opened, rows), _running(opened, rows)
    clusters = [cluster_of(row, place, names, running) for row in kinds["ClusterComputeResource"]]
    if not (clusters or (alone and kinds["HostSystem"])):
        raise gone(opened, moid)
    hosts = tuple(host_of(row, place, names, running, _skew(opened, row)) for row in kinds["HostSystem"])
    vms = tuple([vm_of(row, running) for row in kinds["VirtualMachine"]])
    cluster = clusters[0] if clusters else None
    networks = [row for kind in _NETWORKS for row in kinds[kind]]
    leads = uplinks(opened, kinds["HostSystem"], networks)
    if cluster is not None:
        cluster = replace(cluster, vsan=read_vsan(kinds["HostSystem"], cluster.alarms))
    return ClusterPicture(
        cluster=cluster,
        hosts=hosts,
        vms=vms,
        datastores=tuple(datastore_of(row, place, names) for row in kinds["Datastore"]),
        networks=tuple(network_of(row, leads) for row in networks),
        taken_at=datetime.now(UTC),
        vcenter_version=opened.about.version if opened.about.kind == "vcenter" else "",
        vcenter_addresses=addresses,
        essential=(*essential, *asked(hosts)),
        vgpu_vmotion=_vgpu_vmotion(opened, vms),
    )


def _vgpu_vmotion(opened: Opened, vms: Iterable[Vm]) -> bool | None:
    """vCenter's setting, asked for only where a VM has a vGPU; None where it is not set or may not be read."""
    if not any(d.backing is Backing.VGPU for vm in vms for d in vm.devices or ()):
        return None
    try:
        found = opened.content.setting.QueryOptions(name="vgpu.hotmigrate.enabled")
    except VcenterFault:
        return None
    return next((str(option.value).lower() == "true" for option in found), None)


def read_host(opened: Opened, moid: str) -> Host:
    """One host with its services and its clock."""
    rows = walked(opened, _ABOVE, opened.object("HostSystem", moid), {})
    row = next((row for row in rows if row.kind == "HostSystem"), None)
    if row is None:
        raise gone(opened, moid)
    names, running = _alarm_names(opened, [row]), _running(opened, [row])
    return host_of(row, Place(rows), names, running, _skew(opened, row))


def read_vms(opened: Opened, host: str) -> tuple[Vm, ...]:
    """The VMs on a host, with devices."""
    start = opened.object("HostSystem", host)
    rows = walked(opened, {"VirtualMachine": paths.VM_CLOSE}, start, {("HostSystem", "vm"): None})
    running = _running(opened, rows)
    return tuple(vm_of(row, running) for row in rows)


def read_vm(opened: Opened, moid: str) -> Vm:
    """One VM with devices. Raises NotThere."""
    row = one(opened, "VirtualMachine", moid, paths.VM_CLOSE)
    return vm_of(row, _running(opened, [row]))


def hidden_in(rows: Iterable[Row]) -> tuple[str, ...]:
    """What the account may not read, once for each type and path: "HostSystem config.ipmi.bmcIpAddress (200 objects)"."""
    counts = Counter(f"{row.kind} {path}" for row in rows for path in row.hidden)
    return tuple(f"{what} ({count} object{'s' * (count != 1)})" for what, count in sorted(counts.items()))


def _folder(row: Row) -> Folder:
    return Folder(row.moid, row.name, _FOLDERS[row.kind], moid_of(row.values.get("parent")))


def _by_kind(rows: Iterable[Row]) -> dict[str, list[Row]]:
    kinds: dict[str, list[Row]] = {kind.rpartition(".")[2]: [] for kind in SITE}
    for row in rows:
        kinds[row.kind].append(row)
    return kinds


def _alarm_names(opened: Opened, rows: Iterable[Row]) -> dict[str, str]:
    """Names of the alarms that are triggered; a name that may not be read is left out."""
    moids = {moid_of(state.alarm) for row in rows for state in row.get("triggeredAlarmState", ())}
    if not moids:
        return {}
    found = named(opened, "alarm.Alarm", sorted(moids), ("info.name",))
    return {row.moid: row.text("info.name") for row in found}


def _running(opened: Opened, rows: Iterable[Row]) -> dict[str, RunningTask]:
    """Of all recent tasks (those of the last ten minutes) the ones that are not over."""
    moids = {moid for row in rows for moid in row.moids("recentTask")}
    if not moids:
        return {}
    found = {row.moid: running_task(row) for row in named(opened, "Task", sorted(moids), TASK)}
    return {moid: task for moid, task in found.items() if task is not None}


TASK = (
    "info.state",
    "info.descriptionId",
    "info.reason",
    "info.progress",
    "info.startTime",
    "info.queueTime",
)


def running_task(row: Row) -> RunningTask | None:
    """A task that is queued or running, else None."""
    if row.text("info.state") not in ("running", "queued"):
        return None
    reason = row.get("info.reason")
    who = str(getattr(reason, "userName", "") or "")
    progress = row.values.get("info.progress")
    return RunningTask(
        row.moid,
        row.text("info.descriptionId"),
        who or type(reason).__name__.rpartition(".")[2].removeprefix("TaskReason"),
        None if progress is None else int(progress),
        moment(row.get("info.startTime") or row.get("info.queueTime")),
    )


def _skew(opened: Opened, row: Row) -> float | None:
    """Seconds a host's clock is ahead of its vCenter's (our own may be the wrong one); None where it may not or cannot be
    asked (not connected, old, no privilege)."""
    system = row.values.get("configManager.dateTimeSystem")
    if system is None or row.text("runtime.connectionState") != "connected":
        return None
    try:
        vcenter, asked = _between(lambda: moment(current_time(opened)))
        said, looked = _between(lambda: moment(system.QueryDateTime()))
    except DsmError as error:
        if error.retryable:
            raise
        return None
    if said is None or vcenter is None:
        return None
    return (said - vcenter).total_seconds() - (looked - asked)


def _between(ask: Callable[[], datetime | None]) -> tuple[datetime | None, float]:
    """An answer, and the middle of the time it took (monotonic seconds)."""
    before = time.monotonic()
    said = ask()
    return said, (before + time.monotonic()) / 2
