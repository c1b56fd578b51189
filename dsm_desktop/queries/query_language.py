"""The query bar of the server grid: all of `filter`, and OR, parentheses, and what lies beyond the grid's own columns.

    model:R750 health!=ok fw.bios<2.19 tag:ABC*
    (rack:A3 OR group:"vSAN cluster A") -tags:retired part:HBA355i seen>7d

AND binds tighter than OR (also written |) and is written by a blank; NOT or a leading minus turns a term or a bracket round.
`tag` is the service tag or an operator's tag. Terms about firmware, parts, custom fields, tags, groups, racks and logs are answered
by the database once (`Query.test`), everything else from the row in hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection

from dsm_desktop.queries.filter import Field, FilterError, Predicate, parse
from dsm_desktop.queries.query_terms import TERMS, Answer, term_named
from dsm_desktop.queries.server_filter import SERVER_FIELDS
from dsm_desktop.queries.servers import ServerRow, list_servers

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>-?\()|(?P<close>\))|(?P<or>\|)|(?P<minus>-)?(?:(?P<field>[A-Za-z][\w.]*)(?P<op>!=|<=|>=|=|:|<|>))?"""
    r"""(?P<value>"[^"]*"?|[^\s"()|]+)?)""",
    re.X,
)
_MOST_NESTED = 50
_LONGEST = 10_000


class HasId(Protocol):
    """A row of a grid of servers."""

    id: int


def _flag(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


FLEET_FIELDS: Mapping[str, Field] = {
    **SERVER_FIELDS,
    **{
        field.name: field
        for field in (
            Field("seen", lambda r: r.seen_at, "time"),
            Field("inventory", lambda r: r.inventory_at, "time"),
            Field("logs", lambda r: r.logs_at, "time"),
            Field("added", lambda r: r.added_at, "time"),
            Field("manufacturer", lambda r: r.manufacturer),
            Field("licence", lambda r: r.licence),
            Field("cpu", lambda r: r.processor_summary),
            Field("uuid", lambda r: r.uuid),
            Field("asset", lambda r: r.asset_tag),
            Field("redfish", lambda r: r.redfish_version, "version"),
            Field("port", lambda r: r.port, "number"),
            Field("skew", lambda r: r.clock_skew_seconds, "number"),
            Field("response", lambda r: r.response_ms, "number"),
            Field("lockdown", lambda r: _flag(r.lockdown)),
            Field("led", lambda r: _flag(r.led_blinking)),
            Field("trust", lambda r: r.trust_mode),
            Field("code", lambda r: r.problem_code),
            Field("id", lambda r: r.id, "number"),
            Field("fw.bios", lambda r: r.bios_version, "version"),
            Field("fw.idrac", lambda r: r.idrac_version, "version"),
        )
    },
}
"""What is answered from a ServerRow; `query_terms.TERMS` are answered by the database."""


@dataclass(frozen=True, slots=True)
class _Term:
    """One condition. `text` without its minus; `start` its place in the query, `value_at` that of its value."""

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
        found = _TOKEN.match(self._text, self._at)
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
    """A query that was read. `test(connection)` makes it a predicate over (row, the row's words in lower case), as `filter.parse`
    does; `needs_database` False: `test(None)` will do. Make a new test after what it asks for has changed."""

    def __init__(self, text: str, node: _Node | None) -> None:
        self.text = text
        self._node = node
        self._asked: list[_Term] = []
        if node is not None:
            self._check(node)

    @property
    def empty(self) -> bool:
        return self._node is None

    @property
    def needs_database(self) -> bool:
        return bool(self._asked)

    def test(self, connection: Connection | None) -> Predicate | None:
        """The predicate; None for an empty query. One or two statements for each term that needs the database."""
        return self._build(self._node, connection) if self._node is not None else None

    def _check(self, node: _Node) -> None:
        """Say what is wrong before anything is asked."""
        if isinstance(node, _Not):
            self._check(node.inner)
        elif isinstance(node, _Term):
            if term_named(node.field) is not None and node.field not in FLEET_FIELDS:
                self._asked.append(node)
            else:
                _in_row(node)
            if node.field in _BOTH:
                self._asked.append(node)
        else:
            for inner in node.inner:
                self._check(inner)

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
        if node not in self._asked:
            return _in_row(node)
        if connection is None:
            raise FilterError(f"'{node.text}' needs the store.", node.start)
        turned = node.op == "!=" and node.field in _BOTH
        answer = _ask(connection, node, "=" if turned else node.op)
        if node.field not in _BOTH:
            return lambda row, words: row.id in answer
        here = _in_row(_Term(node.text.replace("!=", "=", 1), node.start, node.field, "=", node.value, node.value_at) if turned else node)  # fmt: skip
        return lambda row, words: turned != (row.id in answer or here(row, words))


_BOTH = frozenset({"tag"})
"""Fields that stand in the row and in the database."""


def _in_row(node: _Term) -> Predicate:
    """A condition the row answers. FilterError at its place in the whole query."""
    if node.field and node.field not in FLEET_FIELDS:
        near = sorted(n for n in (*FLEET_FIELDS, *TERMS) if n.startswith(node.field[:2]))
        raise FilterError(
            f"There is no column '{node.field}'.", node.start,
            f"Try {', '.join(near[:6])}." if near else "Ctrl+Space lists what can be asked for.",
        )  # fmt: skip
    try:
        test = parse(node.text, FLEET_FIELDS)
    except FilterError as error:
        raise FilterError(error.message, node.start + error.position, error.hint) from None
    assert test is not None
    return test


def _ask(connection: Connection, node: _Term, op: str) -> Answer:
    found = term_named(node.field)
    assert found is not None
    term, argument = found
    try:
        return term.ask(connection, argument, op, node.value)
    except FilterError as error:
        raise FilterError(error.message, node.value_at, error.hint) from None


@lru_cache(maxsize=500)
def parse_query(text: str) -> Query:
    """Read a query. FilterError says what is wrong and where (`position`, the character from 0)."""
    return Query(text, _Parser(text).parse())


def words_of(row: ServerRow) -> str:
    """What a bare word is looked for in."""
    texts = (
        row.label, row.host_name, row.service_tag or "", row.model, row.endpoint, row.generation, row.asset_tag,
        row.notes,
    )  # fmt: skip
    return "\n".join(texts).lower()


def matching(connection: Connection, text: str, rows: Sequence[ServerRow] | None = None) -> list[ServerRow]:
    """The servers a query names, of `rows` or of all; every one for an empty query. Raises FilterError."""
    test = parse_query(text).test(connection)
    found = list_servers(connection) if rows is None else rows
    return [row for row in found if test is None or test(row, words_of(row))]


Words = Callable[[Any], str]
