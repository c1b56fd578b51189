"""A store as the program opens it: migrated, on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store


@pytest.fixture
def site(database_url: str) -> Iterator[Store]:
    """An opened, migrated, empty store; once per kind of database."""
    store = open_store(database_url)
    yield store
    store.close()
