"""The job queues of the devices as rows: one grid for any selection of servers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dsm_desktop.core import device_queue
from dsm_desktop.store.models import DeviceJob, DeviceQueue, Server

_BATCH = 500


@dataclass(frozen=True, slots=True)
class DeviceJobRow:
    """One job of an iDRAC's queue. `since` is when it was first seen in this very state; times of the device as it writes them."""

    id: int
    server_id: int
    server: str
    job_id: str
    name: str
    kind: str
    state: str
    percent: int | None
    message: str
    message_id: str
    start_time: str
    end_time: str
    since: datetime
    seen_at: datetime

    @property
    def blocks(self) -> str:
        """What it stands in the way of; "" for one that has ended."""
        return device_queue.blocks(self.kind, self.state)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """When a server's queue was read, and what its Lifecycle Controller said then."""

    server_id: int
    lc_status: str
    seen_at: datetime


def device_job_rows(connection: Connection, server_ids: Collection[int] | None = None) -> list[DeviceJobRow]:
    """Jobs of these servers (None = of all), what has not ended first, newest first."""
    d = DeviceJob
    label = func.coalesce(
        func.nullif(Server.name, ""), func.nullif(Server.host_name, ""), Server.service_tag, Server.address
    )
    columns = (
        d.id,
        d.server_id,
        label,
        d.job_id,
        d.name,
        d.kind,
        d.state,
        d.percent,
        d.message,
        d.message_id,
    )
    query = select(*columns, d.start_time, d.end_time, d.first_seen, d.seen_at).join(
        Server, Server.id == d.server_id
    )
    rows: list[DeviceJobRow] = []
    if server_ids is None:
        rows += [DeviceJobRow(*row) for row in connection.execute(query)]
    wanted = sorted(server_ids or ())
    for start in range(0, len(wanted), _BATCH):
        part = query.where(d.server_id.in_(wanted[start : start + _BATCH]))
        rows += [DeviceJobRow(*row) for row in connection.execute(part)]
    rows.sort(key=lambda row: row.job_id.partition("_")[2], reverse=True)
    rows.sort(key=lambda row: not device_queue.is_open(row.state))
    return rows


def queue_row(connection: Connection, server_id: int) -> QueueRow | None:
    """None = never read."""
    q = DeviceQueue
    row = connection.execute(
        select(q.server_id, q.lc_status, q.seen_at).where(q.server_id == server_id)
    ).first()
    return QueueRow(*row) if row is not None else None
