"""The one writing hand: many to a commit, each for itself when one refuses, again when the store was away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import insert, select, text

from dsm_desktop.store.models import Setting
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.workers.journal import Journal, JournalClosed
from tests.kit.databases import PostgresServer


@pytest.fixture
def journal(store: Store) -> Iterator[Journal]:
    journal = Journal(store, lambda uow: None)
    yield journal
    journal.close()


def _put(key: str) -> Callable[[UnitOfWork], str]:
    def entry(uow: UnitOfWork) -> str:
        uow.session.execute(insert(Setting), {"key": key, "value": {}, "changed_at": uow.now})
        return key

    return entry


def _keys(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(select(Setting.key)))


def test_one_that_refuses_spoils_nobody_elses(store: Store, journal: Journal) -> None:
    gate = threading.Event()
    first = journal.submit(lambda uow: gate.wait(60))
    good = [journal.submit(_put(f"k{n}")) for n in range(3)]

    def bad(uow: UnitOfWork) -> None:
        _put("bad")(uow)
        raise ValueError("no")

    refused = journal.submit(bad)
    late = journal.submit(_put("late"))
    gate.set()
    assert first.result(60) is True
    with pytest.raises(ValueError, match="no"):
        refused.result(60)
    assert [f.result(60) for f in [*good, late]] == ["k0", "k1", "k2", "late"]
    assert _keys(store) == {"k0", "k1", "k2", "late"}


def test_many_entries_need_few_commits(store: Store) -> None:
    commits: list[int] = []
    journal = Journal(store, lambda uow: commits.append(1))
    gate = threading.Event()
    journal.submit(lambda uow: gate.wait(60))
    futures = [journal.submit(_put(f"k{n}")) for n in range(100)]
    gate.set()
    for future in futures:
        future.result(60)
    journal.close()
    assert len(commits) <= 10  # for 101 entries, however the threads are scheduled
    with pytest.raises(JournalClosed):
        journal.call(_put("after"))


def test_entries_wait_for_a_locked_file_and_a_restarted_server(
    store: Store, journal: Journal, request: pytest.FixtureRequest
) -> None:
    if store.engines.is_sqlite:
        with store.engines.write.connect() as other:
            other.execute(text("SELECT 1"))  # BEGIN IMMEDIATE: holds the write lock
            waiting = journal.submit(_put("k"))
            assert not waiting.done()
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.stop()
        waiting = journal.submit(_put("k"))
        server.start()
    assert waiting.result(60) == "k"
    assert _keys(store) == {"k"}
