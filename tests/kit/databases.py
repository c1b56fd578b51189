"""Real databases for tests: a SQLite file, and a PostgreSQL cluster of this machine's own server programs.

Fixtures: `database_url` (an empty database, once per kind), `store` (the same with every table), `postgres_server`
(the session's cluster) and `own_postgres` (a cluster of the test's own, to be killed and restarted at will).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.models import Base
from dsm_desktop.store.unit_of_work import Store

_USER = "dsm"
_START_DEADLINE = 60.0


def postgres_programs() -> Path | None:
    """The folder of Debian's newest PostgreSQL server programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    return found[-1].parent if found else None


class PostgresServer:
    """A cluster on loopback, run as an unprivileged user; dies with the process that started it.

    `durable` keeps fsync on (for measurements); tests of killed processes do not need it.
    """

    def __init__(self, programs: Path, *, durable: bool = False) -> None:
        self._programs = programs
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="dsm-postgres-"))
        self._password = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._initdb()

    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return ["setpriv", "--pdeathsig", "INT"]
        return [
            "setpriv",
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            "--pdeathsig",
            "INT",
        ]

    def _initdb(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password, encoding="ascii")
        if os.geteuid() == 0:
            shutil.chown(self._folder, "nobody", "nogroup")
            shutil.chown(secret, "nobody", "nogroup")
        command = [str(self._programs / "initdb"), "-D", str(self._folder / "data"), "-U", _USER, "--no-sync"]
        command += ["-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*self._as_user(), *command], check=True, capture_output=True, cwd=self._folder, timeout=60
        )

    def start(self) -> None:
        """Start and wait until it answers. After `kill` the old workers may need a moment to go; tried again."""
        deadline = time.monotonic() + _START_DEADLINE
        while True:
            self._spawn()
            if self._answers(deadline):
                return
            if time.monotonic() > deadline:
                log = (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {log[-2000:]}")

    def _spawn(self) -> None:
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port)]
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "max_connections": "200",
            "shared_buffers": "64MB",
            "fsync": "on" if self._durable else "off",
        }
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), *command], stdout=log, stderr=log, cwd=self._folder
            )

    def _answers(self, deadline: float) -> bool:
        assert self._process is not None
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError):
                self.admin("SELECT 1")
                return True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.03)
                return False
        return False

    def stop(self) -> None:
        """Fast shut-down: sessions are cut, the cluster is closed cleanly."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the postmaster, as a power cut of the server would look to its clients."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def dispose(self) -> None:
        """Stop and remove the files."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def admin(self, statement: str) -> None:
        """One statement as superuser on the maintenance database."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=_USER,
            password=self._password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            connection.execute(statement.encode())

    def url(self, database: str) -> str:
        """The store address of a database of this cluster."""
        return f"postgresql+psycopg://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """A new empty database; returns its name."""
        name = f"dsm_{secrets.token_hex(6)}"
        self.admin(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        self.admin(f"DROP DATABASE {name} WITH (FORCE)")


def _started_postgres() -> PostgresServer:
    if sys.platform == "win32":
        pytest.skip("the server these tests start is Debian's; the same tests run on SQLite here")
    programs = postgres_programs()
    if programs is None:
        reason = "no PostgreSQL server programs under /usr/lib/postgresql (Debian: postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgresServer(programs)
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The test session's cluster."""
    server = _started_postgres()
    yield server
    server.dispose()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A cluster of the test's own."""
    server = _started_postgres()
    yield server
    server.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "store.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A database whose password libpq finds in its own file, as on a machine without a keyring."""
    name = postgres_server.create_database()
    url = make_url(postgres_server.url(name))
    if url.password is not None:
        passwords = tmp_path / "pgpass"
        passwords.write_text(f"*:*:*:*:{url.password}\n")
        passwords.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(passwords))
    yield url._replace(password=None).render_as_string()
    postgres_server.drop_database(name)


@pytest.fixture
def open_store() -> Iterator[Callable[[str], Store]]:
    """Open stores by address (several on one database if need be); closed at the end of the test."""
    opened: list[Store] = []

    def opener(url: str) -> Store:
        opened.append(Store(open_engines(url)))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(database_url: str, open_store: Callable[[str], Store]) -> Store:
    """An opened store with every table, on both kinds of database."""
    opened = open_store(database_url)
    Base.metadata.create_all(opened.engines.write)
    return opened


def until_somebody_waits(store: Store) -> None:
    """Until PostgreSQL shows another connection to this database that waits for a lock; SQLite lets nobody in beside us."""
    if store.engines.is_sqlite:
        return
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    turn, deadline = threading.Event(), time.monotonic() + _START_DEADLINE
    while time.monotonic() < deadline:
        with store.engines.write.connect() as connection:
            if connection.execute(waits).scalar_one():
                return
        turn.wait(0.05)
    raise AssertionError("nobody waits for a lock")
