"""Full-text search in device logs, the same on both databases: every word must begin a word of message or message id."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, func, literal_column, select, text, true

from dsm_desktop.store.models import ServerEventLog

_MOST_WORDS = 32


def words_of(query: str) -> list[str]:
    """The words of what a person typed, in lower case; everything else (quotes, operators, stars) only separates."""
    return re.findall(r"[^\W_]+", query.lower())[:_MOST_WORDS]


def matching(query: str, dialect: str) -> ColumnElement[bool]:
    """A condition on ServerEventLog for `dialect` ("sqlite", "postgresql"); true where the query holds no word."""
    words = words_of(query)
    if not words:
        return true()
    if dialect == "sqlite":
        found = text("SELECT rowid FROM server_event_logs_fts WHERE server_event_logs_fts MATCH :words")
        return ServerEventLog.id.in_(found.bindparams(words=" AND ".join(f'"{w}" *' for w in words)))
    wanted = func.to_tsquery(literal_column("'simple'"), " & ".join(f"'{w}':*" for w in words))
    return literal_column("server_event_logs.search").op("@@", is_comparison=True)(wanted)


def search_logs(
    connection: Connection, query: str, *, server_id: int | None = None, limit: int = 500
) -> list[int]:
    """Ids of the newest matching entries."""
    found = select(ServerEventLog.id).where(matching(query, connection.dialect.name))
    if server_id is not None:
        found = found.where(ServerEventLog.server_id == server_id)
    return list(
        connection.scalars(
            found.order_by(ServerEventLog.created.desc(), ServerEventLog.id.desc()).limit(limit)
        )
    )
