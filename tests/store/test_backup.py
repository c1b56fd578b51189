"""Backup and the way back: the drill on both databases, and every damage noticed."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from dsm_desktop.store import audit
from dsm_desktop.store.backup import (
    BackupDamaged,
    StoreNotEmpty,
    back_up,
    backups_in,
    check_backup,
    go_back,
    manifest_path,
    restore,
)
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.failures import StoreReadOnly
from dsm_desktop.store.models import Server, Setting
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.rawcopy import TableDigest, digest
from dsm_desktop.store.unit_of_work import Store
from tests.kit.children import Child, return_to
from tests.kit.databases import PostgresServer
from tests.kit.stores import fill


def digests(store: Store) -> dict[str, TableDigest]:
    with store.read() as connection:
        return digest(connection)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another, empty machine."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "other" / "store.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


def test_drill_backup_empty_machine_restore_is_identical(site: Store, empty_url: str, tmp_path: Path) -> None:
    """R14, in all four directions: inventory, jobs, audit chain, sealed secrets identical by hash."""
    fill(site)
    before, url = digests(site), site.engines.write.url
    manifest = back_up(url, tmp_path / "backup.db")
    assert manifest.tables == before
    assert check_backup(tmp_path / "backup.db") == manifest
    restore(tmp_path / "backup.db", empty_url)
    other = open_store(empty_url)
    assert digests(other) == before
    assert audit.verify(other).whole
    assert audit.verify(other).entries == 3
    # It works on: ids go on where they were, the log is searchable, the chain continues.
    with other.write() as uow:
        server = Server(address="10.9.9.9", added_at=uow.now)
        uow.session.add(server)
        uow.session.flush()
        assert server.id == 4
        audit.append(uow, "anna", "restored")
    assert audit.verify(other).entries == 4
    other.close()


def test_a_backup_is_one_moment_while_others_write(site: Store, tmp_path: Path) -> None:
    """Pairs are written in one transaction: a backup never holds half a pair."""
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            with site.write() as uow:
                for half in ("a", "b"):
                    uow.session.execute(
                        insert(Setting), [{"key": f"{half}{n}", "value": {}, "changed_at": uow.now}]
                    )
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            back_up(site.engines.write.url, tmp_path / f"{n}.db")
    finally:
        stop.set()
        writer.join(60)
    for n in range(5):
        with sqlite3.connect(tmp_path / f"{n}.db") as raw:
            keys = {row[0] for row in raw.execute("SELECT key FROM settings WHERE key GLOB '[ab][0-9]*'")}
        raw.close()
        assert {k[1:] for k in keys if k[0] == "a"} == {k[1:] for k in keys if k[0] == "b"}


def test_any_damage_of_a_backup_is_noticed_and_nothing_is_touched(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "store.db"))
    fill(store, 1)
    store.close()
    good = tmp_path / "good.db"
    back_up(sqlite_url(tmp_path / "store.db"), good)
    content, said = good.read_bytes(), manifest_path(good).read_text()
    rng, target = random.Random(14), sqlite_url(tmp_path / "new.db")
    for n in range(60):
        bad = bytearray(content)
        if n % 3 == 0:
            bad = bad[: rng.randrange(len(bad))]
        else:
            place = rng.randrange(len(bad))
            bad[place] ^= 1 << rng.randrange(8)
        file = tmp_path / f"bad{n}.db"
        file.write_bytes(bad)
        manifest_path(file).write_text(said)
        with pytest.raises(BackupDamaged):
            restore(file, target)
        assert not (tmp_path / "new.db").exists()
    manifest_path(good).write_text(json.dumps({**json.loads(said), "tables": {}}))
    with pytest.raises(BackupDamaged, match="table"):
        check_backup(good)
    manifest_path(good).unlink()
    with pytest.raises(BackupDamaged):
        check_backup(good)


def test_a_restore_overwrites_nothing(site: Store, tmp_path: Path) -> None:
    fill(site, 1)
    url = site.engines.write.url
    back_up(url, tmp_path / "backup.db")
    with pytest.raises(StoreReadOnly, match="exists"):
        back_up(url, tmp_path / "backup.db")
    before = digests(site)
    with pytest.raises(StoreNotEmpty):
        restore(tmp_path / "backup.db", url)
    assert digests(site) == before


def test_going_back_while_the_store_is_open_and_killed_on_the_way(site: Store, tmp_path: Path) -> None:
    """All or nothing: after kill -9 it is what it was, or the copy; an open program sees it."""
    fill(site, 2)
    url = site.engines.write.url.render_as_string(hide_password=False)
    back_up(url, tmp_path / "copy.db")
    copied = digests(site)
    rng = random.Random(5)
    outcomes = set()
    for _ in range(4):
        with site.write() as uow:
            uow.session.execute(text("DELETE FROM task_log"))
        changed = digests(site)
        child = Child(return_to, url, str(tmp_path / "copy.db"))
        child.ends_within(rng.uniform(0.0, 0.25))
        child.kill()
        now = digests(site)
        assert now in (changed, copied)
        outcomes.add(now == copied)
    kept = go_back(url, tmp_path / "copy.db")
    assert digests(site) == copied
    check_backup(kept)
    assert {file for file, _ in backups_in(tmp_path)} >= {kept, tmp_path / "copy.db"}
    with site.read() as connection:
        assert len(connection.scalars(select(Server.id)).all()) == 2
