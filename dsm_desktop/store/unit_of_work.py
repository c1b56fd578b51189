"""The only way to write: a transaction that carries its feed entries, and the only way to read a consistent view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from dsm_desktop.core.events import Event
from dsm_desktop.store.engine import Engines
from dsm_desktop.store.models import FeedEntry, db_now


class UnitOfWork:
    """One transaction. `changed(...)` notes what the feed will tell everybody; nobody commits but `Store.write`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's time at first use in this transaction: the one clock every runner shares."""
        if self._now is None:
            self._now = self.session.scalar(select(db_now()))
            assert self._now is not None
        return self._now

    def changed(self, topic: str, action: str, *ids: int, **data: Any) -> None:
        """Tell every process, after the commit, that rows of `topic` were added, changed or removed."""
        self.events.append(Event(topic, action, ids, data))

    def flush_feed(self) -> None:
        """Write the noted events into the outbox; called by the store right before the commit."""
        if self.events:
            self.session.execute(
                insert(FeedEntry),
                [
                    {"at": self.now, "topic": e.topic, "action": e.action, "ids": list(e.ids), "data": e.data}
                    for e in self.events
                ],
            )


class Store:
    """The opened database. Thread-safe; each `write`/`read` takes its own connection."""

    def __init__(self, engines: Engines, *, on_commit: Callable[[list[Event]], None] | None = None) -> None:
        self.engines = engines
        self._on_commit = on_commit

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A transaction; commits at the end, rolls back on any exception."""
        with Session(self.engines.write, expire_on_commit=False) as session, session.begin():
            uow = UnitOfWork(session)
            yield uow
            session.flush()
            uow.flush_feed()
        if uow.events and self._on_commit is not None:
            self._on_commit(uow.events)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only view, consistent for its duration."""
        with self.engines.read.connect() as connection:
            yield connection

    def close(self) -> None:
        self.engines.dispose()
