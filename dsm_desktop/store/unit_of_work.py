"""The only way to write: a transaction that carries its feed entries, and the only way to read a consistent view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dsm_desktop.core.events import Event
from dsm_desktop.store.engine import BUSY_TIMEOUT_MS, Engines
from dsm_desktop.store.failures import StoreUnavailable, failure_of
from dsm_desktop.store.models import FeedEntry, db_now

T = TypeVar("T")


_NOTIFY = text("NOTIFY dsm_feed")


class UnitOfWork:
    """One transaction. `changed(...)` notes what the feed will tell everybody; nobody commits but `Store.write`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []
        self._now: datetime | None = None
        self._held: dict[Callable[[UnitOfWork, list[Any]], None], list[Any]] = {}

    @property
    def now(self) -> datetime:
        """The database's time at first use in this transaction: the one clock every runner shares."""
        if self._now is None:
            with self.session.no_autoflush:  # often asked for while a row is half filled in
                self._now = self.session.scalar(select(db_now()))
            assert self._now is not None
        return self._now

    def changed(self, topic: str, action: str, *ids: int, **data: Any) -> None:
        """Tell every process, after the commit, that rows of `topic` were added, changed or removed."""
        self.events.append(Event(topic, action, ids, data))

    def hold(self, flush: Callable[[UnitOfWork, list[Any]], None], item: Any) -> None:
        """Keep `item` until right before the commit, when `flush(uow, items)` runs once: for rows behind a lock that all
        writers share, which is then held for moments and always taken last."""
        self._held.setdefault(flush, []).append(item)

    def finish(self) -> None:
        """Write what was held back and the noted events (the outbox); called by the store right before the commit."""
        self.session.flush()
        for flush, items in self._held.items():
            flush(self, items)
        if self.events:
            self.session.execute(
                insert(FeedEntry),
                [
                    {"at": self.now, "topic": e.topic, "action": e.action, "ids": list(e.ids), "data": e.data}
                    for e in self.events
                ],
            )
            if self.session.get_bind().dialect.name == "postgresql":
                self.session.execute(_NOTIFY)


class Store:
    """The opened database. Thread-safe; each `write`/`read` takes its own connection.

    Both raise the typed errors of `store.failures`; constraint violations (sqlalchemy IntegrityError) come through as
    they are, because only the caller knows what they mean.
    """

    def __init__(self, engines: Engines, *, on_commit: Callable[[list[Event]], None] | None = None) -> None:
        self.engines = engines
        self._on_commit = on_commit
        self._turn = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A transaction; commits at the end, rolls back on any exception. Never repeated by itself: a cut connection is
        StoreUnavailable before the commit, CommitUnknown during it."""
        committing = False
        try:
            with self._our_turn(), Session(self.engines.write, expire_on_commit=False) as session:
                uow = UnitOfWork(session)
                yield uow
                uow.finish()
                committing = True
                session.commit()
        except SQLAlchemyError as error:
            failure = failure_of(error, self.engines.write, committing=committing)
            if failure is None:
                raise
            raise failure from error
        if uow.events and self._on_commit is not None:
            self._on_commit(uow.events)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time and lets the others poll with growing pauses: threads of one process queue here
        instead. Whoever waited too long goes on, so that the database says what is the matter."""
        ours = self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
        try:
            yield
        finally:
            if ours:
                self._turn.release()

    def _our_turn(self) -> AbstractContextManager[None]:
        return self._in_turn() if self.engines.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only view, consistent for its duration."""
        try:
            with self.engines.read.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            failure = failure_of(error, self.engines.read)
            if failure is None:
                raise
            raise failure from error

    def fetch(self, work: Callable[[Connection], T]) -> T:
        """`work(connection)` in a read-only view, done once more when the connection was cut (server restarted)."""
        try:
            with self.read() as connection:
                return work(connection)
        except StoreUnavailable:
            with self.read() as connection:
                return work(connection)

    def close(self) -> None:
        self.engines.dispose()
