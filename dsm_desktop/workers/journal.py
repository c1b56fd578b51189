"""The runner's one writing hand: everything its tasks write goes through one thread, many entries to a commit.

Why one: SQLite lets one writer in at a time and wakes the others by chance; on both databases one commit for thirty
threads costs one flush to disk instead of thirty. Every transaction begins by renewing the runner's own lease, so whatever
is written is written by a living runner.

Entries may be run again: after a deadlock, a full disk, a database that was restarted or a commit whose answer was lost.
They are therefore written so that running twice changes nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import queue as queues
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.events import Event
from dsm_desktop.store.failures import StoreDamaged, StoreError, StoreLoginRefused
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

T = TypeVar("T")
Entry = Callable[[UnitOfWork], T]

log = logging.getLogger(__name__)

_MAX_GROUP = 256
_GROUP_SECONDS = 0.1
"""Work enough for one commit: other processes wait for SQLite's only writer meanwhile."""
_RETRY_FIRST, _RETRY_MOST = 0.05, 2.0
_HOPELESS = (StoreDamaged, StoreLoginRefused)


class JournalClosed(DsmError):
    """The runner has ended; nothing more is written."""


@dataclass(slots=True)
class _Item:
    entry: Entry[Any]
    future: Future[Any]
    result: Any = None


class Journal:
    """`submit` from any thread, `call` from pool threads, `do` from the loop."""

    def __init__(self, store: Store, fence: Callable[[UnitOfWork], None], *, name: str = "journal") -> None:
        self._store = store
        self._fence = fence
        self._queue: queues.SimpleQueue[_Item | None] = queues.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, entry: Entry[T]) -> Future[T]:
        """Write `entry` in one of the next transactions; the future ends after the commit."""
        future: Future[T] = Future()
        if self._closing.is_set():
            future.set_exception(JournalClosed("This runner has ended."))
        else:
            self._queue.put(_Item(entry, future))
        return future

    def call(self, entry: Entry[T]) -> T:
        """Write and wait, from a pool thread."""
        return self.submit(entry).result()

    async def do(self, entry: Entry[T]) -> T:
        """Write and wait, from the loop."""
        return await asyncio.wrap_future(self.submit(entry))

    def close(self) -> None:
        """Write what is waiting, then end. While the database is away it gives up instead of waiting."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._next_group()
            group = [item for item in group if item.future.set_running_or_notify_cancel()]
            if group:
                self._write(group)
        while not self._queue.empty():
            item = self._queue.get()
            if item is not None:
                item.future.set_exception(JournalClosed("This runner has ended."))

    def _next_group(self) -> tuple[list[_Item], bool]:
        group: list[_Item] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) >= _MAX_GROUP or self._queue.empty():
                return group, True
            item = self._queue.get()
        return group, False

    def _write(self, group: list[_Item]) -> None:
        """Together if possible; if one entry refuses, each alone, so that it spoils nobody else's."""
        written, error = self._commit(group)
        if error is None:
            for item in group[:written]:
                item.future.set_result(item.result)
            if group[written:]:
                self._write(group[written:])
        elif len(group) == 1:
            group[0].future.set_exception(error)
        else:
            for item in group:
                self._write([item])

    def _commit(self, group: list[_Item]) -> tuple[int, Exception | None]:
        """How many of them were written, or why none was."""
        pause = _RETRY_FIRST
        while True:
            try:
                with self._store.write() as uow:
                    self._fence(uow)
                    written, ends = 0, time.monotonic() + _GROUP_SECONDS
                    for item in group:
                        item.result = item.entry(uow)
                        written += 1
                        if time.monotonic() > ends:
                            break
                    uow.events[:] = merged(uow.events)
            except StoreError as error:
                if isinstance(error, _HOPELESS) or (self._closing.is_set() and pause >= _RETRY_MOST):
                    return 0, error
                log.warning("the store cannot be written, trying again: %s", error)
                self._closing.wait(pause) if not self._closing.is_set() else threading.Event().wait(pause)
                pause = min(pause * 2, _RETRY_MOST)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits for the entry
                return 0, error
            else:
                return written, None


def merged(events: list[Event]) -> list[Event]:
    """One event per topic and action where only ids differ."""
    groups: dict[tuple[str, str], dict[int, None]] = {}
    result: list[Event] = []
    for event in events:
        if event.data or not event.ids:
            result.append(event)
        else:
            groups.setdefault((event.topic, event.action), {}).update(dict.fromkeys(event.ids))
    result.extend(Event(topic, action, tuple(ids)) for (topic, action), ids in groups.items())
    return result
