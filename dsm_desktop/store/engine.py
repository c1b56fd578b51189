"""Opening the database: one code for SQLite and Postgres, two engines each (writers and readers)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

BUSY_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Engines:
    """`write` begins immediate transactions (SQLite: BEGIN IMMEDIATE, because a read that later writes fails at once with
    'database is locked' whatever the busy time-out); `read` begins plain ones."""

    write: Engine
    read: Engine

    @property
    def is_sqlite(self) -> bool:
        return self.write.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.write.dispose()
        self.read.dispose()


def open_engines(url: str | URL, *, synchronous: str = "FULL") -> Engines:
    """Engines for a store address: "sqlite:///<file>" or "postgresql+psycopg://user@host/db?sslmode=verify-full".

    Opens nothing yet. `synchronous` (SQLite): FULL survives a power cut at every commit.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return Engines(_sqlite(target, "BEGIN IMMEDIATE", synchronous), _sqlite(target, "BEGIN", synchronous))
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 24, "pool_timeout": 15}
    return Engines(create_engine(target, **options), create_engine(target, **options))


def sqlite_url(path: Path) -> str:
    """The store address of a SQLite file."""
    return f"sqlite:///{path.as_posix()}"


def _sqlite(url: URL, begin: str, synchronous: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
