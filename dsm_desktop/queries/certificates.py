"""Certificates of the BMCs as rows: how long they hold, and what waits to be signed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.store.models import CertificateAuthority, Server, ServerCertificate


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """What a BMC's web server showed last; see `store.models.certificates.ServerCertificate`. `server` as an operator calls it."""

    server_id: int
    server: str
    fingerprint: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    installed: bool
    seen_at: datetime | None
    request: str
    request_job_id: int | None
    requested_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    """A small authority of the site. `certificate` PEM."""

    id: int
    name: str
    certificate: str
    created_at: datetime


def certificate_rows(
    connection: Connection, server_ids: Collection[int] | None = None
) -> list[CertificateRow]:
    """All, or those of these servers (at most some hundred), by server."""
    c = ServerCertificate
    label = func.coalesce(
        func.nullif(Server.name, ""), func.nullif(Server.host_name, ""), Server.service_tag, Server.address
    )
    query = (
        select(c.server_id, label, c.fingerprint, c.subject, c.issuer, c.names, c.not_before, c.not_after,
               c.installed, c.seen_at, c.request, c.request_job_id, c.requested_at)
        .join(Server, Server.id == c.server_id)
        .order_by(c.server_id)
    )  # fmt: skip
    if server_ids is not None:
        query = query.where(c.server_id.in_(server_ids))
    return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> CertificateRow:
    values = list(row)
    values[5] = tuple(values[5] or ())
    return CertificateRow(*values)


def certificate_expiry(
    connection: Connection, server_ids: Collection[int] | None = None
) -> dict[int, datetime]:
    """When the certificate of each server ends, where it is known."""
    query = select(ServerCertificate.server_id, ServerCertificate.not_after).where(
        ServerCertificate.not_after.is_not(None)
    )
    if server_ids is not None:
        query = query.where(ServerCertificate.server_id.in_(server_ids))
    return {server_id: until for server_id, until in connection.execute(query) if until is not None}


def authorities(connection: Connection) -> list[AuthorityRow]:
    """The site's own small authorities, oldest first."""
    a = CertificateAuthority
    rows = connection.execute(select(a.id, a.name, a.certificate, a.created_at).order_by(a.id))
    return [AuthorityRow(*row) for row in rows]
