"""Opening the database: one code for SQLite and Postgres, two engines each (writers and readers)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Engine, create_engine, event, make_url

from dsm_desktop.core.errors import BadInput

BUSY_TIMEOUT_MS = 10_000

# libpq: a cut network is noticed within half a minute; a client that froze inside a transaction gives its locks back.
_POSTGRES_CONNECT = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "dsm-desktop",
    "options": "-c idle_in_transaction_session_timeout=20000 -c lock_timeout=15000",
}


@dataclass(frozen=True, slots=True)
class Engines:
    """`write` begins immediate transactions (SQLite: BEGIN IMMEDIATE, because a read that later writes fails at once with
    'database is locked' whatever the busy time-out); `read` begins read-only ones that see one state throughout."""

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
        return Engines(
            sqlite_engine(target, "BEGIN IMMEDIATE", f"synchronous={synchronous}"),
            sqlite_engine(target, "BEGIN", "query_only=ON"),
        )
    return Engines(
        create_engine(target, **postgres_options(target)),
        create_engine(
            target,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
            **postgres_options(target),
        ),
    )


def sqlite_url(path: Path) -> str:
    """The store address of a SQLite file."""
    return f"sqlite:///{path.as_posix()}"


def address_of(url: str | URL) -> URL:
    """An address with its password in its own place, where it is hidden when the address is shown: libpq takes one among the
    options as well. Raises BadInput for a key's pass phrase, ArgumentError for what is no address."""
    target = make_url(url)
    if "sslpassword" in target.query:
        raise BadInput(
            "The pass phrase of a client key cannot be kept in the store's address.",
            hint="Use a key without one, readable by you alone (sslkey=…).",
        )
    password = target.query.get("password")
    if password is None:
        return target
    return target.set(password=str(password)).difference_update_query(["password"])


def sqlite_path(url: str | URL) -> Path:
    """The file of a SQLite store address."""
    return Path(make_url(url).database or "")


def postgres_options(url: URL) -> dict[str, Any]:
    """Engine options: pinged before use (so a restarted server costs no error), time-outs unless the address sets its own."""
    connect = {key: value for key, value in _POSTGRES_CONNECT.items() if key not in url.query}
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 24,
        "pool_timeout": 15,
        "connect_args": connect,
        "json_serializer": _json,
        "hide_parameters": True,
    }


def _json(value: Any) -> str:
    """JSON for a column; the standard library's only for numbers beyond 64 bits, which orjson refuses."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def sqlite_engine(
    url: URL, begin: str, *pragmas: str, timeout_ms: int = BUSY_TIMEOUT_MS, **more: Any
) -> Engine:
    """A SQLite engine whose transactions start with `begin`; `pragmas` ("name=value") come after the common ones."""
    # Enough connections that a few hundred threads need not open and close their own; a full pool is waited for.
    kept = {} if "poolclass" in more else {"pool_size": 16, "max_overflow": 16, "pool_timeout": 60}
    engine = create_engine(
        url,
        connect_args={"timeout": timeout_ms / 1000, "check_same_thread": False},
        json_serializer=_json,
        hide_parameters=True,
        **kept,
        **more,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        # auto_vacuum counts only before the first page is written: retention gives space back to the disk.
        common = (
            "auto_vacuum=INCREMENTAL",
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"busy_timeout={timeout_ms}",
        )
        for pragma in (*common, "journal_size_limit=67108864", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
