"""What changed between two dates, for one server or the fleet: parts, firmware, settings, facts, out of dated snapshots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, String, cast, func, select

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


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change. `when` = first read that showed it, `last_seen` = last read that showed the state before (it happened between).

    `what` part | firmware | setting | fact; `how` added | removed | changed; `sure` False: a read of that time had gaps, so
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
            for what, how, subject, before, after in _between(connection, older.id, newer.id):
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
    )
    rows = [
        (c.when, c.last_seen, c.server, c.service_tag, c.what, c.how, c.subject, c.before, c.after, c.sure)
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


def _between(connection: Connection, older: int, newer: int) -> Iterator[tuple[str, str, str, str, str]]:
    for what, query in (("part", _parts(older, newer)), ("firmware", _firmware(older, newer)), ("setting", _settings(older, newer))):  # fmt: skip
        sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
        for snapshot_id, subject, *words in connection.execute(query):
            sides[snapshot_id == newer][subject] = " · ".join(
                str(w) for w in words if w not in ("", "unknown", None)
            )
        yield from _compare(what, *sides)
    s = InventorySnapshot
    facts = {i: f or {} for i, f in connection.execute(select(s.id, s.facts).where(s.id.in_((older, newer))))}
    yield from _compare("fact", _said(facts[older]), _said(facts[newer]))


def _compare(
    what: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str, str]]:
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject), after.get(subject)
        if old != new:
            how = "added" if old is None else "removed" if new is None else "changed"
            yield what, how, subject, old or "", new or ""


def _said(facts: Mapping[str, Any]) -> dict[str, str]:
    """A fact that was not reported is not known to have gone."""
    return {name.replace("_", " "): str(facts[name]) for name in _FACTS if facts.get(name) not in (None, "")}


def _once(table: Any, older: int, newer: int, *columns: Any) -> Select[Any]:
    """Rows that only one of two snapshots has: grouped by all that matters, those met once."""
    return (
        select(func.min(table.snapshot_id), *columns)
        .where(table.snapshot_id.in_((older, newer)))
        .group_by(*columns)
        .having(func.count(func.distinct(table.snapshot_id)) == 1)
    )


def _parts(older: int, newer: int) -> Select[Any]:
    p = InventoryPart
    subject = p.kind + " " + func.coalesce(func.nullif(p.slot, ""), p.part_id)
    name = func.coalesce(func.nullif(p.model, ""), p.name)
    return _once(p, older, newer, subject, name, p.part_number, p.serial_number, p.firmware, p.health)


def _firmware(older: int, newer: int) -> Select[Any]:
    f = InventoryFirmware
    subject = f.name + func.coalesce(" (" + func.nullif(f.fqdd, "") + ")", "")
    return _once(f, older, newer, subject, f.version).where(f.state == "installed")


def _settings(older: int, newer: int) -> Select[Any]:
    t = InventorySetting
    # A JSON text keeps its quotation marks as it is stored; they are taken off for people.
    return _once(t, older, newer, t.name, func.trim(cast(t.value, String), '"'))
