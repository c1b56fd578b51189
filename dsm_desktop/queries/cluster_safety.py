"""What the cluster bears, judged over the copy in the store: every host taken out, every gate with its numbers.

Pure sums over what was read last; a run judges again on a fresh picture before each host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import essential
from dsm_desktop.safety.judge import Demand, Number, judge
from dsm_desktop.safety.order import objections
from dsm_desktop.safety.placement import WhatIf, largest_set_out, what_if
from dsm_desktop.store.domains import domains_of_hosts
from dsm_desktop.store.vsphere import load_picture

_NAMED = 8
AS_IT_STANDS = 1
"""Id of the row that takes no host out."""


@dataclass(frozen=True, slots=True)
class OutRow:
    """A host taken out alone (id from 2 in the picture's order), or the cluster as it stands (id 1, moid ""). `state` fits |
    tight (only at the price of memory pressure) | full | off (the host stands alone: they are shut down) | empty (nothing has to
    move) | "". `vm` is the first that finds no
    place, `nearest` the host that comes nearest, `others` how many more find none. `light` green | amber | red: all gates.
    `carries`: VMs on it that the work depends on, and what they are."""

    id: int
    moid: str
    host: str
    state: str = ""
    vms: int = 0
    memory_mb: int = 0
    vm: str = ""
    nearest: str = ""
    reason: str = ""
    others: int = 0
    light: str = ""
    carries: str = ""


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate: `colour` green | amber | red, and every number it stands on."""

    id: int
    gate: str
    colour: str
    text: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class ClusterOut:
    """A cluster with each of its hosts out; `largest_out` names of hosts that may be out at once; None for `read_at` = never."""

    name: str
    read_at: datetime | None
    hosts: tuple[OutRow, ...]
    largest_out: tuple[str, ...]
    alone: bool = False
    """It is one host, and its VMs have nowhere to go."""


def cluster_out(connection: Connection, vcenter_id: int, cluster: str) -> ClusterOut | None:
    """None where the cluster is not in the copy. 64 hosts with 3,000 VMs take some seconds: in a worker."""
    picture = load_picture(connection, vcenter_id, cluster)
    if picture is None:
        return None
    names = {h.moid: h.name for h in picture.hosts}
    rows = [OutRow(AS_IT_STANDS, "", "None: as it stands")]
    rows += [_out(n, outcome, picture, names) for n, outcome in enumerate(what_if(picture), AS_IT_STANDS + 1)]
    demand = Demand(domains=domains_of_hosts(connection, vcenter_id))
    largest = tuple(sorted(names[moid] for moid in largest_set_out(picture, demand.domains).hosts))
    name = picture.cluster.name if picture.cluster is not None else next(iter(names.values()), "")
    carried = _carried(picture)
    lit = tuple(replace(_lit(row, picture, demand), carries=carried.get(row.moid, "")) for row in rows)
    return ClusterOut(name, picture.taken_at, lit, largest, picture.cluster is None)


def _carried(picture: ClusterPicture) -> dict[str, str]:
    """By host, the VMs that are never shut down and whose host is done last."""
    found: dict[str, list[str]] = {}
    for vm in picture.vms:
        if what := essential(picture, vm):
            found.setdefault(vm.host, []).append(f"{vm.name} ({what})")
    return {host: ", ".join(said) for host, said in found.items()}


def _lit(row: OutRow, picture: ClusterPicture, demand: Demand) -> OutRow:
    verdict = judge(picture, frozenset({row.moid} if row.moid else ()), demand)
    return replace(row, light=verdict.colour.value)


def _out(number: int, outcome: WhatIf, picture: ClusterPicture, names: dict[str, str]) -> OutRow:
    plain = (number, outcome.host, outcome.name)
    if not outcome.vms:
        return OutRow(*plain, "empty")
    if outcome.fits:
        return OutRow(*plain, "fits", outcome.vms, outcome.memory_mb)
    if picture.cluster is None:
        failing = {unplaced.vm for unplaced in outcome.placement.failed}
        named = sorted(vm.name for vm in picture.vms if vm.moid in failing)
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        reason = f"{', '.join(named[:_NAMED])}{more} will be shut down for the work and switched on again afterwards."
        return OutRow(*plain, "off", outcome.vms, outcome.memory_mb, reason=reason)
    first, failed = outcome.placement.failed[0], len(outcome.placement.failed)
    vm = next((v.name for v in picture.vms if v.moid == first.vm), first.vm)
    tight = outcome.squeezed is not None and outcome.squeezed.fits
    return OutRow(
        *plain, "tight" if tight else "full", outcome.vms, outcome.memory_mb, vm, names.get(first.host, ""), first.reason, failed - 1
    )  # fmt: skip


def gate_rows(connection: Connection, vcenter_id: int, cluster: str, out: str) -> list[GateRow]:
    """All gates with the host `out` (moid) taken out, "" = none; [] where it is not in the copy any more."""
    picture = load_picture(connection, vcenter_id, cluster)
    if picture is None or (out and out not in {h.moid for h in picture.hosts}):
        return []
    demand = Demand(domains=domains_of_hosts(connection, vcenter_id))
    verdict = judge(picture, frozenset({out} if out else ()), demand)
    return [GateRow(n, g.name, g.colour.value, g.text, g.numbers) for n, g in enumerate(verdict.gates, 1)]


def order_objections(
    connection: Connection, vcenter_id: int, cluster: str, wanted: Sequence[str]
) -> dict[str, str]:
    """What speaks against an operator's order of hosts (moids), by host."""
    picture = load_picture(connection, vcenter_id, cluster)
    return objections(picture, wanted) if picture is not None else {}
