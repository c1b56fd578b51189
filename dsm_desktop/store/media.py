"""Rows of the media server: its identity on a machine, and the mounts it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.store.models import MediaIdentity, MediaMount, Server
from dsm_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """Of one machine. `private_key` is sealed for the row `id`."""

    id: int
    certificate: str
    private_key: bytes


@dataclass(frozen=True, slots=True)
class ServedMount:
    """A standing mount that this machine serves."""

    job_id: int
    server_id: int
    address: str
    file: str


def media_identity(connection: Connection, host: str) -> StoredIdentity | None:
    """The identity of a machine; None before it first served anything."""
    row = connection.execute(
        select(MediaIdentity.id, MediaIdentity.certificate, MediaIdentity.private_key).where(
            MediaIdentity.host == host
        )
    ).one_or_none()
    if row is None or row.private_key is None:
        return None
    return StoredIdentity(row.id, row.certificate, row.private_key)


def save_media_identity(uow: UnitOfWork, host: str, certificate: str, seal: Callable[[int], bytes]) -> None:
    """Store a machine's first identity; `seal` seals the private key for the row's id."""
    row = uow.session.scalar(select(MediaIdentity).where(MediaIdentity.host == host))
    if row is None:
        row = MediaIdentity(host=host)
        uow.session.add(row)
    row.certificate, row.created_at = certificate, uow.now
    uow.session.flush()
    row.private_key = seal(row.id)


def served_mounts(connection: Connection, host: str) -> list[ServedMount]:
    """What stands mounted from files of this machine."""
    m = MediaMount
    rows = connection.execute(
        select(m.job_id, m.server_id, Server.address, m.file)
        .join(Server, Server.id == m.server_id)
        .where(m.host == host, m.file != "", m.ended_at.is_(None), m.job_id.is_not(None))
        .order_by(m.id)
    )
    return [ServedMount(job_id or 0, server_id, address, file) for job_id, server_id, address, file in rows]
