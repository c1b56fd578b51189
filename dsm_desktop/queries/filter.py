"""The filter language of every grid: `model:R750 health!=ok bios<2.19 tag:ABC* "some words" -retired`.

Terms are joined by AND. A bare word must occur anywhere in the row; `field:value` contains (or matches with * and ?),
`=` and `!=` compare the whole value, `< <= > >=` compare numbers, versions and times (a time takes an age: `seen>2h` means
more than two hours ago). A comma gives alternatives, a leading minus turns a term round,
a quotation mark not closed runs to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from functools import lru_cache
from typing import Any

from dsm_desktop.core.errors import BadInput

Predicate = Callable[[Any, str], bool]
_TERM = re.compile(
    r"""(?P<minus>-)?(?:(?P<field>[A-Za-z][\w.]*)(?P<op>!=|<=|>=|=|:|<|>))?(?P<value>"[^"]*"?|[^\s"]+)""",
    re.X,
)
_AGE = re.compile(r"(?i)^(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)$")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class FilterError(BadInput):
    """The filter cannot be read; `position` is the character (from 0) where."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


@dataclass(frozen=True, slots=True)
class Field:
    """A name that can be asked for. `kind` text | number | version | time."""

    name: str
    get: Callable[[Any], Any]
    kind: str = "text"


def parse(text: str, fields: Mapping[str, Field]) -> Predicate | None:
    """A test over (row, the row's words in lower case), or None for an empty filter; FilterError says where it is wrong."""
    tests = [_term(found, fields) for found in _TERM.finditer(text)]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda row, words: all(test(row, words) for test in tests)


@lru_cache(maxsize=20_000)
def version_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Numbers in a version compare as numbers: 2.9 < 2.19, 7.10.30.00 < 7.10.50.00."""
    return tuple((0, int(p)) if p.isdigit() else (1, p.lower()) for p in re.findall(r"\d+|[A-Za-z]+", text))


def _term(found: re.Match[str], fields: Mapping[str, Field]) -> Predicate:
    name, op, raw = found["field"], found["op"], found["value"].strip('"')
    test = _word(raw) if name is None else _field(found, fields, name.lower(), op, raw)
    if found["minus"]:
        return lambda row, words: not test(row, words)
    return test


def _word(raw: str) -> Predicate:
    wanted = raw.lower()
    if "*" in wanted or "?" in wanted:
        glob = re.compile(translate(f"*{wanted}*"))
        return lambda row, words: glob.match(words) is not None
    return lambda row, words: wanted in words


def _field(found: re.Match[str], fields: Mapping[str, Field], name: str, op: str, raw: str) -> Predicate:
    field = fields.get(name)
    if field is None:
        near = [n for n in fields if n.startswith(name[:2])] or list(fields)
        raise FilterError(
            f"There is no column '{name}'.", found.start("field"), f"Try {', '.join(sorted(near)[:6])}."
        )
    get = field.get
    if op in _ORDER:
        return _ordered(field, op, raw, found.start("value"))
    tests = [_alternative(part, whole=op != ":") for part in raw.lower().split(",") if part] or [
        lambda text: text == ""
    ]

    def matches(row: Any, words: str) -> bool:
        value = get(row)
        text = "" if value is None else str(value).lower()
        return any(test(text) for test in tests)

    if op == "!=":
        return lambda row, words: not matches(row, words)
    return matches


def _alternative(wanted: str, *, whole: bool) -> Callable[[str], bool]:
    if "*" in wanted or "?" in wanted:
        glob = re.compile(translate(wanted))
        return lambda text: glob.match(text) is not None
    if whole:
        return lambda text: text == wanted
    return lambda text: wanted in text


def _ordered(field: Field, op: str, raw: str, position: int) -> Predicate:
    compare, get = _ORDER[op], field.get
    if field.kind == "time":
        age = _AGE.match(raw)
        if age is None:
            raise FilterError(f"'{raw}' is no age.", position, "Write 30min, 2h, 7d or 4w.")
        seconds = float(age[1]) * _SECONDS[age[2].lower()]

        def older(row: Any, words: str) -> bool:
            at = get(row)
            return at is not None and compare((datetime.now(UTC) - at).total_seconds(), seconds)

        return older
    if field.kind == "number":
        try:
            limit = float(raw)
        except ValueError:
            raise FilterError(f"'{raw}' is no number.", position) from None
        return lambda row, words: (value := get(row)) is not None and compare(float(value), limit)
    key = version_key(raw)
    return lambda row, words: bool(value := get(row)) and compare(version_key(str(value)), key)
