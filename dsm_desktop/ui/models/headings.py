"""Rows of a grid gathered under headings, one for each value of a column; a heading can be closed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dsm_desktop.ui import words
from dsm_desktop.ui.models.columns import Column

NOTHING = "(empty)"


@dataclass(frozen=True, slots=True)
class Heading:
    """Stands among the rows of a view. `id` is negative, so that it is no row's; `value` what its rows say in the column."""

    id: int
    value: str
    title: str
    count: int
    closed: bool

    @property
    def text(self) -> str:
        return f"{self.title}: {self.value} · {words.plural(self.count, 'row')}"


def gathered(rows: Sequence[Any], column: Column, closed: Collection[str]) -> list[Any]:
    """The rows, already in their order, under headings in the order of the column; those of closed headings are left out."""
    say = column.display

    def value(row: Any) -> str:
        return say(row) or NOTHING

    # Sorting is stable: inside a group the order stays. What is said equally stands together whatever it is sorted by.
    ordered = sorted(rows, key=column.order)
    firsts: dict[str, int] = {}
    for row in ordered:
        firsts.setdefault(value(row), len(firsts))
    ordered.sort(key=lambda row: firsts[value(row)])
    view: list[Any] = []
    for number, (said, found) in enumerate(groupby(ordered, value), start=1):
        members = list(found)
        shut = said in closed
        view.append(Heading(-number, said, column.title, len(members), shut))
        view.extend(() if shut else members)
    return view


def without(view: Iterable[Any]) -> list[Any]:
    """The rows alone."""
    return [row for row in view if type(row) is not Heading]
