"""The BIOS registry: what each setting accepts, where it stands, and what settings do to each other."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from typing import Any, Final

from dsm_desktop.simulator.attributes.entry import Entry, entry
from dsm_desktop.simulator.bios.tables import AMD, COMMON, DEPENDENCIES, INTEL

Values = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One BIOS setting."""

    entry: Entry
    title: str
    menu: str
    help: str


@dataclasses.dataclass(frozen=True, slots=True)
class Dependency:
    """`target`'s ReadOnly, Hidden or value becomes `value` while one of the causes (name, equal, value) holds."""

    target: str
    what: str
    """ReadOnly, Hidden or CurrentValue."""
    value: Any
    causes: tuple[tuple[str, bool, str], ...]

    def holds(self, values: Values) -> bool:
        """Whether a cause is given; Dell's registry joins several causes by "or"."""
        return any((values.get(name) == wanted) == equal for name, equal, wanted in self.causes)


@dataclasses.dataclass(frozen=True, slots=True)
class Registry:
    """All settings of a kind of server, in the order of its menus."""

    menus: dict[str, str]
    settings: dict[str, Setting]
    dependencies: tuple[Dependency, ...]

    def force(self, values: Values) -> Values:
        """The values after every setting that dictates another one has done so."""
        for rule in self.dependencies:
            if rule.what == "CurrentValue" and rule.holds(values):
                values[rule.target] = rule.value
        return values

    def on(self, ports: Iterable[str]) -> Registry:
        """The registry of one server, whose network ports can be chosen by name."""
        names = tuple(ports)
        settings = dict(self.settings)
        for name in INTERFACES:
            old = settings[name]
            chosen = dataclasses.replace(old.entry, values=names, default=names[0])
            settings[name] = dataclasses.replace(old, entry=chosen)
        return dataclasses.replace(self, settings=settings)

    def marked(self, what: str, values: Values) -> set[str]:
        """Names that are ReadOnly or Hidden by others under these values."""
        return {rule.target for rule in self.dependencies if rule.what == what and rule.holds(values)}


@functools.cache
def registry(amd: bool) -> Registry:
    """The registry of servers with AMD or with Intel processors."""
    menus: dict[str, str] = {}
    settings: dict[str, Setting] = {}
    for line in (COMMON + (AMD if amd else INTEL)).strip().splitlines():
        if line.startswith("["):
            menu, _, title = line[1:].partition("] ")
            menus[menu] = title
        elif line:
            name, shown, spec, about = (part.strip() for part in line.split(" | ", 3))
            settings[name] = Setting(entry(name, spec.replace("~", "|")), shown, menu, about)
    known = (_dependency(line) for line in DEPENDENCIES.strip().splitlines())
    order = {menu: n for n, menu in enumerate(menus)}
    ordered = dict(sorted(settings.items(), key=lambda item: order[item[1].menu]))
    return Registry(menus, ordered, tuple(d for d in known if d.target in settings))


def _dependency(line: str) -> Dependency:
    head, _, causes = line.partition(": ")
    target, equals, forced = head.partition("=")
    what: str
    value: Any
    if equals:
        what, value = "CurrentValue", forced
    else:
        target, _, what = head.partition(" ")
        value = True
    return Dependency(target, what, value, tuple(_causes(causes.split(", "))))


def _causes(parts: Iterable[str]) -> Iterable[tuple[str, bool, str]]:
    for part in parts:
        equal = "!=" not in part
        name, _, value = part.partition("=" if equal else "!=")
        yield name, equal, value


PASSWORDS: Final = {"SysPassword": "SHA256SystemPassword", "SetupPassword": "SHA256SetupPassword"}
"""Password -> the setting that holds its hash."""
INTERFACES: Final = ("HttpDev1Interface", "PxeDev1Interface")
"""Settings that name a network port."""
