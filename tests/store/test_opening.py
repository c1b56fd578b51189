"""What is refused at the door, and what an opened store survives."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.events import Event
from dsm_desktop.store.engine import Engines, address_of, sqlite_engine, sqlite_path, sqlite_url
from dsm_desktop.store.failures import (
    CommitUnknown,
    StoreBusy,
    StoreDamaged,
    StoreLoginRefused,
    StoreReadOnly,
    StoreUnavailable,
)
from dsm_desktop.store.migrate import head
from dsm_desktop.store.models import Server, Setting
from dsm_desktop.store.opening import StoreNotPrivate, check_integrity, check_private, open_store, probe
from dsm_desktop.store.places import StoreOnShare, network_share, prepare_file
from dsm_desktop.store.unit_of_work import Store
from tests.kit.databases import PostgresServer
from tests.kit.stores import fill

MOUNTS = """/dev/sda1 / ext4 rw 0 0
nas:/home /home nfs4 rw 0 0
//nas/share /mnt/win\\040dows cifs rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
ssh /mnt/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "share"),
    [
        ("/var/lib/store.db", ""),
        ("/home/anna/store.db", "nfs4 at /home"),
        ("/home/local/store.db", ""),
        ("/homeless/store.db", ""),
        ("/mnt/win dows/store.db", "cifs at /mnt/win dows"),
        ("/mnt/far/a/b/store.db", "fuse.sshfs at /mnt/far"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths of Linux")
def test_linux_mount_tables_tell_shares(path: str, share: str) -> None:
    assert network_share(Path(path), platform="linux", mounts=MOUNTS) == share


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("C:\\Users\\anna\\store.db", False),
        ("Z:\\store.db", True),
        ("\\\\nas\\share\\store.db", True),
        ("\\\\?\\UNC\\nas\\share\\store.db", True),
        ("\\\\?\\Z:\\store.db", True),
        ("\\\\?\\C:\\store.db", False),
    ],
)
def test_windows_drives_and_unc_paths_tell_shares(path: str, remote: bool) -> None:
    def drive_type(root: str) -> int:
        return 4 if root == "Z:\\" else 3

    class Raw(type(Path())):  # type: ignore[misc]
        def __str__(self) -> str:
            return path

    assert bool(network_share(Raw(), platform="win32", drive_type=drive_type)) is remote


def test_a_store_on_a_share_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = f"/dev/sda1 / ext4 rw 0 0\nnas:/x {tmp_path} nfs rw 0 0\n"
    monkeypatch.setattr("dsm_desktop.store.places.network_share.__kwdefaults__", {
        "platform": "linux", "mounts": table, "drive_type": None,
    })  # fmt: skip
    with pytest.raises(StoreOnShare, match="nfs at"):
        open_store(sqlite_url(tmp_path / "store.db"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_folder_and_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "profile" / "store.db"
    path_was = os.umask(0)
    try:
        store = open_store(sqlite_url(path))
        fill(store, 1)
    finally:
        os.umask(path_was)
    rights = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (path.parent, *path.parent.iterdir())}
    store.close()
    assert rights == {"profile": 0o700, "store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    path.chmod(0o644)
    prepare_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreReadOnly, match="cannot be made"):
        open_store(sqlite_url(tmp_path / "file" / "store.db"))


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://a/b", "nonsense", "oracle+oracledb://x"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        open_store(url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"a letter to my grandmother" * 400)
    with pytest.raises(StoreDamaged):
        open_store(sqlite_url(path))
    assert path.read_bytes().startswith(b"a letter")


def test_a_damaged_file_is_seen_at_the_start(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.db")
    store = open_store(url)
    fill(store, 20)
    check_integrity(store, full=True)
    store.close()
    path = sqlite_path(url)
    content = bytearray(path.read_bytes())
    pages = range(4096 * 20, len(content) - 4096, 4096)
    for page in pages:
        content[page : page + 64] = os.urandom(64)
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=r"damaged"):
        open_store(url)


def test_a_read_view_cannot_write_and_sees_one_state(site: Store) -> None:
    with site.read() as connection:
        before = connection.scalars(select(Setting.key)).all()
        fill(site, 1)
        assert connection.scalars(select(Setting.key)).all() == before
    with pytest.raises(StoreReadOnly), site.read() as connection:
        connection.execute(text("DELETE FROM servers"))


def test_events_are_told_after_the_commit_only(database_url: str) -> None:
    heard: list[Event] = []
    store = open_store(database_url, on_commit=heard.extend)

    def fail() -> None:
        with store.write() as uow:
            uow.changed("servers", "added", 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert heard == []
    with store.write() as uow:
        uow.changed("servers", "added", 7, why="new")
        assert heard == []
    store.close()
    assert heard == [Event("servers", "added", (7,), {"why": "new"})]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anything")
def test_read_only_files_are_a_plain_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(sqlite_url(path)).close()
    path.chmod(0o400)
    with pytest.raises(StoreReadOnly):
        open_store(sqlite_url(path))


def test_a_postgres_standby_is_read_only_in_words(own_postgres: PostgresServer) -> None:
    url = own_postgres.url(name := own_postgres.create_database())
    open_store(url).close()
    own_postgres.admin(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = open_store(url)
    assert store.fetch(lambda connection: connection.scalar(select(Setting.key))) == "store.program"
    with pytest.raises(StoreReadOnly, match="primary"), store.write() as uow:
        uow.session.add(Setting(key="x", changed_at=uow.now))
    store.close()


def test_a_locked_store_says_busy(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.db")
    open_store(url).close()
    impatient = sqlite_engine(make_url(url), "BEGIN IMMEDIATE", timeout_ms=50)
    store = Store(Engines(impatient, impatient))
    blocker = sqlite3.connect(sqlite_path(url), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy) as busy, store.write() as uow:
        _ = uow.now
    blocker.close()
    store.close()
    assert busy.value.retryable


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("postgresql+psycopg://u@127.0.0.1/d", True),
        ("postgresql+psycopg://u@localhost/d", True),
        ("postgresql+psycopg:///d?host=/run/postgresql", True),
        ("postgresql+psycopg://u@db.site/d", False),
        ("postgresql+psycopg://u@db.site/d?sslmode=prefer", False),
        ("postgresql+psycopg://u@127.0.0.1/d?host=db.site", False),
        ("postgresql+psycopg://u@db.site/d?sslmode=require", True),
        ("postgresql+psycopg://u@db.site/d?sslmode=verify-full", True),
    ],
)
def test_the_way_to_postgres_must_be_private(
    address: str, private: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if private:
        check_private(make_url(address), allow_plain=False)
        assert bool(caplog.records) is ("require" in address)
        return
    with pytest.raises(StoreNotPrivate):
        check_private(make_url(address), allow_plain=False)
    with caplog.at_level(logging.WARNING):
        check_private(make_url(address), allow_plain=True)
    assert "not encrypted" in caplog.text


def test_a_password_among_the_options_is_in_its_own_place_and_shown_nowhere() -> None:
    address = "postgresql://dsm@db.example/dsm?password=Geheim%26123&connect_timeout=2"
    found = address_of(address)
    assert (found.password, dict(found.query)) == ("Geheim&123", {"connect_timeout": "2"})
    with pytest.raises(StoreNotPrivate) as refused:
        probe(address)
    assert "Geheim" not in f"{refused.value.where} {refused.value!r}"
    with pytest.raises(BadInput, match="pass phrase") as phrase:
        probe("postgresql://dsm@db.example/dsm?sslmode=verify-full&sslpassword=Geheim")
    assert "Geheim" not in f"{phrase.value.where} {phrase.value!r}"


def test_wrong_password_and_no_server_are_plain_errors_without_the_password(
    postgres_server: PostgresServer,
) -> None:
    good = make_url(postgres_server.url("postgres"))
    with pytest.raises(StoreLoginRefused) as refused:
        open_store(good.set(password="hunter2-wrong"))
    assert "hunter2" not in str(refused.value) + refused.value.detail
    with pytest.raises(StoreLoginRefused):
        open_store(good.set(database="nowhere"))
    with pytest.raises(StoreUnavailable) as away:
        open_store(good.set(port=1))
    assert str(good.password) not in str(away.value) + away.value.detail


def test_the_database_server_is_killed_and_comes_back(own_postgres: PostgresServer) -> None:
    """R3: reads come back by themselves; a write cut in the middle is an error, never done twice, never half."""
    store = open_store(own_postgres.url(own_postgres.create_database()))
    with store.write() as uow:
        uow.session.add(Setting(key="kept", value={}, changed_at=uow.now))

    def cut_off() -> None:
        with store.write() as uow:
            uow.session.add(Setting(key="lost", value={}, changed_at=uow.now))
            uow.session.flush()
            own_postgres.kill()

    with pytest.raises(CommitUnknown) as cut:  # the commit was sent to nobody; the program cannot know
        cut_off()
    assert not cut.value.retryable
    with pytest.raises(StoreUnavailable):
        store.fetch(lambda connection: connection.scalars(select(Setting.key)).all())
    own_postgres.start()
    keys = store.fetch(lambda connection: connection.scalars(select(Setting.key)).all())
    assert "kept" in keys
    assert "lost" not in keys
    with store.write() as uow:
        uow.session.add(Setting(key="after", value={}, changed_at=uow.now))
    # A server that restarts while a reader holds a connection: the same read is done once more.
    cuts = iter([True, False])

    def read(connection: object) -> int:
        if next(cuts):
            own_postgres.stop()
            own_postgres.start()
        return len(connection.scalars(select(Setting.key)).all())  # type: ignore[attr-defined]

    assert store.fetch(read) == len(keys) + 1
    store.close()


def test_many_writers_lose_nothing(site: Store) -> None:
    """16 threads add one to a counter 10 times each, reading first: no update is lost on either database."""
    with site.write() as uow:
        uow.session.add(Setting(key="counter", value={"n": 0}, changed_at=uow.now))

    def work() -> None:
        for _ in range(10):
            with site.write() as uow:
                row = uow.session.scalar(select(Setting).where(Setting.key == "counter").with_for_update())
                assert row is not None
                row.value = {"n": row.value["n"] + 1}

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with site.read() as connection:
        assert connection.scalar(select(Setting.value).where(Setting.key == "counter")) == {"n": 160}


def test_ids_are_never_given_twice(site: Store) -> None:
    """A call logged for a removed server must not point at the next one."""
    ids = []
    for n in range(3):
        with site.write() as uow:
            server = Server(address=f"10.0.0.{n}", added_at=uow.now)
            uow.session.add(server)
            uow.session.flush()
            ids.append(server.id)
        with site.write() as uow:
            uow.session.delete(uow.session.get_one(Server, ids[-1]))
    assert len(set(ids)) == 3


def test_a_probe_changes_nothing(database_url: str) -> None:
    assert probe(database_url) == ""
    assert probe(database_url) == ""
    if database_url.startswith("sqlite"):
        assert not sqlite_path(database_url).exists()
    open_store(database_url).close()
    assert probe(database_url) == head()
