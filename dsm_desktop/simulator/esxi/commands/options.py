"""Command line options as esxcli takes them: '-d X', '--depot X', '--depot=X', and flags."""

from __future__ import annotations

import dataclasses
from typing import Final

_YES: Final = ("true", "1", "yes", "t", "y")


class UsageError(Exception):
    """The words do not fit the command; the text is what esxcli says after 'Error: '."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """An option. `short` without hyphen; `flag` takes no value; `needed` must be given."""

    name: str
    short: str = ""
    flag: bool = False
    needed: bool = False
    many: bool = False


Parsed = dict[str, list[str]]


def parse(words: list[str], options: tuple[Option, ...]) -> Parsed:
    """Values by option name; flags give ["true"]. Raises UsageError."""
    found: Parsed = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        option = _find(name, options)
        if option is None:
            raise UsageError(
                f"Invalid option {word}" if word.startswith("-") else f"Unexpected argument {word}"
            )
        if option.flag:
            found[option.name] = ["true"]
            continue
        if not equals:
            if not rest:
                raise UsageError(f"Option {name} needs a value")
            value = rest.pop(0)
        found.setdefault(option.name, []).append(value)
    for option in options:
        if option.needed and option.name not in found:
            short = f"-{option.short}|" if option.short else ""
            raise UsageError(f"Missing required parameter {short}--{option.name}")
    return found


def truth(parsed: Parsed, name: str) -> bool:
    """Whether a flag or a boolean option is on."""
    return parsed.get(name, ["false"])[-1].lower() in _YES


def text(parsed: Parsed, name: str, default: str = "") -> str:
    """The last value of an option."""
    return parsed.get(name, [default])[-1]


def _find(name: str, options: tuple[Option, ...]) -> Option | None:
    for option in options:
        if name == f"--{option.name}" or (option.short and name == f"-{option.short}"):
            return option
    return None
