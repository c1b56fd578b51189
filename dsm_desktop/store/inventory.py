"""What was read from a server, written down: newest facts on its row, dated snapshots, readings, device logs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dsm_desktop.core.inventory import (
    Firmware,
    FirmwareState,
    Inventory,
    LogEvent,
    LogKind,
    Part,
    PartKind,
    SystemFacts,
)
from dsm_desktop.core.states import Access, Generation, Health, PowerState
from dsm_desktop.store import part_words
from dsm_desktop.store.discovered import hold_server, merge_servers, upsert_server
from dsm_desktop.store.models import (
    Base,
    InventoryFirmware,
    InventoryPart,
    InventorySetting,
    InventorySnapshot,
    Reading,
    Server,
    ServerEventLog,
)
from dsm_desktop.store.rows import canonical, clean_json, clean_text, fit
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.store.vsphere_sync import link_new_server

__all__ = [
    "last_log_marker",
    "load_snapshot",
    "merge_servers",
    "save_facts",
    "save_inventory",
    "save_log_events",
    "snapshot_at",
    "upsert_server",
]

# What moves by itself: it does not make a new state of the server.
_MOVING = re.compile(r"(reading|_hours|_celsius|_watts|_volts|_amps|_rpm|_seconds|uptime)$")
_CHUNK = 500


def save_facts(
    uow: UnitOfWork, server_id: int, facts: SystemFacts, *, response_ms: float | None = None
) -> None:
    """Put the newest facts on the server's row (managed, no problem) and note power and inlet as readings.

    A text that was not reported keeps what is known; states and measured values become what was read, unknown too. Two
    rows with one service tag stay two: the second says so in `problem` and can be merged. NotFound when it was removed.
    """
    values: dict[str, Any] = {
        name: str(value) for name, value in _texts(facts).items() if value not in ("", Generation.OTHER)
    }
    if facts.memory_gib is not None:
        values["memory_gib"] = facts.memory_gib
    values |= {
        "power_state": str(facts.power_state),
        "health": str(facts.health),
        "subsystem_health": {k: str(v) for k, v in facts.subsystem_health.items()},
        "power_watts": facts.power_watts,
        "inlet_celsius": facts.inlet_celsius,
        "led_blinking": facts.led_blinking,
        "lockdown": facts.lockdown,
        "clock_skew_seconds": (facts.bmc_time - uow.now).total_seconds() if facts.bmc_time else None,
        "access": str(Access.GENERIC if facts.generation is Generation.OTHER else Access.MANAGED),
        "problem": "",
        "problem_code": "",
        "seen_at": uow.now,
        "facts_at": uow.now,
    }
    if response_ms is not None:
        values["response_ms"] = response_ms
    if twin := _twin(uow, server_id, facts.service_tag):
        values.pop("service_tag", None)
        values["problem"] = (
            f"The same server stands twice on the list: {twin} has this service tag too. Merge them."
        )
        values["problem_code"] = "DuplicateServer"
    table = _table(Server)
    before = hold_server(uow, server_id)
    uow.session.execute(update(table).where(table.c.id == server_id).values(fit(table, values)))
    _save_readings(uow, server_id, facts)
    if hold_server(uow, server_id) != before:
        link_new_server(uow, server_id)
    uow.changed("servers", "changed", server_id)


def save_inventory(
    uow: UnitOfWork, server_id: int, inventory: Inventory, *, response_ms: float | None = None
) -> bool:
    """Save a full read; True when it differs from the newest snapshot and became a new one, else that one is confirmed."""
    save_facts(uow, server_id, inventory.facts, response_ms=response_ms)
    session, digest = uow.session, digest_of(inventory)
    server, snapshots = _table(Server), _table(InventorySnapshot)
    session.execute(update(server).where(server.c.id == server_id).values(inventory_at=uow.now))
    newest = session.execute(
        select(snapshots.c.id, snapshots.c.digest)
        .where(snapshots.c.server_id == server_id)
        .order_by(snapshots.c.taken_at.desc(), snapshots.c.id.desc())
        .limit(1)
    ).first()
    facts, gaps = clean_json(_json_of(inventory.facts)), clean_json(list(inventory.gaps))
    if newest is not None and newest.digest == digest:
        confirmed = {"confirmed_at": uow.now, "facts": facts, "gaps": gaps, "requests": inventory.requests}
        session.execute(update(snapshots).where(snapshots.c.id == newest.id).values(confirmed))
        _refresh_readings(uow, newest.id, inventory.parts)
        return False
    snapshot_id = session.scalar(
        insert(snapshots).returning(snapshots.c.id),
        {
            "server_id": server_id, "taken_at": uow.now, "confirmed_at": uow.now, "digest": digest,
            "facts": facts, "gaps": gaps, "requests": inventory.requests,
        },
    )  # fmt: skip
    assert snapshot_id is not None
    _insert(uow, InventoryPart, (_part_row(snapshot_id, p) for p in inventory.parts))
    part_words.index_snapshot(uow.session.connection(), snapshot_id)
    _insert(uow, InventoryFirmware, (_firmware_row(snapshot_id, f) for f in inventory.firmware))
    _insert(
        uow,
        InventorySetting,
        ({"snapshot_id": snapshot_id, "name": n, "value": v} for n, v in inventory.settings.items()),
    )
    uow.changed("inventory_snapshots", "added", snapshot_id, server_id=server_id)
    return True


def digest_of(inventory: Inventory) -> str:
    """SHA-256 (hex) of parts, firmware and settings without what moves by itself (readings, hours, temperatures)."""
    parts = []
    for part in sorted(inventory.parts, key=lambda p: (p.kind, p.id)):
        still = {k: v for k, v in part.detail.items() if not _MOVING.search(k)}
        parts.append({**_values(part), "reading": None, "detail": still})
    firmware = [_values(f) for f in sorted(inventory.firmware, key=lambda f: (f.fqdd, f.id, f.state))]
    return hashlib.sha256(canonical([parts, firmware, inventory.settings])).hexdigest()


def snapshot_at(connection: Connection, server_id: int, when: datetime) -> int | None:
    """The id of the snapshot that was true at a time: the last one taken until then."""
    t = InventorySnapshot
    query = select(t.id).where(t.server_id == server_id, t.taken_at <= when)
    return connection.scalar(query.order_by(t.taken_at.desc(), t.id.desc()).limit(1))


def load_snapshot(connection: Connection, snapshot_id: int) -> Inventory:
    """A snapshot as the inventory that was saved (texts may have been cut to their columns)."""
    found = connection.execute(
        select(InventorySnapshot.facts, InventorySnapshot.gaps, InventorySnapshot.requests).where(
            InventorySnapshot.id == snapshot_id
        )
    ).one()
    parts = tuple(
        Part(PartKind(r.pop("kind")), r.pop("part_id"), health=Health(r.pop("health")), **r)
        for r in _rows(connection, InventoryPart, snapshot_id)
    )
    firmware = tuple(
        Firmware(r.pop("firmware_id"), state=FirmwareState(r.pop("state")), **r)
        for r in _rows(connection, InventoryFirmware, snapshot_id)
    )
    settings = {r["name"]: r["value"] for r in _rows(connection, InventorySetting, snapshot_id)}
    return Inventory(_facts_of(found.facts), parts, firmware, settings, tuple(found.gaps), found.requests)


def last_log_marker(uow: UnitOfWork, server_id: int, kind: LogKind) -> tuple[str, datetime | None] | None:
    """Entry id and device time of the newest stored entry of a log, None when there is none: where to read on."""
    t = ServerEventLog
    found = uow.session.execute(
        select(t.entry_id, t.created)
        .where(t.server_id == server_id, t.log == kind.value)
        .order_by(t.created.desc().nulls_last(), t.id.desc())
        .limit(1)
    ).first()
    return (found.entry_id, found.created) if found else None


def save_log_events(uow: UnitOfWork, server_id: int, kind: LogKind, events: Iterable[LogEvent]) -> int:
    """Add entries that are not stored yet (entry id and device time tell); returns how many were new."""
    table, session = _table(ServerEventLog), uow.session
    rows: dict[tuple[str, datetime | None], dict[str, Any]] = {}
    for event in events:
        row = fit(table, {**_values(event), "log": kind.value, "server_id": server_id, "fetched_at": uow.now})
        rows.setdefault((row["entry_id"], row["created"]), row)
    keys, new = list(rows), 0
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        stored = session.execute(
            select(table.c.entry_id, table.c.created).where(
                table.c.server_id == server_id,
                table.c.log == kind.value,
                table.c.entry_id.in_([k[0] for k in chunk]),
            )
        )
        known = {(r.entry_id, r.created) for r in stored}
        fresh = [rows[key] for key in chunk if key not in known]
        if fresh:
            dialect = sqlite if session.connection().dialect.name == "sqlite" else postgresql
            session.execute(dialect.insert(table).on_conflict_do_nothing(), fresh)
        new += len(fresh)
    session.execute(update(Server).where(Server.id == server_id).values(logs_at=uow.now))
    if new:
        uow.changed("server_event_logs", "added", server_id=server_id, count=new)
    return new


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def _texts(facts: SystemFacts) -> dict[str, Any]:
    columns = _table(Server).c
    values = {k: v for k, v in _values(facts).items() if isinstance(v, str) and k in columns}
    return {k: v for k, v in values.items() if k not in ("power_state", "health")}


def _twin(uow: UnitOfWork, server_id: int, service_tag: str) -> str:
    tag = clean_text(service_tag, 32)
    query = select(Server.address).where(Server.service_tag == tag, Server.id != server_id)
    return (uow.session.scalar(query) or "") if tag else ""


def _save_readings(uow: UnitOfWork, server_id: int, facts: SystemFacts) -> None:
    found = {"power": facts.power_watts, "inlet": facts.inlet_celsius}
    rows = [
        {"server_id": server_id, "sensor": sensor, "at": uow.now, "value": value}
        for sensor, value in found.items()
        if value is not None
    ]
    _insert(uow, Reading, rows)


def _refresh_readings(uow: UnitOfWork, snapshot_id: int, parts: tuple[Part, ...]) -> None:
    """A confirmed snapshot keeps its rows; only what moves by itself becomes what was read now."""
    table = _table(InventoryPart)
    stored = uow.session.execute(
        select(table.c.id, table.c.kind, table.c.part_id, table.c.reading, table.c.detail).where(
            table.c.snapshot_id == snapshot_id
        )
    ).all()
    now = {(p.kind.value, clean_text(p.id, 255)): p for p in parts}
    for row in stored:
        part = now.get((row.kind, row.part_id))
        if part is None:
            continue
        values = fit(table, {"reading": part.reading, "detail": part.detail})
        if (values["reading"], values["detail"]) != (row.reading, row.detail):
            uow.session.execute(update(table).where(table.c.id == row.id).values(values))


def _insert(uow: UnitOfWork, model: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    table = _table(model)
    fitted = [fit(table, row) for row in rows]
    if fitted:
        uow.session.execute(insert(table), fitted)


def _values(item: SystemFacts | Part | Firmware | LogEvent) -> dict[str, Any]:
    """dataclasses.asdict without its deep copies, which cost more than everything else here."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _part_row(snapshot_id: int, part: Part) -> dict[str, Any]:
    values = _values(part)
    return {"snapshot_id": snapshot_id, "part_id": values.pop("id"), **values}


def _firmware_row(snapshot_id: int, firmware: Firmware) -> dict[str, Any]:
    values = _values(firmware)
    return {"snapshot_id": snapshot_id, "firmware_id": values.pop("id"), **values}


def _rows(connection: Connection, model: type[Base], snapshot_id: int) -> list[dict[str, Any]]:
    table = _table(model)
    query = select(table).where(table.c.snapshot_id == snapshot_id).order_by(table.c.id)
    return [
        {k: v for k, v in row.items() if k not in ("id", "snapshot_id")}
        for row in connection.execute(query).mappings()
    ]


def _json_of(facts: SystemFacts) -> dict[str, Any]:
    return {**_values(facts), "bmc_time": facts.bmc_time.isoformat() if facts.bmc_time else None}


def _facts_of(stored: dict[str, Any]) -> SystemFacts:
    known = {k: v for k, v in stored.items() if k in SystemFacts.__dataclass_fields__}
    known["generation"] = Generation(known.get("generation", "other"))
    known["power_state"] = PowerState(known.get("power_state", "unknown"))
    known["health"] = Health(known.get("health", "unknown"))
    known["subsystem_health"] = {k: Health(v) for k, v in known.get("subsystem_health", {}).items()}
    when = known.get("bmc_time")
    known["bmc_time"] = datetime.fromisoformat(when) if when else None
    return SystemFacts(**known)
