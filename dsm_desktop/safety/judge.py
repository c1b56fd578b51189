"""Is the cluster safe, now and with these hosts out? Gates of its state, and a capacity sum that a person can check.

Asked before the work and again before every host. The answer is the worst of all gates; each gate shows its numbers.
"""

from __future__ import annotations

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.capacity import (
    CPU_AMBER,
    CPU_GREEN,
    MEMORY_AMBER,
    MEMORY_GREEN,
    Light,
    Load,
    Number,
    admission,
    load,
    worst,
)
from dsm_desktop.safety.findings import gb
from dsm_desktop.safety.fitting import Fitting, bits, need
from dsm_desktop.safety.gates import STATE_GATES, Question
from dsm_desktop.safety.placement import place_in
from dsm_desktop.safety.server_group import Member, judge_servers
from dsm_desktop.safety.verdict import Demand, Gate, Verdict

__all__ = ["Demand", "Gate", "Light", "Member", "Number", "Verdict", "judge", "judge_servers"]

_NOBODY: frozenset[str] = frozenset()
_PLAIN = Demand()


def judge(picture: ClusterPicture, out: frozenset[str] = _NOBODY, demand: Demand = _PLAIN) -> Verdict:
    """Judge a cluster (or a stand-alone host) with the hosts `out` (moids) taken out; none = as it stands. Hosts that are not in
    the picture are a KeyError, so that a typing error is never "safe"."""
    fitting = Fitting(picture)
    for moid in out:
        if moid not in fitting.number:
            raise KeyError(moid)
    question = Question(fitting, out, fitting.targets(out), demand)
    gates = [gate(question) for gate in STATE_GATES]
    capacity = [_placement(question), _largest_vm(question), _load(question), _spare(question), _ha(question)]
    return Verdict((gates[0], *capacity, *gates[1:]), out)


# --- capacity -------------------------------------------------------------------------------------------------------


def _alone(q: Question) -> bool:
    return q.fitting.picture.cluster is None and len(q.fitting.hosts) == 1


def _placement(q: Question) -> Gate:
    """Hard: what is reserved for the VMs of the hosts that go out finds a place, within limits and rules."""
    moving = q.moving
    if not moving:
        return Gate(
            "placement", Light.GREEN, "No running VM has to move.", (Number("VMs to move", 0, "VMs"),)
        )
    if _alone(q):
        text = f"{len(moving)} running VMs have nowhere to go and must be shut down."
        return Gate("placement", Light.AMBER, text, (Number("VMs to move", len(moving), "VMs"),))
    wants = need(moving)
    hard = place_in(q.fitting, q.out, leave=q.demand.leave, by_reservation=True)
    numbers = (
        Number("VMs to move", len(moving), "VMs"), Number("memory reserved, with overhead", wants.reserved, "MB"),
        Number("memory in use", wants.memory, "MB"),
        Number("memory that may still be reserved", sum(max(0.0, q.fitting.room.reservable[n]) for n in bits(q.targets)), "MB"),
        Number("without a place", len(hard.failed), "VMs"),
    )  # fmt: skip
    if hard.failed:
        first = hard.failed[0]
        more = f" ({len(hard.failed) - 1} more have none either)" if len(hard.failed) > 1 else ""
        text = f"VM '{q.fitting.vms[first.vm].name}' finds no place{more}: {first.reason}"
        return Gate("placement", Light.RED, text, numbers)
    soft = place_in(q.fitting, q.out, leave=q.demand.leave)
    if soft.failed:
        first = soft.failed[0]
        text = f"All {len(moving)} VMs find a place only under pressure; VM '{q.fitting.vms[first.vm].name}': {first.reason}"
        return Gate("placement", Light.AMBER, text, numbers)
    return Gate(
        "placement",
        Light.GREEN,
        f"All {len(moving)} running VMs find a place on the hosts that stay.",
        numbers,
    )


def _largest_vm(q: Question) -> Gate:
    """The biggest VM that moves has a host that could ever carry it, and one that can carry it filled to the brim."""
    moving = q.moving
    if not moving or _alone(q):
        return Gate("largest_vm", Light.GREEN, "No running VM has to move.")
    biggest = max(moving, key=lambda vm: vm.memory_mb)
    widest = max(moving, key=lambda vm: vm.cpus)
    free = max((h.memory_mb - (h.memory_used_mb or 0) for h in q.staying), default=0)
    whole = max((h.memory_mb for h in q.staying), default=0)
    threads = max((h.cpu_threads for h in q.staying), default=0)
    numbers = (
        Number("memory of the biggest VM", biggest.memory_mb, "MB"), Number("largest free memory of a host", free, "MB"),
        Number("largest memory of a host", whole, "MB"), Number("CPUs of the widest VM", widest.cpus, "CPUs"),
        Number("most threads of a host", threads, "CPUs"),
    )  # fmt: skip
    return _largest_gate(biggest, widest, (free, whole, threads), numbers)


def _largest_gate(biggest: Vm, widest: Vm, room: tuple[int, int, int], numbers: tuple[Number, ...]) -> Gate:
    free, whole, threads = room
    if biggest.memory_mb > whole:
        text = (
            f"VM '{biggest.name}' has {gb(biggest.memory_mb)}; the biggest host that stays has {gb(whole)}."
        )
        return Gate("largest_vm", Light.RED, text, numbers)
    if threads and widest.cpus > threads:
        text = f"VM '{widest.name}' has {widest.cpus} CPUs; the widest host that stays has {threads} threads."
        return Gate("largest_vm", Light.RED, text, numbers)
    if biggest.memory_mb > free:
        text = f"VM '{biggest.name}' may grow to {gb(biggest.memory_mb)}; the most any host that stays has free is {gb(free)}."
        return Gate("largest_vm", Light.AMBER, text, numbers)
    text = f"The biggest VM, '{biggest.name}' ({gb(biggest.memory_mb)}), fits a host with {gb(free)} free."
    return Gate("largest_vm", Light.GREEN, text, numbers)


def _lights(what: Load) -> tuple[Light, Light]:
    def light(share: float | None, green: float, amber: float) -> Light:
        if share is None:
            return Light.AMBER
        return Light.GREEN if share <= green else Light.AMBER if share <= amber else Light.RED

    return light(what.memory, MEMORY_GREEN, MEMORY_AMBER), light(what.cpu, CPU_GREEN, CPU_AMBER)


def _load(q: Question) -> Gate:
    """Soft: everything in use, on the hosts that stay."""
    found = load(q.fitting, q.targets, q.demand.memory_peak_mb or 0, q.demand.cpu_peak_mhz or 0)
    if _alone(q) and q.out:
        return Gate("load", Light.GREEN, "The host stands alone: nothing is moved to others.")
    memory, cpu = _lights(found)
    peaks = (
        ""
        if q.demand.memory_peak_mb is not None and q.demand.cpu_peak_mhz is not None
        else " Peaks of the last 24 hours were not read."
    )
    text = (
        f"{_sum('Memory', found.memory_used, found.memory_total, found.memory, 'MB', MEMORY_GREEN, MEMORY_AMBER)}; "
        f"{_sum('CPU', found.cpu_used, found.cpu_total, found.cpu, 'MHz', CPU_GREEN, CPU_AMBER)}.{peaks}"
    )
    numbers = [
        Number("memory of the hosts that stay", found.memory_total, "MB"),
        Number("CPU of the hosts that stay", found.cpu_total, "MHz"),
    ]
    if found.memory_used is not None:
        numbers.append(Number("memory in use, now or peak", found.memory_used, "MB"))
    if found.cpu_used is not None:
        numbers.append(Number("CPU in use, now or peak", found.cpu_used, "MHz"))
    for label, value in (
        ("memory peak of 24 hours", q.demand.memory_peak_mb),
        ("CPU peak of 24 hours", q.demand.cpu_peak_mhz),
    ):
        if value is not None:
            numbers.append(Number(label, value, "MB" if label[0] == "m" else "MHz"))
    return Gate("load", worst((memory, cpu)), text, tuple(numbers))


def _sum(
    what: str, used: float | None, total: float, share: float | None, unit: str, green: float, amber: float
) -> str:
    if used is None or share is None:
        return f"{what} in use is not known (a host does not tell)"
    percent = f"{share:.1%}" if total else "more than all"
    return f"{what} {used:,.0f} {unit} of {total:,.0f} {unit} = {percent} (green to {green:.0%}, amber to {amber:.0%})"


def _spare(q: Question) -> Gate:
    """If the biggest host that stays fails during the work, is there still room?"""
    if _alone(q):
        return Gate("spare", Light.GREEN, "The host stands alone: there is no spare host to lose.")
    bad = Light.RED if q.demand.n_plus_one else Light.AMBER
    wish = "required" if q.demand.n_plus_one else "wished for"
    if q.targets.bit_count() < 2:
        text = f"{q.targets.bit_count()} host stays: there is no spare host if it fails ({wish})."
        return Gate("spare", bad, text, (Number("hosts that stay", q.targets.bit_count(), "hosts"),))
    lost = max(bits(q.targets), key=lambda n: q.fitting.hosts[n].memory_mb)
    host = q.fitting.hosts[lost]
    rest = q.targets & ~(1 << lost)
    found = load(q.fitting, rest, q.demand.memory_peak_mb or 0, q.demand.cpu_peak_mhz or 0)
    failed = place_in(q.fitting, q.out | {host.moid}, leave=q.demand.leave, by_reservation=True).failed
    over = Light.RED in _lights(found)
    numbers = (
        Number("hosts that stay then", rest.bit_count(), "hosts"), Number("memory of them", found.memory_total, "MB"),
        Number("memory in use, now or peak", found.memory_used or 0, "MB"), Number("CPU of them", found.cpu_total, "MHz"),
        Number("CPU in use, now or peak", found.cpu_used or 0, "MHz"), Number("VMs without a place", len(failed), "VMs"),
    )  # fmt: skip
    if failed:
        first = failed[0]
        why = f"VM '{q.fitting.vms[first.vm].name}' finds no place: {first.reason}"
    elif over:
        why = (
            f"{_sum('memory', found.memory_used, found.memory_total, found.memory, 'MB', MEMORY_GREEN, MEMORY_AMBER)}; "
            f"{_sum('CPU', found.cpu_used, found.cpu_total, found.cpu, 'MHz', CPU_GREEN, CPU_AMBER)}."
        )
    else:
        text = (
            f"If '{host.name}' (the biggest) fails as well, {rest.bit_count()} hosts still carry everything."
        )
        return Gate("spare", Light.GREEN, text, numbers)
    return Gate(
        "spare", bad, f"No spare host ({wish}): if '{host.name}' fails during the work, {why}", numbers
    )


def _ha(q: Question) -> Gate:
    """What HA's admission control says to the hosts that stay."""
    if _alone(q):
        return Gate("ha_policy", Light.GREEN, "No cluster, no HA.")
    ruling = admission(q.fitting, q.targets, q.fitting.leaving(q.out))
    hint = (
        ""
        if ruling.light is Light.GREEN
        else " Take fewer hosts out, or suspend admission control for the step (HA stays on)."
    )
    return Gate("ha_policy", ruling.light, ruling.text + hint, ruling.numbers)
