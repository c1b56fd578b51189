"""The change feed: what one process commits, every other one hears, once and in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import insert, text

from dsm_desktop.core.events import Event, EventBus
from dsm_desktop.store import feed as feed_rows
from dsm_desktop.store.feed import FeedReader
from dsm_desktop.store.models import FeedEntry
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.feed import Feed
from dsm_desktop.workers.journal import merged


def test_every_commit_is_heard_once_and_soon(
    store: Store, database_url: str, open_store: Callable[[str], Store]
) -> None:
    other = open_store(database_url)
    heard: list[int] = []
    late: list[float] = []
    enough, every = threading.Event(), threading.Event()
    bus = EventBus()

    def listen(event: Event) -> None:
        heard.extend(event.ids)
        late.append(time.monotonic() - event.data["at"])
        if len(heard) == 40:
            enough.set()
        every.set()

    bus.subscribe(listen, "servers")
    feed = Feed(store, bus)
    feed.start()
    for n in range(40):
        with other.write() as uow:
            uow.changed("servers", "changed", n, at=time.monotonic())
            uow.changed("jobs", "changed", n)
    assert enough.wait(60)
    assert heard == list(range(40))
    late.clear()
    for n in range(40, 45):  # one by one: at least one is heard at once, however busy the machine
        every.clear()
        with other.write() as uow:
            uow.changed("servers", "changed", n, at=time.monotonic())
        assert every.wait(60)
    feed.stop()
    assert heard == list(range(45))
    assert min(late) < 1.0


def test_a_row_that_was_committed_behind_a_higher_one_is_not_missed(store: Store) -> None:
    reader = FeedReader()

    def add(row: int) -> None:
        with store.write() as uow:
            values = {"id": row, "at": uow.now, "topic": "t", "action": "added", "ids": [row], "data": {}}
            uow.session.execute(insert(FeedEntry), values)

    def read() -> list[int]:
        with store.read() as connection:
            return [event.ids[0] for event in reader.read(connection)]

    add(1)
    assert read() == []
    add(2)
    add(4)
    assert read() == [2, 4]
    assert reader.has_gaps
    add(3)
    add(5)
    assert read() == [3, 5]
    assert not reader.has_gaps
    assert read() == []


def test_sweeping_keeps_the_newest_row_so_that_no_number_comes_twice(store: Store) -> None:
    for n in range(3):
        with store.write() as uow:
            uow.changed("t", "added", n)
    with store.write() as uow:
        assert feed_rows.sweep(uow, older_than=0.0) >= 1
    with store.read() as connection:
        assert connection.scalar(text("SELECT MAX(id) FROM feed")) == 3


def test_events_of_one_commit_are_put_together() -> None:
    events = [
        Event("a", "changed", (1,)),
        Event("b", "added"),
        Event("a", "changed", (2, 1)),
        Event("a", "added", (3,), {"x": 1}),
    ]
    assert merged(events) == [
        Event("b", "added"),
        Event("a", "added", (3,), {"x": 1}),
        Event("a", "changed", (1, 2)),
    ]
