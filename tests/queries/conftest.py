"""Stores made by migration (full-text search included) on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.migrate import upgrade
from dsm_desktop.store.unit_of_work import Store
from tests.queries.fleet import seed


@pytest.fixture
def fleet(database_url: str, open_store: Callable[[str], Store]) -> Store:
    """The small fleet of tests.queries.fleet."""
    upgrade(database_url)
    store = open_store(database_url)
    seed(store)
    return store


@pytest.fixture(scope="session")
def sqlite_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The same on SQLite alone, made once, for what only reads."""
    url = sqlite_url(tmp_path_factory.mktemp("fleet") / "store.db")
    upgrade(url)
    store = Store(open_engines(url))
    seed(store)
    yield store
    store.close()
