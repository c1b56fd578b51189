"""The query language of every grid, of smart groups, reports and the command line.

    R750 health!=ok fw.bios<2.19 tag:ABC* "some words" -retired
    (rack:A3 OR group:"vSAN cluster A") -tags:retired part:HBA355i seen>7d

A bare word occurs anywhere in the row, `field:value` compares (`query_values` says how). Terms one after another must all be
true; AND binds tighter than OR (also written |); NOT or a leading minus turns a term or a bracket round; a quotation mark not
closed runs to the end. A grid brings its fields; the servers bring terms too that the database answers once (`Query.test`).
Needs no database library, so that rows can be filtered before one is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsm_desktop.queries.query_values import Field, FilterError, Predicate, value_test, word_test

if TYPE_CHECKING:
    from sqlalchemy import Connection

TOKEN = re.compile(
    r"""\s*(?:(?P<open>-?\()|(?P<close>\))|(?P<or>\|)|(?P<minus>-)?(?:(?P<field>[A-Za-z][\w.]*)(?P<op>!=|<=|>=|=|:|<|>))?"""
    r"""(?P<value>(?:"[^"]*"?|[^\s"()|]+)+)?)""",
    re.X,
)
_MOST_NESTED = 50
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class DatabaseTerm:
    """A field the database answers by ids. `family`: it takes a name behind a point ("fw.perc").
    `ask(connection, name, op, raw value)` raises FilterError at a place in the value."""

    name: str
    help: str
    ask: Callable[[Connection, str, str, str], frozenset[int]]
    family: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """What can be asked for: fields of the row, and terms of the database."""

    fields: Mapping[str, Field]
    terms: Mapping[str, DatabaseTerm] = field(default_factory=dict)

    def term(self, name: str) -> tuple[DatabaseTerm, str] | None:
        """The term of a field and what stands behind its point; None when the database has nothing to do with it."""
        head, _, argument = name.partition(".")
        term = None if name in self.fields else self.terms.get(head)
        return (term, argument) if term is not None and term.family == bool(argument) else None


@dataclass(frozen=True, slots=True)
class _Term:
    """One condition without its minus. `start` its place in the query, `value_at` that of its value."""

    text: str
    start: int
    field: str
    op: str
    value: str
    value_at: int


@dataclass(frozen=True, slots=True)
class _Not:
    inner: _Node


@dataclass(frozen=True, slots=True)
class _All:
    inner: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Any:
    inner: tuple[_Node, ...]


_Node = _Term | _Not | _All | _Any


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise FilterError(f"The query is longer than {_LONGEST} characters.", _LONGEST)
        self._text, self._at = text, 0

    def parse(self) -> _Node | None:
        if not self._text.strip():
            return None
        node = self._either(0)
        if self._at < len(self._text.rstrip()):
            raise FilterError("There is a ')' without its '('.", self._at, "Remove it, or quote the text.")
        return node

    def _either(self, depth: int) -> _Node:
        if depth > _MOST_NESTED:
            raise FilterError("There are too many brackets inside each other.", self._at)
        options = [self._all(depth)]
        while (found := self._peek()) is not None and (found["or"] or self._word(found) == "OR"):
            self._at = found.end()
            options.append(self._all(depth))
        return options[0] if len(options) == 1 else _Any(tuple(options))

    def _all(self, depth: int) -> _Node:
        nodes: list[_Node] = []
        while (found := self._peek()) is not None and not found["close"]:
            if found["or"] or self._word(found) == "OR":
                break
            if self._word(found) == "AND" and nodes:
                self._at = found.end()
                continue
            nodes.append(self._one(found, depth))
        if not nodes:
            raise FilterError(
                "Something is missing here.", self._at, "Write a condition on both sides of OR."
            )
        return nodes[0] if len(nodes) == 1 else _All(tuple(nodes))

    def _one(self, found: re.Match[str], depth: int) -> _Node:
        self._at = found.end()
        if found["open"]:
            start = found.start("open")
            inner = self._either(depth + 1)
            closing = self._peek()
            if closing is None or not closing["close"]:
                raise FilterError("This bracket is not closed.", start, "Add a ')'.")
            self._at = closing.end()
            return _Not(inner) if found["open"].startswith("-") else inner
        if self._word(found) == "NOT":
            after = self._peek()
            if after is None or after["close"] or after["or"]:
                raise FilterError(
                    "NOT turns nothing round.", found.start("value"), "Write a condition after it."
                )
            return _Not(self._one(after, depth + 1))
        return self._condition(found)

    def _condition(self, found: re.Match[str]) -> _Node:
        if found["value"] is None or (found["field"] is None and _hanging(found["value"])):
            start = found.start("field") if found["field"] else max(found.start("value"), found.start())
            raise FilterError(
                "A value is missing here.",
                found.end(),
                f'Write one, or "" for empty, after {self._text[start : found.end()].strip()}',
            )
        start = found.start("field") if found["field"] else found.start("value")
        term = _Term(
            self._text[start : found.end()], start, (found["field"] or "").lower(), found["op"] or "",
            found["value"], found.start("value"),
        )  # fmt: skip
        return _Not(term) if found["minus"] else term

    def _peek(self) -> re.Match[str] | None:
        if not self._text[self._at :].strip():
            return None
        found = TOKEN.match(self._text, self._at)
        assert found is not None  # every part of it is optional
        if found.end() == self._at or not found[0].strip():
            raise FilterError("This cannot be read.", self._at, "Put the text into quotation marks.")
        return found

    @staticmethod
    def _word(found: re.Match[str]) -> str:
        return found["value"] or "" if not found["field"] and not found["minus"] else ""


def _hanging(value: str) -> bool:
    """ "model:" with nothing behind."""
    return re.fullmatch(r"[A-Za-z][\w.]*(!=|<=|>=|=|:|<|>)", value) is not None


class Query:
    """A query that was read and checked. FilterError says what is wrong and where."""

    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.needs_database = False
        self._language = language
        self._node = _Parser(text).parse()
        if self._node is not None:
            self._check(self._node)

    @property
    def empty(self) -> bool:
        return self._node is None

    def test(self, connection: Connection | None = None) -> Predicate | None:
        """The predicate over (row, the row's words in lower case); None for an empty query. Each term that the database answers
        is asked once: make a new test after what it asks for has changed."""
        return self._build(self._node, connection) if self._node is not None else None

    def _check(self, node: _Node) -> None:
        """Say what is wrong before anything is asked."""
        if isinstance(node, _Not):
            self._check(node.inner)
        elif not isinstance(node, _Term):
            for inner in node.inner:
                self._check(inner)
        elif self._language.term(node.field) is not None:
            self.needs_database = True
        else:
            self._in_row(node)

    def _build(self, node: _Node, connection: Connection | None) -> Predicate:
        if isinstance(node, _Not):
            turned = self._build(node.inner, connection)
            return lambda row, words: not turned(row, words)
        if isinstance(node, _Term):
            return self._term(node, connection)
        tests = [self._build(inner, connection) for inner in node.inner]
        if isinstance(node, _All):
            return lambda row, words: all(test(row, words) for test in tests)
        return lambda row, words: any(test(row, words) for test in tests)

    def _term(self, node: _Term, connection: Connection | None) -> Predicate:
        found = self._language.term(node.field)
        if found is None:
            return self._in_row(node)
        if connection is None:
            raise FilterError(f"'{node.text}' needs the store.", node.start)
        term, argument = found
        try:
            answer = term.ask(connection, argument, node.op, node.value)
        except FilterError as error:
            raise FilterError(error.message, node.value_at, error.hint) from None
        return lambda row, words: row.id in answer

    def _in_row(self, node: _Term) -> Predicate:
        if not node.field:
            return word_test(node.value)
        known = self._language.fields.get(node.field)
        if known is None:
            raise self._unknown(node)
        get, test = known.get, value_test(node.op, node.value, known.kind, node.value_at)
        return lambda row, words: test(get(row))

    def _unknown(self, node: _Term) -> FilterError:
        names = sorted((*self._language.fields, *self._language.terms))
        near = [n for n in names if n.startswith(node.field[:2])] or names
        return FilterError(f"There is no column '{node.field}'.", node.start, f"Try {', '.join(near[:6])}.")
