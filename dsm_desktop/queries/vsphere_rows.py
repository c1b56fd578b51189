"""Rows of the vCenter area: plain values, ids as whole numbers because grids patch rows by them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime


def row_id(vcenter_id: int, moid: str) -> int:
    """A number for an object of a vCenter: stable, and one kind of object never gets the same twice ("vm-12", "vm-112")."""
    digits = "".join(c for c in moid if c.isdigit())
    number = int(digits[-12:]) if digits else zlib.crc32(moid.encode())
    return vcenter_id * 10**13 + number


@dataclass(frozen=True, slots=True)
class VcenterRow:
    """A vCenter. `problem` "" = the last look went well; `hidden` what its login may not read."""

    id: int
    name: str
    address: str
    port: int
    version: str
    build: str
    fingerprint: str
    shown_fingerprint: str
    credential_id: int | None
    synced_at: datetime | None
    problem: str
    hosts: int
    vms: int
    hidden: tuple[str, ...]

    @property
    def strange_certificate(self) -> bool:
        """It has shown a certificate that nobody has approved."""
        return self.shown_fingerprint not in ("", self.fingerprint)


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster; loads count all hosts against what the usable ones have. `safety` green | amber | red | "" (never judged)."""

    id: int
    vcenter_id: int
    vcenter: str
    moid: str
    name: str
    status: str
    hosts: int
    usable: int
    in_maintenance: int
    vms: int
    cpu_percent: float | None
    memory_percent: float | None
    memory_mb: int
    drs: str
    ha: bool
    admission_control: bool
    evc: str
    image_managed: bool | None
    versions: str
    alarms: int
    safety: str
    safety_text: str
    safety_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostRow:
    """An ESXi host and the server under it. `vcenter_id` below 0 = stand-alone (`place_of_host`); `server_id` None = no iDRAC is linked, then
    `health`, `power`, `model` are ""."""

    id: int
    vcenter_id: int
    vcenter: str
    moid: str
    name: str
    cluster_id: str
    cluster: str
    status: str
    connection: str
    maintenance: bool
    version: str
    build: str
    vms: int
    cpu_percent: float | None
    memory_percent: float | None
    alarms: int
    ha: str
    boot_time: datetime | None
    service_tag: str
    server_id: int | None
    server: str
    health: str
    power: str
    model: str
    link: str
    seen_at: datetime | None
    fingerprint: str = ""
    shown_fingerprint: str = ""
    """Of a stand-alone host, which is spoken to directly; another than `fingerprint` waits to be approved."""
    ssh_key: str = ""
    shown_ssh_key: str = ""
    """The same of its SSH host key; "" before the first contact."""
    problem: str = ""
    """Of a stand-alone host: why the last look failed; what is shown is of `seen_at`."""

    @property
    def alone(self) -> bool:
        """It has no vCenter."""
        return self.vcenter_id < 0

    @property
    def strange_certificate(self) -> bool:
        """It has shown a certificate that nobody has approved."""
        return self.shown_fingerprint not in ("", self.fingerprint)

    @property
    def strange_ssh_key(self) -> bool:
        """It has shown an SSH key that nobody has approved."""
        return self.shown_ssh_key not in ("", self.ssh_key)

    @property
    def label(self) -> str:
        """What a list of targets calls it."""
        return self.name

    @property
    def host_name(self) -> str:
        return self.name

    @property
    def power_state(self) -> str:
        """The server's."""
        return self.power

    @property
    def access(self) -> str:
        """As of a server: whether it could be read."""
        return (
            "managed" if self.connection == "connected" else "unreachable" if self.connection else "unknown"
        )

    @property
    def generation(self) -> str:
        """Not asked of hosts, like the next three."""
        return ""

    @property
    def idrac_version(self) -> str:
        return ""

    @property
    def licence(self) -> str:
        return ""

    @property
    def facts_at(self) -> datetime | None:
        return None


@dataclass(frozen=True, slots=True)
class VmRow:
    """A virtual machine; memory in MiB. `question` is what it waits to be answered."""

    id: int
    vcenter_id: int
    moid: str
    name: str
    power: str
    connection: str
    host_id: str
    host: str
    cluster_id: str
    cluster: str
    cpus: int
    memory_mb: int
    memory_used_mb: int
    reserved_mb: int
    guest: str
    address: str
    tools: bool
    datastores: str
    snapshots: int
    question: str
    managed_by: str
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatastoreRow:
    """A datastore; sizes in bytes. `unreachable` names of the hosts that have lost it."""

    id: int
    vcenter_id: int
    moid: str
    name: str
    kind: str
    capacity: int
    free: int
    accessible: bool
    shared: bool
    maintenance: str
    hosts: int
    unreachable: str
    host_ids: frozenset[str]
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """A triggered alarm on a host, a datastore or a cluster."""

    id: int
    vcenter_id: int
    key: str
    colour: str
    name: str
    on: str
    on_id: str
    cluster_id: str
    since: datetime | None
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A DRS rule in words."""

    id: int
    vcenter_id: int
    cluster_id: str
    cluster: str
    name: str
    kind: str
    enabled: bool
    vms: str
    hosts: str


@dataclass(frozen=True, slots=True)
class BlockerRow:
    """What will keep a host from being emptied. `severity` block | warn | info; `fix` the kind of remedy, `safe` = the program may
    apply it without asking what it means, and put it back; `seen_at` when that was so."""

    id: int
    vcenter_id: int
    cluster_id: str
    host_id: str
    host: str
    severity: str
    cause: str
    what: str
    name: str
    reason: str
    way_out: str
    fix: str
    safe: bool = False
    seen_at: datetime | None = None
