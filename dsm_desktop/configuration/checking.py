"""Whether settings can be written, evaluated before anything is sent: types, bounds, and the registry's dependencies.

The device has the last word; what is refused here is what it is known to refuse or, worse, to ignore in silence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dsm_desktop.configuration.differences import same_value
from dsm_desktop.configuration.registry import Condition, Dependency, Entry, Registry
from dsm_desktop.core.secret_names import is_secret_attribute

_ROUNDS = 10
"""Forced values may force others; a registry that never settles is cut off here."""
_REPEATED = re.compile(r"(?<!\\)(?:(?P<many>[*+]|\{\d*,\})|\{(?P<least>\d{1,4}),(?P<most>\d{1,4})\})")
_REPEATED_GROUP = re.compile(r"(?<!\\)\)([*+]|\{[^}]*\})")
_FEW = re.compile(r"^\{[1-8](,[1-8])?\}$")
_MOST_WAYS = 10_000_000
_TRUE, _FALSE = {"true", "yes", "on", "1", "enabled"}, {"false", "no", "off", "0", "disabled"}


@dataclass(frozen=True, slots=True)
class State:
    """How a setting stands at given values; the reasons are sentences ("System Profile is …")."""

    read_only: bool
    hidden: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What becomes of wanted values: `accepted` typed for the device, `refused` name → why, `unchanged` already so,
    `follows` what the device will change along with them (name → (value, why))."""

    accepted: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, Any] = field(default_factory=dict)
    follows: dict[str, tuple[Any, str]] = field(default_factory=dict)


class Rules:
    """A registry made ready for evaluation; keep one per registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._by_target: dict[tuple[str, str], list[Dependency]] = defaultdict(list)
        for dependency in registry.dependencies:
            self._by_target[(dependency.target, dependency.prop)].append(dependency)

    def state(self, name: str, values: Mapping[str, Any]) -> State:
        """Read-only and hidden, and why, at these values."""
        entry = self.registry.entries.get(name)
        if entry is None:
            return State(True, True, "the registry does not know it")
        locked, why = self._flag(name, "ReadOnly", values, entry.read_only)
        grey, grey_why = self._flag(name, "GrayOut", values, False)
        hidden, hidden_why = self._flag(name, "Hidden", values, entry.hidden)
        if entry.immutable:
            locked, why = True, "it only informs"
        return State(locked or grey, hidden, why or grey_why or hidden_why)

    def forced(self, values: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
        """Values the device sets by itself when these are set: name → (value, why); only of settings the server has."""
        now, found = dict(values), dict[str, tuple[Any, str]]()
        for _ in range(_ROUNDS):
            settled = True
            for (target, prop), dependencies in self._by_target.items():
                if prop != "CurrentValue" or target not in values:
                    continue
                for dependency in dependencies:
                    holds = self._holds(dependency, now)
                    if holds and not same_value(now[target], dependency.value):
                        now[target] = dependency.value
                        found[target] = (dependency.value, self._reason(dependency, now))
                        settled = False
            if settled:
                break
        return found

    def check(self, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Verdicts:
        """Judge a change as one PATCH: a parent set along with its dependants counts as already set."""
        typed: dict[str, Any] = {}
        refused: dict[str, str] = {}
        unchanged: dict[str, Any] = {}
        for name, value in wanted.items():
            entry = self.registry.entries.get(name)
            if entry is None or name not in current:
                refused[name] = self._unknown(name, entry)
                continue
            try:
                typed[name] = converted(entry, value)
            except ValueError as error:
                refused[name] = str(error)
        for name in [n for n, v in typed.items() if same_value(current.get(n), v)]:
            unchanged[name] = typed.pop(name)
        after = {**current, **typed}
        for name in list(typed):
            state = self.state(name, after)
            if state.read_only:
                refused[name] = f"read-only: {state.because}" if state.because else "read-only on this server"
                del typed[name]
        follows = self.forced({**current, **typed})
        for name in [n for n in typed if n in follows]:
            refused[name] = f"the server would set {follows[name][0]} itself: {follows[name][1]}"
            del typed[name]
        if refused:
            follows = self.forced({**current, **typed}) if typed else {}
        return Verdicts(typed, refused, unchanged, {n: f for n, f in follows.items() if n not in typed})

    def _unknown(self, name: str, entry: Entry | None) -> str:
        if entry is not None:
            return "this server does not have it"
        near = self.registry.like(name)
        return f"unknown here; meant {near}?" if near else "unknown to this server's registry"

    def _flag(self, name: str, prop: str, values: Mapping[str, Any], stated: bool) -> tuple[bool, str]:
        """With dependencies they decide as far as their conditions can be known; without, what the registry states."""
        dependencies = self._by_target.get((name, prop), ())
        if not dependencies:
            return stated, "always" if stated else ""
        for dependency in dependencies:
            if dependency.value is True and self._holds(dependency, values):
                return True, self._reason(dependency, values)
        known = all(c.attribute in values for d in dependencies for c in d.conditions)
        return (False, "") if known else (stated, "by a setting this server does not show" if stated else "")

    def _holds(self, dependency: Dependency, values: Mapping[str, Any]) -> bool:
        holds = self._true(dependency.conditions[0], values)
        for condition in dependency.conditions[1:]:
            if condition.joined == "AND":
                holds = holds and self._true(condition, values)
            else:
                holds = holds or self._true(condition, values)
        return holds

    def _true(self, condition: Condition, values: Mapping[str, Any]) -> bool:
        if condition.prop != "CurrentValue" or condition.attribute not in values:
            return False
        value = values[condition.attribute]
        if condition.operator in ("EQU", "NEQ"):
            return same_value(value, condition.value) is (condition.operator == "EQU")
        try:
            left, right = float(value), float(condition.value)
        except (TypeError, ValueError):
            return False
        return {"GTR": left > right, "GEQ": left >= right, "LSS": left < right, "LEQ": left <= right}.get(
            condition.operator, False
        )

    def _reason(self, dependency: Dependency, values: Mapping[str, Any]) -> str:
        for condition in dependency.conditions:
            if self._true(condition, values):
                entry = self.registry.entries.get(condition.attribute)
                title = entry.title if entry else condition.attribute
                value = values.get(condition.attribute)
                return f"{title} ({condition.attribute}) is {entry.shown(value) if entry else value}"
        return ""


def converted(entry: Entry, value: Any) -> Any:
    """A typed or display value as the device takes it. ValueError says in words what is allowed."""
    if entry.kind == "password" or entry.write_only or is_secret_attribute(entry.name):
        raise ValueError("a secret is not set as a plain setting")
    if entry.kind == "integer":
        return _integer(entry, value)
    if entry.kind == "boolean":
        word = str(value).strip().lower()
        if isinstance(value, bool) or word in _TRUE | _FALSE:
            return value if isinstance(value, bool) else word in _TRUE
        raise ValueError("takes true or false")
    text = (
        ("Enabled" if value else "Disabled")
        if isinstance(value, bool)
        else ""
        if value is None
        else str(value)
    )
    if entry.kind == "enumeration":
        return _choice(entry, text)
    return _string(entry, text)


def _integer(entry: Entry, value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValueError(f"takes a whole number{_bounds(entry.lower, entry.upper)}") from None
    if (entry.lower is not None and number < entry.lower) or (
        entry.upper is not None and number > entry.upper
    ):
        raise ValueError(f"takes a whole number{_bounds(entry.lower, entry.upper)}")
    if entry.step and entry.step > 1 and (number - (entry.lower or 0)) % entry.step:
        raise ValueError(f"moves in steps of {entry.step} from {entry.lower or 0}")
    return number


def _choice(entry: Entry, text: str) -> str:
    wanted = text.strip()
    for choice in entry.choices:
        if wanted == choice.value:
            return choice.value
    for choice in entry.choices:
        if wanted.lower() in (choice.value.lower(), choice.title.lower()):
            return choice.value
    allowed = ", ".join(c.value for c in entry.choices[:12]) + (" …" if len(entry.choices) > 12 else "")
    raise ValueError(f"allowed: {allowed or 'nothing is listed'}")


def _string(entry: Entry, text: str) -> str:
    least, most = entry.min_length or 0, entry.max_length
    if len(text) < least or (most and len(text) > most):
        raise ValueError(f"takes{_bounds(least, most)} characters, not {len(text)}")
    if entry.pattern and text and _soon_tried(entry.pattern, len(text)):
        try:
            fits = re.fullmatch(entry.pattern.strip("/"), text) is not None
        except re.error:
            fits = True
        if not fits:
            raise ValueError(f"must look like {entry.pattern}")
    return text


def _soon_tried(pattern: str, length: int) -> bool:
    """A device's own expression is foreign text, and while one is tried nothing else of the program runs: what could be tried in
    too many ways is left to the device. One group may be repeated, a few times and with little room inside."""
    if len(pattern) > 200 or length > 256:
        return False
    roomy = [m for m in _REPEATED.finditer(pattern) if m["many"] or int(m["most"]) - int(m["least"]) > 3]
    groups = _REPEATED_GROUP.findall(pattern)
    if groups:
        return len(groups) == 1 and not roomy and bool(_FEW.search(groups[0]))
    return int(length ** len(roomy)) <= _MOST_WAYS


def _bounds(lower: int | None, upper: int | None) -> str:
    if lower is None and upper is None:
        return ""
    if upper is None:
        return f" from {lower}"
    return f" from {lower if lower is not None else 0} to {upper}"


def visible(registry: Registry, values: Mapping[str, Any]) -> Iterable[Entry]:
    """The entries of settings a server has, in the order of its setup pages."""
    found = (registry.entries[name] for name in values if name in registry.entries)
    return sorted(found, key=lambda e: (registry.heading(e), e.order, e.name))
