"""A million calls page by page: every statement is short, whatever is asked for.

Pages go by id (keyset), never by offset. A search that no index helps walks a window of ids at a time and hands back what it has
when its time is up, with the place where to go on, so the view fills while it searches and can be stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, or_, select

from dsm_desktop.queries.calls import CallRow
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.models.activity import CALL_FAILED

PAGE = 200
BUDGET = 0.05
"""Seconds a page may take; a window is made as large as fits into half of it."""
_FIRST_WINDOW = 4_000
_LARGEST_WINDOW = 64_000
_COLUMNS = [getattr(ApiCall, name) for name in CallRow.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class CallSearch:
    """Which calls: `words` must all occur in host, path or error (without regard to case); `outcome` "" | failed | changing;
    `status` exact; `slower_ms` answers that took longer; times aware."""

    words: str = ""
    server_id: int | None = None
    job_id: int | None = None
    outcome: str = ""
    protocol: str = ""
    method: str = ""
    status: int | None = None
    slower_ms: float | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallPage:
    """Rows newest first. `next` the cursor for older ones, None at the end; `complete` False: time was up before the page was
    full, ask on from `next`. `progress` how much of the log is searched, 0 to 1."""

    rows: tuple[CallRow, ...]
    next: int | None
    complete: bool
    progress: float


@dataclass(frozen=True, slots=True)
class CallSpan:
    """The log's ends: ids of the oldest and newest call (0, 0 for none); ids are nearly without gaps, so that a scroll bar can
    take `newest - oldest + 1` for the count and any id between for a place."""

    oldest: int
    newest: int


def call_span(connection: Connection) -> CallSpan:
    """Both ends, from the primary key."""
    low = connection.scalar(select(func.min(ApiCall.id)))
    return CallSpan(low or 0, connection.scalar(select(func.max(ApiCall.id))) or 0)


def call_page(
    connection: Connection,
    wanted: CallSearch,
    *,
    before: int | None = None,
    limit: int = PAGE,
    budget: float = BUDGET,
) -> CallPage:
    """Calls below the id `before` (None: from the newest)."""
    span = call_span(connection)
    top, floor = _bounds(connection, wanted, span)
    top = top if before is None else min(top, before - 1)
    if not span.newest or top < floor:
        return CallPage((), None, True, 1.0)
    query = _filtered(connection, wanted)
    if _has_index(wanted):
        return _indexed(connection, query, top, floor, limit)
    return _walk(connection, query, (top, floor), span, limit, budget)


def new_calls(connection: Connection, wanted: CallSearch, after: int, limit: int = PAGE) -> list[CallRow]:
    """Calls that came since the id `after`, newest first: the live view's tail."""
    query = _filtered(connection, wanted).where(ApiCall.id > after).order_by(ApiCall.id.desc()).limit(limit)
    return [CallRow(*row) for row in connection.execute(query)]


def _indexed(connection: Connection, query: Select[Any], top: int, floor: int, limit: int) -> CallPage:
    """An index leads straight to the rows."""
    query = query.where(ApiCall.id <= top, ApiCall.id >= floor).order_by(ApiCall.id.desc()).limit(limit)
    rows = tuple(CallRow(*row) for row in connection.execute(query))
    return CallPage(rows, rows[-1].id if len(rows) == limit else None, True, 1.0)


def _walk(
    connection: Connection, query: Select[Any], ends: tuple[int, int], span: CallSpan, limit: int, budget: float,
    clock: Callable[[], float] = time.monotonic,
) -> CallPage:  # fmt: skip
    (top, floor), window, begun = ends, _FIRST_WINDOW, clock()
    rows: list[CallRow] = []
    while top >= floor and len(rows) < limit:
        bottom, started = max(top - window + 1, floor), clock()
        part = query.where(ApiCall.id <= top, ApiCall.id >= bottom).order_by(ApiCall.id.desc())
        found = [CallRow(*row) for row in connection.execute(part.limit(limit - len(rows)))]
        rows += found
        if len(rows) >= limit:
            return CallPage(tuple(rows), rows[-1].id, True, _progress(rows[-1].id, span))
        top, now = bottom - 1, clock()
        if now - begun + (now - started) > budget and top >= floor:
            return CallPage(tuple(rows), top + 1, False, _progress(top, span))
        if now - started < budget / 4:
            window = min(window * 2, _LARGEST_WINDOW)
    return CallPage(tuple(rows), None, True, 1.0)


def _progress(place: int, span: CallSpan) -> float:
    return (span.newest - place) / max(span.newest - span.oldest + 1, 1)


def _has_index(wanted: CallSearch) -> bool:
    """Whether an index alone gives the page: then nothing else may have to be searched for."""
    others = (
        wanted.words,
        wanted.protocol,
        wanted.method,
        wanted.status is not None,
        wanted.slower_ms is not None,
    )
    named = [bool(wanted.outcome), wanted.server_id is not None, wanted.job_id is not None]
    return not any(others) and sum(named) <= 1


def _bounds(connection: Connection, wanted: CallSearch, span: CallSpan) -> tuple[int, int]:
    """The ids between which the times lie. Rows are written some moments after their time, hence the margin."""
    top, floor, a = span.newest, span.oldest, ApiCall
    if wanted.until is not None:
        near = select(a.id).where(a.at <= wanted.until).order_by(a.at.desc()).limit(1_000).subquery()
        top = connection.scalar(select(func.max(near.c.id))) or 0
    if wanted.since is not None:
        near = select(a.id).where(a.at >= wanted.since).order_by(a.at).limit(1_000).subquery()
        floor = connection.scalar(select(func.min(near.c.id))) or span.newest + 1
    return top, floor


def _filtered(connection: Connection, wanted: CallSearch) -> Select[Any]:
    a, query = ApiCall, select(*_COLUMNS)
    if wanted.server_id is not None:
        query = query.where(a.server_id == wanted.server_id)
    if wanted.job_id is not None:
        query = query.where(a.job_id == wanted.job_id)
    # Word for word the conditions of the partial indexes, or the planners do not see that these fit.
    if wanted.outcome == "failed":
        query = query.where(literal_column(f"({CALL_FAILED})"))
    elif wanted.outcome == "changing":
        query = query.where(literal_column("changing"))
    if wanted.outcome and _has_index(wanted):
        query = query.with_hint(a, f"INDEXED BY ix_api_calls_{wanted.outcome}", "sqlite")
    for column, value in ((a.protocol, wanted.protocol), (a.method, wanted.method.upper())):
        if value:
            query = query.where(column == value)
    if wanted.status is not None:
        query = query.where(a.status == wanted.status)
    if wanted.slower_ms is not None:
        query = query.where(a.latency_ms > wanted.slower_ms)
    if wanted.since is not None:
        query = query.where(a.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(a.at <= wanted.until)
    for word in wanted.words.split():
        query = query.where(or_(*(c.icontains(word, autoescape=True) for c in (a.host, a.path, a.error))))
    return query
