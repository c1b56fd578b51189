"""Credential sets as rows, without their secrets; and how the site key is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dsm_desktop.core.errors import NotFound
from dsm_desktop.store.models import CredentialIpRange, CredentialSet, Server


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential set. `ranges` as typed; `assigned` and `discovered` count the servers that name it."""

    id: int
    name: str
    kind: str
    username: str
    has_secret: bool
    priority: int
    is_default: bool
    notes: str
    changed_at: datetime
    ranges: tuple[str, ...]
    assigned: int
    discovered: int


def credential_rows(connection: Connection, kind: str = "") -> list[CredentialRow]:
    """All sets (of one kind) in the order they are tried: kind, priority, name."""
    query = select(
        CredentialSet.id,
        CredentialSet.name,
        CredentialSet.kind,
        CredentialSet.username,
        CredentialSet.secret.is_not(None),
        CredentialSet.priority,
        CredentialSet.is_default,
        CredentialSet.notes,
        CredentialSet.changed_at,
    ).order_by(CredentialSet.kind, CredentialSet.priority, CredentialSet.name)
    if kind:
        query = query.where(CredentialSet.kind == kind)
    ranges: dict[int, list[str]] = {}
    for credential_id, expression in connection.execute(
        select(CredentialIpRange.credential_id, CredentialIpRange.expression).order_by(CredentialIpRange.id)
    ):
        ranges.setdefault(credential_id, []).append(expression)
    assigned = _counts(connection, "assigned_credential_id")
    discovered = _counts(connection, "discovered_credential_id")
    return [
        CredentialRow(*row, tuple(ranges.get(row[0], ())), assigned.get(row[0], 0), discovered.get(row[0], 0))
        for row in connection.execute(query)
    ]


def credential_row(connection: Connection, credential_id: int) -> CredentialRow:
    """One set. Raises NotFound."""
    for row in credential_rows(connection):
        if row.id == credential_id:
            return row
    raise NotFound("The credential set is not there any more.", where=f"credential set {credential_id}")


def _counts(connection: Connection, column: str) -> dict[int, int]:
    named = Server.__table__.c[column]
    rows = connection.execute(select(named, func.count()).where(named.is_not(None)).group_by(named))
    return {row[0]: row[1] for row in rows}
