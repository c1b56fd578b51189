"""Query options of Redfish as iDRACs support them: $expand (one level), $select, $filter, $top, $skip, only."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Callable
from typing import Any, Final

from dsm_desktop.simulator.exchange import Doc

PAGE: Final = 50
"""Members per page, on every generation recorded."""

Fetch = Callable[[str], Doc | None]


class BadQuery(Exception):
    """A query the device refuses; `key` and `args` name the message."""

    def __init__(self, key: str, *args: str) -> None:
        super().__init__(key)
        self.key = key
        self.arguments = args


@dataclasses.dataclass(slots=True)
class Query:
    """A parsed query string."""

    expand: str = ""
    select: list[list[str]] = dataclasses.field(default_factory=list)
    filter: str = ""
    top: int | None = None
    skip: int = 0
    only: bool = False


def parse(text: str, known: frozenset[str]) -> Query:
    """Parse a query string; options the firmware does not know are refused with SYS451."""
    query = Query()
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        name, value = urllib.parse.unquote(name), urllib.parse.unquote_plus(value)
        if not name:
            continue
        if name not in known:
            if name.startswith("$") or name == "only":
                raise BadQuery("SYS451", name)
            continue
        _take(query, name, value)
    return query


def _take(query: Query, name: str, value: str) -> None:
    if name == "$expand":
        match = re.fullmatch(r"([*.~])(?:\(\$levels=(\d+)\))?", value)
        if match is None:
            raise BadQuery("SYS456", name, value)
        if match[2] not in (None, "1"):
            raise BadQuery("SYS456", name, value)
        query.expand = match[1]
    elif name == "$select":
        query.select = [part.strip().split("/") for part in value.split(",") if part.strip()]
    elif name == "$filter":
        query.filter = value
    elif name in ("$top", "$skip"):
        if not value.isdigit() or (name == "$top" and value == "0"):
            raise BadQuery("SYS407", value, name)
        setattr(query, name[1:], int(value))
    elif name == "only":
        query.only = True


def apply(query: Query, path: str, doc: Doc, fetch: Fetch, paged: bool) -> Doc:
    """The document as the query asks for it."""
    members = doc.get("Members")
    if isinstance(members, list):
        doc = _members(query, path, doc, members, fetch, paged)
        if query.only and len(doc["Members"]) == 1 and isinstance(doc["Members"][0], dict):
            return fetch(doc["Members"][0]["@odata.id"]) or doc
    elif query.filter or query.top is not None or query.skip:
        raise BadQuery("SYS451", "$filter" if query.filter else "$top")
    elif query.expand:
        doc = _expand(doc, query.expand, fetch)
    return _select(doc, query.select) if query.select else doc


def _members(query: Query, path: str, doc: Doc, members: list[Any], fetch: Fetch, paged: bool) -> Doc:
    if query.expand:
        members = [_resolve(m, fetch) for m in members]
    if query.filter:
        source = members if query.expand or paged else [_resolve(m, fetch) for m in members]
        keep = compile_filter(query.filter)
        members = [m for m, s in zip(members, source, strict=True) if keep(s)]
    total = len(members)
    if query.skip and query.skip >= total:
        raise BadQuery("SYS417", str(query.skip), "$skip", f"0-{max(0, total - 1)}")
    size = PAGE if paged or query.expand else max(total, 1)
    if query.top is not None:
        size = min(query.top, size)
    page = members[query.skip : query.skip + size]
    result = {**doc, "Members": page, "Members@odata.count": total}
    if query.skip + size < total and (query.top is None or query.top > size):
        result["Members@odata.nextLink"] = f"{path}?{_next(query, query.skip + size, size)}"
    if query.select:
        result["Members"] = [_select(m, query.select) if len(m) > 1 else m for m in page]
        query.select = []
    return result


def _next(query: Query, skip: int, size: int) -> str:
    parts = []
    if query.expand:
        parts.append(f"$expand={query.expand}($levels=1)")
    if query.filter:
        parts.append("$filter=" + urllib.parse.quote(query.filter))
    if query.top is not None:
        parts.append(f"$top={query.top - size}")
    return "&".join([*parts, f"$skip={skip}"])


def _resolve(link: Doc, fetch: Fetch) -> Doc:
    if len(link) > 1:
        return link
    return fetch(link["@odata.id"]) or link


def _expand(doc: Doc, how: str, fetch: Fetch) -> Doc:
    """Replace links by the documents they lead to: `*` all, `.` all but those in Links, `~` only those in Links."""

    def walk(value: Any, inside: bool) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"@odata.id"}:
                wanted = how == "*" or (how == "~") == inside
                target = value["@odata.id"]
                return (fetch(target) or value) if wanted and "#" not in target else value
            return {k: walk(v, inside or k == "Links") for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, inside) for v in value]
        return value

    return {k: walk(v, k == "Links") for k, v in doc.items()}


def _select(doc: Doc, wanted: list[list[str]]) -> Doc:
    result = {k: v for k, v in doc.items() if k.startswith("@odata.")}
    for path in wanted:
        _copy(doc, result, path)
    return result


def _copy(source: Any, target: Doc, path: list[str]) -> None:
    head, *rest = path
    if not isinstance(source, dict) or head not in source:
        return
    if not rest:
        target[head] = source[head]
        return
    if isinstance(source[head], dict):
        child = target.setdefault(head, {})
        _copy(source[head], child, rest)


# -- $filter --------------------------------------------------------------------------------------------------

Predicate = Callable[[Doc], bool]
_TOKEN: Final = re.compile(r"\s*(\(|\)|'(?:[^']|'')*'|[^\s()']+)")
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}


def compile_filter(text: str) -> Predicate:
    """A predicate for a filter such as `Severity eq 'Critical' and Created ge '2024-01-01T00:00:00-06:00'`."""
    parser = _Parser(_TOKEN.findall(text), text)
    predicate = parser.either()
    if parser.tokens:
        raise BadQuery("SYS457", "$filter")
    return predicate


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens = tokens
        self._text = text

    def _take(self) -> str:
        if not self.tokens:
            raise BadQuery("SYS457", "$filter")
        return self.tokens.pop(0)

    def either(self) -> Predicate:
        """a or b."""
        left = self._both()
        while self.tokens and self.tokens[0] == "or":
            self._take()
            left = _any(left, self._both())
        return left

    def _both(self) -> Predicate:
        left = self._single()
        while self.tokens and self.tokens[0] == "and":
            self._take()
            left = _all(left, self._single())
        return left

    def _single(self) -> Predicate:
        token = self._take()
        if token == "not":  # noqa: S105 - an operator, not a password
            inner = self._single()
            return lambda doc: not inner(doc)
        if token == "(":  # noqa: S105
            predicate = self.either()
            if self._take() != ")":
                raise BadQuery("SYS457", "$filter")
            return predicate
        operator = _OPERATORS.get(self._take())
        if operator is None:
            raise BadQuery("SYS457", "$filter")
        return _compare(token.split("/"), operator, _literal(self._take()))


def _any(a: Predicate, b: Predicate) -> Predicate:
    return lambda doc: a(doc) or b(doc)


def _all(a: Predicate, b: Predicate) -> Predicate:
    return lambda doc: a(doc) and b(doc)


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    named = {"true": True, "false": False, "null": None}
    if token in named:
        return named[token]
    try:
        return float(token)
    except ValueError:
        return token


def _compare(path: list[str], operator: Callable[[Any, Any], bool], wanted: Any) -> Predicate:
    def test(doc: Doc) -> bool:
        value: Any = doc
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        try:
            return operator(value, wanted)
        except TypeError:
            return False

    return test
