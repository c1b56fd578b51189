"""Find anything in the fleet: a serial number, a MAC in any notation, a model ("HBA355i"), a slot, a service tag, a name, an
address, a firmware version. Also parts that are no longer there: where a drive was before it was moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from dsm_desktop.core.part_place import place
from dsm_desktop.queries.newest import is_newest, server_label
from dsm_desktop.store import part_words
from dsm_desktop.store.models import (
    InventoryFirmware,
    InventoryPart,
    InventorySnapshot,
    Server,
    ServerAddress,
)

LIMIT = 200
_TEXTS = (
    Server.name, Server.host_name, func.coalesce(Server.service_tag, ""), Server.address, Server.model, Server.asset_tag,
    Server.board_serial, Server.uuid, Server.idrac_version, Server.bios_version, Server.notes, Server.pdus,
)  # fmt: skip
# One comparison a server: a fifth of the time of one for each column.
_TEXT: ColumnElement[str] = func.lower(reduce(lambda text, column: text + "\n" + column, _TEXTS))


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `where` server | part | firmware; `present` False: it was there until `until`, and is not any more.

    `kind` of a part as core.inventory.PartKind; `what` model or name; `id` of the row in its table.
    """

    id: int
    where: str
    server_id: int
    server: str
    service_tag: str
    kind: str
    slot: str
    what: str
    part_number: str
    serial_number: str
    version: str
    present: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, servers first; `more` = there are others beyond the limit."""

    hits: tuple[Hit, ...]
    more: bool


def find(connection: Connection, query: str, *, limit: int = LIMIT) -> Found:
    """Everything whose words begin with every word of `query` ("*3456" = ends with). Empty for an empty query.

    Servers are searched by any part of their texts, firmware by the beginning of its version.
    """
    if not part_words.query_words(query):
        return Found((), False)
    hits = [*_servers(connection, query, limit + 1), *_firmware(connection, query, limit + 1)]
    for present in (True, False):
        if len(hits) <= limit:
            hits += _parts(connection, query, limit + 1 - len(hits), present=present)
    return Found(tuple(hits[:limit]), len(hits) > limit)


def _servers(connection: Connection, query: str, limit: int) -> list[Hit]:
    conditions: list[ColumnElement[bool]] = []
    for chunk in query.split():
        word = chunk.strip("*")
        plain = part_words.squeezed(word)
        options = [_TEXT.contains(word.lower(), autoescape=True)]
        if len(plain) >= 4:  # a MAC in another notation
            mac = func.replace(
                func.replace(func.replace(func.lower(Server.bmc_mac), ":", ""), "-", ""), ".", ""
            )
            options.append(mac.contains(plain, autoescape=True))
        conditions.append(or_(*options))
    columns = (
        Server.id,
        server_label(),
        Server.service_tag,
        Server.model,
        Server.board_serial,
        Server.idrac_version,
    )
    rows = connection.execute(
        select(*columns).where(and_(*conditions)).order_by(Server.id).limit(limit)
    ).all()
    hits = [Hit(i, "server", i, label, tag or "", "server", "", model, "", serial, version, True, None)
            for i, label, tag, model, serial, version in rows]  # fmt: skip
    return (
        hits + _former_addresses(connection, query.strip(), limit) if "." in query or ":" in query else hits
    )


def _former_addresses(connection: Connection, address: str, limit: int) -> list[Hit]:
    a = ServerAddress
    query = (
        select(a.id, Server.id, server_label(), Server.service_tag, a.address, a.last_seen)
        .join(Server, Server.id == a.server_id)
        .where(a.address == address, Server.address != a.address)
        .limit(limit)
    )
    return [
        Hit(i, "server", server_id, label, tag or "", "address", "", old, "", "", "", False, seen)
        for i, server_id, label, tag, old, seen in connection.execute(query)
    ]


def _firmware(connection: Connection, query: str, limit: int) -> list[Hit]:
    version = query.strip()
    if " " in version or not any(c.isdigit() for c in version) or len(version) < 2:
        return []
    f, s = InventoryFirmware, InventorySnapshot
    found = (
        select(
            f.id, s.server_id, server_label(), Server.service_tag, f.component_type, f.fqdd, f.name, f.version
        )
        .join(s, s.id == f.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(_begins(connection, version), f.state == "installed", is_newest())
        .limit(limit)
    )
    return [
        Hit(i, "firmware", sid, label, tag or "", kind or "firmware", fqdd, name, "", "", number, True, None)
        for i, sid, label, tag, kind, fqdd, name, number in connection.execute(found)
    ]


def _begins(connection: Connection, version: str) -> ColumnElement[bool]:
    """A version that begins so, answered from the index on either database."""
    column, upper = InventoryFirmware.version, version.upper()
    if connection.dialect.name == "sqlite":
        return or_(*(and_(column >= v, column < v + "\U0010ffff") for v in {version, upper}))
    return or_(*(column.startswith(v, autoescape=True) for v in {version, upper}))


def _parts(connection: Connection, query: str, limit: int, *, present: bool) -> list[Hit]:
    p, s = InventoryPart, InventorySnapshot
    found_ids = part_words.matching(query, connection.dialect.name)
    name = func.coalesce(func.nullif(p.model, ""), p.name)
    found = (
        select(
            p.id, s.server_id, server_label(), Server.service_tag, p.kind, p.slot, p.part_id, name, p.part_number,
            p.serial_number, p.firmware, s.confirmed_at,
        )
        .select_from(found_ids)
        .join(p, p.id == found_ids.c.part_id)
        .join(s, s.id == p.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(is_newest() if present else ~is_newest())
        .limit(limit if present else limit * 10)
    )  # fmt: skip
    hits: dict[tuple[object, ...], Hit] = {}
    for i, sid, label, tag, kind, named, fqdd, what, number, serial, version, until in connection.execute(
        found
    ):
        slot = place(named, fqdd)
        hit = Hit(i, "part", sid, label, tag or "", kind, slot, what, number, serial, version, present, None if present else until)  # fmt: skip
        key = (sid, kind, slot, what, serial) if not present else (i,)
        if key not in hits or (until and hits[key].until and until > hits[key].until):
            hits[key] = hit
    rows = sorted(hits.values(), key=lambda h: (h.server.lower(), h.server_id, h.kind, h.slot))
    return rows[:limit] if present else _gone(connection, rows)[:limit]


def _gone(connection: Connection, hits: list[Hit]) -> list[Hit]:
    """Of parts in older snapshots, those that are not in the same server today."""
    p, s = InventoryPart, InventorySnapshot
    servers = sorted({hit.server_id for hit in hits})[:900]
    query = (
        select(s.server_id, p.kind, p.slot, p.part_id, p.serial_number, p.model, p.name)
        .join(s, s.id == p.snapshot_id)
        .where(s.server_id.in_(servers), is_newest())
    )
    today = {
        (sid, kind, place(slot, fqdd), model or name, serial)
        for sid, kind, slot, fqdd, serial, model, name in connection.execute(query)
    }
    return [h for h in hits if (h.server_id, h.kind, h.slot, h.what, h.serial_number) not in today]
