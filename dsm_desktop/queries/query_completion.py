"""What may come next in the query bar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.core.domains import pdu_names
from dsm_desktop.queries.custom_fields import CustomFieldRow, list_custom_fields
from dsm_desktop.queries.newest import newest_snapshots
from dsm_desktop.queries.pivots import component_name
from dsm_desktop.queries.query_language import Language
from dsm_desktop.queries.query_values import quoted
from dsm_desktop.queries.server_query import LANGUAGE
from dsm_desktop.queries.tags import tag_counts
from dsm_desktop.store.models import InventoryFirmware, Rack, Server, ServerGroup

MOST = 50
_PIECE = re.compile(
    r"""(?P<minus>-?)(?:(?P<field>[A-Za-z][\w.]*)(?P<op>!=|<=|>=|=|:|<|>))?(?P<value>(?:"[^"]*"?|[^\s"()|]+)*)$"""
)
_REST = re.compile(r"""[^\s"()|]*""")
_OPERATORS = {
    "text": ((":", "contains, * and ? allowed"), ("=", "is"), ("!=", "is not")),
    "number": ((">", "more than"), ("<", "less than"), ("=", "is")),
    "version": (("<", "older than"), (">=", "at least"), ("=", "is"), ("!=", "is not")),
    "time": ((">", "longer ago than"), ("<", "less long ago than")),
}
_HELP = {
    "health": "worst state of all subsystems", "name": "name, host name, tag or address", "model": "PowerEdge model",
    "power": "power state", "access": "how far the program gets", "address": "BMC address", "generation": "iDRAC generation",
    "idrac": "iDRAC firmware", "bios": "BIOS version", "memory": "GiB", "watts": "power draw", "inlet": "inlet, °C",
    "host": "host name", "read": "facts were read", "seen": "the BMC was met", "inventory": "parts were read",
    "logs": "logs were read", "added": "came onto the list", "problem": "why it is not read", "code": "name of the problem",
    "notes": "notes", "tag": "service tag or own tag", "tags": 'own tag; tags:"" = without any', "mac": "MAC of the BMC",
    "subsystem": "a subsystem that is not in order", "manufacturer": "maker", "uuid": "UUID", "port": "BMC port", "id": "number in the store",
    "redfish": "version of Redfish", "licence": "iDRAC licence", "cpu": "processors", "asset": "asset tag", "pdu": "PDU it hangs on", "skew": "BMC clock, seconds ahead",
    "response": "answer time, ms", "lockdown": "lockdown mode, yes or no", "led": "locating LED blinks, yes or no",
    "trust": "pin, ca or off", "fw.bios": "BIOS version", "fw.idrac": "iDRAC firmware",
}  # fmt: skip
_FIXED: Mapping[str, tuple[str, ...]] = {
    "health": ("ok", "warning", "critical", "unknown"),
    "power": ("on", "off", "powering_on", "powering_off", "unknown"),
    "access": ("managed", "no_login", "unreachable", "untrusted", "generic", "unknown"),
    "generation": ("iDRAC7", "iDRAC8", "iDRAC9", "iDRAC10", "other"),
    "lockdown": ("yes", "no"),
    "led": ("yes", "no"),
    "trust": ("pin", "ca", "off"),
}
_AGES = ("30min", "2h", "1d", "7d", "4w")


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What can be asked for, and what this site has: values by field, custom fields, firmware components ("perc")."""

    language: Language = LANGUAGE
    helps: Mapping[str, str] = field(default_factory=lambda: _HELP)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    custom: tuple[CustomFieldRow, ...] = ()
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Replace the text from `start` to `end` by `insert`. `kind` field | operator | value | keyword; `help` one line."""

    insert: str
    label: str
    kind: str
    help: str
    start: int
    end: int


def query_context(connection: Connection) -> QueryContext:
    """Read once when the bar gets the focus; a few milliseconds at 10,000 servers, the components somewhat more."""

    def distinct(column: Any) -> tuple[str, ...]:
        return tuple(sorted({str(v) for v in connection.scalars(select(column).distinct()) if v}))

    f = InventoryFirmware
    names = connection.execute(
        select(f.name, func.count())
        .where(f.snapshot_id.in_(newest_snapshots()), f.state == "installed")
        .group_by(f.name)
    )
    tags = tuple(tag_counts(connection))
    values = {
        "model": distinct(Server.model), "licence": distinct(Server.licence), "idrac": distinct(Server.idrac_version),
        "bios": distinct(Server.bios_version), "manufacturer": distinct(Server.manufacturer), "tags": tags, "tag": tags,
        "cpu": distinct(Server.processor_summary), "group": distinct(ServerGroup.name), "rack": distinct(Rack.name),
        "room": distinct(Rack.room), "pdu": _pdus(distinct(Server.pdus)), "code": distinct(Server.problem_code),
    }  # fmt: skip
    words = {"_".join(re.findall(r"[a-z0-9]+", component_name(name).lower())) for name, _ in names}
    return QueryContext(
        LANGUAGE,
        _HELP,
        {**_FIXED, **values},
        tuple(list_custom_fields(connection)),
        tuple(sorted(words - {""}))[:500],
    )


def _pdus(written: Iterable[str]) -> tuple[str, ...]:
    """Every PDU named on a server, once whatever its capitals."""
    return tuple(sorted(pdu_names(",".join(written))))


def complete(text: str, cursor: int, context: QueryContext) -> list[Suggestion]:
    """What can stand where the cursor is, the likeliest first, at most MOST."""
    before = text[:cursor]
    found = _PIECE.search(before, _start_of(before))
    if found is None:
        return []
    behind = _REST.match(text, cursor)
    end = behind.end() if behind else cursor
    name, value = (found["field"] or "").lower(), found["value"]
    if not name:
        return _names(
            value, found.start("value"), cursor if '"' in value else end, context, fresh=not found["minus"]
        )
    begins = _last_alternative(value)
    typed = value[begins:]
    return _values(
        name, typed.replace('"', ""), found.start("value") + begins, cursor if '"' in typed else end, context
    )


def _last_alternative(value: str) -> int:
    """Where the part behind the last comma outside quotation marks begins."""
    begins, inside = 0, False
    for place, letter in enumerate(value):
        if letter == '"':
            inside = not inside
        elif letter == "," and not inside:
            begins = place + 1
    return begins


def _start_of(before: str) -> int:
    """Where the piece the cursor is in begins: after the last blank or bracket outside quotation marks."""
    start, quoted = 0, False
    for place, letter in enumerate(before):
        if letter == '"':
            quoted = not quoted
        elif not quoted and (letter.isspace() or letter in "()|"):
            start = place + 1
    return start


def _names(typed: str, start: int, end: int, context: QueryContext, *, fresh: bool) -> list[Suggestion]:
    word = typed.strip('"').lower()
    fields, terms = context.language.fields, context.language.terms
    if word in fields or (word in terms and not terms[word].family):
        kind = fields[word].kind if word in fields else "text"
        return [Suggestion(word + op, word + op, "operator", tip, start, end) for op, tip in _OPERATORS[kind]]
    known: dict[str, str] = {name: context.helps.get(name, "") for name in fields}
    known |= {name: term.help for name, term in terms.items() if not term.family}
    if "." not in word:
        known |= {f"{name}.": term.help for name, term in terms.items() if term.family}
    known |= {f"field.{row.key}": row.help or row.title for row in context.custom}
    if word.startswith("fw."):
        known |= {f"fw.{name}": "version of this firmware" for name in context.components}
    found = [
        Suggestion(n if n.endswith(".") else n + _first(n, context), n, "field", known[n], start, end)
        for n in _ranked(known, word)
    ]
    if fresh and word and "or".startswith(word):
        found.append(Suggestion("OR ", "OR", "keyword", "either of both", start, end))
    if fresh and word and "not".startswith(word):
        found.append(Suggestion("NOT ", "NOT", "keyword", "turns the next condition round", start, end))
    return found[:MOST]


def _values(name: str, typed: str, start: int, end: int, context: QueryContext) -> list[Suggestion]:
    fields = context.language.fields
    known = context.values.get(name, ())
    for row in context.custom:
        if name == f"field.{row.key}":
            known = row.choices or (("yes", "no") if row.kind == "yes_no" else ())
    if name in fields and fields[name].kind == "time":
        known = _AGES
    if name.startswith("fw."):
        known = context.values.get(name[3:], ())
    return [Suggestion(quoted(v), v, "value", "", start, end) for v in _ranked(known, typed.lower())][:MOST]


def _ranked(names: Iterable[str], word: str) -> list[str]:
    """Those that begin with the word, then those that hold it (of "fw.perc": those of the family that hold "perc")."""
    listed = list(names)
    begins = [n for n in listed if n.lower().startswith(word)]
    family, point, tail = word.rpartition(".")
    holds = [n for n in listed if word in n.lower() or (point and n.startswith(family + ".") and tail in n)]
    return list(dict.fromkeys((*begins, *holds)))


def _first(name: str, context: QueryContext) -> str:
    found = context.language.fields.get(name)
    kind = found.kind if found is not None else "version" if name.startswith("fw.") else "text"
    return _OPERATORS[kind][0][0]
