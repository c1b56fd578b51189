"""What the collector read → plain values of `core.vsphere`. Hosts, VMs, stores and networks; clusters have their own module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from dsm_desktop.core.vsphere import (
    Alarm,
    Colour,
    Connection,
    Datastore,
    Host,
    HostService,
    Mount,
    Network,
    RunningTask,
    VmPower,
)
from dsm_desktop.vmware.collector import Row
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.identity import service_tag
from dsm_desktop.vmware.switches import servers_of, uplinks_of

E = TypeVar("E")
_NOT_ASKED: Mapping[str, bool] = {}


class Place:
    """Where things stand: parents by moid, kinds and names, to find the datacentre and the cluster of anything."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row.moid: row for row in rows}

    def up(self, row: Row) -> Iterable[Row]:
        """The objects above, nearest first."""
        seen: set[str] = set()
        parent = moid_of(row.values.get("parent"))
        while parent and parent not in seen and (above := self._rows.get(parent)) is not None:
            seen.add(parent)
            yield above
            parent = moid_of(above.values.get("parent"))

    def name(self, moid: str) -> str:
        """What an object is called, its moid where it is not among those that were read."""
        row = self._rows.get(moid)
        return row.name if row is not None else moid

    def datacenter(self, row: Row) -> str:
        """Moid of the datacentre above, "" where none is known."""
        return next((above.moid for above in self.up(row) if above.kind == "Datacenter"), "")

    def cluster(self, row: Row) -> str:
        """Moid of the cluster of a host, "" for a stand-alone one."""
        parent = moid_of(row.values.get("parent"))
        above = self._rows.get(parent)
        if above is not None:
            return parent if above.kind == "ClusterComputeResource" else ""
        # Without the parents at hand its type tells.
        kind = type(row.values.get("parent")).__name__
        return parent if kind.endswith("ClusterComputeResource") else ""


def as_enum(kind: type[E], value: Any, otherwise: E) -> E:
    """A vim enum's value as ours; `otherwise` for one we do not know."""
    try:
        return kind(str(value))  # type: ignore[call-arg]
    except ValueError:
        return otherwise


def moment(value: Any) -> datetime | None:
    """In UTC; pyVmomi brings a time zone class of its own."""
    if not isinstance(value, datetime):
        return None
    return datetime.fromtimestamp(value.timestamp(), UTC)


def alarms_of(row: Row, names: Mapping[str, str]) -> tuple[Alarm, ...]:
    """Triggered alarms; `names` by the alarm's moid."""
    return tuple(
        Alarm(
            key=str(state.key),
            name=names.get(moid_of(state.alarm), moid_of(state.alarm)),
            colour=as_enum(Colour, state.overallStatus, Colour.GRAY),
            on=moid_of(state.entity),
            since=moment(state.time),
            acknowledged=bool(state.acknowledged),
            alarm=moid_of(state.alarm),
        )
        for state in row.get("triggeredAlarmState", ())
    )


def tasks_of(row: Row, running: Mapping[str, RunningTask]) -> tuple[RunningTask, ...]:
    """Of the recent tasks those that still run."""
    return tuple(running[moid] for moid in row.moids("recentTask") if moid in running)


def host_of(
    row: Row,
    place: Place,
    names: Mapping[str, str],
    running: Mapping[str, RunningTask],
    skew: float | None = None,
) -> Host:
    """A host. Of one that is not connected vCenter shows what it knew last."""
    hardware = row.get("summary.hardware")
    das = row.get("runtime.dasHostState")
    services = row.values.get("config.service")
    crypto = row.values.get("runtime.cryptoState")
    return Host(
        moid=row.moid,
        name=row.name,
        cluster=place.cluster(row),
        datacenter=place.datacenter(row),
        vendor=str(getattr(hardware, "vendor", "") or ""),
        model=str(getattr(hardware, "model", "") or ""),
        service_tag=service_tag(
            row.text("hardware.systemInfo.serialNumber"), getattr(hardware, "otherIdentifyingInfo", ()) or ()
        ),
        uuid=str(getattr(hardware, "uuid", "") or "").lower(),
        bmc_address=row.text("config.ipmi.bmcIpAddress"),
        cpu_model=" ".join(str(getattr(hardware, "cpuModel", "") or "").split()),
        cpu_mhz=int(getattr(hardware, "cpuMhz", 0) or 0),
        cpu_cores=int(getattr(hardware, "numCpuCores", 0) or 0),
        cpu_threads=int(getattr(hardware, "numCpuThreads", 0) or 0),
        memory_mb=int(getattr(hardware, "memorySize", 0) or 0) // 2**20,
        cpu_used_mhz=_optional_number(row, "summary.quickStats.overallCpuUsage"),
        memory_used_mb=_optional_number(row, "summary.quickStats.overallMemoryUsage"),
        connection=as_enum(Connection, row.values.get("runtime.connectionState"), Connection.DISCONNECTED),
        power=as_enum(VmPower, row.values.get("runtime.powerState"), VmPower.UNKNOWN),
        in_maintenance=bool(row.get("runtime.inMaintenanceMode")),
        in_quarantine=bool(row.get("runtime.inQuarantineMode")),
        status=as_enum(Colour, row.values.get("overallStatus"), Colour.GRAY),
        config_issues=tuple(_issue(event) for event in row.get("configIssue", ())),
        ha_state=str(getattr(das, "state", "") or ""),
        evc=row.text("summary.currentEVCModeKey"),
        max_evc=row.text("summary.maxEVCModeKey"),
        boot_time=moment(row.values.get("runtime.bootTime")),
        version=row.text("config.product.version"),
        build=row.text("config.product.build"),
        reboot_required=bool(row.get("summary.rebootRequired")),
        lockdown=row.text("config.lockdownMode"),
        vmotion=row.values.get("summary.config.vmotionEnabled"),
        crypto_safe=None if crypto is None else str(crypto) == "safe",
        services=None if services is None else tuple(_service(item) for item in services.service),
        clock_skew_seconds=skew,
        vsan=bool(row.get("config.vsanHostConfig.enabled")),
        datastores=row.moids("datastore"),
        networks=row.moids("network"),
        uplinks=uplinks_of(row),
        asks=servers_of(row),
        alarm_actions=row.values.get("alarmActionsEnabled"),
        alarms=alarms_of(row, names),
        tasks=tasks_of(row, running),
    )


def _optional_number(row: Row, path: str) -> int | None:
    value = row.values.get(path)
    return None if value is None else int(value)


def _issue(event: Any) -> str:
    text = str(getattr(event, "fullFormattedMessage", "") or "")
    return " ".join(text.split()) or type(event).__name__.rpartition(".")[2]


def _service(item: Any) -> HostService:
    return HostService(str(item.key), bool(item.running), str(item.policy))


def datastore_of(row: Row, place: Place, names: Mapping[str, str]) -> Datastore:
    """A store with the hosts that mount it."""
    said = row.get("summary")
    return Datastore(
        moid=row.moid,
        name=row.name,
        datacenter=place.datacenter(row),
        kind=str(getattr(said, "type", "") or ""),
        url=str(getattr(said, "url", "") or ""),
        capacity=int(getattr(said, "capacity", 0) or 0),
        free=int(getattr(said, "freeSpace", 0) or 0),
        accessible=bool(getattr(said, "accessible", False)),
        maintenance=str(getattr(said, "maintenanceMode", "") or "normal"),
        multi_host=getattr(said, "multipleHostAccess", None),
        mounts=tuple(_mount(item) for item in row.get("host", ())),
        alarms=alarms_of(row, names),
    )


def _mount(item: Any) -> Mount:
    info = item.mountInfo
    # Old hosts say nothing of it: a store that is mounted counts as reachable then.
    accessible = info.accessible if info.accessible is not None else info.mounted is not False
    return Mount(moid_of(item.key), bool(accessible), str(info.accessMode) == "readOnly")


def network_of(row: Row, uplinks: Mapping[str, bool] = _NOT_ASKED) -> Network:
    """A port group, standard or distributed; `uplinks` by moid."""
    return Network(row.moid, row.name, row.kind, row.moids("host"), uplinks.get(row.moid))
