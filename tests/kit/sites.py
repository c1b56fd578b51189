"""A store as the program opens it, on both kinds of database; imported by the conftest of each room that wants it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from tests.kit.databases import PostgresServer


@pytest.fixture(scope="session")
def shared_database(postgres_server: PostgresServer) -> Iterator[str]:
    """One migrated Postgres database for all tests that only need an empty store: emptying is ten times cheaper than
    making."""
    name = postgres_server.create_database()
    open_store(postgres_server.url(name)).close()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An opened, migrated, empty store; once per kind of database."""
    if request.param == "sqlite":
        store = open_store(sqlite_url(tmp_path / "store.db"))
    else:
        store = open_store(request.getfixturevalue("shared_database"))
        with store.engines.write.begin() as connection:
            tables = ", ".join(
                t for t in inspect(connection).get_table_names() if t not in ("alembic_version", "settings")
            )
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            connection.execute(text("DELETE FROM settings WHERE key <> 'store.program'"))
    yield store
    store.close()
