"""Conditions of the query bar that the database answers: each a set of server ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, String, cast, func, or_, select

from dsm_desktop.queries.newest import is_newest, newest_snapshots
from dsm_desktop.queries.query_language import DatabaseTerm
from dsm_desktop.queries.query_values import ORDERED, FilterError, alternatives, unquoted, value_test
from dsm_desktop.store import part_words, search
from dsm_desktop.store.models import (
    CustomField,
    InventoryFirmware,
    InventoryPart,
    InventorySnapshot,
    Rack,
    RackPlace,
    Server,
    ServerEventLog,
    ServerGroup,
    ServerGroupMember,
    ServerGroupParent,
)

Answer = frozenset[int]
_asking: ContextVar[tuple[int, ...]] = ContextVar("dsm_groups_asking", default=())
"""Smart groups whose queries are being answered further up."""
_DEEPEST = 6


def _any_of(
    pairs: Iterable[tuple[int, object]], op: str, raw: str, everybody: Callable[[], Answer]
) -> Answer:
    """Servers with a value that fits; `!=` = those with none that is equal."""
    if op in ORDERED:
        raise FilterError(f"'{op}' does not fit here.", 0, "Write : or = or !=.")
    test = value_test("=" if op == "!=" else op, raw)
    found = frozenset(server_id for server_id, value in pairs if test(value))
    return everybody() - found if op == "!=" else found


def _everybody(connection: Connection) -> Callable[[], Answer]:
    return lambda: frozenset(connection.scalars(select(Server.id)))


def _firmware(connection: Connection, component: str, op: str, raw: str) -> Answer:
    """Servers with a component whose name holds the word and whose version fits; `!=` = it is there in another version."""
    f, s = InventoryFirmware, InventorySnapshot
    word = component.replace("_", " ")
    query = (
        select(f.version, func.aggregate_strings(cast(s.server_id, String), ","))
        .join(s, s.id == f.snapshot_id)
        .where(f.snapshot_id.in_(newest_snapshots()), f.state == "installed")
        .where(or_(f.name.icontains(word, autoescape=True), f.fqdd.icontains(word, autoescape=True)))
        .group_by(f.version)
    )
    test = value_test(op, raw, "version")
    return frozenset(
        int(i) for version, ids in connection.execute(query) if test(version) for i in ids.split(",")
    )


def _part(connection: Connection, _: str, op: str, raw: str) -> Answer:
    """Servers that have a part (words, serial, MAC, part number) today."""
    if op in ORDERED:
        raise FilterError("A part has no order.", 0, "Write part:HBA355i.")
    p, s = InventoryPart, InventorySnapshot
    found: set[int] = set()
    for text in alternatives(raw) or [""]:
        if not part_words.query_words(text):
            raise FilterError("Name a part.", 0, "For example part:HBA355i.")
        parts = part_words.matching(text, connection.dialect.name)
        query = (
            select(s.server_id)
            .distinct()
            .select_from(parts)
            .join(p, p.id == parts.c.part_id)
            .join(s, s.id == p.snapshot_id)
            .where(is_newest())
        )
        found.update(connection.scalars(query))
    return _everybody(connection)() - found if op == "!=" else frozenset(found)


def _part_column(column: str) -> Callable[[Connection, str, str, str], Answer]:
    def ask(connection: Connection, _: str, op: str, raw: str) -> Answer:
        p, s = InventoryPart, InventorySnapshot
        value = getattr(p, column)
        query = select(s.server_id, value).join(s, s.id == p.snapshot_id)
        query = query.where(p.snapshot_id.in_(newest_snapshots()), value != "")
        options = alternatives(raw)
        if options and op != ":" and not set(raw) & set("*?"):
            # From the index, in the spellings that are met.
            query = query.where(value.in_([form for w in options for form in (w, w.upper(), w.lower())]))
        elif options and not set(raw) & set("*?"):
            query = query.where(or_(*(value.icontains(w, autoescape=True) for w in options)))
        return _any_of(_pairs(connection, query), op, raw, _everybody(connection))

    return ask


def _custom(connection: Connection, key: str, op: str, raw: str) -> Answer:
    """Servers by a custom field; `!=` also where it is empty, `field.x:""` only there."""
    kind = connection.scalar(select(CustomField.kind).where(CustomField.key == key))
    if kind is None:
        known = sorted(connection.scalars(select(CustomField.key)))
        hint = f"Known: {', '.join(known[:8])}." if known else "Define it under Settings first."
        raise FilterError(f"There is no custom field '{key}'.", 0, hint)
    test = value_test(op, raw, {"number": "number", "date": "version"}.get(kind, "text"))
    rows = connection.execute(select(Server.id, Server.custom))
    return frozenset(i for i, custom in rows if test((custom or {}).get(key)))


def _rack(column: str) -> Callable[[Connection, str, str, str], Answer]:
    def ask(connection: Connection, _: str, op: str, raw: str) -> Answer:
        query = select(RackPlace.server_id, getattr(Rack, column)).join(Rack, Rack.id == RackPlace.rack_id)
        return _any_of(_pairs(connection, query), op, raw, _everybody(connection))

    return ask


def _event(connection: Connection, _: str, op: str, raw: str) -> Answer:
    words = unquoted(raw)
    if op in ORDERED or not search.words_of(words):
        raise FilterError("Name words of a log entry or its message id.", 0, "For example event:PSU0001.")
    log = ServerEventLog
    query = select(log.server_id).distinct().where(search.matching(words, connection.dialect.name))
    found = frozenset(connection.scalars(query))
    return _everybody(connection)() - found if op == "!=" else found


def _group(connection: Connection, _: str, op: str, raw: str) -> Answer:
    """Servers in groups of that name and in all groups below; a smart group is asked its own query."""
    groups = [(i, name) for i, name in connection.execute(select(ServerGroup.id, ServerGroup.name))]
    if op in ORDERED:
        raise FilterError("A group has no order.", 0, "Write group:Berlin.")
    test = value_test("=" if op == "!=" else op, raw)
    chosen = [i for i, name in groups if test(name)]
    if not chosen:
        names = ", ".join(sorted(name for _, name in groups)[:6])
        raise FilterError("There is no such group.", 0, f"Known: {names}." if names else "")
    found: set[int] = set()
    for group_id in chosen:
        found |= group_members(connection, group_id)
    return _everybody(connection)() - found if op == "!=" else frozenset(found)


def group_members(connection: Connection, group_id: int, depth: int = 0) -> Answer:
    """Ids of the servers in a group and in every group below it. FilterError where smart groups ask for each other in a circle."""
    from dsm_desktop.queries.server_query import matching  # a smart group is a query

    if depth > _DEEPEST:
        raise FilterError("These groups ask for each other in a circle.", 0, "Change one of their queries.")
    row = connection.execute(
        select(ServerGroup.kind, ServerGroup.filter).where(ServerGroup.id == group_id)
    ).first()
    if row is None:
        return frozenset()
    if row.kind == "saved_filter":
        asking = _asking.get()
        if group_id in asking:
            raise FilterError(
                "These groups ask for each other in a circle.", 0, "Change one of their queries."
            )
        before = _asking.set((*asking, group_id))
        try:
            found = frozenset(server.id for server in matching(connection, row.filter))
        finally:
            _asking.reset(before)
    else:
        query = select(ServerGroupMember.server_id).where(ServerGroupMember.group_id == group_id)
        found = frozenset(connection.scalars(query))
    below = connection.scalars(
        select(ServerGroupParent.child_id).where(ServerGroupParent.parent_id == group_id)
    )
    for child in list(below):
        found |= group_members(connection, child, depth + 1)
    return found


def _pairs(connection: Connection, query: Any) -> list[tuple[int, object]]:
    return [(server_id, value) for server_id, value in connection.execute(query)]


TERMS: dict[str, DatabaseTerm] = {
    term.name: term
    for term in (
        DatabaseTerm("fw", "version of a firmware: fw.perc<52.26, fw.nic!=22.5.7", _firmware, family=True),
        DatabaseTerm("field", "an own field: field.warranty<2027-03-31", _custom, family=True),
        DatabaseTerm("part", "has a part: HBA355i, a serial, a MAC, *3456 (ends with)", _part),
        DatabaseTerm("pn", "has a part with this part number", _part_column("part_number")),
        DatabaseTerm("serial", "has a part with this serial number", _part_column("serial_number")),
        DatabaseTerm("group", "in a group or one below it", _group),
        DatabaseTerm("rack", "stands in a rack", _rack("name")),
        DatabaseTerm("room", "stands in a room", _rack("room")),
        DatabaseTerm("event", "has a log entry: a message id or words", _event),
    )
}
"""By name."""
