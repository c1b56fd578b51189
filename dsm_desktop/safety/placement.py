"""Where a host's VMs would go: a placement on the other hosts, for one host, for every host, and for several at once.

Only running VMs of the hosts that go out are moved; nothing that stays is pushed about, because nobody promised that.
A placement never breaks a rule, a limit or a reach. Where none is found the VM, the host that comes nearest and the
reason are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dsm_desktop.core.vsphere import Host, Vm
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.capacity import Light, admission
from dsm_desktop.safety.domains import NOWHERE, Domains, both_on, telling
from dsm_desktop.safety.findings import Cause, gb
from dsm_desktop.safety.fitting import Fitting, bits, need
from dsm_desktop.safety.packing import Board, Unit, pack
from dsm_desktop.safety.unplaced import why_unplaced


class Unplaced(NamedTuple):
    """A VM with no place: moids of the VM and of the host that comes nearest ("" = none is allowed), and why."""

    vm: str
    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class Free:
    """What a host has left after a placement, of the 95 % of its memory that may be used: in use and reservable, MiB and MHz."""

    memory_mb: int
    cpu_mhz: int
    reservable_mb: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the running VMs of `out` go. `placed` VM → host; `causes` says of what kind each failure is."""

    out: frozenset[str]
    placed: Mapping[str, str]
    failed: tuple[Unplaced, ...] = ()
    free: Mapping[str, Free] = field(default_factory=dict)
    causes: Mapping[str, Cause] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Every VM has a place."""
        return not self.failed


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What happens if one host is emptied. `placement` keeps memory and CPU in use within the limits; `squeezed` is set where
    that fails: a placement by reservations alone, as vCenter would still allow it, at the price of memory pressure."""

    host: str
    name: str
    vms: int
    memory_mb: int
    placement: Placement
    squeezed: Placement | None = None

    @property
    def fits(self) -> bool:
        """The host gets empty with room to spare."""
        return self.placement.fits


def place(
    picture: ClusterPicture,
    out: frozenset[str],
    *,
    leave: frozenset[str] = frozenset(),
    by_reservation: bool = False,
) -> Placement:
    """Place the running VMs of `out` (moids of hosts) on the hosts that stay. `leave` names VMs that will be shut down or are
    looked after otherwise; `by_reservation` counts only what is guaranteed, as vCenter's own admission does."""
    return place_in(Fitting(picture), out, leave=leave, by_reservation=by_reservation)


def place_in(
    fitting: Fitting,
    out: frozenset[str],
    *,
    leave: frozenset[str] = frozenset(),
    by_reservation: bool = False,
    thorough: bool = True,
) -> Placement:
    """`place` on an index that is there already."""
    targets = fitting.targets(out)
    moving = [vm for moid in out for vm in fitting.moving.get(moid, ()) if vm.moid not in leave]
    gone = sum(1 << fitting.number[moid] for moid in out if moid in fitting.number)
    occupied = [mask & ~gone for mask in fitting.occupied]
    units = _units(fitting, moving, targets, gone)
    empty = Board(fitting.room, occupied, by_reservation)
    able = [
        u
        for u in units
        if len(set(u.apart)) == len(u.apart) and any(empty.fits(u, h) for h in bits(u.allowed))
    ]
    board, over = pack(able, fitting.room, occupied, by_reservation=by_reservation, thorough=thorough)
    placed = {vm: fitting.hosts[host].moid for unit, host in board.at.items() for vm in unit.vms}
    failed: list[Unplaced] = []
    causes: dict[str, Cause] = {}
    for unit in [u for u in units if u not in set(able)] + over:
        host, cause, reason = why_unplaced(fitting, board, unit, targets)
        for vm in unit.vms:
            failed.append(Unplaced(vm, host, reason))
            causes[vm] = cause
    free = {
        fitting.hosts[n].moid: Free(
            int(board.room.memory[n]), int(board.room.cpu[n]), int(board.room.reservable[n])
        )
        for n in bits(targets)
    }
    return Placement(out, placed, tuple(failed), free, causes)


def what_if(picture: ClusterPicture) -> tuple[WhatIf, ...]:
    """Every host of the cluster, emptied alone, in the picture's order."""
    fitting = Fitting(picture)
    return tuple(what_if_of(fitting, host) for host in fitting.hosts)


def what_if_of(fitting: Fitting, host: Host) -> WhatIf:
    """One host emptied alone."""
    vms, out = fitting.moving[host.moid], frozenset({host.moid})
    placement = place_in(fitting, out)
    squeezed = None if placement.fits else place_in(fitting, out, by_reservation=True)
    return WhatIf(host.moid, host.name, len(vms), int(need(vms).memory), placement, squeezed)


# --- units ----------------------------------------------------------------------------------------------------------


def _units(fitting: Fitting, moving: list[Vm], targets: int, gone: int) -> list[Unit]:
    """The moving VMs, those that rules keep together joined, tied to where their staying companions are."""
    group = {vm.moid: vm.moid for vm in moving}

    def root(moid: str) -> str:
        while group[moid] != moid:
            moid = group[moid]
        return moid

    tied: dict[str, int] = {}
    for _, members in fitting.together:
        going = [vm for vm in members if vm in group]
        staying = [fitting.number.get(fitting.vms[vm].host) for vm in members if vm not in group]
        mask = fitting.all
        for number in staying:
            if number is not None and not gone >> number & 1:
                mask &= 1 << number
        for moid in going:
            group[root(moid)] = root(going[0])
            tied[moid] = tied.get(moid, fitting.all) & mask
    joined: dict[str, list[Vm]] = {}
    for vm in moving:
        joined.setdefault(root(vm.moid), []).append(vm)
    units = []
    for vms in joined.values():
        allowed, preferred = targets, fitting.all
        for vm in vms:
            allowed &= fitting.allowed(vm) & tied.get(vm.moid, fitting.all)
            preferred &= fitting.preferred(vm)
        apart = tuple(rule for vm in vms for rule in fitting.apart_of.get(vm.moid, ()))
        units.append(Unit(tuple(vm.moid for vm in vms), need(vms), allowed, preferred, apart))
    return units


# --- several hosts at once --------------------------------------------------------------------------------------------


_WORK = 40_000
"""Placements of single VMs the search may try, so that a big cluster is answered in seconds."""


_FEW = 16
"""Up to so many hosts every packing is searched thoroughly."""


class LargestSet(NamedTuple):
    """Hosts (moids) that may be out together, and why not more: a sentence for each limit met."""

    hosts: frozenset[str]
    reasons: tuple[str, ...]


class _Search:
    def __init__(self, fitting: Fitting, domains: Domains, leave: frozenset[str]) -> None:
        self.fitting, self.leave = fitting, leave
        self.domains = telling(domains, [h.moid for h in fitting.hosts])
        self.away = [h for h in fitting.hosts if not h.usable]
        cluster = fitting.picture.cluster
        self.vsan = any(h.vsan for h in fitting.hosts) or (cluster is not None and cluster.vsan is not None)
        self.work = _WORK
        self.known: dict[frozenset[str], str] = {}

    def refusal(self, out: frozenset[str]) -> str:
        """Why these hosts may not be out together; "" = they may."""
        if out not in self.known:
            self.known[out] = self._refusal(out)
        return self.known[out]

    def _refusal(self, out: frozenset[str]) -> str:
        fitting = self.fitting
        names = {h.moid: h.name for h in fitting.hosts}
        away = [h for h in self.away if h.moid not in out]
        if self.vsan and len(out) + len(away) > 1:
            return "vSAN: one host out at a time, so that every object keeps enough copies."
        seen = {domain: h.moid for h in away for domain in self.domains.get(h.moid, ())}
        for moid in sorted(out):
            for domain in self.domains.get(moid, ()):
                if domain in seen:
                    return both_on(domain, names[seen[domain]], names[moid])
                seen[domain] = moid
        targets = fitting.targets(out)
        if not targets:
            return "At least one host must stay."
        if len(out) > 1:
            cluster = fitting.picture.cluster
            if cluster is not None and cluster.ha.enabled and targets.bit_count() < 2:
                return "HA needs two hosts that stay."
            ruling = admission(fitting, targets, fitting.leaving(out))
            if ruling.light is not Light.GREEN:
                return f"HA admission control with {len(out)} hosts out: {ruling.text}"
        self.work -= sum(len(fitting.moving[moid]) for moid in out) + 1
        names_out = ", ".join(f"'{names[moid]}'" for moid in sorted(out, key=names.__getitem__))
        wanted = need(vm for moid in out for vm in fitting.moving[moid] if vm.moid not in self.leave).memory
        free = sum(max(0.0, fitting.room.memory[n]) for n in bits(targets))
        if wanted > free:
            return (
                f"Memory: the VMs of {names_out} use {gb(wanted)}; the hosts that stay have {gb(free)} left."
            )
        failed = place_in(fitting, out, leave=self.leave, thorough=len(fitting.hosts) <= _FEW).failed
        if not failed:
            return ""
        return f"With {names_out} out, VM '{fitting.vms[failed[0].vm].name}' has no place: {failed[0].reason}"

    def sharing(self, moid: str) -> int:
        """With how many others a host shares a domain: who stands in the way of few goes first."""
        mine = set(self.domains.get(moid, ()))
        return sum(not mine.isdisjoint(others) for others in self.domains.values()) if mine else 0

    def grow(self, start: frozenset[str], order: list[Host]) -> frozenset[str]:
        """Add hosts in this order as long as nothing is against it."""
        chosen = start
        for host in order:
            if host.moid in chosen or self.work <= 0:
                continue
            if not self.refusal(chosen | {host.moid}):
                chosen |= {host.moid}
        return chosen


def against_together(
    picture: ClusterPicture,
    out: frozenset[str],
    domains: Domains = NOWHERE,
    leave: frozenset[str] = frozenset(),
) -> str:
    """Why these hosts may not be out together, by what `largest_set_out` keeps to; "" = they may. Some may be out already."""
    return _Search(Fitting(picture), domains, leave).refusal(out)


def largest_set_out(
    picture: ClusterPicture, domains: Domains = NOWHERE, leave: frozenset[str] = frozenset()
) -> LargestSet:
    """The biggest set found of usable hosts that may be out together: room, rules, HA's admission control, one host at a time
    with vSAN, and one of each rack and each PDU, those that all hosts share excepted. `leave` names VMs that
    will be shut down. The set is always allowed; a bigger one may exist in a crowded cluster."""
    search = _Search(Fitting(picture), domains, leave)
    fitting = search.fitting
    able = [h for h in fitting.hosts if h.usable and not search.refusal(frozenset({h.moid}))]
    light = sorted(able, key=lambda h: (need(fitting.moving[h.moid]).memory, h.name))
    few = sorted(able, key=lambda h: (len(fitting.moving[h.moid]), h.memory_mb, h.name))
    small = sorted(able, key=lambda h: (h.memory_mb, need(fitting.moving[h.moid]).memory, h.name))
    orders = [light, few, small]
    if search.domains:
        orders.append(sorted(light, key=lambda h: search.sharing(h.moid)))
    best = max((search.grow(frozenset(), order) for order in orders), key=len, default=frozenset())
    best = _swapped(search, best, light)
    reasons = [f"'{h.name}' is out already." for h in search.away]
    for host in sorted(fitting.hosts, key=lambda h: h.name):
        if host.usable and host.moid not in best:
            alone = search.known.get(frozenset({host.moid}), "")
            reasons.append(alone or search.refusal(best | {host.moid}))
    return LargestSet(best, tuple(dict.fromkeys(r for r in reasons if r)))


def _swapped(search: _Search, best: frozenset[str], order: list[Host]) -> frozenset[str]:
    """Try to do better by giving one host up, over and over while that helps and work is left."""
    better = True
    while better and search.work > 0:
        better = False
        for given_up in sorted(best):
            for first in order:
                if first.moid in best or search.work <= 0:
                    continue
                start = best - {given_up} | {first.moid}
                if search.refusal(start):
                    continue
                found = search.grow(start, order)
                if len(found) > len(best):
                    best, better = found, True
                    break
            if better:
                break
    return best
