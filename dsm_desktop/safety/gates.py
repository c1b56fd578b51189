"""The gates of a cluster's state: hosts, alarms, health, stores, vSAN, access, versions, others at work.

Each takes the same `Question` and answers with one `Gate`. What could not be read is amber, never green.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dsm_desktop.core.vsphere import Alarm, Colour, Connection, Host, Vm, VmPower
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.core.vsphere_words import ha_words
from dsm_desktop.safety.capacity import Light, Number
from dsm_desktop.safety.domains import listed, numbers_of, telling, together
from dsm_desktop.safety.esxi_versions import line_of, managed_by
from dsm_desktop.safety.fitting import Fitting, bits
from dsm_desktop.safety.verdict import Demand, Gate

CLOCK_LIMIT_SECONDS = 5.0
_OTHERS_AT_WORK = re.compile(
    r"entermaintenancemode|exitmaintenancemode|remediate|upgrade|installhostpatch|reboothost|shutdownhost|reconfigurecomputeresource"
    r"|\bapply\b|stage|vlcm|lcm|omevv|omivv",
    re.IGNORECASE,
)
_HA_READY = {"master", "connectedToMaster"}


@dataclass(frozen=True, slots=True)
class Question:
    """What all gates look at. `targets` = mask of hosts that stay; `gone` = moids that go out."""

    fitting: Fitting
    out: frozenset[str]
    targets: int
    demand: Demand

    @property
    def staying(self) -> list[Host]:
        """Usable hosts that are not taken out."""
        return [self.fitting.hosts[n] for n in bits(self.targets)]

    @property
    def moving(self) -> list[Vm]:
        """Running VMs of the hosts that go out, without those that will be shut down."""
        found = [vm for moid in sorted(self.out) for vm in self.fitting.moving[moid]]
        return [vm for vm in found if vm.moid not in self.demand.leave]


def names(hosts: Iterable[str]) -> str:
    """ "esx1, esx2 and 4 more"."""
    found = sorted(hosts)
    return ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")


def hosts(q: Question) -> Gate:
    """Enough usable hosts, no other one out, none of those that stay waiting for a restart."""
    every = q.fitting.hosts
    usable = [h for h in every if h.usable or h.moid in q.out]
    away = [h for h in every if not h.usable and h.moid not in q.out]
    pending = [h.name for h in q.staying if h.reboot_required]
    numbers = (
        Number("hosts", len(every), "hosts"), Number("usable", len(usable), "hosts"), Number("taken out", len(q.out), "hosts"),
        Number("others out", len(away), "hosts"), Number("others allowed out", q.demand.allow_out, "hosts"),
    )  # fmt: skip
    alone = q.fitting.picture.cluster is None and len(every) == 1
    bad = []
    if alone:
        text = f"'{every[0].name}' stands alone: its VMs are off while it is out."
        return Gate("hosts", Light.AMBER, text, numbers)
    if len(usable) < 2:
        bad.append(f"only {len(usable)} of {len(every)} hosts can take VMs; at least 2 are needed")
    elif not q.staying:
        bad.append("no host would stay")
    if len(away) > q.demand.allow_out:
        bad.append(
            f"out already: {names(f'{h.name} ({why_out(h)})' for h in away)}; {q.demand.allow_out} allowed"
        )
    if pending:
        bad.append(f"a restart is pending on {names(pending)}")
    if bad:
        return Gate("hosts", Light.RED, f"Hosts: {'; '.join(bad)}.", numbers)
    return Gate(
        "hosts",
        Light.GREEN,
        f"{len(usable)} of {len(every)} hosts are usable, {len(q.out)} of them taken out.",
        numbers,
    )


def why_out(host: Host) -> str:
    """Why a host cannot take VMs, in two words; "" = it can."""
    if host.in_maintenance:
        return "in maintenance"
    if host.in_quarantine:
        return "in quarantine"
    if host.power is VmPower.STANDBY:
        return "standby"
    if host.connection is not Connection.CONNECTED:
        return host.connection.words
    return "" if host.power is VmPower.ON else "powered off"


def triggered(picture: ClusterPicture) -> list[tuple[Alarm, str]]:
    """Every alarm that is triggered on the cluster, its hosts and datastores, once, and the name of what it is on."""
    found: dict[tuple[str, str], Alarm] = {}
    owners = {h.moid: h.name for h in picture.hosts} | {d.moid: d.name for d in picture.datastores}
    sources = [h.alarms for h in picture.hosts] + [d.alarms for d in picture.datastores]
    if picture.cluster:
        sources.append(picture.cluster.alarms)
        owners[picture.cluster.moid] = picture.cluster.name
    for alarm in (a for source in sources for a in source):
        found[alarm.key, alarm.on] = alarm
    return [(a, owners.get(a.on, a.on)) for a in found.values()]


def alarms(q: Question) -> Gate:
    """No red alarm that nobody acknowledged, beyond those known before."""
    found = triggered(q.fitting.picture)
    known = q.demand.known_alarms
    red = [
        f"'{a.name}' on {owner}"
        for a, owner in found
        if a.colour is Colour.RED and not a.acknowledged and a.key not in known
    ]
    numbers = (
        Number("red alarms, not acknowledged", len(red), "alarms"), Number("known before", sum(a.key in known for a, _ in found), "alarms"),
        Number("triggered in all", len(found), "alarms"),
    )  # fmt: skip
    if red:
        return Gate("alarms", Light.RED, f"Red alarms that nobody acknowledged: {names(red)}.", numbers)
    return Gate(
        "alarms",
        Light.GREEN,
        f"No red alarm beyond those acknowledged or known ({len(found)} triggered in all).",
        numbers,
    )


def health(q: Question) -> Gate:
    """The hosts that stay are well: status, HA agent, clock, time service."""
    red, amber = [], []
    cluster = q.fitting.picture.cluster
    ha = cluster is not None and cluster.ha.enabled
    for host in q.staying:
        if host.status is Colour.RED and not _told_by_alarms(host, q.demand):
            red.append(f"host '{host.name}' is red")
        elif host.status is Colour.GRAY:
            amber.append(f"the status of host '{host.name}' is not known")
        if host.config_issues:
            red.append(f"host '{host.name}': {host.config_issues[0].rstrip('.')}")
        if ha and host.ha_state not in _HA_READY:
            red.append(f"the HA agent of host '{host.name}' is '{ha_words(host.ha_state) or 'not known'}'")
        if host.clock_skew_seconds is None:
            amber.append(f"the clock of host '{host.name}' was not read")
        elif abs(host.clock_skew_seconds) >= CLOCK_LIMIT_SECONDS:
            red.append(
                f"the clock of host '{host.name}' is off by {abs(host.clock_skew_seconds):.1f} s (limit {CLOCK_LIMIT_SECONDS:.0f} s)"
            )
        times = [s for s in host.services or () if s.key in {"ntpd", "ptpd"}]
        if host.services is not None and not any(s.running for s in times):
            red.append(f"no time service runs on host '{host.name}'")
    skews = [abs(h.clock_skew_seconds) for h in q.staying if h.clock_skew_seconds is not None]
    numbers = (
        Number("hosts looked at", len(q.staying), "hosts"),
        Number("largest clock error", max(skews, default=0.0), "s"),
    )
    return _said("health", red, amber, f"All {len(q.staying)} hosts that stay are well.", numbers)


def _told_by_alarms(host: Host, demand: Demand) -> bool:
    """Red by nothing but alarms that somebody acknowledged or that were known before: its status stays red all the same."""
    red = [a for a in host.alarms if a.colour is Colour.RED]
    return bool(red) and all(a.acknowledged or a.key in demand.known_alarms for a in red)


def _said(name: str, red: list[str], amber: list[str], fine: str, numbers: tuple[Number, ...]) -> Gate:
    """Red sentences first, then amber ones; `fine` when there is neither."""
    light = Light.RED if red else Light.AMBER if amber else Light.GREEN
    parts = red + amber
    more = f"; and {len(parts) - 4} more" if len(parts) > 4 else ""
    text = "; ".join(parts[:4]) + more + "."
    capital = text[:2].islower()  # "vSAN" stays as it is written.
    return Gate(name, light, (text[0].upper() + text[1:] if capital else text) if parts else fine, numbers)


def stores(q: Question) -> Gate:
    """Every store of the VMs that move is reachable from a host that stays."""
    if not q.targets:
        return Gate("stores", Light.GREEN, "No host stays that could reach a store.")
    lost: dict[str, int] = {}
    moving = q.moving
    used = {d for vm in moving for d in (vm.datastores if vm.disk_datastores is None else vm.disk_datastores)}
    for moid in sorted(used):
        if not q.fitting.store_reach(moid) & q.targets:
            lost[moid] = sum(moid in vm.datastores for vm in moving)
    numbers = (
        Number("stores of moving VMs", len(used), "stores"),
        Number("out of reach", len(lost), "stores"),
    )
    titles = {m: q.fitting.stores[m].name if m in q.fitting.stores else m for m in lost}
    red = [
        f"datastore '{titles[m]}' of {count} moving VMs is reached by no host that stays"
        for m, count in lost.items()
    ]
    sick = [d.name for d in q.fitting.picture.datastores if not d.accessible and d.moid not in lost]
    amber = [f"datastore '{name}' cannot be reached" for name in sick]
    return _said(
        "stores", red, amber, f"All {len(used)} stores of the VMs that move stay reachable.", numbers
    )


def vsan(q: Question) -> Gate:
    """vSAN is at rest and whole."""
    cluster = q.fitting.picture.cluster
    facts = cluster.vsan if cluster else None
    if facts is None:
        if any(h.vsan for h in q.fitting.hosts):
            return Gate("vsan", Light.AMBER, "The hosts take part in vSAN, and its state could not be asked.")
        return Gate("vsan", Light.GREEN, "No vSAN here.")
    red, amber, numbers = [], [], []
    for value, label, unit in (
        (facts.resync_bytes, "to resync", "bytes"),
        (facts.inaccessible_objects, "objects not accessible", "objects"),
        (facts.reduced_objects, "objects with reduced redundancy", "objects"),
    ):
        if value is None and unit == "objects" and facts.health is Colour.GREEN:
            continue  # vSAN's health service would have raised an alarm
        if value is None:
            amber.append(f"vSAN's figure '{label}' was not read")
            continue
        numbers.append(Number(label, value, unit))
        if value:
            red.append(
                f"vSAN has {value / 1024**3:.1f} GiB {label}"
                if unit == "bytes"
                else f"vSAN has {value} {label}"
            )
    if facts.health is Colour.RED:
        red.append("vSAN's health is red")
    elif facts.health is not Colour.GREEN:
        amber.append(f"vSAN's health is {'yellow' if facts.health is Colour.YELLOW else 'not known'}")
    if q.demand.evacuate_all_data and q.out:
        _evacuation(q, red, amber, numbers)
    return _said("vsan", red, amber, "vSAN is at rest: nothing to resync, all objects whole.", tuple(numbers))


def _evacuation(q: Question, red: list[str], amber: list[str], numbers: list[Number]) -> None:
    members = sum(h.vsan for h in q.fitting.hosts)
    store = next((d for d in q.fitting.picture.datastores if d.kind == "vsan"), None)
    if store is None or not members:
        amber.append("the vSAN store was not read, so nobody knows whether the host's data fits elsewhere")
        return
    share = sum(h.vsan for h in q.fitting.hosts if h.moid in q.out) / members
    wanted, room = share * (store.capacity - store.free), (1 - share) * store.free
    numbers += [
        Number("data to move (an even share)", wanted, "bytes"),
        Number("free on the others", room, "bytes"),
    ]
    if wanted > room:
        red.append(
            f"vSAN would have to move {wanted / 1024**3:.0f} GiB (an even share), the others have {room / 1024**3:.0f} GiB free"
        )


def access(q: Question) -> Gate:
    """Lockdown mode lets the work sign in by SSH."""
    if not q.demand.need_ssh:
        return Gate("access", Light.GREEN, "The work needs no SSH.")
    chosen = [h for h in q.fitting.hosts if h.moid in q.out or not q.out]
    red = [
        f"host '{h.name}' is in strict lockdown mode: SSH is closed to all but exception users"
        for h in chosen
        if h.lockdown == "lockdownStrict"
    ]
    amber = [
        f"host '{h.name}' is in lockdown mode: an exception user is needed (the program does not leave lockdown)"
        for h in chosen if h.lockdown == "lockdownNormal"
    ]  # fmt: skip
    amber += [f"the lockdown mode of host '{h.name}' was not read" for h in chosen if not h.lockdown]
    numbers = (
        Number("hosts looked at", len(chosen), "hosts"),
        Number("in lockdown", sum("Normal" in h.lockdown or "Strict" in h.lockdown for h in chosen), "hosts"),
    )
    return _said("access", red, amber, "Lockdown mode is off: SSH can be used.", numbers)


def image(q: Question) -> Gate:
    """An image-managed cluster takes no ESXi update from outside."""
    cluster = q.fitting.picture.cluster
    if not q.demand.target_version or cluster is None:
        return Gate(
            "image",
            Light.GREEN,
            "No ESXi update is planned." if cluster else "No cluster image: the host stands alone.",
        )
    if cluster.image_managed:
        text = (
            f"Cluster '{cluster.name}' is managed by an image: ESXi updates from outside would be undone by the next remediation. "
            "Change the image in vCenter instead."
        )
        return Gate("image", Light.RED, text)
    if cluster.image_managed is None:
        return Gate(
            "image",
            Light.AMBER,
            f"vCenter does not tell whether cluster '{cluster.name}' is managed by an image.",
        )
    return Gate("image", Light.GREEN, f"Cluster '{cluster.name}' is not managed by an image.")


def processors(q: Question) -> Gate:
    """VMs that start on one host can go to every other."""
    cluster = q.fitting.picture.cluster
    models = sorted({h.cpu_model for h in q.fitting.hosts})
    numbers = (Number("CPU models", len(models), "models"),)
    if cluster is not None and cluster.evc:
        return Gate("processors", Light.GREEN, f"EVC is on ({cluster.evc}).", numbers)
    if len(models) <= 1:
        return Gate("processors", Light.GREEN, "EVC is off, and all hosts have the same CPU.", numbers)
    text = f"EVC is off and the CPUs differ ({names(models)}): VMs started on a newer or updated host may not come back to an older one."
    return Gate("processors", Light.AMBER, text, numbers)


def vcenter(q: Question) -> Gate:
    """vCenter is at least as new as the ESXi to come."""
    target, own = q.demand.target_version, q.fitting.picture.vcenter_version
    if not target:
        return Gate("vcenter", Light.GREEN, "No ESXi update is planned.")
    if not own:
        if q.fitting.picture.cluster is None:
            return Gate("vcenter", Light.GREEN, "No vCenter manages this host.")
        return Gate("vcenter", Light.AMBER, "vCenter's version was not read.")
    if line_of(own) is None or line_of(target) is None:
        return Gate("vcenter", Light.AMBER, f"vCenter {own} and ESXi {target} cannot be compared.")
    if managed_by(own, target):
        return Gate("vcenter", Light.GREEN, f"vCenter {own} manages ESXi {target}.")
    return Gate("vcenter", Light.RED, f"vCenter {own} does not manage ESXi {target}: update vCenter first.")


def others(q: Question) -> Gate:
    """Nobody else is at work on the cluster."""
    picture = q.fitting.picture
    labels = {h.moid: h.name for h in picture.hosts}
    tasks = {t: h.name for h in picture.hosts if h.moid not in q.demand.own_hosts for t in h.tasks}
    if picture.cluster:
        tasks |= dict.fromkeys(picture.cluster.tasks, picture.cluster.name)
    at_work = {t: where for t, where in tasks.items() if _OTHERS_AT_WORK.search(t.kind)}
    red = [
        f"task {t.kind} runs on {where}" + (f", started by {t.who}" if t.who else "")
        + (f", at {t.progress} %" if t.progress is not None else "")
        for t, where in at_work.items()
    ]  # fmt: skip
    queued = {labels[m]: jobs for m, jobs in q.demand.bmc_jobs.items() if jobs and m in labels}
    red += [
        f"the iDRAC of {name} holds {', '.join(jobs)}, which a restart would run: let it end or take it out of the job queue"
        for name, jobs in sorted(queued.items())
    ]
    silent = sorted(labels[m] for m, jobs in q.demand.bmc_jobs.items() if jobs is None and m in labels)
    amber = [f"the iDRAC of {name} did not say whether jobs wait in it" for name in silent]
    numbers = (
        Number("tasks of others", len(at_work), "tasks"),
        Number("iDRAC jobs waiting", sum(map(len, queued.values())), "jobs"),
        Number("iDRACs asked", len(q.demand.bmc_jobs) - len(silent), "iDRACs"),
    )
    fine = "Nobody else is at work on the cluster."
    if not q.demand.bmc_jobs:
        fine = "No task of others runs in vCenter; iDRACs are asked by a run, before each host."
    return _said("others", red, amber, fine, numbers)


def domains(q: Question) -> Gate:
    """Of each rack and each PDU one host at a time, those that all hosts share excepted."""
    names_of = {h.moid: h.name for h in q.fitting.hosts}
    numbers = numbers_of(q.demand.domains, names_of, "hosts")
    found = telling(q.demand.domains, names_of)
    if not found:
        shared = frozenset().union(*(q.demand.domains.get(moid, frozenset()) for moid in names_of))
        text = (
            f"All hosts of which it is known share {listed(shared)}."
            if shared
            else "No rack and no PDU is known of any host."
        )
        return Gate("domains", Light.GREEN, text, numbers)
    red = [
        f"{domain} would lose {names(names_of[moid] for moid in lost)} together; one of a {domain.kind} at a time"
        for domain, lost in together(found, q.out).items()
    ]
    return _said("domains", red, [], "No two hosts of one rack or PDU are taken out together.", numbers)


STATE_GATES: tuple[Callable[[Question], Gate], ...] = (
    hosts, alarms, health, stores, vsan, access, image, processors, vcenter, others, domains,
)  # fmt: skip
