"""Racks and where servers stand in them."""

from __future__ import annotations

import re

from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import Rack, RackPlace, Server
from dsm_desktop.store.unit_of_work import UnitOfWork

TALLEST = 60
# Height units by the first digit after R or C ("R7625": 2), as in the technical guides of the families.
_HEIGHTS = {"1": 1, "2": 1, "3": 1, "4": 1, "5": 2, "6": 1, "7": 2, "8": 2}
_TALL = {"R920": 4, "R930": 4, "R940": 3, "R940xa": 4, "R960": 4, "R810": 2, "R910": 4}


class PlaceTaken(BadInput):
    """Another server stands there; `server_id` which."""

    def __init__(self, message: str, server_id: int) -> None:
        super().__init__(message, hint="Move that server first, or choose free units.")
        self.server_id = server_id


def usual_height(model: str) -> int:
    """Height units of a PowerEdge rack model, 1 where it is not known."""
    found = re.search(r"\b([RC]\d{3,4}\w*)", model)
    name = found[1] if found else ""
    return (
        _TALL.get(name, _HEIGHTS.get(name[1:2], 1))
        if name.startswith("R") or name in _TALL
        else 2
        if name
        else 1
    )


def add_rack(
    uow: UnitOfWork, who: Principal, name: str, *, room: str = "", units: int = 42, notes: str = ""
) -> int:
    """A new, empty rack; returns its id."""
    who.require(Permission.CONFIGURE, "add racks")
    row = Rack()
    _fill(uow, row, name, room, units, notes)
    uow.session.add(row)
    uow.session.flush()
    audit.append(uow, who.name, "racks.add", _label(row), units=units)
    uow.changed("racks", "added", row.id)
    return row.id


def edit_rack(
    uow: UnitOfWork,
    who: Principal,
    rack_id: int,
    name: str,
    *,
    room: str = "",
    units: int = 42,
    notes: str = "",
) -> None:
    """Rename, move or resize a rack; refused when a server would stand above its top."""
    who.require(Permission.CONFIGURE, "change racks")
    row = rack_by_id(uow, rack_id)
    for place in uow.session.scalars(select(RackPlace).where(RackPlace.rack_id == rack_id)):
        if place.unit + place.height - 1 > units:
            raise BadInput(
                f"A server stands at U{place.unit + place.height - 1}; the rack cannot have {units} units.",
                hint="Move that server first.",
            )
    _fill(uow, row, name, room, units, notes)
    audit.append(uow, who.name, "racks.edit", _label(row), units=units)
    uow.changed("racks", "changed", rack_id)


def remove_rack(uow: UnitOfWork, who: Principal, rack_id: int) -> None:
    """Remove a rack; its servers stay on the list without a place."""
    who.require(Permission.CONFIGURE, "remove racks")
    row = rack_by_id(uow, rack_id)
    uow.session.delete(row)
    audit.append(uow, who.name, "racks.remove", _label(row))
    uow.changed("racks", "removed", rack_id)


def place(
    uow: UnitOfWork, who: Principal, server_id: int, rack_id: int, unit: int, height: int | None = None
) -> None:
    """Put a server into a rack, its lowest unit given (1 = bottom); `height` None: what it had, else the model's.

    PlaceTaken when another server stands in one of the units, BadInput beyond the rack's ends.
    """
    who.require(Permission.CONFIGURE, "place servers")
    server, rack = uow.session.get(Server, server_id), rack_by_id(uow, rack_id)
    if server is None:
        raise NotFound(f"There is no server {server_id}.", hint="It may have been removed or merged.")
    row = uow.session.get(RackPlace, server_id)
    tall = height or (row.height if row else usual_height(server.model or ""))
    if unit < 1 or tall < 1 or unit + tall - 1 > rack.units:
        raise BadInput(
            f"U{unit} with {tall} units does not fit into {_label(rack)} (1 to {rack.units}).",
            hint="Choose a lower unit or check the height.",
        )
    for other in uow.session.scalars(select(RackPlace).where(RackPlace.rack_id == rack_id)):
        if other.server_id != server_id and other.unit < unit + tall and unit < other.unit + other.height:
            raise PlaceTaken(
                f"{_label(rack)} U{other.unit} is taken by {_server_label(uow, other.server_id)}.",
                other.server_id,
            )
    if row is None:
        row = RackPlace(server_id=server_id)
        uow.session.add(row)
    row.rack_id, row.unit, row.height = rack_id, unit, tall
    uow.session.flush()
    audit.append(uow, who.name, "racks.place", _server_label(uow, server_id), rack=_label(rack), unit=unit)
    uow.changed("racks", "changed", rack_id)


def unplace(uow: UnitOfWork, who: Principal, server_id: int) -> None:
    """Take a server out of its rack; nothing happens when it stands in none."""
    who.require(Permission.CONFIGURE, "place servers")
    row = uow.session.get(RackPlace, server_id)
    if row is not None:
        audit.append(uow, who.name, "racks.unplace", _server_label(uow, server_id))
        uow.changed("racks", "changed", row.rack_id)
        uow.session.delete(row)


def rack_named(uow: UnitOfWork, who: Principal, name: str, room: str = "") -> int:
    """The id of a rack by name (and room); made with 42 units when there is none."""
    found = uow.session.scalar(select(Rack.id).where(Rack.name == name, Rack.room == room))
    return found if found is not None else add_rack(uow, who, name, room=room)


def rack_by_id(uow: UnitOfWork, rack_id: int) -> Rack:
    """The rack; NotFound when it is gone."""
    row = uow.session.get(Rack, rack_id)
    if row is None:
        raise NotFound(f"There is no rack {rack_id}.", hint="It may have been removed.")
    return row


def _fill(uow: UnitOfWork, row: Rack, name: str, room: str, units: int, notes: str) -> None:
    name, room = name.strip()[:80], room.strip()[:80]
    if not name:
        raise BadInput("A rack needs a name.")
    if not 1 <= units <= TALLEST:
        raise BadInput(f"A rack has 1 to {TALLEST} units, not {units}.")
    with uow.session.no_autoflush:
        twin = uow.session.scalar(select(Rack.id).where(Rack.name == name, Rack.room == room))
    if twin is not None and twin != row.id:
        raise BadInput(f"There is a rack '{name}' in this room already.", hint="Choose another name.")
    row.name, row.room, row.units, row.notes = name, room, units, notes


def _label(rack: Rack) -> str:
    return f"{rack.room} / {rack.name}" if rack.room else rack.name


def _server_label(uow: UnitOfWork, server_id: int) -> str:
    server = uow.session.get(Server, server_id)
    assert server is not None  # foreign key
    return server.name or server.host_name or server.service_tag or server.address
