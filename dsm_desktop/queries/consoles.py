"""The newest pictures of servers' screens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.store.models import ServerScreenshot

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Screenshot:
    """`png` is the picture as the iDRAC gave it."""

    server_id: int
    taken_at: datetime
    png: bytes


def screenshot_times(connection: Connection) -> dict[int, datetime]:
    """When each server's screen was taken last, without the pictures."""
    query = select(ServerScreenshot.server_id, ServerScreenshot.taken_at)
    return {server_id: at for server_id, at in connection.execute(query)}  # noqa: C416


def screenshots(connection: Connection, server_ids: Collection[int]) -> list[Screenshot]:
    """The pictures of these servers that have one."""
    s, wanted, found = ServerScreenshot, sorted(server_ids), []
    for start in range(0, len(wanted), _BATCH):
        query = select(s.server_id, s.taken_at, s.png).where(s.server_id.in_(wanted[start : start + _BATCH]))
        found += [Screenshot(*row) for row in connection.execute(query)]
    return found
