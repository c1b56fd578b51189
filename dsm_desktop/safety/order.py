"""In which order the hosts of a cluster are done, each with its reason.

First the one that would hurt least if it went wrong; late those that carry what the work itself depends on, so that their
VMs move once, onto hosts already done; last those that are not well. Hosts that somebody else took out are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsm_desktop.core.vsphere import Colour, Host
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import essential
from dsm_desktop.safety.findings import gb
from dsm_desktop.safety.fitting import Fitting, need
from dsm_desktop.safety.gates import why_out

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Turn:
    """A host's turn. `place` from 1, 0 = not touched; `ring` 0 = the first alone (then a look), 1 = the rest."""

    host: str
    name: str
    place: int
    ring: int
    reason: str


def order(
    picture: ClusterPicture,
    *,
    wanted: Sequence[str] = (),
    weak: Mapping[str, str] = _NONE,
    skip: Mapping[str, str] = _NONE,
) -> tuple[Turn, ...]:
    """The turns, those that are not touched at the end. `wanted`: moids in the operator's own order, which goes before all else;
    `weak`: host → why it is done last (failed before, amber); `skip`: host → why it is left out."""
    fitting = Fitting(picture)
    carried = {h.moid: _essential(fitting, h) for h in fitting.hosts}
    sick = {h.moid: text for h in fitting.hosts if (text := weak.get(h.moid) or _weakness(h))}
    chosen = {moid: place for place, moid in enumerate(wanted)}
    doing = [h for h in fitting.hosts if h.usable and h.moid not in skip]
    weight = {h.moid: need(fitting.moving[h.moid]).memory for h in doing}
    doing.sort(
        key=lambda h: (
            h.moid in sick, bool(carried[h.moid]), weight[h.moid], len(fitting.moving[h.moid]), h.name.casefold(),
        )
    )  # fmt: skip
    proposed = [h.moid for h in doing]
    doing.sort(key=lambda h: chosen.get(h.moid, len(chosen)))
    # One host moved makes the reasons of all others untrue: a place is the operator's unless the order is the proposed one.
    own = [h.moid for h in doing] != proposed
    turns = []
    for place, host in enumerate(doing, 1):
        vms = carried[host.moid]
        count = len(fitting.moving[host.moid])
        if own and host.moid in chosen:
            reason = "As the operator chose."
        elif host.moid in sick:
            reason = f"Last: {sick[host.moid].rstrip('.')}."
        elif vms:
            reason = f"Late: it carries {', '.join(vms.values())}; it moves onto a host already done."
        elif place == 1:
            reason = f"First: it is well and carries least ({running(count)}, {gb(weight[host.moid])})."
        else:
            before = "those that the operator chose, and hosts with less," if own else "hosts with less"
            reason = f"{running(count)} with {gb(weight[host.moid])} to move; {before} go before."
        turns.append(Turn(host.moid, host.name, place, 0 if place == 1 else 1, reason))
    for host in fitting.hosts:
        if host.moid in skip:
            turns.append(Turn(host.moid, host.name, 0, 1, f"Left out: {skip[host.moid].rstrip('.')}."))
        elif not host.usable:
            text = f"Not touched: it is {why_out(host)}, which somebody else decided; it stays so afterwards."
            turns.append(Turn(host.moid, host.name, 0, 1, text))
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class Lone:
    """A host without a cluster: what it carries, memory in MiB."""

    key: int
    name: str
    vms: int
    memory_mb: int


def order_alone(hosts: Sequence[Lone], wanted: Sequence[int] = ()) -> tuple[tuple[int, str], ...]:
    """(key, reason) of hosts without a cluster, first one first: the operator's own order (`wanted`), then by what they carry."""
    chosen = {key: number for number, key in enumerate(wanted)}
    turns = sorted(hosts, key=lambda h: (chosen.get(h.key, len(chosen)), h.memory_mb, h.name))
    return tuple(
        (h.key, "As the operator chose." if h.key in chosen else f"Carries {running(h.vms)}.") for h in turns
    )


def _essential(fitting: Fitting, host: Host) -> dict[str, str]:
    """VM → "'vc01' (vCenter itself)" for what the work depends on."""
    found = {}
    for vm in fitting.moving[host.moid]:
        if what := essential(fitting.picture, vm):
            found[vm.moid] = f"'{vm.name}' ({what})"
    return found


def _weakness(host: Host) -> str:
    if host.config_issues:
        return host.config_issues[0]
    if host.status in {Colour.RED, Colour.YELLOW}:
        return f"its status in vCenter is {host.status.value}"
    return ""


def objections(picture: ClusterPicture, wanted: Sequence[str]) -> dict[str, str]:
    """What an operator's own order (moids, the first first) does against the rules of `order`: host → sentence. Hosts that break
    none are left out; moids that are not in the picture are passed over."""
    fitting = Fitting(picture)
    hosts = {h.moid: h for h in fitting.hosts}
    doing = [hosts[moid] for moid in wanted if moid in hosts]
    carried = {h.moid: _essential(fitting, h) for h in doing}
    sick = {h.moid: text for h in doing if (text := _weakness(h))}
    plain = [h for h in doing if not carried[h.moid] and h.moid not in sick]
    found: dict[str, str] = {}
    for place, host in enumerate(doing):
        after = doing[place + 1 :]
        if host.moid in sick:
            if any(h.moid not in sick for h in after):
                found[host.moid] = f"It is not well ({sick[host.moid].rstrip('.')}): better last."
        elif carried[host.moid] and (later := [h for h in after if h in plain]):
            vms = ", ".join(carried[host.moid].values())
            count = f"{len(later)} hosts" if len(later) > 1 else f"'{later[0].name}'"
            found[host.moid] = (
                f"It carries {vms}, which would have to move again when {count} after it are emptied: better late."
            )
    if doing and (first := doing[0]).moid not in found and plain:
        lightest = min(plain, key=lambda h: need(fitting.moving[h.moid]).memory)
        mine, least = (need(fitting.moving[h.moid]).memory for h in (first, lightest))
        if lightest is not first and mine > least:
            found[first.moid] = (
                f"The first host is the trial, and '{lightest.name}' would hurt less: {gb(least)} to move instead of {gb(mine)}."
            )
    return found


def running(count: int) -> str:
    """ "1 running VM", "12 running VMs"."""
    return f"{count} running VM{'s' if count != 1 else ''}"
