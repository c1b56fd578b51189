"""What a server is made of: parts, firmware, dated states and what changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.inventory import FirmwareState
from dsm_desktop.store.models import InventoryFirmware, InventoryPart, InventorySetting, InventorySnapshot


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A dated state, true from `taken_at` to `confirmed_at`; `gaps` names what could not be read."""

    id: int
    taken_at: datetime
    confirmed_at: datetime
    gaps: tuple[str, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part. `capacity_bytes` in bytes; `reading` in `unit`; `detail` the rest by standard name."""

    id: int
    kind: str
    part_id: str
    name: str
    slot: str
    manufacturer: str
    model: str
    part_number: str
    serial_number: str
    firmware: str
    capacity_bytes: int | None
    reading: float | None
    unit: str
    health: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FirmwareRow:
    """One entry of the firmware inventory. `state` installed | previous | available."""

    id: int
    name: str
    version: str
    state: str
    component_type: str
    component_id: str
    fqdd: str
    updateable: bool
    installed_at: str


@dataclass(frozen=True, slots=True)
class InventoryRows:
    """The newest inventory of one server; `snapshot` None where none was ever read."""

    snapshot: SnapshotRow | None
    parts: tuple[PartRow, ...]
    firmware: tuple[FirmwareRow, ...]


_PART = [getattr(InventoryPart, name) for name in PartRow.__dataclass_fields__]
_FIRMWARE = [getattr(InventoryFirmware, name) for name in FirmwareRow.__dataclass_fields__]


def list_snapshots(connection: Connection, server_id: int, limit: int = 100) -> list[SnapshotRow]:
    """The dated states of a server, newest first."""
    s = InventorySnapshot
    query = (
        select(s.id, s.taken_at, s.confirmed_at, s.gaps, s.requests)
        .where(s.server_id == server_id)
        .order_by(s.taken_at.desc(), s.id.desc())
        .limit(limit)
    )
    return [
        SnapshotRow(i, taken, confirmed, tuple(gaps), requests)
        for i, taken, confirmed, gaps, requests in connection.execute(query)
    ]


def newest_inventory(connection: Connection, server_id: int) -> InventoryRows:
    """Parts and firmware as last read."""
    snapshots = list_snapshots(connection, server_id, 1)
    if not snapshots:
        return InventoryRows(None, (), ())
    return InventoryRows(
        snapshots[0], _parts(connection, snapshots[0].id), _firmware(connection, snapshots[0].id)
    )


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One difference between two dated states. `what` part | firmware | setting; "" = was not there / is gone."""

    id: int
    what: str
    name: str
    before: str
    after: str


def compare_snapshots(connection: Connection, older: int, newer: int) -> list[ChangeRow]:
    """What changed between two snapshots: parts, installed firmware, settings."""
    found: list[tuple[str, str, str, str]] = []
    for what, read in (("part", _part_words), ("firmware", _firmware_words), ("setting", _setting_words)):
        before, after = read(connection, older), read(connection, newer)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name, "") != after.get(name, ""):
                found.append((what, name, before.get(name, ""), after.get(name, "")))
    return [ChangeRow(number, *row) for number, row in enumerate(found)]


def _parts(connection: Connection, snapshot_id: int) -> tuple[PartRow, ...]:
    query = select(*_PART).where(InventoryPart.snapshot_id == snapshot_id).order_by(InventoryPart.id)
    return tuple(PartRow(*row) for row in connection.execute(query))


def _firmware(connection: Connection, snapshot_id: int) -> tuple[FirmwareRow, ...]:
    query = (
        select(*_FIRMWARE)
        .where(InventoryFirmware.snapshot_id == snapshot_id)
        .order_by(InventoryFirmware.name, InventoryFirmware.state)
    )
    return tuple(FirmwareRow(*row) for row in connection.execute(query))


def _part_words(connection: Connection, snapshot_id: int) -> dict[str, str]:
    words = {}
    for part in _parts(connection, snapshot_id):
        what = " · ".join(
            t for t in (part.model or part.name, part.part_number, part.serial_number, part.health) if t
        )
        words[f"{part.kind} {part.slot or part.part_id}"] = what
    return words


def _firmware_words(connection: Connection, snapshot_id: int) -> dict[str, str]:
    return {
        f"{row.name} ({row.fqdd})" if row.fqdd else row.name: row.version
        for row in _firmware(connection, snapshot_id)
        if row.state == FirmwareState.INSTALLED
    }


def _setting_words(connection: Connection, snapshot_id: int) -> dict[str, str]:
    query = select(InventorySetting.name, InventorySetting.value).where(
        InventorySetting.snapshot_id == snapshot_id
    )
    return {name: "" if value is None else str(value) for name, value in connection.execute(query)}
