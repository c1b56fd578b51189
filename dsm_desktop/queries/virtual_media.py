"""Who has what mounted since when, over the whole fleet or on one server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.queries.newest import server_label
from dsm_desktop.store.models import MediaMount, Server


@dataclass(frozen=True, slots=True)
class MountRow:
    """A medium in a virtual drive. `by` who mounted it, "" = not from here (a console, another tool); `since` mounted or first
    seen; `host` the machine that serves it, "" = a share; `ended_at` None while it stands."""

    id: int
    server_id: int
    server: str
    model: str
    drive: str
    image: str
    via: str
    by: str
    since: datetime
    seen_at: datetime
    ended_at: datetime | None
    host: str
    job_id: int | None


def list_mounts(
    connection: Connection, server_id: int | None = None, *, history: bool = False
) -> list[MountRow]:
    """What stands mounted, the longest first; with `history` also what was ejected, newest first."""
    m = MediaMount
    columns: list[Any] = [
        m.id,
        m.server_id,
        server_label(),
        Server.model,
        m.slot,
        m.image,
        m.connected_via,
        m.mounted_by,
        m.since,
        m.seen_at,
        m.ended_at,
        m.host,
        m.job_id,
    ]
    query = select(*columns).join(Server, Server.id == m.server_id)
    if server_id is not None:
        query = query.where(m.server_id == server_id)
    if history:
        query = query.order_by(m.id.desc()).limit(1_000)
    else:
        query = query.where(m.ended_at.is_(None)).order_by(m.since, m.id)
    return [MountRow(*row) for row in connection.execute(query)]
