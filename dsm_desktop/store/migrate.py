"""The schema's version: read, moved forward with a copy made first, and refused when it is newer than the program.

All revisions of one run happen in one transaction under one lock (SQLite: its write lock; Postgres: an advisory lock), so
a killed migration leaves the old schema or the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    URL,
    Connection,
    Engine,
    String,
    column,
    create_engine,
    delete,
    insert,
    inspect,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dsm_desktop import __version__
from dsm_desktop.core.errors import Blame
from dsm_desktop.store.engine import postgres_options, sqlite_engine
from dsm_desktop.store.failures import StoreDamaged, StoreError, failure_of
from dsm_desktop.store.models import UtcDateTime

if TYPE_CHECKING:
    from alembic.config import Config

# Any constant will do as long as no other program of the same database uses it: the letters "dsmd".
_ADVISORY_LOCK = 0x64736D64
_WAIT_MS = 60_000

_WRITER = "store.program"
# As every revision since the first has it.
_SETTINGS = table(
    "settings",
    column("key", String),
    column("value", JSON),
    column("changed_at", UtcDateTime),
    column("changed_by", String),
)

# Called with the transaction of the migration open (and nothing changed) and the revision found; returns the copy's file.
CopyFirst = Callable[[str], Path]


class StoreTooNew(StoreError):
    """The store was written by a newer program."""

    blame = Blame.USER


class NotAStore(StoreError):
    """The database holds tables of something else."""

    blame = Blame.USER


class StoreTooOld(StoreError):
    """The store needs a migration, and the caller did not want one."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What a run did: schema revisions ("" = empty database) and the copy made before ("" revision: none needed)."""

    before: str
    after: str
    copy: Path | None = None

    @property
    def moved(self) -> bool:
        return self.before != self.after


def head() -> str:
    """The newest revision this program knows."""
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """All revisions, oldest first."""
    # From the names of the files: Alembic itself takes a third of a second to load and is needed only to migrate.
    names = (entry.name for entry in files("dsm_desktop.store.migrations.versions").iterdir())
    return tuple(sorted(name.partition("_")[0] for name in names if name[:1].isdigit()))


def current(connection: Connection) -> str:
    """The store's revision, "" for an empty database. Raises NotAStore, StoreTooNew."""
    tables = set(inspect(connection).get_table_names())
    found = ""
    if "alembic_version" in tables:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
    where = connection.engine.url.render_as_string(hide_password=True)
    if not found and tables - {"alembic_version"}:
        raise NotAStore(
            "The database holds tables of another program.",
            hint="Give the store an empty database or file of its own.",
            where=where,
        )
    if found and found not in revisions():
        writer = (connection.scalar(select(_SETTINGS.c.value).where(_SETTINGS.c.key == _WRITER)) or {}).get(
            "version"
        )
        raise StoreTooNew(
            f"The store has schema {found}, written by program {writer or 'unknown'}; "
            f"this is program {__version__}, which knows schemas up to {head()}.",
            hint="Start the newer program, or go back to the copy made before its migration.",
            where=where,
        )
    return found


def upgrade(url: str | URL, *, to: str = "head", copy_first: CopyFirst | None = None) -> Migration:
    """Bring the store up to a revision. `copy_first` is asked for a copy when a store that is not empty is to be moved."""
    target = head() if to == "head" else to
    with migrating(url) as connection:
        before = current(connection)
        if before == target or (before and before > target):
            return Migration(before, before)
        copy = copy_first(before) if before and copy_first else None
        run(connection, target)
    return Migration(before, target, copy)


def downgrade(url: str | URL, to: str) -> Migration:
    """Take the schema back step by step ("base" = empty). Columns that the older schema lacks are lost."""
    with migrating(url) as connection:
        before = current(connection)
        from alembic import command  # see `revisions`

        command.downgrade(_config(connection), to)
        if to != "base":
            _sign(connection)
        _check_references(connection)
    return Migration(before, "" if to == "base" else to)


def run(connection: Connection, to: str) -> None:
    """Upgrade within the transaction of `migrating`; refuses to leave a row that points nowhere."""
    from alembic import command  # see `revisions`

    command.upgrade(_config(connection), to)
    _sign(connection)
    _check_references(connection)


def _sign(connection: Connection) -> None:
    """Leave this program's version, so that an older one can name it when it refuses the store."""
    connection.execute(delete(_SETTINGS).where(_SETTINGS.c.key == _WRITER))
    connection.execute(
        insert(_SETTINGS).values(
            key=_WRITER, value={"version": __version__}, changed_at=datetime.now(UTC), changed_by="migration"
        )
    )


@contextmanager
def migrating(url: str | URL) -> Iterator[Connection]:
    """A connection inside the one transaction of a schema change, alone on the store; committed at the end."""
    target = make_url(url)
    engine = _engine(target)
    try:
        with engine.connect() as connection, connection.begin():
            if engine.dialect.name != "sqlite":
                connection.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
                connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield connection
    except SQLAlchemyError as error:
        failure = failure_of(error, engine)
        if failure is None:
            raise
        raise failure from error
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        options = postgres_options(url)
        return create_engine(url, poolclass=NullPool, connect_args=options["connect_args"])
    # Alembic changes a SQLite table by making it anew: with foreign keys on, dropping the old one would empty its
    # children (ON DELETE CASCADE). The pragma does nothing inside a transaction, so it is set on connecting.
    return sqlite_engine(
        url,
        "BEGIN IMMEDIATE",
        "synchronous=FULL",
        "foreign_keys=OFF",
        timeout_ms=_WAIT_MS,
        poolclass=NullPool,
    )


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        tables = sorted({str(row[0]) for row in broken})
        raise StoreDamaged(
            f"The migration would leave {len(broken)} rows without their parent ({', '.join(tables)}); it was not kept.",
            hint="Report this with the details; the store is unchanged.",
            where=connection.engine.url.render_as_string(hide_password=True),
        )


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config  # see `revisions`

    config = Config()
    with as_file(files("dsm_desktop.store") / "migrations") as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
