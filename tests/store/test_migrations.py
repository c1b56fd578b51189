"""The schema's way up and down, and what must never happen on it."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from dsm_desktop import __version__
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.backup import copy_before_migration, go_back
from dsm_desktop.store.engine import open_engines, sqlite_path, sqlite_url
from dsm_desktop.store.migrate import (
    NotAStore,
    StoreTooNew,
    StoreTooOld,
    current,
    downgrade,
    head,
    migrating,
    revisions,
    upgrade,
)
from dsm_desktop.store.migrations.__main__ import draft
from dsm_desktop.store.migrations.compare import configuration
from dsm_desktop.store.models import Base
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.rawcopy import rows_of, tables_of
from dsm_desktop.store.unit_of_work import Store
from tests.kit.children import Child, migrate_with_copy
from tests.kit.stores import fill

KILLS = max(12, int(os.environ.get("DSM_KILLS", "12")) // 5)  # each kill costs a store and a migration


def revision_of(url: str) -> str:
    engines = open_engines(url)
    with engines.read.connect() as connection:
        found = current(connection)
    engines.dispose()
    return found


def contents(url: str) -> dict[str, list[object]]:
    """Every column's raw values in the order of the primary key, by "table.column": a later revision may add columns."""
    engines = open_engines(url)
    found: dict[str, list[object]] = {}
    with engines.read.connect() as connection:
        for table in tables_of(connection):
            rows = list(rows_of(connection, table))
            stored = [column.name for column in table.columns if column.computed is None]
            found |= {f"{table.name}.{name}": [row[n] for row in rows] for n, name in enumerate(stored)}
    engines.dispose()
    return {name: values for name, values in found.items() if not name.startswith("settings.")}


def test_the_migrated_schema_is_the_models(site: Store) -> None:
    with site.engines.write.connect() as connection:
        context = MigrationContext.configure(connection, opts=configuration())
        assert compare_metadata(context, Base.metadata) == []


def test_every_table_of_the_models_never_reuses_an_id(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "store.db"))
    with store.read() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        made = {str(name): str(sql) for name, sql in rows}
    store.close()
    for name, table in Base.metadata.tables.items():
        assert ("AUTOINCREMENT" in made[name]) == ("id" in table.c), name


def test_a_draft_of_an_unchanged_schema_is_empty() -> None:
    text_ = draft("Nothing")
    assert f'down_revision = "{head()}"' in text_
    assert "op." not in text_


def test_down_and_up_again_step_by_step(database_url: str) -> None:
    upgrade(database_url)
    engine = create_engine(database_url)
    shapes = {}
    for revision in reversed(revisions()):
        assert revision_of(database_url) == revision
        with engine.connect() as connection:
            shapes[revision] = set(inspect(connection).get_table_names())
        step = revisions().index(revision)
        downgrade(database_url, revisions()[step - 1] if step else "base")
    for revision in revisions():
        assert upgrade(database_url, to=revision).after == revision
        with engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) == shapes[revision]
    engine.dispose()


def test_migrating_keeps_every_row_and_makes_a_copy_first(database_url: str, tmp_path: Path) -> None:
    store = open_store(database_url)
    fill(store)
    store.close()
    downgrade(database_url, "0003")
    before = contents(database_url)
    done = upgrade(database_url, copy_first=copy_before_migration(database_url, tmp_path / "copies"))
    assert (done.before, done.after) == ("0003", head())
    assert done.copy is not None
    after = contents(database_url)
    assert before == {name: after[name] for name in before}
    assert upgrade(database_url).moved is False
    # One click back: the store of before, byte for byte of every table.
    kept = go_back(database_url, done.copy)
    assert revision_of(database_url) == "0003"
    assert contents(database_url) == before
    assert revision_of(sqlite_url(kept)) == head()


def test_servers_of_a_store_without_pdus_hang_on_none_and_lose_nothing(database_url: str) -> None:
    """From 0019, with data, and back: SQLite puts the column behind the others, and nothing is copied or cascaded."""
    store = open_store(database_url)
    fill(store)
    store.close()
    downgrade(database_url, "0019")
    before = contents(database_url)
    assert before["servers.id"]
    assert "servers.pdus" not in before
    done = upgrade(database_url, to="0020")
    assert (done.before, done.after) == ("0019", "0020")
    after = contents(database_url)
    assert before == {name: after[name] for name in before}
    assert after["servers.pdus"] == [""] * len(before["servers.id"])
    downgrade(database_url, "0019")
    assert contents(database_url) == before


def test_a_store_of_a_newer_program_is_refused_naming_both(database_url: str) -> None:
    open_store(database_url).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9001'"))
        connection.execute(
            text("UPDATE settings SET value = '{\"version\": \"9.9.9\"}' WHERE key = 'store.program'")
        )
    engine.dispose()
    with pytest.raises(StoreTooNew) as refused:
        open_store(database_url)
    for word in ("9001", "9.9.9", __version__, head()):
        assert word in refused.value.message


def test_a_foreign_database_is_refused_and_left_alone(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE cookbook (id int)"))
    with pytest.raises(NotAStore):
        open_store(database_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["cookbook"]
    engine.dispose()


def test_without_leave_to_migrate_an_old_store_is_refused(database_url: str) -> None:
    upgrade(database_url, to="0002")
    with pytest.raises(StoreTooOld, match=head()):
        open_store(database_url, migrate=False)
    assert revision_of(database_url) == "0002"


def test_postgres_is_not_migrated_without_a_place_for_the_copy(database_url: str) -> None:
    upgrade(database_url, to="0002")
    if database_url.startswith("sqlite"):
        open_store(database_url).close()
        assert len(list((sqlite_path(database_url).parent / "backups").glob("before-0002-*.db"))) == 1
    else:
        with pytest.raises(BadInput, match="copy"):
            open_store(database_url)
        assert revision_of(database_url) == "0002"


def test_recreating_a_parent_table_keeps_its_children(tmp_path: Path) -> None:
    """The cascade trap: Alembic makes a SQLite table anew, and with foreign keys on dropping the old one empties children."""
    from alembic.operations import Operations

    url = sqlite_url(tmp_path / "store.db")
    store = open_store(url)
    fill(store)
    store.close()
    before = contents(url)["inventory_snapshots.id"]
    with migrating(url) as connection:
        operations = Operations(MigrationContext.configure(connection, opts=configuration()))
        with operations.batch_alter_table("servers", recreate="always") as batch:
            batch.alter_column("notes", new_column_name="remarks")
    assert contents(url)["inventory_snapshots.id"] == before


def test_two_programs_migrate_one_store_at_once(database_url: str) -> None:
    """Both start on an empty database; one migrates, the other waits and finds it done."""
    command = [
        sys.executable,
        "-c",
        f"from dsm_desktop.store.opening import open_store; open_store({database_url!r}).close()",
    ]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for run in runs:
        _, said = run.communicate(timeout=60)
        assert run.returncode == 0, said.decode()
    assert revision_of(database_url) == head()


@pytest.mark.timeout(300 + 10 * KILLS)
def test_kill_9_during_a_migration_leaves_the_old_store_or_the_new_one(
    database_url: str, tmp_path: Path
) -> None:
    """R8: from one, two and three revisions back, killed at random moments; every row is there, never half a schema."""
    store = open_store(database_url)
    fill(store)
    store.close()
    rng, seen, copies = random.Random(8), {"old": 0, "new": 0}, tmp_path / "copies"
    whole = 0.0
    for n in range(KILLS):
        start = ("0003", "0002", "0001")[n % 3]
        downgrade(database_url, start)
        before = contents(database_url)
        child, begun = Child(migrate_with_copy, database_url, str(copies)), time.monotonic()
        # The first one ends by itself and tells how long it takes.
        child.ends_within(rng.uniform(0, 1.2) * whole if whole else 60)
        whole = whole or time.monotonic() - begun
        child.kill()
        found = revision_of(database_url)
        assert found in (start, head())
        seen["new" if found == head() else "old"] += 1
        after = contents(database_url)
        assert before == {name: after[name] for name in before}
        if database_url.startswith("sqlite"):
            with sqlite3.connect(sqlite_path(database_url)) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            raw.close()
        upgrade(database_url)
    assert seen["old"], seen
    assert seen["new"], seen
