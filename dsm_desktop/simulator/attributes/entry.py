"""One attribute of iDRAC, system or Lifecycle Controller, and the short notation their tables are written in.

A line is ``Group[ xCount]: Name=spec; Name=spec``; one that begins with a blank goes on with the line before. A spec is

- ``+`` or ``-``: Enabled or Disabled, with that default
- ``a|b|c``: an enumeration; the first value is the default
- ``10 0..255``: an integer with its bounds
- ``"text" 63``: a string with its greatest length
- ``*40``: a password, which can be written and never read

and ``!`` before it makes the attribute read-only.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final

_INTEGER: Final = re.compile(r"(-?\d+) (-?\d+)\.\.(-?\d+)")
_STRING: Final = re.compile(r'"(.*)" (\d+)')
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """Name ("NTPConfigGroup.1.NTPEnable"), type and limits of an attribute."""

    name: str
    kind: str
    """Enumeration, Integer, String or Password."""
    default: Any
    read_only: bool = False
    values: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    """Bounds of an integer; greatest length of a string or password."""

    @property
    def title(self) -> str:
        """Display name."""
        group, _, name = self.name.split(".", 2)
        return " ".join((*_WORDS.split(group), *_WORDS.split(name)))

    def problem(self, value: Any) -> str | None:
        """Message key of what is wrong with a value to be written, or None."""
        if self.read_only:
            return "SYS427"
        if self.kind == "Integer":
            if not isinstance(value, int) or isinstance(value, bool):
                return "SYS424"
            return None if self.lowest <= value <= self.highest else "SYS425"
        if not isinstance(value, str):
            return "SYS424"
        if self.kind == "Enumeration":
            return None if value in self.values else "SYS426"
        return None if len(value) <= self.highest else "SYS425"


def parse(table: str) -> dict[str, Entry]:
    """All entries of a table by name."""
    entries: dict[str, Entry] = {}
    for line in table.replace("\n ", " ").strip().splitlines():
        head, _, rest = line.partition(":")
        group, _, count = head.strip().partition(" x")
        for index in range(1, int(count or "1") + 1):
            for part in rest.split(";"):
                name, _, spec = part.strip().partition("=")
                full = f"{group}.{index}.{name}"
                entries[full] = entry(full, spec)
    return entries


def entry(name: str, spec: str) -> Entry:
    read_only, spec = spec.startswith("!"), spec.removeprefix("!")
    if spec in ("+", "-"):
        default = "Enabled" if spec == "+" else "Disabled"
        return Entry(name, "Enumeration", default, read_only, ("Disabled", "Enabled"))
    if spec.startswith("*"):
        return Entry(name, "Password", None, read_only, highest=int(spec[1:]))
    integer = _INTEGER.fullmatch(spec)
    if integer is not None:
        return Entry(name, "Integer", int(integer[1]), read_only, (), int(integer[2]), int(integer[3]))
    string = _STRING.fullmatch(spec)
    if string is not None:
        return Entry(name, "String", string[1], read_only, highest=int(string[2]))
    values = tuple(spec.split("|"))
    return Entry(name, "Enumeration", values[0], read_only, values)
