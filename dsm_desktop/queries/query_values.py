"""Conditions on one value, the atoms of the query language: what a field is, and how values are compared with what was typed.

`:` contains (or matches with * and ?), `=` and `!=` compare the whole value, `< <= > >=` compare numbers, versions and times (a
time takes an age: `>2h` means more than two hours ago). A comma gives alternatives, quotation marks keep blanks and commas.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from functools import lru_cache
from typing import Any

from dsm_desktop.core.errors import BadInput

Predicate = Callable[[Any, str], bool]
"""(a row, its words in lower case) -> whether it passes."""
ORDERED = ("<", "<=", ">", ">=")
_AGE = re.compile(r"(?i)^(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)$")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class FilterError(BadInput):
    """The query cannot be read; `position` is the character (from 0) where."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


@dataclass(frozen=True, slots=True)
class Field:
    """A name that can be asked for. `kind` text | number | version | time; `get` may give a tuple: any of its values counts."""

    name: str
    get: Callable[[Any], Any]
    kind: str = "text"


@lru_cache(maxsize=20_000)
def version_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Numbers in a version compare as numbers: 2.9 < 2.19, 7.10.30.00 < 7.10.50.00."""
    return tuple((0, int(p)) if p.isdigit() else (1, p.lower()) for p in re.findall(r"\d+|[A-Za-z]+", text))


def plain(value: object) -> str:
    """A value as it is typed: yes and no, whole numbers without a point, "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def unquoted(raw: str) -> str:
    """What was typed without its quotation marks."""
    return raw.replace('"', "")


def alternatives(raw: str) -> list[str]:
    """`a,"b, c"` -> "a" and "b, c"; empty ones are left out."""
    parts, quoted = [""], False
    for letter in raw:
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]


def quoted(value: str) -> str:
    """A value as it must be typed."""
    clean = value.replace('"', "?")
    return f'"{clean}"' if not clean or re.search(r"[\s()|,]", clean) else clean


def word_test(raw: str) -> Predicate:
    """A bare word: it occurs anywhere in the row."""
    wanted = unquoted(raw).lower()
    if "*" in wanted or "?" in wanted:
        glob = re.compile(translate(f"*{wanted}*"))
        return lambda row, words: glob.match(words) is not None
    return lambda row, words: wanted in words


def value_test(op: str, raw: str, kind: str = "text", position: int = 0) -> Callable[[object], bool]:
    """A test of one value (or a tuple of them) against what was typed. FilterError at `position` where it fits no such value."""
    if op in _ORDER:
        return _any(_ordered(op, unquoted(raw), kind, position))
    tests = [_alternative(part.lower(), whole=op != ":") for part in alternatives(raw)] or [
        lambda text: text == ""
    ]

    def one(value: object) -> bool:
        text = plain(value).lower()
        return any(test(text) for test in tests)

    among = _any(one)
    return (lambda value: not among(value)) if op == "!=" else among


def _any(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: any(map(test, value or ("",))) if isinstance(value, tuple) else test(value)


def _alternative(wanted: str, *, whole: bool) -> Callable[[str], bool]:
    if "*" in wanted or "?" in wanted:
        glob = re.compile(translate(wanted))
        return lambda text: glob.match(text) is not None
    if whole:
        return lambda text: text == wanted
    return lambda text: wanted in text


def _ordered(op: str, raw: str, kind: str, position: int) -> Callable[[Any], bool]:
    compare = _ORDER[op]
    if kind == "time":
        age = _AGE.match(raw)
        if age is None:
            raise FilterError(f"'{raw}' is no age.", position, "Write 30min, 2h, 7d or 4w.")
        seconds = float(age[1]) * _SECONDS[age[2].lower()]
        return lambda at: at is not None and compare((datetime.now(UTC) - at).total_seconds(), seconds)
    if kind == "number":
        try:
            limit = float(raw)
        except ValueError:
            raise FilterError(f"'{raw}' is no number.", position) from None
        return lambda value: value is not None and compare(float(value), limit)
    key = version_key(raw)
    return lambda value: bool(value) and compare(version_key(str(value)), key)
