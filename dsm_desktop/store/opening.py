"""From an address to a store ready for use: place checked, file sound, transport private, schema current."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dsm_desktop.core.errors import BadInput, Blame
from dsm_desktop.core.events import Event
from dsm_desktop.store.backup import copy_before_migration
from dsm_desktop.store.engine import address_of, open_engines, sqlite_path
from dsm_desktop.store.failures import StoreDamaged, StoreError, failure_of
from dsm_desktop.store.migrate import StoreTooOld, current, head, upgrade
from dsm_desktop.store.places import prepare_file
from dsm_desktop.store.unit_of_work import Store

_log = logging.getLogger(__name__)
_VERIFIED = ("verify-ca", "verify-full")


class StoreNotPrivate(StoreError):
    """The way to the database server is not encrypted."""

    blame = Blame.USER


def open_store(
    url: str | URL,
    *,
    on_commit: Callable[[list[Event]], None] | None = None,
    migrate: bool = True,
    backups: Path | None = None,
    allow_plain: bool = False,
    check: bool = True,
) -> Store:
    """Open the store of an address ("sqlite:///<file>", "postgresql+psycopg://user@host/db?sslmode=verify-full").

    A SQLite file is made where absent, and checked (quick_check, about 1.3 s a gigabyte; off with `check=False`). With `migrate` the schema is brought up to this
    program's, after a copy into `backups` (SQLite: default "backups" beside the file; Postgres: required when a store that
    is not empty needs a migration). `allow_plain` permits a remote Postgres without TLS.
    Raises StoreOnShare, StoreNotPrivate, StoreDamaged, StoreTooNew, StoreTooOld, NotAStore, StoreUnavailable …
    """
    target = _parsed(url)
    if target.get_backend_name() == "sqlite":
        path = sqlite_path(target)
        prepare_file(path)
        backups = backups or path.parent / "backups"
    else:
        check_private(target, allow_plain=allow_plain)
    store = Store(open_engines(target), on_commit=on_commit)
    try:
        if store.engines.is_sqlite and check:
            check_integrity(store)
        if not _is_current(store.engines.read, migrate=migrate):
            upgrade(target, copy_first=copy_before_migration(target, backups) if backups else _no_place)
    except BaseException:
        store.close()
        raise
    return store


def probe(url: str | URL, *, allow_plain: bool = False) -> str:
    """Reach an address without changing anything; its schema, "" where there is no store yet. Raises as `open_store`."""
    target = _parsed(url)
    if target.get_backend_name() == "sqlite":
        if not sqlite_path(target).exists():
            return ""
    else:
        check_private(target, allow_plain=allow_plain)
    engines = open_engines(target)
    try:
        return _revision(engines.read)
    finally:
        engines.dispose()


def check_integrity(store: Store, *, full: bool = False) -> None:
    """SQLite: quick_check (pages and rows), `full`: integrity_check (indexes too, slower). Raises StoreDamaged.
    Postgres checks its own pages; there it only proves that the store can be read."""
    with store.read() as connection:
        if not store.engines.is_sqlite:
            current(connection)
            return
        check = "integrity_check(5)" if full else "quick_check(5)"
        found = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {check}")]
    if found != ["ok"]:
        raise StoreDamaged(
            "The store's file is damaged.",
            hint="Restore the newest backup (folder 'backups' beside the store).",
            where=store.engines.read.url.render_as_string(hide_password=True),
            detail="; ".join(found),
        )


def check_private(url: URL, *, allow_plain: bool) -> None:
    """Refuse a way to Postgres that can be listened to. libpq's default (sslmode=prefer) silently goes without TLS."""
    mode = str(url.query.get("sslmode", ""))
    hosts = [url.host, url.query.get("host")]
    if all(_is_local(str(h)) for h in hosts if h) or mode in _VERIFIED:
        return
    if mode == "require":
        _log.warning("The database server's certificate is not checked (sslmode=require); use verify-full.")
    elif allow_plain:
        _log.warning("The way to the database server is not encrypted.")
    else:
        raise StoreNotPrivate(
            "The way to the database server would not be encrypted.",
            hint="Add ?sslmode=verify-full&sslrootcert=<CA file> to the address, or allow it expressly.",
            where=url.render_as_string(hide_password=True),
        )


def _parsed(url: str | URL) -> URL:
    try:
        target = address_of(url)
    except ArgumentError:
        raise BadInput(
            "The store's address cannot be read.", hint="sqlite:///<file> or postgresql+psycopg://…"
        ) from None
    if target.drivername in ("postgresql", "postgres"):
        target = target.set(drivername="postgresql+psycopg")
    memory = target.get_backend_name() == "sqlite" and target.database in (None, "", ":memory:")
    if memory or target.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadInput(
            "A store is a SQLite file or a Postgres database.",
            hint="Use sqlite:///<file> or postgresql+psycopg://user@host/database.",
            where=target.render_as_string(hide_password=True),
        )
    return target


def _is_local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _revision(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            return current(connection)
    except SQLAlchemyError as error:
        raise failure_of(error, engine) or error from error


def _is_current(engine: Engine, *, migrate: bool) -> bool:
    found = _revision(engine)
    if found != head() and not migrate:
        raise StoreTooOld(
            f"The store has schema {found or 'none'}; this program needs {head()}.",
            hint="Run 'dsm-desktop admin migrate'.",
            where=engine.url.render_as_string(hide_password=True),
        )
    return found == head()


def _no_place(revision: str) -> Path:
    raise BadInput(
        f"The store has schema {revision} and needs a migration, but there is no folder for the copy made first.",
        hint="Name a folder for backups.",
    )
