"""What is done to one server, in which order and with how many restarts; decided before anything is sent."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.worded import Worded
from dsm_desktop.firmware.exclusions import Exclusion, first_that_holds
from dsm_desktop.firmware.fit import Component, DoesNotFit, Fit, Machine, Match, Verdict, fit
from dsm_desktop.firmware.identity import Identity
from dsm_desktop.firmware.ladders import IDRAC, climb
from dsm_desktop.firmware.versions import Order, compare

BIOS = "159"
_CPLD = "27763"
_DIRECT = {"28897", "25806", "18981", "101734", "104684"}
"""Lifecycle Controller, diagnostics, driver pack, OS collector, service module: refused when scheduled (SUP021)."""
EXCLUDED, ORDER_UNKNOWN = "excluded at this site", "order unknown"
"""How the reasons begin that an operator has to know of also where nobody chose the package."""
_ORDER = ("BIOS.", "RAID.", "AHCI.", "NonRAID.", "Enclosure.", "Disk.", "NIC.", "FC.", "InfiniBand.", "PSU.")


class Impact(enum.StrEnum):
    """What applying a package takes. IDRAC: at once, and the iDRAC restarts. DIRECT: at once, nothing restarts. HOST: the
    host restarts. POWER: alone, and the host's power goes off and on (CPLD)."""

    IDRAC = "idrac"
    DIRECT = "direct"
    HOST = "host"
    POWER = "power"


class IdracOrder(Worded):
    """When the iDRAC is updated. AUTOMATIC: first and alone for a jump to another main version, else last, which saves a wait."""

    AUTOMATIC = "automatic", "Automatic"
    IDRAC_FIRST = "idrac_first", "iDRAC first"
    IDRAC_LAST = "idrac_last", "iDRAC last"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Change(_Value):
    """One device's firmware, before and as it shall be."""

    fqdd: str
    name: str
    component_id: str
    before: str
    after: str


class Planned(_Value):
    """One package (or one step back) and what it changes. `key` names it within the plan: a file name or an inventory id."""

    key: str
    title: str
    impact: Impact
    changes: tuple[Change, ...]

    @property
    def version(self) -> str:
        return self.changes[0].after


class Skipped(_Value):
    """What was chosen and is not done, and why."""

    key: str
    reason: str


class Plan(_Value):
    """Waves follow each other; within one the host restarts at most once."""

    waves: tuple[tuple[Planned, ...], ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def items(self) -> tuple[Planned, ...]:
        return tuple(item for wave in self.waves for item in wave)

    @property
    def restarts(self) -> int:
        """How often the host restarts."""
        return sum(any(restarts_host(item) for item in wave) for wave in self.waves)


def restarts_host(item: Planned) -> bool:
    """Whether it waits for a restart of the host."""
    return item.impact in (Impact.HOST, Impact.POWER)


@dataclass(frozen=True, slots=True)
class Offered:
    """A package that was chosen; `key` is its file name."""

    key: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator and the site allow."""

    downgrade: bool = False
    reinstall: bool = False
    order: IdracOrder = IdracOrder.AUTOMATIC
    exclusions: tuple[Exclusion, ...] = field(default=())
    skip_steps: bool = False
    """Go straight to the chosen version also where others ought to run in between."""
    unordered: bool = False
    """Also install what cannot be told newer or older than what runs (GS15 over KT37), when it was chosen by name."""


def plan_packages(
    machine: Machine, offered: Sequence[Offered], rules: Rules, library: Sequence[Offered] = ()
) -> Plan:
    """The plan for one server. A package for another model is left out with its reason; DoesNotFit when none is for it.

    Versions that have to run in between are taken from `library` (or from what is offered) and planned before; StepMissing
    when there is none.
    """
    found: list[Planned] = []
    skipped: list[Skipped] = []
    unfit: list[Skipped] = []
    fittings = [(package, fit(package.identity, machine)) for package in _newest_first(offered)]
    running = {m.component.fqdd: p.key for p, f in fittings for m in f.matches if m.order is Order.SAME}
    for package, fitting in fittings:
        if fitting.verdict is not Verdict.FITS:
            unfit.append(Skipped(key=package.key, reason=fitting.reason))
            continue
        item = _item(package, fitting)
        reason = _why_not(item, fitting, machine, rules, found) or _no_order(item, fitting, rules, running)
        if reason:
            skipped.append(Skipped(key=package.key, reason=reason))
        else:
            found += _with_steps(item, machine, rules, [*offered, *library])
    if unfit and not found and not skipped:
        reasons = "; ".join(f"{s.key}: {s.reason}" for s in unfit)
        raise DoesNotFit(
            f"None of the packages is for {machine.label}. {reasons}.",
            hint="Nothing was sent. Choose the packages for this model.",
            where=machine.label,
        )
    return Plan(waves=in_waves(found, rules.order), skipped=(*skipped, *unfit))


def in_waves(items: Sequence[Planned], order: IdracOrder) -> tuple[tuple[Planned, ...], ...]:
    """The iDRAC alone, then what restarts nothing, then what waits for one restart, the CPLD alone; or the iDRAC at the end.

    An iDRAC that restarts breaks transfers and loses sight of jobs: it never shares a wave.
    """
    by_impact = {impact: [i for i in items if i.impact is impact] for impact in Impact}
    host = sorted(by_impact[Impact.HOST], key=_rank)
    others = [by_impact[Impact.DIRECT], host, *([item] for item in by_impact[Impact.POWER])]
    idrac = [[item] for item in by_impact[Impact.IDRAC]]
    first = order is IdracOrder.IDRAC_FIRST or (
        order is IdracOrder.AUTOMATIC and any(_is_jump(item) for item in by_impact[Impact.IDRAC])
    )
    waves = [*idrac, *others] if first else [*others, *idrac]
    return tuple(tuple(wave) for wave in waves if wave)


def impact_of(component_id: str, component_type: str, name: str) -> Impact:
    """By what is known of Dell's components; catalogues leave "reboot required" out for a quarter of the packages."""
    if component_id == IDRAC:
        return Impact.IDRAC
    if component_id == _CPLD or "CPLD" in name.upper():
        return Impact.POWER
    if component_id in _DIRECT or component_type == "APAC":
        return Impact.DIRECT
    return Impact.HOST


def _newest_first(offered: Sequence[Offered]) -> list[Offered]:
    """Of two versions for one component the higher one is met first; what has no order stays as it was chosen."""
    ordered: list[Offered] = []
    for package in offered:
        place = next(
            (
                n
                for n, other in enumerate(ordered)
                if compare(other.identity.vendor_version, package.identity.vendor_version) is Order.UPGRADE
                and other.identity.component_ids & package.identity.component_ids
            ),
            len(ordered),
        )
        ordered.insert(place, package)
    return ordered


def _item(package: Offered, fitting: Fit) -> Planned:
    identity = package.identity
    component = fitting.matches[0].component
    changes = tuple(_change(match, identity.vendor_version) for match in fitting.matches)
    impact = impact_of(
        component.component_id or next(iter(sorted(identity.component_ids)), ""),
        identity.component_type or component.component_type,
        component.name,
    )
    return Planned(key=package.key, title=identity.name or component.name, impact=impact, changes=changes)


def _with_steps(item: Planned, machine: Machine, rules: Rules, library: Sequence[Offered]) -> list[Planned]:
    """The item after what has to run before it, each from the version the one before leaves."""
    last = item.changes[0]
    if rules.skip_steps or item.impact is not Impact.IDRAC:
        return [item]
    steps: dict[str, Planned] = {}
    for package in library:
        fitting = fit(package.identity, machine)
        if fitting.verdict is Verdict.FITS and any(m.component.fqdd == last.fqdd for m in fitting.matches):
            step = _item(package, fitting)
            steps.setdefault(step.version, step)
    way = climb(IDRAC, machine.generation, last.before, last.after, steps, where=machine.label)
    planned, before = [], last.before
    for one in [*(steps[version] for version in way), item]:
        changes = tuple(change.model_copy(update={"before": before}) for change in one.changes)
        planned.append(one.model_copy(update={"changes": changes}))
        before = one.version
    return planned


def _change(match: Match, version: str) -> Change:
    part = match.component
    return Change(
        fqdd=part.fqdd, name=part.name, component_id=part.component_id, before=part.version, after=version
    )


def _why_not(item: Planned, fitting: Fit, machine: Machine, rules: Rules, found: Sequence[Planned]) -> str:
    """Why a package that is for this server is not installed; "" when it is."""
    part: Component = fitting.matches[0].component
    rule = first_that_holds(
        rules.exclusions,
        component_id=part.component_id,
        name=part.name,
        model=machine.model,
        version=item.version,
    )
    if rule is not None:
        return f"{EXCLUDED}: {rule.reason}"
    taken = {change.fqdd for other in found for change in other.changes}
    if any(change.fqdd in taken for change in item.changes):
        return "another package of the selection is for the same part"
    orders = {match.order for match in fitting.matches}
    if orders == {Order.SAME}:
        return "" if rules.reinstall else f"{item.version} is installed already"
    if Order.DOWNGRADE in orders and not rules.downgrade:
        return f"{part.version} is newer than {item.version}; going back was not allowed"
    return ""


def _no_order(item: Planned, fitting: Fit, rules: Rules, running: Mapping[str, str]) -> str:
    """Why a package is left out that cannot be told newer than what runs; "" where it can. `running`: FQDD → package of the
    version that runs there. Two of unlike numbering would be installed in turn for ever, each being unlike the other."""
    unlike = [match.component for match in fitting.matches if match.order is Order.UNKNOWN]
    for part in unlike:
        if part.fqdd in running:
            return f"{part.version} runs on {part.name}, which is {running[part.fqdd]}"
    if unlike and not rules.unordered:
        return f"{ORDER_UNKNOWN}: {unlike[0].version or 'no version'} runs, and {item.version} cannot be compared with it"
    return ""


def _rank(item: Planned) -> int:
    fqdd = item.changes[0].fqdd
    return next((n for n, prefix in enumerate(_ORDER) if fqdd.startswith(prefix)), len(_ORDER))


def _is_jump(item: Planned) -> bool:
    """Another main version: 5.x to 7.x needs the iDRAC before everything else."""
    change = item.changes[0]
    return change.before.partition(".")[0] != change.after.partition(".")[0]
