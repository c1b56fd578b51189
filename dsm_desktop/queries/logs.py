"""Device logs (SEL, lifecycle, faults) as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from dsm_desktop.store.models import ServerEventLog


@dataclass(frozen=True, slots=True)
class LogRow:
    """One entry of a device's log; `created` is the device's own clock (aware UTC) or None."""

    id: int
    server_id: int
    log: str
    created: datetime | None
    severity: str
    message_id: str
    message: str
    category: str


_COLUMNS = [getattr(ServerEventLog, name) for name in LogRow.__dataclass_fields__]


def server_logs(
    connection: Connection, server_id: int, *, log: str = "", words: str = "", limit: int = 2_000
) -> list[LogRow]:
    """Newest entries first; `log` sel | lifecycle | faults ("" = all); every word of `words` must occur."""
    t = ServerEventLog
    query = select(*_COLUMNS).where(t.server_id == server_id)
    if log:
        query = query.where(t.log == log)
    for word in words.split():
        query = query.where(
            or_(t.message.icontains(word, autoescape=True), t.message_id.icontains(word, autoescape=True))
        )
    query = query.order_by(t.created.desc(), t.id.desc()).limit(limit)
    return [LogRow(*row) for row in connection.execute(query)]
