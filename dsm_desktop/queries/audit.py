"""The audit log in pages, and whether its chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, cast, or_, select

from dsm_desktop.store.audit import AuditReport, verify_in
from dsm_desktop.store.models import AuditEntry

PAGE = 200


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: `action` begins with ("servers." or "jobs.submit"); `words` must all occur in actor, action, subject or
    detail; times aware."""

    actor: str = ""
    action: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry; `id` has no gaps."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


_COLUMNS = [getattr(AuditEntry, name) for name in AuditRow.__dataclass_fields__]


def audit_page(
    connection: Connection,
    wanted: AuditFilter,
    *,
    before: int | None = None,
    after: int = 0,
    limit: int = PAGE,
    also: Mapping[str, Sequence[str]] | None = None,
) -> list[AuditRow]:
    """The newest entries between the ids `after` and `before` (None: to the end), newest first; fewer than `limit` = no more.
    `also`: for a word, actions that are called so where they are shown."""
    a = AuditEntry
    query = select(*_COLUMNS).where(a.id > after).order_by(a.id.desc()).limit(limit)
    if before is not None:
        query = query.where(a.id < before)
    if wanted.actor:
        query = query.where(a.actor.icontains(wanted.actor, autoescape=True))
    if wanted.action:
        query = query.where(a.action.startswith(wanted.action, autoescape=True))
    if wanted.since is not None:
        query = query.where(a.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(a.at <= wanted.until)
    for word in wanted.words.split():
        texts = (a.actor, a.action, a.subject, cast(a.detail, String))
        called = a.action.in_((also or {}).get(word, ()))
        query = query.where(or_(called, *(t.icontains(word, autoescape=True) for t in texts)))
    return [AuditRow(*row) for row in connection.execute(query)]


def audit_actions(connection: Connection) -> list[str]:
    """Every kind of action that was noted, for the filter's list."""
    return sorted(connection.scalars(select(AuditEntry.action).distinct()))


def audit_actors(connection: Connection) -> list[str]:
    """Everybody who acted."""
    return sorted(connection.scalars(select(AuditEntry.actor).distinct()))


def audit_state(connection: Connection) -> AuditReport:
    """Walk the whole chain: whole, or the first entry that is wrong and why. Some seconds for a million entries."""
    return verify_in(connection)
