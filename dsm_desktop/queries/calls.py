"""Calls to devices: ids for a scrolling view, pages of rows, one call with its masked bodies, and the same call as curl."""

from __future__ import annotations

import json
import shlex
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select, text

from dsm_desktop.core.redact import masked
from dsm_desktop.queries.newest import server_label
from dsm_desktop.store.models import ApiCall, Server
from dsm_desktop.store.models.activity import CALL_FAILED


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls: `words` must all occur in host, path, error or the server's names; `outcome` "" | failed | changing;
    `after` = only larger ids."""

    server_id: int | None = None
    job_id: int | None = None
    words: str = ""
    outcome: str = ""
    after: int = 0


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call. `status` None = sent and no answer recorded, 0 = no answer came; `latency_ms` in ms. `server` as it is
    listed, "" = it is listed no more, or the call was to none."""

    id: int
    at: datetime
    server_id: int | None
    job_id: int | None
    protocol: str
    host: str
    method: str
    path: str
    changing: bool
    status: int | None
    latency_ms: float | None
    received_bytes: int
    error: str
    server: str = ""

    @property
    def failed(self) -> bool:
        return self.status is None or self.status == 0 or self.status >= 400

    @property
    def outcome(self) -> str:
        """The status as an operator reads it."""
        if self.status is None:
            return "unanswered"
        return "no answer" if self.status == 0 else str(self.status)


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call with its bodies, masked when they were stored."""

    row: CallRow
    request: Any
    answer: Any


_PAGE = 900
_COLUMNS = [getattr(ApiCall, name) for name in CallRow.__dataclass_fields__ if name != "server"]
"""Of a row without the name of its server."""


def call_ids(connection: Connection, wanted: CallFilter, limit: int = 1_000_000) -> array[int]:
    """Ids of the calls, newest first; 8 bytes each, so that a million fit in a view."""
    query = _where(connection, select(ApiCall.id), wanted).order_by(ApiCall.id.desc()).limit(limit)
    return array("q", connection.execute(query).scalars())


def newest_call(connection: Connection) -> int:
    """The id of the call that was begun last, 0 for none."""
    return connection.scalar(select(func.max(ApiCall.id))) or 0


def call_rows(connection: Connection, ids: Collection[int]) -> list[CallRow]:
    """The rows of one page (up to 900 ids), in no particular order."""
    query = select(*_COLUMNS).where(ApiCall.id.in_(list(ids)[:_PAGE]))
    return _named(connection, [CallRow(*row) for row in connection.execute(query)])


def call_rows_of(connection: Connection, ids: Sequence[int]) -> list[CallRow]:
    """Any number of rows in the order of `ids`; those that retention has removed meanwhile are left out."""
    found = {
        row.id: row for n in range(0, len(ids), _PAGE) for row in call_rows(connection, ids[n : n + _PAGE])
    }
    return [found[i] for i in ids if i in found]


def call_detail(connection: Connection, call_id: int) -> CallDetail | None:
    """One call with its bodies; None once retention has removed it."""
    row = connection.execute(
        select(*_COLUMNS, ApiCall.request, ApiCall.answer).where(ApiCall.id == call_id)
    ).first()
    if row is None:
        return None
    *values, request, answer = row
    return CallDetail(_named(connection, [CallRow(*values)])[0], request, answer)


def failed_call(
    connection: Connection,
    *,
    job_id: int | None = None,
    task_id: int | None = None,
    server_id: int | None = None,
) -> int | None:
    """The newest failed call of a job, of one of its targets, or to a server: the one its error came from. None when no call
    failed (the error came from elsewhere) or retention has removed it."""
    query = select(ApiCall.id).where(text(CALL_FAILED)).order_by(ApiCall.id.desc()).limit(1)
    if job_id is not None:
        query = query.where(ApiCall.job_id == job_id)
    if task_id is not None:
        query = query.where(ApiCall.task_id == task_id)
    if server_id is not None:
        query = query.where(ApiCall.server_id == server_id)
    return connection.scalar(query)


def as_curl(call: CallDetail) -> str:
    """The call as a curl command that asks for the account; it never holds a secret."""
    row = call.row
    parts = ["curl", "-k", "-u", "$IDRAC_USER:$IDRAC_PASSWORD"]
    quoted = [part if part.startswith("$") else shlex.quote(part) for part in parts]
    quoted[3] = '"$IDRAC_USER:$IDRAC_PASSWORD"'
    if row.method != "GET":
        quoted += ["-X", shlex.quote(row.method)]
    if call.request is not None:
        quoted += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(pretty(call.request, None))]
    quoted.append(shlex.quote(f"https://{row.host}{row.path}"))
    return " ".join(quoted)


def pretty(body: Any, indent: int | None = 2) -> str:
    """A body as text, masked once more in case it was stored by an older version."""
    if body is None:
        return ""
    clean = masked(body)
    return clean if isinstance(clean, str) else json.dumps(clean, indent=indent, ensure_ascii=False)


def _named(connection: Connection, rows: list[CallRow]) -> list[CallRow]:
    """With the names of their servers: an operator does not think in addresses."""
    ids = {row.server_id for row in rows} - {None}
    query = select(Server.id, server_label().label("label")).where(Server.id.in_(ids))
    names = {row.id: str(row.label) for row in connection.execute(query)}
    return [replace(row, server=names.get(row.server_id, "")) for row in rows]


def _where(connection: Connection, query: Select[Any], wanted: CallFilter) -> Select[Any]:
    if wanted.after:
        query = query.where(ApiCall.id > wanted.after)
    if wanted.server_id is not None:
        query = query.where(ApiCall.server_id == wanted.server_id)
    if wanted.job_id is not None:
        query = query.where(ApiCall.job_id == wanted.job_id)
    if wanted.outcome == "failed":
        query = query.where(or_(ApiCall.status.is_(None), ApiCall.status == 0, ApiCall.status >= 400))
    elif wanted.outcome == "changing":
        query = query.where(ApiCall.changing.is_(True))
    for word in wanted.words.split():
        places = [c.icontains(word, autoescape=True) for c in (ApiCall.host, ApiCall.path, ApiCall.error)]
        names = (Server.name, Server.host_name, Server.service_tag)
        called = select(Server.id).where(or_(*(c.icontains(word, autoescape=True) for c in names)))
        # Else a million calls would be compared with an empty list.
        if connection.scalar(called.limit(1)) is not None:
            places.append(ApiCall.server_id.in_(called))
        query = query.where(or_(*places))
    return query
