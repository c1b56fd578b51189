"""Which servers would be lost together: those of one rack, and those on one PDU, unless that is said of all of them.

A server on two PDUs outlives the loss of one. It is taken out beside another server of one of them all the same only when all are
on it: what is out, and what the PDU then takes, would be lost at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from dsm_desktop.core.domains import Domain, Kind
from dsm_desktop.safety.capacity import Number

Domains = Mapping[str, frozenset[Domain]]
"""Host (moid) or server (key) → its rack and PDUs. Who is missing, or lacks one of the kinds: not known."""

NOWHERE: Domains = {}


def telling(domains: Domains, among: Iterable[str]) -> dict[str, tuple[Domain, ...]]:
    """What keeps some of these apart from others, racks first. A domain of all of which one of its kind is known tells nothing."""
    known = {key: domains[key] for key in among if domains.get(key)}
    silent: set[Domain] = set()
    for kind in Kind:
        silent.update(frozenset.intersection(*of_kind(known.values(), kind) or [frozenset()]))
    found = {key: tuple(sorted(mine - silent, key=_order)) for key, mine in known.items()}
    return {key: mine for key, mine in found.items() if mine}


def of_kind(found: Iterable[frozenset[Domain]], kind: Kind) -> list[frozenset[Domain]]:
    """The racks alone, or the PDUs alone, of each for which one is known."""
    chosen = (frozenset(d for d in mine if d.kind is kind) for mine in found)
    return [mine for mine in chosen if mine]


def together(found: Mapping[str, tuple[Domain, ...]], out: Collection[str]) -> dict[Domain, list[str]]:
    """Of these, those that share a domain, by domain; racks first."""
    shared: dict[Domain, list[str]] = {}
    for key in out:
        for domain in found.get(key, ()):
            shared.setdefault(domain, []).append(key)
    return {domain: shared[domain] for domain in sorted(shared, key=_order) if len(shared[domain]) > 1}


def numbers_of(domains: Domains, among: Collection[str], what: str) -> tuple[Number, ...]:
    """How many racks and PDUs are known, and of how many of `what` ("hosts") none is."""
    numbers: list[Number] = []
    for kind in Kind:
        known = of_kind((domains.get(key, frozenset()) for key in among), kind)
        numbers += [
            Number(f"{kind}s known", len(frozenset().union(*known)), f"{kind}s"),
            Number(f"{what} without a known {kind}", len(among) - len(known), what),
        ]
    return tuple(numbers)


def listed(domains: Iterable[Domain]) -> str:
    """ "rack 'Hall / R1', PDU 'A12'"."""
    return ", ".join(map(str, sorted(domains, key=_order)))


def both_on(domain: Domain, one: str, other: str) -> str:
    """Why two hosts are not out together."""
    if domain.kind is Kind.RACK:
        return f"Rack: '{one}' and '{other}' both stand in '{domain.name}'; one of a rack at a time."
    return f"PDU: '{one}' and '{other}' both hang on '{domain.name}'; one of a PDU at a time."


_ORDER = {kind: number for number, kind in enumerate(Kind)}


def _order(domain: Domain) -> tuple[int, str]:
    return _ORDER[domain.kind], domain.name
