"""Carries the change feed of the store onto this process's event bus.

Postgres says when something is new (LISTEN/NOTIFY); for SQLite `PRAGMA data_version`, which costs some microseconds, is
asked ten times a second. A lost connection is made again; nothing is lost meanwhile, because rows are read from where the
reader stood.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.events import Event, EventBus
from dsm_desktop.store.feed import CHANNEL, FeedReader
from dsm_desktop.store.unit_of_work import Store

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
_NOTIFY_SECONDS = 0.25
_BREATH = 0.005
_RETRY_FIRST, _RETRY_MOST = 0.2, 2.0


class Feed:
    """A thread; `start` returns when the position is known, so that nothing written afterwards is missed."""

    def __init__(
        self, store: Store, bus: EventBus, *, poll: float = POLL_SECONDS, name: str = "feed"
    ) -> None:
        self._store = store
        self._bus = bus
        self._poll = poll
        self._reader = FeedReader()
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, timeout: float = 15.0) -> None:
        self._thread.start()
        self._ready.wait(timeout)

    def nudge(self) -> None:
        """Something was committed in this process: look now."""
        self._wake.set()

    def stop(self) -> None:
        self._ending.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        pause = _RETRY_FIRST
        # The driver in use: the one of Postgres is not loaded for a local store.
        driver: Any = self._store.engines.read.dialect.dbapi
        while not self._ending.is_set():
            try:
                with self._store.engines.read.connect() as connection:
                    watch = self._sqlite if self._store.engines.is_sqlite else self._postgres
                    with watch(connection) as news:
                        self._publish(self._reader.read(connection))
                        connection.rollback()
                        self._ready.set()
                        pause = _RETRY_FIRST
                        self._watch(connection, news)
            except (SQLAlchemyError, driver.Error, DsmError) as error:
                log.warning("the change feed is interrupted, trying again: %s", error)
                self._ending.wait(pause)
                pause = min(pause * 2, _RETRY_MOST)

    def _watch(self, connection: Connection, news: Callable[[], bool]) -> None:
        while not self._ending.is_set():
            if news() and not self._ending.is_set():
                events = self._reader.read(connection)
                connection.rollback()
                self._publish(events)
                # Under load many commits are read together; nobody sees the difference of some milliseconds.
                self._ending.wait(_BREATH)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            self._bus.publish(event)

    @contextmanager
    def _sqlite(self, connection: Connection) -> Iterator[Callable[[], bool]]:
        raw: Any = connection.connection.driver_connection
        seen = -1

        def news() -> bool:
            nonlocal seen
            self._wake.wait(self._poll)
            self._wake.clear()
            version = raw.execute("PRAGMA data_version").fetchone()[0]
            changed = version != seen
            seen = version
            return bool(changed)

        yield news

    @contextmanager
    def _postgres(self, connection: Connection) -> Iterator[Callable[[], bool]]:
        pooled = self._store.engines.read.raw_connection()
        raw: Any = pooled.driver_connection
        pooled.detach()
        try:
            raw.rollback()
            raw.autocommit = True
            raw.execute(f"LISTEN {CHANNEL}")
            first = True

            def news() -> bool:
                nonlocal first
                heard = list(raw.notifies(timeout=_NOTIFY_SECONDS, stop_after=1))
                # Once without being told: what came between the reader's position and LISTEN; then for late rows.
                told, first = bool(heard) or first or self._reader.has_gaps, False
                return told

            yield news
        finally:
            raw.close()
