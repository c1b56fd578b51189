"""What changed between two dates, for one server or the fleet: parts, firmware, settings, facts, out of dated snapshots."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, String, cast, func, select

from dsm_desktop.core.part_words import firmware_title, part_title
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.newest import Ids, server_label, wanted
from dsm_desktop.store.models import (
    InventoryFirmware,
    InventoryPart,
    InventorySetting,
    InventorySnapshot,
    Server,
)

# What moves by itself, and what the firmware rows say already.
_FACTS = (
    "host_name", "model", "service_tag", "board_serial", "asset_tag", "uuid", "bmc_mac", "licence", "memory_gib",
    "processor_summary", "lockdown",
)  # fmt: skip


_Key = tuple[str, ...]
"""What a thing is known by in both readings; the last word is the iDRAC's own name for it."""
_Row = tuple[int, _Key, str, list[Any]]
"""Snapshot, key, title for people, and what is said of the thing."""
_Difference = tuple[str, str, str, str, str, str]
"""what, how, subject, before, after, identifier"""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change. `when` = first read that showed it, `last_seen` = last read that showed the state before (it happened between).

    `what` part | firmware | setting | fact; `subject` as an operator names it ("Drive Bay 3"), `identifier` as the iDRAC does ("" =
    in no other way); `how` added | removed | changed; `sure` False: a read of that time had gaps, so
    the thing may only not have been readable.
    """

    server_id: int
    server: str
    service_tag: str
    when: datetime
    last_seen: datetime
    what: str
    how: str
    subject: str
    before: str
    after: str
    sure: bool
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    id: int
    server_id: int
    taken_at: datetime
    confirmed_at: datetime
    gaps: bool


def changes(
    connection: Connection, since: datetime, until: datetime, server_ids: Ids = None
) -> Iterator[ChangeLine]:
    """Every change seen after `since` up to `until`, server by server, oldest first. Aware times.

    A server's first read is no change. Three statements for each pair of snapshots; only differences leave the database.
    """
    labels = {
        row.id: (row.label, row.service_tag or "")
        for row in connection.execute(select(Server.id, server_label().label("label"), Server.service_tag))
    }
    for server_id, snapshots in _in_time(connection, since, until, server_ids).items():
        label, tag = labels[server_id]
        for older, newer in pairwise(snapshots):
            for what, how, subject, before, after, ident in _between(connection, older.id, newer.id):
                sure = not ((how == "removed" and newer.gaps) or (how == "added" and older.gaps))
                yield ChangeLine(
                    server_id,
                    label,
                    tag,
                    newer.taken_at,
                    older.confirmed_at,
                    what,
                    how,
                    subject,
                    before,
                    after,
                    sure,
                    ident,
                )


def changes_table(lines: Iterator[ChangeLine] | list[ChangeLine], title: str = "dChanges") -> Table:
    """Changes as a table to write."""
    heads = (
        "When",
        "Last seen before",
        "Server",
        "Service tag",
        "What",
        "How",
        "Subject",
        "Before",
        "After",
        "Sure",
        "Identifier",
    )
    rows = [
        (
            c.when,
            c.last_seen,
            c.server,
            c.service_tag,
            c.what,
            c.how,
            c.subject,
            c.before,
            c.after,
            c.sure,
            c.identifier,
        )
        for c in lines
    ]
    return Table(title, heads, rows)


def _in_time(
    connection: Connection, since: datetime, until: datetime, ids: Ids
) -> dict[int, list[_Snapshot]]:
    """For each server with a new snapshot in the time: the one true at its beginning, then those taken in it."""
    s = InventorySnapshot
    columns = (s.id, s.server_id, s.taken_at, s.confirmed_at, cast(s.gaps, String).label("gaps"))
    new = (
        select(*columns)
        .where(s.taken_at > since, s.taken_at <= until)
        .order_by(s.server_id, s.taken_at, s.id)
    )
    first = select(func.max(s.id)).where(s.taken_at <= since).group_by(s.server_id)
    inside = wanted(connection.execute(new), ids)
    concerned = {row.server_id for row in inside}
    base = [
        r for r in connection.execute(select(*columns).where(s.id.in_(first))) if r.server_id in concerned
    ]
    found: dict[int, list[_Snapshot]] = defaultdict(list)
    for row in (*base, *inside):
        gaps = row.gaps not in ("[]", "null", None)
        found[row.server_id].append(_Snapshot(row.id, row.server_id, row.taken_at, row.confirmed_at, gaps))
    return found


def _between(connection: Connection, older: int, newer: int) -> Iterator[_Difference]:
    for what, rows in (("part", _parts), ("firmware", _firmware), ("setting", _settings)):
        sides: tuple[dict[_Key, str], dict[_Key, str]] = ({}, {})
        titles: dict[_Key, str] = {}
        for snapshot_id, key, title, words in rows(connection, older, newer):
            sides[snapshot_id == newer][key] = " · ".join(
                str(w) for w in words if w not in ("", "unknown", None)
            )
            titles[key] = title
        yield from _compare(what, *sides, titles)
    s = InventorySnapshot
    facts = {i: f or {} for i, f in connection.execute(select(s.id, s.facts).where(s.id.in_((older, newer))))}
    yield from _compare("fact", _said(facts[older]), _said(facts[newer]), {})


def _compare(
    what: str, before: Mapping[_Key, str], after: Mapping[_Key, str], titles: Mapping[_Key, str]
) -> Iterator[_Difference]:
    """What differs, by title. Where two have the same title, each carries what tells it from the other."""
    known = Counter(titles.values())
    for key in sorted(before.keys() | after.keys(), key=lambda k: (titles.get(k, k[-1]), k)):
        old, new = before.get(key), after.get(key)
        if old != new:
            how = "added" if old is None else "removed" if new is None else "changed"
            title = titles.get(key, key[-1])
            subject = f"{title} ({key[-1]})" if known[title] > 1 and key[-1] else title
            yield what, how, subject, old or "", new or "", key[-1] if key[-1] != title else ""


def _said(facts: Mapping[str, Any]) -> dict[_Key, str]:
    """A fact that was not reported is not known to have gone."""
    return {
        (name.replace("_", " "),): str(facts[name]) for name in _FACTS if facts.get(name) not in (None, "")
    }


def _once(table: Any, older: int, newer: int, *columns: Any) -> Select[Any]:
    """Rows that only one of two snapshots has: grouped by all that matters, those met once."""
    return (
        select(func.min(table.snapshot_id), *columns)
        .where(table.snapshot_id.in_((older, newer)))
        .group_by(*columns)
        .having(func.count(func.distinct(table.snapshot_id)) == 1)
    )


def _parts(connection: Connection, older: int, newer: int) -> Iterator[_Row]:
    p = InventoryPart
    name = func.coalesce(func.nullif(p.model, ""), p.name)
    columns = (p.kind, p.part_id, p.slot, name, p.part_number, p.serial_number, p.firmware, p.health)
    for snapshot_id, kind, part_id, slot, *words in connection.execute(_once(p, older, newer, *columns)):
        yield snapshot_id, (kind, part_id), part_title(kind, slot, part_id, words[0]), words


def _firmware(connection: Connection, older: int, newer: int) -> Iterator[_Row]:
    f = InventoryFirmware
    query = _once(f, older, newer, f.name, f.fqdd, f.version).where(f.state == "installed")
    for snapshot_id, name, fqdd, version in connection.execute(query):
        yield snapshot_id, (name, fqdd or ""), firmware_title(name, fqdd or ""), [version]


def _settings(connection: Connection, older: int, newer: int) -> Iterator[_Row]:
    t = InventorySetting
    # A JSON text keeps its quotation marks as it is stored; they are taken off for people.
    for snapshot_id, name, value in connection.execute(
        _once(t, older, newer, t.name, func.trim(cast(t.value, String), '"'))
    ):
        yield snapshot_id, (name,), name, [value]
