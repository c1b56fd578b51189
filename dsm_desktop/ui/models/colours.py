"""Colour rules of a grid: cells, or whole rows, of rows that a query finds are marked by colour and sign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.queries.query_values import FilterError, Predicate
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import Tone

Test = Callable[[Any], bool]
TONES = {
    Tone.CRITICAL: "Critical",
    Tone.WARNING: "Warning",
    Tone.OK: "Good",
    Tone.INFO: "Note",
}
SIGNS = {
    Tone.CRITICAL: "status-critical",
    Tone.WARNING: "status-warning",
    Tone.OK: "status-ok",
    Tone.INFO: "status-info",
}


@dataclass(frozen=True, slots=True)
class ColourRule:
    """`column` by its key, "" = the whole row; `query` in the language of the bar; the first rule that fits a cell counts."""

    column: str
    query: str
    tone: Tone

    @classmethod
    def of(cls, kept: Sequence[Any]) -> ColourRule | None:
        """From a layout; None for what this version does not know."""
        if len(kept) != 3 or str(kept[2]) not in {tone.value for tone in TONES}:
            return None
        return cls(str(kept[0]), str(kept[1]), Tone(str(kept[2])))


def read_rule(rule: ColourRule, language: Language) -> Query:
    """The rule's query; FilterError when it is empty, cannot be read, or asks for what only the store knows."""
    query = Query(rule.query, language)
    if query.empty:
        raise FilterError(
            "A colour rule needs a condition.", 0, "Write one as in the filter, e.g. watts>800."
        )
    if query.needs_database:
        raise FilterError(
            "A colour rule can only ask for what stands in the row.",
            0,
            "Leave out the terms that the store answers (fw., part:, log: …).",
        )
    return query


def compiled(
    rules: Iterable[ColourRule],
    columns: Sequence[Column],
    language: Language,
    words_of: Callable[[Any], str],
) -> dict[int, list[tuple[Test, Tone]]]:
    """The tests by the number of their column, -1 = the whole row. Rules that cannot be read here are left out: a shared view
    may name a field that another site does not have."""
    numbers = {column.key: number for number, column in enumerate(columns)} | {"": -1}
    found: dict[int, list[tuple[Test, Tone]]] = {}
    for rule in rules:
        try:
            test = read_rule(rule, language).test()
        except FilterError:
            continue
        if test is not None and rule.column in numbers:
            found.setdefault(numbers[rule.column], []).append((_with_words(test, words_of), rule.tone))
    return found


def _with_words(test: Predicate, words_of: Callable[[Any], str]) -> Test:
    return lambda row: test(row, words_of(row))
