"""Servers as rows of the grid, and the facets beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.core.states import Access, Health
from dsm_desktop.queries.certificates import certificate_expiry
from dsm_desktop.queries.server_row import STORED, share
from dsm_desktop.queries.server_row import ServerRow as ServerRow
from dsm_desktop.queries.tags import tags_by_server
from dsm_desktop.store.models import JobTask, Server, ServerGroup, ServerGroupMember

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_BATCH = 500  # SQLite refuses more than 999 bound values in old builds


_COLUMNS = [getattr(Server, name) for name in STORED]


def list_servers(connection: Connection, ids: Collection[int] | None = None) -> list[ServerRow]:
    """All servers, or those of `ids` that exist, by id."""
    if ids is None:
        tags, expiry = tags_by_server(connection), certificate_expiry(connection)
        rows = connection.execute(select(*_COLUMNS).order_by(Server.id))
        known: dict[Any, Any] = {}
        return [_row(row, tags, expiry, known) for row in rows]
    wanted = sorted(ids)
    found: list[ServerRow] = []
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        query = select(*_COLUMNS).where(Server.id.in_(part)).order_by(Server.id)
        tags, expiry = tags_by_server(connection, part), certificate_expiry(connection, part)
        found.extend(_row(row, tags, expiry) for row in connection.execute(query))
    return found


def _row(
    row: Any,
    tags: Mapping[int, tuple[str, ...]],
    expiry: Mapping[int, datetime],
    known: dict[Any, Any] | None = None,
) -> ServerRow:
    values = [*row, tags.get(row[0], ()), expiry.get(row[0])]
    if known is not None:
        share(values, known)
    return ServerRow(*values)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group with the ids of its direct members. `kind` manual | vcenter_cluster | saved_filter."""

    id: int
    name: str
    kind: str
    filter: str
    members: frozenset[int]


def list_groups(connection: Connection) -> list[GroupRow]:
    """Every group by name."""
    members: dict[int, set[int]] = {}
    for group_id, server_id in connection.execute(
        select(ServerGroupMember.group_id, ServerGroupMember.server_id)
    ):
        members.setdefault(group_id, set()).add(server_id)
    query = select(ServerGroup.id, ServerGroup.name, ServerGroup.kind, ServerGroup.filter).order_by(
        ServerGroup.name
    )
    return [
        GroupRow(i, name, kind, text, frozenset(members.get(i, ())))
        for i, name, kind, text in connection.execute(query)
    ]


def shown_fingerprint(connection: Connection, server_id: int) -> str:
    """The SHA-256 (hex) a device showed when its certificate was last refused, "" where no task met that."""
    query = (
        select(JobTask.error, Server.fingerprint)
        .join(Server, Server.id == JobTask.server_id)
        .where(JobTask.server_id == server_id, JobTask.error.is_not(None))
        .order_by(JobTask.id.desc())
        .limit(20)
    )
    for error, pinned in connection.execute(query):
        if error and error.get("code") == "CertificateChanged":
            detail = str(error.get("detail", "")).lower().replace(":", "")
            return next((found for found in _SHA256.findall(detail) if found != pinned), "")
    return ""


@dataclass(frozen=True, slots=True)
class FleetNumbers:
    """Counts of the whole fleet: by health, by access, by power state, and the oldest reading."""

    total: int
    health: dict[str, int]
    access: dict[str, int]
    power: dict[str, int]
    models: dict[str, int]
    oldest_facts: datetime | None
    never_read: int

    @property
    def critical(self) -> int:
        return self.health.get(Health.CRITICAL, 0)

    @property
    def unmanaged(self) -> int:
        """Servers the program cannot read at present."""
        return sum(n for access, n in self.access.items() if access not in (Access.MANAGED, Access.GENERIC))


def fleet_numbers(connection: Connection) -> FleetNumbers:
    """Counts for the dashboard and the status bar, in the database."""

    def by(column: Any) -> dict[str, int]:
        return {key: n for key, n in connection.execute(select(column, func.count()).group_by(column)) if key}

    total, oldest, read = connection.execute(
        select(func.count(Server.id), func.min(Server.facts_at), func.count(Server.facts_at))
    ).one()
    return FleetNumbers(
        total=total,
        health=by(Server.health),
        access=by(Server.access),
        power=by(Server.power_state),
        models=by(Server.model),
        oldest_facts=oldest,
        never_read=total - read,
    )
