"""Changing the text of a query by a click: a term is added, or takes the place of the one about the same field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dsm_desktop.queries.query_language import TOKEN
from dsm_desktop.queries.query_values import alternatives, quoted


def term_of(field: str, values: Iterable[str], *, exclude: bool = False) -> str:
    """`model="PowerEdge R750",x`, or != to leave them out; an empty value asks for an empty cell."""
    listed = list(dict.fromkeys(values))
    empty = [f'{field}{"!=" if exclude else "="}""'] if "" in listed else []
    named = [value for value in listed if value]
    if not named:
        return empty[0]
    term = f"{field}{'!=' if exclude else '='}{','.join(quoted(value) for value in named)}"
    if not empty:
        return term
    return f"{term} {empty[0]}" if exclude else f"({term} OR {empty[0]})"


def with_term(text: str, term: str) -> str:
    """The query, and the term too."""
    rest = text.strip()
    if not rest or rest == term:
        return term
    if any(_is_or(token) for token in _top(rest)):
        rest = f"({rest})"
    return f"{rest} {term}" if f" {term} " not in f" {rest} " else rest


def without_field(text: str, field: str) -> str:
    """The query without its conditions on a field, as far as they stand for themselves: not inside brackets or beside OR."""
    tokens = list(_top(text))
    if any(_is_or(token) for token in tokens):
        return text.strip()
    cut = [token.span() for token in tokens if (token["field"] or "").lower() == field]
    for start, end in reversed(cut):
        text = text[:start] + text[end:]
    return " ".join(text.split()) if cut else text.strip()


def values_of(text: str, field: str) -> list[str]:
    """The values that a condition `field=a,b` of the query asks for, [] for none."""
    for token in _top(text):
        if (token["field"] or "").lower() == field and token["op"] == "=" and not token["minus"]:
            return alternatives(token["value"] or "")
    return []


def fields_of(text: str) -> frozenset[str]:
    """Every field that is asked for."""
    return frozenset((token["field"] or "").lower() for token in _tokens(text)) - {""}


def _is_or(token: re.Match[str]) -> bool:
    return bool(token["or"]) or (not token["field"] and not token["minus"] and token["value"] == "OR")


def _tokens(text: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(text.rstrip()):
        found = TOKEN.match(text, place)
        if found is None or found.end() == place:
            return
        place = found.end()
        yield found


def _top(text: str) -> Iterator[re.Match[str]]:
    """Those outside of brackets."""
    depth = 0
    for token in _tokens(text):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif depth == 0:
            yield token
