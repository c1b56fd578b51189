"""Versions a part must step through on its way to a newer one. In no server catalogue: release notes and the field say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.versions import Order, compare

IDRAC = "25227"


class StepMissing(DsmError):
    """The way to the chosen version leads over another one, and no package of that is in the library. Nothing was sent."""

    blame = Blame.USER


@dataclass(frozen=True, slots=True)
class Rung:
    """From a version below `below` to `to` or newer, one from `via` on and below `to` has to run first. `reason` ends the
    sentence "…, because …"."""

    component_id: str
    generations: frozenset[Generation]
    below: str
    via: str
    to: str
    reason: str

    def stands_between(self, running: str, wanted: str) -> bool:
        return compare(running, self.below) is Order.UPGRADE and _at_least(wanted, self.to)

    def is_step(self, version: str) -> bool:
        return _at_least(version, self.via) and not _at_least(version, self.to)


_OLD, _NINE = frozenset({Generation.IDRAC7, Generation.IDRAC8}), frozenset({Generation.IDRAC9})
RUNGS = (
    # RED007 in the field: up to 2.30.30.30 no SHA-256 signature can be checked, and from 2.61.60.60 on there is no other.
    Rung(
        IDRAC, _OLD, "2.30.30.31", "2.40.40.40", "2.61.60.60", "it cannot check the newer one's signature yet"
    ),
    Rung(IDRAC, _NINE, "4.40.00.00", "4.40.00.00", "5.00.00.00", "Dell asks for 4.40 on the way from 3.x and 4.x"),
    Rung(IDRAC, _NINE, "5.10.00.00", "5.10.00.00", "7.00.00.00", "Dell asks for 5.10 or 6.10 on the way to 7.x"),
)  # fmt: skip


def climb(
    component_id: str, generation: Generation, running: str, wanted: str, have: Iterable[str], *, where: str
) -> list[str]:
    """The versions of `have` to be installed before `wanted`, in their order; [] for a part that may go straight there.

    Raises StepMissing with the step that no version of `have` can be.
    """
    versions, steps, now = list(have), [], running
    while rung := _between(component_id, generation, now, wanted):
        best = ""
        for version in versions:
            if rung.is_step(version) and (not best or compare(best, version) is Order.UPGRADE):
                best = version
        if not best:
            raise StepMissing(
                f"{running} does not go straight to {wanted}: a version from {rung.via} on and below {rung.to} has to run first,"
                f" because {rung.reason}.",
                hint="Put such a package into the library and start it again; it is installed on the way. Nothing was sent.",
                where=where,
            )
        steps.append(best)
        now = best
    return steps


def _between(component_id: str, generation: Generation, running: str, wanted: str) -> Rung | None:
    return next(
        (
            rung
            for rung in RUNGS
            if rung.component_id == component_id
            and generation in rung.generations
            and rung.stands_between(running, wanted)
        ),
        None,
    )


def _at_least(version: str, least: str) -> bool:
    return compare(least, version) in (Order.SAME, Order.UPGRADE)
