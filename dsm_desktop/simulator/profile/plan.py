"""What an import would do: each attribute with its old and new value, or why it cannot be set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.profile.model import MASKED, Component
from dsm_desktop.simulator.profile.parts import Part, chosen, converted, parts
from dsm_desktop.simulator.profile.storage import StoragePart
from dsm_desktop.simulator.texts import TEXTS, fill

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """One attribute of an import. `code` is "" when it is set, else the message that says why not."""

    fqdd: str
    name: str
    old: str
    new: str
    code: str = ""

    @property
    def text(self) -> str:
        """Wording for people."""
        if not self.code:
            return f"{self.fqdd}: {self.name} was set to {self.new}."
        wording = fill(
            TEXTS[self.code].message, (self.name,) if self.code == "SYS427" else (self.new, self.name)
        )
        return f"{self.fqdd}: {self.name}: {wording}"


@dataclasses.dataclass(slots=True)
class Plan:
    """Values to set by part, and everything that is refused."""

    values: list[tuple[Part, dict[str, Any]]] = dataclasses.field(default_factory=list)
    changes: list[Result] = dataclasses.field(default_factory=list)
    refused: list[Result] = dataclasses.field(default_factory=list)

    @property
    def needs_boot(self) -> bool:
        """Something is applied only while the host boots."""
        return any(part.needs_boot for part, _ in self.values)


def make_plan(device: Device, components: list[Component], targets: list[str]) -> Plan:
    """Compare a profile with the device."""
    known: dict[str, Part] = {part.fqdd: part for part in parts(device)}
    known.update({part.fqdd: part for part in StoragePart.all(device)})
    plan = Plan()
    for component in components:
        if chosen(component.fqdd, targets):
            _compare_all(known, component, plan)
    return plan


def _compare_all(known: dict[str, Part], component: Component, plan: Plan) -> None:
    """A component and those inside it."""
    part = known.get(component.fqdd)
    if part is not None:
        _compare(part, component, plan)
    elif component.rows:
        plan.refused.append(Result(component.fqdd, "", "", "", "SYS076"))
    for inner in component.components:
        _compare_all(known, inner, plan)


def _compare(part: Part, component: Component, plan: Plan) -> None:
    rows = part.rows()
    wanted: dict[str, Any] = {}
    for row in component.rows:
        if row.name not in rows:
            plan.refused.append(Result(part.fqdd, row.name, "", row.value, "SYS429"))
            continue
        kind, old = rows[row.name]
        if row.value in (old, MASKED):
            continue
        value = converted(kind, row.value)
        code = kind.problem(value)
        if code is None:
            wanted[row.name] = value
        else:
            plan.refused.append(Result(part.fqdd, row.name, old, row.value, code))
    for name in part.locked(wanted) & wanted.keys():
        plan.refused.append(Result(part.fqdd, name, rows[name][1], str(wanted.pop(name)), "SYS410"))
    if wanted:
        plan.values.append((part, wanted))
        plan.changes += [Result(part.fqdd, n, shown(rows[n]), hidden(rows[n], v)) for n, v in wanted.items()]


def shown(row: tuple[Any, str]) -> str:
    """The old value; of a password nothing."""
    return MASKED if row[0].kind == "Password" else row[1]


def hidden(row: tuple[Any, str], value: Any) -> str:
    """The new value; of a password nothing."""
    return MASKED if row[0].kind == "Password" else str(value)


def half(plan: Plan) -> Iterable[tuple[Part, dict[str, Any]]]:
    """The first half of the values, for the fault that stops an import in its middle."""
    left = len(plan.changes) // 2
    for part, values in plan.values:
        taken = dict(list(values.items())[:left])
        left -= len(taken)
        if taken:
            yield part, taken
