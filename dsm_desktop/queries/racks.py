"""Racks as pictures: which units are taken by whom, with health."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from dsm_desktop.queries.newest import server_label
from dsm_desktop.store.models import Rack, RackPlace, Server

_BADNESS = {"unknown": 0, "ok": 1, "warning": 2, "critical": 3}


@dataclass(frozen=True, slots=True)
class RackRow:
    """A rack and how full it is. `worst` the worst health in it, "unknown" for an empty one."""

    id: int
    room: str
    name: str
    units: int
    notes: str
    servers: int
    used: int
    worst: str


@dataclass(frozen=True, slots=True)
class RackSlot:
    """A run of units from `unit` (lowest, 1 = bottom) upwards: a server, or free (`server_id` None)."""

    unit: int
    height: int
    server_id: int | None
    label: str
    service_tag: str
    model: str
    health: str
    power_state: str
    power_watts: float | None

    @property
    def top(self) -> int:
        return self.unit + self.height - 1


@dataclass(frozen=True, slots=True)
class Elevation:
    """A rack from the top down, free runs included: the heights add up to its units. `watts` as last read."""

    rack: RackRow
    slots: tuple[RackSlot, ...]
    watts: float


def list_racks(connection: Connection) -> list[RackRow]:
    """Every rack by room and name."""
    filled: dict[int, list[tuple[int, str]]] = {}
    query = select(RackPlace.rack_id, RackPlace.height, Server.health).join(
        Server, Server.id == RackPlace.server_id
    )
    for rack_id, height, health in connection.execute(query):
        filled.setdefault(rack_id, []).append((height, health))
    r = Rack
    rows = []
    for i, room, name, units, notes in connection.execute(
        select(r.id, r.room, r.name, r.units, r.notes).order_by(r.room, r.name)
    ):
        inside = filled.get(i, [])
        worst = max((h for _, h in inside), key=lambda h: _BADNESS.get(h, 0), default="unknown")
        rows.append(RackRow(i, room, name, units, notes, len(inside), sum(h for h, _ in inside), worst))
    return rows


def racked(connection: Connection) -> dict[int, tuple[str, str]]:
    """(room, rack) of every server that stands in one."""
    query = select(RackPlace.server_id, Rack.room, Rack.name).join(Rack, Rack.id == RackPlace.rack_id)
    return {server_id: (room, name) for server_id, room, name in connection.execute(query)}


def elevation(connection: Connection, rack_id: int) -> Elevation | None:
    """One rack; None when it is gone."""
    rack = next((row for row in list_racks(connection) if row.id == rack_id), None)
    if rack is None:
        return None
    p, s = RackPlace, Server
    query = (
        select(p.unit, p.height, s.id, server_label(), func.coalesce(s.service_tag, ""), s.model, s.health, s.power_state, s.power_watts)
        .join(s, s.id == p.server_id)
        .where(p.rack_id == rack_id)
        .order_by(p.unit)
    )  # fmt: skip
    slots: list[RackSlot] = []
    free = 1
    for row in connection.execute(query):
        slot = RackSlot(*row)
        if slot.unit > free:
            slots.append(_free(free, slot.unit - free))
        slots.append(slot)
        free = slot.top + 1
    if free <= rack.units:
        slots.append(_free(free, rack.units - free + 1))
    return Elevation(rack, tuple(reversed(slots)), sum(s.power_watts or 0.0 for s in slots))


def unplaced(connection: Connection) -> list[tuple[int, str, str]]:
    """Servers that stand in no rack: id, label, model."""
    query = (
        select(Server.id, server_label(), Server.model)
        .where(Server.id.not_in(select(RackPlace.server_id)))
        .order_by(server_label())
    )
    return [(i, label, model) for i, label, model in connection.execute(query)]


def _free(unit: int, height: int) -> RackSlot:
    return RackSlot(unit, height, None, "", "", "", "", "", None)
