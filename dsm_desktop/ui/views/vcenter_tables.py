"""Columns of the vCenter area's tables, and the words of vSphere's states."""

from __future__ import annotations

from dsm_desktop.core.vsphere import Connection
from dsm_desktop.core.vsphere_words import ha_words
from dsm_desktop.queries.vsphere_rows import AlarmRow, BlockerRow, HostRow, VmRow
from dsm_desktop.ui import words
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.words import Status

COLOURS = {
    "green": Status("OK", "status-ok", Tone.OK),
    "yellow": Status("Warning", "status-warning", Tone.WARNING),
    "red": Status("Critical", "status-critical", Tone.CRITICAL),
    "gray": Status("Not known", "status-unknown", Tone.MUTED),
}
SAFETY = {
    "green": Status("Safe", "status-ok", Tone.OK),
    "amber": Status("With care", "status-warning", Tone.WARNING),
    "red": Status("Not safe", "status-critical", Tone.CRITICAL),
    "": Status("Not judged", "status-unknown", Tone.MUTED),
}
_VM_POWER = {
    "poweredOn": Status("On", "status-on", Tone.OK),
    "poweredOff": Status("Off", "status-off", Tone.MUTED),
    "suspended": Status("Suspended", "pause", Tone.INFO),
}
_SEVERITY = {
    "block": Status("Stops it", "status-critical", Tone.CRITICAL),
    "warn": Status("Look at it", "status-warning", Tone.WARNING),
    "info": Status("Good to know", "status-info", Tone.MUTED),
}
_LINKS = {
    "tag": "by service tag",
    "uuid": "by hardware id",
    "bmc": "by iDRAC address",
    "hand": "by hand",
    "": "not linked",
}


def connection(row: HostRow) -> Status:
    """Whether it can carry VMs now, in one word."""
    if row.connection in ("notResponding", "disconnected"):
        return Status(words.sentence(Connection(row.connection).words), "status-critical", Tone.CRITICAL)
    if not row.connection:
        return Status("Not read yet", "status-pending", Tone.MUTED)
    if row.maintenance:
        return Status("Maintenance", "maintenance", Tone.INFO)
    return Status("Connected", "status-ok", Tone.OK)


def hardware(row: HostRow) -> Status:
    """The iDRAC's health of the server under the host."""
    if row.server_id is None:
        return Status("No iDRAC", "status-unknown", Tone.MUTED)
    return words.health(row.health)


def ssh_key(row: HostRow) -> Status:
    """Whether the SSH key it shows is the approved one."""
    if row.strange_ssh_key:
        word = "Has changed" if row.ssh_key else "Not approved"
        return Status(word, "status-warning", Tone.WARNING)
    return Status("Approved", "status-ok", Tone.OK) if row.ssh_key else Status("Never seen", "", Tone.MUTED)


def vm_power(row: VmRow) -> Status:
    """Its power, or what keeps it from being read."""
    if row.connection != "connected":
        return Status(words.sentence(Connection(row.connection).words), "status-warning", Tone.WARNING)
    return _VM_POWER.get(row.power, Status("Not known", "status-unknown", Tone.MUTED))


def alarm_colour(row: AlarmRow) -> Status:
    """An acknowledged one is muted."""
    found = COLOURS.get(row.colour, COLOURS["gray"])
    return Status(f"{found.word}, seen", found.icon, Tone.MUTED) if row.acknowledged else found


def severity(row: BlockerRow) -> Status:
    """What a blocker does to an evacuation."""
    return _SEVERITY.get(row.severity, words.NONE)


def percent(value: float | None) -> str:
    """A load, "" where it was not read."""
    return "" if value is None else f"{value:.0f} %"


HOSTS = (
    Column("state", "State", lambda r: r.connection, status=connection, width=122),
    Column("name", "Host", lambda r: r.name, width=206),
    Column("cluster", "Cluster", lambda r: r.cluster, width=96),
    Column("status", "vSphere", lambda r: r.status, status=lambda r: COLOURS.get(r.status, COLOURS["gray"]), width=94),
    Column("health", "Hardware", lambda r: r.health, status=hardware, width=112, help="What the iDRAC says"),
    Column("version", "ESXi", lambda r: r.version, kind="version", width=56),
    Column("build", "Build", lambda r: int(r.build) if r.build.isdecimal() else None, text=lambda r: r.build, kind="number", width=92),
    Column("vms", "VMs on", lambda r: r.vms, kind="number", width=66, help="VMs that are switched on"),
    Column("cpu", "CPU", lambda r: r.cpu_percent, text=lambda r: percent(r.cpu_percent), kind="number", width=62),
    Column("memory", "Memory", lambda r: r.memory_percent, text=lambda r: percent(r.memory_percent), kind="number", width=74),
    Column("alarms", "Alarms", lambda r: r.alarms, kind="number", width=66, help="Not acknowledged"),
    Column("server", "Server", lambda r: r.server, width=130, help="The server it runs on"),
    Column("tag", "Service tag", lambda r: r.service_tag, width=92),
    Column("model", "Model", lambda r: r.model, width=110),
    Column("power", "Power", lambda r: r.power, status=lambda r: words.power(r.power) if r.power else words.NONE, width=80),
    Column("boot", "Started", lambda r: r.boot_time, kind="time", width=96),
    Column("link", "Linked", lambda r: _LINKS.get(r.link, r.link), width=110, shown=False),
    Column("ssh", "SSH key", lambda r: r.shown_ssh_key, status=ssh_key, width=130, shown=False),
    Column("ha", "HA", lambda r: words.sentence(ha_words(r.ha)), width=120, shown=False, help="State of the HA agent"),
    Column("vcenter", "vCenter", lambda r: r.vcenter, width=130, shown=False),
    Column("seen", "Read", lambda r: r.seen_at, status=lambda r: words.age(r.seen_at), kind="time", width=96),
)  # fmt: skip
VMS = (
    Column("power", "Power", lambda r: r.power, status=vm_power, width=100),
    Column("name", "VM", lambda r: r.name, width=200),
    Column("host", "Host", lambda r: r.host, width=206),
    Column("cluster", "Cluster", lambda r: r.cluster, width=110),
    Column("cpus", "CPUs", lambda r: r.cpus, kind="number", width=56),
    Column("memory", "Memory", lambda r: r.memory_mb, text=lambda r: words.binary_size(r.memory_mb << 20), kind="number", width=84),
    Column("used", "Used", lambda r: r.memory_used_mb, text=lambda r: words.binary_size(r.memory_used_mb << 20), kind="number", width=84),
    Column("reserved", "Reserved", lambda r: r.reserved_mb, text=lambda r: words.binary_size(r.reserved_mb << 20) if r.reserved_mb else "", kind="number", width=84),
    Column("guest", "Guest name", lambda r: r.guest, width=130),
    Column("address", "Address", lambda r: r.address, kind="address", width=110),
    Column("tools", "Tools", lambda r: "yes" if r.tools else "no", width=56, help="VMware Tools run"),
    Column("question", "Waits for an answer", lambda r: r.question, width=180),
    Column("datastores", "Datastores", lambda r: r.datastores, width=160),
    Column("snapshots", "Snapshots", lambda r: r.snapshots, kind="number", width=80, shown=False),
    Column("manager", "Managed by", lambda r: r.managed_by, width=130, shown=False),
    Column("seen", "Read", lambda r: r.seen_at, status=lambda r: words.age(r.seen_at), kind="time", width=96),
)  # fmt: skip
DATASTORES = (
    Column("state", "State", lambda r: r.accessible, status=lambda r: Status("Reachable", "status-ok", Tone.OK) if r.accessible and not r.unreachable else Status("Lost", "status-critical", Tone.CRITICAL), width=100),
    Column("name", "Datastore", lambda r: r.name, width=200),
    Column("kind", "Type", lambda r: r.kind, width=70),
    Column("free", "Free", lambda r: r.free, text=lambda r: words.binary_size(r.free), kind="number", width=90),
    Column("capacity", "Capacity", lambda r: r.capacity, text=lambda r: words.binary_size(r.capacity), kind="number", width=90),
    Column("used", "Used", lambda r: round(100 * (1 - r.free / r.capacity)) if r.capacity else None, text=lambda r: f"{100 * (1 - r.free / r.capacity):.0f} %" if r.capacity else "", kind="number", width=64),
    Column("shared", "Shared", lambda r: "yes" if r.shared else "no", width=70, help="At least two hosts reach it"),
    Column("hosts", "Hosts", lambda r: r.hosts, kind="number", width=60),
    Column("unreachable", "Lost by", lambda r: r.unreachable, width=180),
    Column("maintenance", "Maintenance", lambda r: "" if r.maintenance == "normal" else words.sentence(r.maintenance), width=110),
    Column("seen", "Read", lambda r: r.seen_at, status=lambda r: words.age(r.seen_at), kind="time", width=96),
)  # fmt: skip
ALARMS = (
    Column("colour", "Severity", lambda r: r.colour, status=alarm_colour, width=120),
    Column("name", "Alarm", lambda r: r.name, width=280),
    Column("on", "On", lambda r: r.on, width=180),
    Column("since", "Since", lambda r: r.since, kind="time", width=100),
    Column("acknowledged", "Acknowledged", lambda r: "yes" if r.acknowledged else "no", width=110),
)
RULES = (
    Column("name", "Rule", lambda r: r.name, width=200),
    Column("kind", "What it asks", lambda r: r.kind, width=130),
    Column("enabled", "Enabled", lambda r: "yes" if r.enabled else "no", width=80),
    Column("vms", "VMs", lambda r: r.vms, width=280),
    Column("hosts", "Hosts", lambda r: r.hosts, width=200),
    Column("cluster", "Cluster", lambda r: r.cluster, width=130),
)


def why(row: BlockerRow) -> str:
    """The reason without the names that stand beside it."""
    short = row.reason.removeprefix(f"VM '{row.name}' ").removeprefix(f"on host '{row.host}' ")
    return short[:1].upper() + short[1:]


BLOCKERS = (
    Column("severity", "Effect", lambda r: r.severity, status=severity, width=128),
    Column("host", "Host", lambda r: r.host, width=206),
    Column("name", "What", lambda r: r.name, width=170),
    Column("reason", "Why it cannot be emptied", why, width=380, help="In full below"),
    Column("way", "Way out", lambda r: r.way_out, width=300),
    Column("fix", "Fix", lambda r: "here, can be put back" if r.safe else "", width=150),
    Column("seen", "Seen", lambda r: r.seen_at, status=lambda r: words.age(r.seen_at), kind="time", width=96),
    Column("cause", "Cause", lambda r: words.sentence(r.cause), width=130, shown=False),
)
