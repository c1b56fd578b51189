"""Where servers stand, by server: for grouping them by rack."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dsm_desktop.store.models import Rack, RackPlace


def rack_names(connection: Connection) -> dict[int, str]:
    """Room and name of the rack of every server that stands in one; by server id."""
    query = select(RackPlace.server_id, Rack.room, Rack.name).join(Rack, Rack.id == RackPlace.rack_id)
    return {i: f"{room} / {name}" if room else name for i, room, name in connection.execute(query)}
