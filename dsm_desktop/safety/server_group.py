"""How many servers of a group may be off at once, where no vCenter knows them.

Nothing here sees what runs on the servers. What can be said honestly comes from their hardware: who is well, who has a
second power supply, who stands in which rack and hangs on which PDU, and what the group's owner says it can do without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsm_desktop.core.domains import Domain, Kind
from dsm_desktop.safety.capacity import Light, Number
from dsm_desktop.safety.domains import listed, numbers_of, of_kind, telling, together
from dsm_desktop.safety.verdict import Gate, Verdict


@dataclass(frozen=True, slots=True)
class Member:
    """A server of the group. `health` ok | warning | critical | "" (not known); `on` None = power state not known;
    `redundant` False = it runs on one power supply; `domains` its rack and PDUs as far as known; `age_seconds` of what is known."""

    key: str
    name: str
    health: str = ""
    on: bool | None = None
    redundant: bool | None = None
    domains: frozenset[Domain] = frozenset()
    age_seconds: float | None = None


STALE_SECONDS = 3600.0
"""A health that was read longer ago says little about now."""


def judge_servers(
    members: Sequence[Member], out: frozenset[str] = frozenset(), tolerates: int = 1
) -> Verdict:
    """Judge a group with the servers `out` (keys) off; `tolerates` = how many its owner says may be missing at once.

    Gates: members, health, power, domains, knowledge. Raises KeyError for a key that is no member."""
    known = {m.key for m in members}
    for key in sorted(out):
        if key not in known:
            raise KeyError(key)
    stay = [m for m in members if m.key not in out]
    gates = (
        _members(members, stay, out, tolerates),
        _health(stay),
        _power(stay),
        _domains(members, stay, out),
        _knowledge(stay),
    )
    return Verdict(gates, out)


def may_be_off(members: Sequence[Member], tolerates: int = 1) -> int:
    """How many more servers may be switched off now: what the owner tolerates, less those that are off or in a bad way."""
    return max(0, tolerates - sum(not serving(m) for m in members))


def serving(member: Member) -> bool:
    """On and not in a critical state; what is not known counts as not serving."""
    return member.on is True and member.health in {"ok", "warning"}


def _members(members: Sequence[Member], stay: Sequence[Member], out: frozenset[str], tolerates: int) -> Gate:
    missing = [m for m in stay if not serving(m)]
    absent = len(out) + len(missing)
    numbers = (
        Number("servers in the group", len(members), "servers"), Number("taken out", len(out), "servers"),
        Number("not serving beside them", len(missing), "servers"), Number("may be missing at once", tolerates, "servers"),
        Number("may be switched off now", may_be_off(members, tolerates), "servers"),
    )  # fmt: skip
    if not stay or (out and not any(serving(m) for m in stay)):
        return Gate(
            "members", Light.RED, "No server of the group would be left that is on and well.", numbers
        )
    names = ", ".join(m.name for m in missing[:4])
    beside = f" Beside the {len(out)} taken out, {len(missing)} do not serve ({names})." if missing else ""
    if absent > tolerates:
        text = (
            f"{absent} of {len(members)} servers would be missing; the group tolerates {tolerates}.{beside}"
        )
        return Gate("members", Light.RED, text, numbers)
    return Gate(
        "members",
        Light.GREEN,
        f"{absent} of {len(members)} servers missing, {tolerates} tolerated.{beside}",
        numbers,
    )


def _health(stay: Sequence[Member]) -> Gate:
    bad = [m.name for m in stay if m.health == "critical"]
    weak = [m.name for m in stay if m.health == "warning"]
    unknown = [m.name for m in stay if not m.health]
    numbers = (
        Number("critical", len(bad), "servers"),
        Number("warning", len(weak), "servers"),
        Number("not known", len(unknown), "servers"),
    )
    if bad:
        return Gate("health", Light.RED, f"Critical among those that stay: {', '.join(bad[:4])}.", numbers)
    if weak or unknown:
        parts = [f"warning on {', '.join(weak[:4])}"] * bool(weak) + [
            f"health of {', '.join(unknown[:4])} not known"
        ] * bool(unknown)
        text = "; ".join(parts)
        return Gate("health", Light.AMBER, f"{text[0].upper()}{text[1:]}.", numbers)
    return Gate("health", Light.GREEN, f"All {len(stay)} servers that stay are well.", numbers)


def _power(stay: Sequence[Member]) -> Gate:
    single = [m.name for m in stay if m.redundant is False]
    unknown = [m.name for m in stay if m.redundant is None]
    numbers = (
        Number("without a second supply", len(single), "servers"),
        Number("not known", len(unknown), "servers"),
    )
    if single:
        text = f"No second power supply at work: {', '.join(single[:4])}. One failed supply or feed takes such a server down."
        return Gate("power", Light.AMBER, text, numbers)
    if unknown:
        return Gate(
            "power", Light.AMBER, f"Power redundancy is not known of {', '.join(unknown[:4])}.", numbers
        )
    return Gate("power", Light.GREEN, "All servers that stay have a second power supply.", numbers)


def _domains(members: Sequence[Member], stay: Sequence[Member], out: frozenset[str]) -> Gate:
    known = {m.key: m.domains for m in members}
    left = [m.domains for m in stay if serving(m)]
    found = telling(known, known)
    numbers = list(numbers_of(known, known, "servers"))
    amber = []
    if twice := together(found, out):
        amber.append(f"More than one server of {listed(twice)} would be off at once.")
    kinds = {domain.kind for mine in found.values() for domain in mine}
    for kind in [kind for kind in Kind if kind in kinds]:
        on = of_kind(left, kind)
        serve = frozenset[Domain]().union(*on)
        numbers.append(Number(f"{kind}s that still serve", len(serve), f"{kind}s"))
        if len(serve) == 1 and not twice:
            lone = f"All servers that would still serve depend on {listed(serve)} alone"
            amber.append(f"{lone}: a failure there takes the whole group down.")
        elif not on and left:
            amber.append(f"Of no server that would still serve the {kind} is known.")
    if amber:
        return Gate("domains", Light.AMBER, " ".join(amber), tuple(numbers))
    apart = "No two servers of one rack or PDU would be off at once."
    text = apart if found else "The group is not known to have more than one rack, or PDUs that differ."
    return Gate("domains", Light.GREEN, text, tuple(numbers))


def _knowledge(stay: Sequence[Member]) -> Gate:
    """What nobody can see from here, said plainly."""
    old = [m.name for m in stay if m.age_seconds is None or m.age_seconds > STALE_SECONDS]
    numbers = (Number("read longer than an hour ago, or never", len(old), "servers"),)
    blind = "What runs on these servers cannot be seen without a vCenter: ask the owner of the service."
    if old:
        return Gate(
            "knowledge",
            Light.AMBER,
            f"The state of {', '.join(old[:4])} is old; read it again. {blind}",
            numbers,
        )
    return Gate("knowledge", Light.GREEN, blind, numbers)
