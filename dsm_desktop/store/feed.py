"""The change feed: rows written in the transaction of the change, read by every process, swept after some hours.

On Postgres ids are given out before the commit, so a row may show up behind a higher one: a reader remembers the gaps it
saw and looks into them again until they are filled or too old to matter (a rolled-back transaction leaves one for ever).
"""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import Connection, text

from dsm_desktop.core.events import Event
from dsm_desktop.store.dialect import sql
from dsm_desktop.store.unit_of_work import UnitOfWork

CHANNEL = "dsm_feed"
_BATCH = 2000
_MAX_GAPS = 1000
_GAP_SECONDS = 60.0


class FeedReader:
    """Reads on from where it stood; starts at the newest row. Not thread-safe."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._gaps: dict[int, float] = {}

    @property
    def has_gaps(self) -> bool:
        """Whether rows are missing that may still come."""
        return bool(self._gaps)

    def read(self, connection: Connection) -> list[Event]:
        """New events in the order of their rows; [Event("feed", "reset")] when rows were swept before we read them."""
        if self._last is None:
            self._last = connection.scalar(text("SELECT COALESCE(MAX(id), 0) FROM feed")) or 0
            return []
        events = self._late(connection) if self._gaps else []
        while rows := self._next(connection):
            if self._swept(connection, rows[0].id):
                events.append(Event("feed", "reset"))
            for row in rows:
                self._note_gaps(row.id)
                events.append(_event(row))
                self._last = row.id
            if len(rows) < _BATCH:
                break
        return events

    def _next(self, connection: Connection) -> list[Any]:
        return list(
            connection.execute(
                text(
                    "SELECT id, topic, action, ids, data FROM feed WHERE id > :last ORDER BY id LIMIT :batch"
                ),
                {"last": self._last, "batch": _BATCH},
            )
        )

    def _swept(self, connection: Connection, first: int) -> bool:
        assert self._last is not None
        if self._last == 0 or first <= self._last + _MAX_GAPS:
            return False
        return bool(first == connection.scalar(text("SELECT MIN(id) FROM feed")))

    def _note_gaps(self, found: int) -> None:
        assert self._last is not None
        if found > self._last + 1 and self._last and found - self._last <= _MAX_GAPS:
            now = time.monotonic()
            self._gaps.update((missing, now) for missing in range(self._last + 1, found))

    def _late(self, connection: Connection) -> list[Event]:
        now = time.monotonic()
        self._gaps = {gap: since for gap, since in self._gaps.items() if now - since < _GAP_SECONDS}
        events = []
        for gap in list(self._gaps):
            statement = text("SELECT id, topic, action, ids, data FROM feed WHERE id = :id")
            row = connection.execute(statement, {"id": gap}).first()
            if row is not None:
                del self._gaps[gap]
                events.append(_event(row))
        return events


def _event(row: Any) -> Event:
    ids = json.loads(row.ids) if isinstance(row.ids, str) else row.ids
    data = json.loads(row.data) if isinstance(row.data, str) else row.data
    return Event(row.topic, row.action, tuple(ids), dict(data))


def sweep(uow: UnitOfWork, *, older_than: float) -> int:
    """Remove rows older than so many seconds. The newest row stays: SQLite would give its id out again."""
    connection = uow.session.connection()
    statement = sql(
        connection, "DELETE FROM feed WHERE at < {before:age} AND id < (SELECT MAX(id) FROM feed)"
    )
    return connection.execute(statement, {"age": older_than}).rowcount
