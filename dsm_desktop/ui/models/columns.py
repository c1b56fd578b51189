"""A column of a grid: how its value is read, shown, sorted, filtered and exported."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from dsm_desktop.queries.export import Cell
from dsm_desktop.queries.query_values import Field, version_key
from dsm_desktop.ui import words
from dsm_desktop.ui.words import Status

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is the name in filters and saved layouts; `value` what is sorted and exported; `text` what is shown (default:
    by kind); `status` icon and tone; `kind` text | number | version | address | time; `shown` by default or by choice;
    `left`: a number that stands to the left because words follow it; `never` what a time says that has not come."""

    key: str
    title: str
    value: Callable[[Any], Cell]
    text: Callable[[Any], str] | None = None
    status: Callable[[Any], Status] | None = None
    kind: str = "text"
    width: int = 120
    shown: bool = True
    help: str = ""
    left: bool = False
    never: str = "never"

    @property
    def display(self) -> Callable[[Any], str]:
        """What a cell says."""
        if self.text is not None:
            return self.text
        if self.status is not None:
            status = self.status
            return lambda row: status(row).word
        if self.kind == "time":
            return _time(self.value, self.never)
        return _number(self.value) if self.kind == "number" else _plain(self.value)

    @property
    def field(self) -> Field:
        """The column as a field of the filter language; a state is asked for by the value in the store."""
        return Field(self.key, self.value, "text" if self.kind == "address" else self.kind)

    def order(self, row: Any) -> Any:
        """Sort key: empty cells last, numbers as numbers, versions and addresses by their parts."""
        value = self.value(row)
        if self.kind == "time":
            return value if value is not None else _LONG_AGO
        if value is None or value == "":
            return (
                (1, 0)
                if self.kind in ("number",)
                else (1, ())
                if self.kind in ("version", "address")
                else (1, "")
            )
        if self.kind == "number":
            return (0, value)
        if self.kind == "version":
            return (0, version_key(str(value)))
        if self.kind == "address":
            return (0, _address_key(str(value)))
        return (0, str(value).casefold())


def haystack(columns: Sequence[Column]) -> Callable[[Any], str]:
    """The words of a row for the quick filter, in lower case."""
    texts = [c.display if c.kind != "time" else None for c in columns]
    shown = [t for t in texts if t is not None]
    return lambda row: "\n".join([t(row) for t in shown]).lower()


def _plain(value: Callable[[Any], Cell]) -> Callable[[Any], str]:
    def text(row: Any) -> str:
        cell = value(row)
        return "" if cell is None else cell if isinstance(cell, str) else str(cell)

    return text


def _number(value: Callable[[Any], Cell]) -> Callable[[Any], str]:
    def text(row: Any) -> str:
        cell = value(row)
        return words.number(float(cell)) if isinstance(cell, int | float) else ""

    return text


def _time(value: Callable[[Any], Cell], never: str) -> Callable[[Any], str]:
    def text(row: Any) -> str:
        cell = value(row)
        return words.ago(cell) if isinstance(cell, datetime) else never

    return text


@lru_cache(maxsize=50_000)
def _address_key(text: str) -> tuple[int, Any]:
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    host = host or text
    quad = host.split(".")
    if len(quad) == 4 and all(part.isdecimal() for part in quad):  # by far the most, and six times quicker
        return (4, (tuple(map(int, quad)), port))
    try:
        return (6, (int(ipaddress.ip_address(host.strip("[]"))), port))
    except ValueError:
        return (7, text.casefold())
