"""Why a VM finds no place: the first thing that leaves no host, or what the nearest host is short of."""

from __future__ import annotations

from collections.abc import Callable

from dsm_desktop.safety.findings import Cause, gb
from dsm_desktop.safety.fitting import Fitting, bits
from dsm_desktop.safety.packing import Board, Unit

_NARROWED = {
    Cause.VMOTION: "no other host can take VMs by vMotion",
    Cause.LOCAL_STORAGE: "no other host reaches its {thing}",
    Cause.NETWORK: "no other host has its {thing}",
    Cause.CPU_COMPATIBILITY: "no other host's CPU offers what it uses ({thing})",
    Cause.ENCRYPTED: "no other host holds the keys for its {thing}",
    Cause.BIG_VM: "no other host is big enough for {thing}",
    Cause.MUST_RULE: "{thing} leaves it no other host",
}


def why_unplaced(fitting: Fitting, board: Board, unit: Unit, targets: int) -> tuple[str, Cause, str]:
    """(host that comes nearest, kind, reason) of a unit that found no place on the board."""
    if not targets:
        return "", Cause.NO_TARGET, "No other host can take it."
    mask = targets
    for vm in (fitting.vms[moid] for moid in unit.vms):
        for cause, left, thing in fitting.limits(vm):
            before, mask = mask, mask & left
            if not mask:
                text = _NARROWED[cause].format(thing=thing)
                beside = "" if before == targets else f" ({fitting.names(before)} would do otherwise)"
                text = f"{text[0].upper()}{text[1:]}{beside}."
                return "", cause, text if len(unit.vms) == 1 else f"'{vm.name}' ties them: {text}"
    if not unit.allowed:
        return (
            "",
            Cause.KEEP_TOGETHER,
            "Its companions of a keep-together rule stay on a host that it may not run on, or on different ones.",
        )
    if len(set(unit.apart)) < len(unit.apart):
        return "", Cause.KEEP_TOGETHER, "Rules want these VMs on one host and on different hosts at once."
    free = [n for n in bits(unit.allowed) if not any(board.occupied[rule] >> n & 1 for rule in unit.apart)]
    if not free:
        names = ", ".join(f"'{fitting.apart[rule][0].name}'" for rule in dict.fromkeys(unit.apart))
        return (
            "",
            Cause.ANTI_AFFINITY,
            f"Every host it may run on has a VM that rule {names} keeps away from it.",
        )
    return _short(fitting, board, unit, free)


def _short(fitting: Fitting, board: Board, unit: Unit, free: list[int]) -> tuple[str, Cause, str]:
    """The host that lacks least, and what it lacks: guaranteed things before those merely in use."""

    def lacks(n: int) -> list[tuple[float, float, str, Callable[[float], str], Cause]]:
        wants, room = unit.need, board.room
        rows = [
            (wants.reserved, room.reservable[n], "reserved memory", gb, Cause.RESERVATION),
            (wants.cpu_reserved, room.cpu_reservable[n], "reserved CPU", mhz, Cause.RESERVATION),
        ]
        if not board.by_reservation:
            rows.append((wants.memory, room.memory[n], "memory", gb, Cause.NO_ROOM))
            rows.append((wants.cpu, room.cpu[n], "CPU", mhz, Cause.NO_ROOM))
        return [row for row in rows if row[0] > row[1]]

    nearest = min(free, key=lambda n: (sum(row[0] - row[1] for row in lacks(n)), -board.left(n)))
    host = fitting.hosts[nearest]
    for wanted, has, what, say, cause in lacks(nearest):
        if has >= 0:
            left = f"has {say(has)} left: {say(wanted - has)} short"
        else:
            left = f"is over its limit by {say(-has)} already"
        return host.moid, cause, f"It needs {say(wanted)} of {what}; '{host.name}', the nearest fit, {left}."
    text = f"No way was found to fit all VMs, though '{host.name}' alone could take it."
    return host.moid, Cause.NO_ROOM, text


def mhz(value: float) -> str:
    """Megahertz as text: "12.4 GHz"."""
    return f"{value / 1000:.1f} GHz"
