"""What a server is made of: parts, firmware, dated states and what changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.store.models import InventoryFirmware, InventoryPart, InventorySnapshot


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


def unhealthy_parts(connection: Connection, server_id: int) -> list[PartRow]:
    """Parts of the newest inventory that call themselves degraded or failed, the worst first."""
    snapshots = list_snapshots(connection, server_id, 1)
    parts = _parts(connection, snapshots[0].id) if snapshots else ()
    bad = [part for part in parts if part.health in ("warning", "critical")]
    return sorted(bad, key=lambda part: part.health)


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
