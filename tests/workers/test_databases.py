"""The test databases themselves."""

from __future__ import annotations

from sqlalchemy import inspect

from dsm_desktop.store.unit_of_work import Store
from tests.kit.databases import PostgresServer


def test_a_store_has_its_tables_on_both_databases(store: Store) -> None:
    assert "job_tasks" in inspect(store.engines.read).get_table_names()


def test_a_killed_postgres_comes_back_with_its_rows(own_postgres: PostgresServer) -> None:
    own_postgres.admin("CREATE TABLE kept AS SELECT 7 AS n")
    own_postgres.kill()
    own_postgres.start()
    own_postgres.admin("SELECT n FROM kept")
