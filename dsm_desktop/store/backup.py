"""Copies of a whole store and the way back. A backup is a SQLite file (a store in itself, whatever it was made from) with
a manifest beside it (`<file>.json`): rows and SHA-256 of every table and of the file."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, MetaData, create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dsm_desktop import __version__
from dsm_desktop.core.errors import Blame
from dsm_desktop.store.engine import open_engines, sqlite_engine, sqlite_path, sqlite_url
from dsm_desktop.store.failures import StoreDamaged, StoreError, StoreReadOnly, failure_of
from dsm_desktop.store.migrate import CopyFirst, current, migrating, run, upgrade
from dsm_desktop.store.places import prepare_file
from dsm_desktop.store.rawcopy import TableDigest, copy_all, digest

_KEPT_BEFORE_MIGRATIONS = 5


class StoreNotEmpty(StoreError):
    """A restore would overwrite a store that holds something."""

    blame = Blame.USER


class BackupDamaged(StoreError):
    """A backup is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `revision` its schema, `program` the version that made it, `created` ISO time in UTC."""

    program: str
    revision: str
    created: str
    source: str
    bytes: int
    sha256: str
    tables: dict[str, TableDigest]


def back_up(url: str | URL, file: Path) -> Manifest:
    """Copy a store that may be in use to `file` (must not exist), as of one moment. Raises the errors of store.failures."""
    target = make_url(url)
    if file.exists():
        raise StoreReadOnly("The backup's file exists already.", hint="Choose another name.", where=str(file))
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    prepare_file(part)
    try:
        (_vacuum_into if target.get_backend_name() == "sqlite" else _copy_postgres)(target, part)
        manifest = _manifest(part, target.get_backend_name())
        _sync(part)
        part.replace(file)
        path = manifest_path(file)
        path.write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
        _sync(path)
    finally:
        for left in file.parent.glob(f"{part.name}*"):
            left.unlink()
    return manifest


def copy_before_migration(url: str | URL, folder: Path) -> CopyFirst:
    """What `migrate.upgrade` calls before it moves a store: a backup "before-<revision>-<time>.db"; the newest five stay."""

    def copy(revision: str) -> Path:
        file = folder / f"before-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"
        back_up(url, file)
        for old in sorted(folder.glob("before-*.db"), key=lambda p: p.stat().st_mtime)[
            :-_KEPT_BEFORE_MIGRATIONS
        ]:
            old.unlink()
            manifest_path(old).unlink(missing_ok=True)
        return file

    return copy


def manifest_path(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def backups_in(folder: Path) -> list[tuple[Path, datetime]]:
    """Backups of a folder that have a manifest, with the time they were made, newest first; nothing is checked."""
    found = [
        (file, datetime.fromtimestamp(file.stat().st_mtime, UTC))
        for file in folder.glob("*.db")
        if manifest_path(file).exists()
    ]
    return sorted(found, key=lambda entry: entry[1], reverse=True)


def check_backup(file: Path) -> Manifest:
    """The manifest after everything was compared with the file. Raises BackupDamaged naming the first difference."""
    try:
        said = json.loads(manifest_path(file).read_text(encoding="utf-8"))
        tables = {name: TableDigest(**entry) for name, entry in said.pop("tables").items()}
        manifest = Manifest(**said, tables=tables)
        bytes_, sha256 = file.stat().st_size, _sha256(file)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupDamaged(
            f"The backup or its manifest cannot be read: {error}.",
            hint="Choose another backup.",
            where=str(file),
        ) from error
    if (bytes_, sha256) != (manifest.bytes, manifest.sha256):
        raise _differs(file, "the file's SHA-256 is not the manifest's")
    found = _manifest(file, manifest.source)
    if found.revision != manifest.revision:
        raise _differs(file, f"schema {found.revision} instead of {manifest.revision}")
    _compare(file, manifest, found.tables)
    return manifest


def restore(file: Path, url: str | URL) -> Manifest:
    """Fill an empty database of either kind from a backup, all or nothing, and compare every table with the manifest.

    The schema is the backup's; `open_store` migrates it. Raises BackupDamaged, StoreNotEmpty.
    """
    manifest = check_backup(file)
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        path = sqlite_path(target)
        if path.exists() and path.stat().st_size and _holds_tables(target):
            raise _not_empty(target)
        prepare_file(path)
        _replace_sqlite(file, path)
    else:
        _load_postgres(file, target, manifest, replace=False)
    engines = open_engines(target)
    with engines.read.connect() as connection:
        _compare(file, manifest, digest(connection))
    engines.dispose()
    return manifest


def go_back(url: str | URL, file: Path) -> Path:
    """Put a store back to a copy (as before a migration), all or nothing, while programs may have it open; what is there
    now is kept as "replaced-<time>.db" beside the copy, whose path is returned."""
    manifest = check_backup(file)
    target = make_url(url)
    kept = file.with_name(f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db")
    back_up(target, kept)
    if target.get_backend_name() == "sqlite":
        _replace_sqlite(file, sqlite_path(target))
    else:
        _load_postgres(file, target, manifest, replace=True)
    return kept


def _vacuum_into(source: URL, part: Path) -> None:
    engine = create_engine(source, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
    except SQLAlchemyError as error:
        raise failure_of(error, engine) or error from error
    finally:
        engine.dispose()


def _copy_postgres(source: URL, part: Path) -> None:
    engines = open_engines(source)
    try:
        with engines.read.connect() as connection:  # repeatable read: all tables as of one moment
            upgrade(sqlite_url(part), to=current(connection))
            with migrating(sqlite_url(part)) as target:
                copy_all(connection, target)
        _close_wal(part)
    except SQLAlchemyError as error:
        raise failure_of(error, engines.read) or error from error
    finally:
        engines.dispose()


def _close_wal(file: Path) -> None:
    """One file, without side files: a backup is carried away by people."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def _manifest(file: Path, source: str) -> Manifest:
    engine = create_engine(sqlite_url(file), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            verdict = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if verdict != "ok":
                raise StoreDamaged(
                    f"The backup is damaged: {verdict}.", hint="Make another.", where=str(file)
                )
            revision, tables = current(connection), digest(connection)
    except SQLAlchemyError as error:
        raise failure_of(error, engine) or error from error
    finally:
        engine.dispose()
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(__version__, revision, created, source, file.stat().st_size, _sha256(file), tables)


def _compare(file: Path, manifest: Manifest, found: dict[str, TableDigest]) -> None:
    for name in sorted({*manifest.tables, *found}):
        said, seen = manifest.tables.get(name), found.get(name)
        if said != seen:
            raise _differs(file, f"table {name}: {seen} instead of {said}")


def _differs(file: Path, what: str) -> BackupDamaged:
    return BackupDamaged(
        f"The backup is not as it was made: {what}.", hint="Choose another backup.", where=str(file)
    )


def _holds_tables(url: URL) -> bool:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return bool(inspect(connection).get_table_names())
    except SQLAlchemyError as error:
        raise failure_of(error, engine) or error from error
    finally:
        engine.dispose()


def _not_empty(url: URL) -> StoreNotEmpty:
    return StoreNotEmpty(
        "The database to restore into is not empty; nothing was changed.",
        hint="Name an empty database or a new file.",
        where=url.render_as_string(hide_password=True),
    )


def _replace_sqlite(file: Path, path: Path) -> None:
    """SQLite's own page copy: one transaction of the target, seen by programs that have it open, void when killed."""
    engine = sqlite_engine(make_url(sqlite_url(path)), "BEGIN", "synchronous=FULL", poolclass=NullPool)
    source = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            _translated(engine.url, lambda: source.backup(driver))
    finally:
        source.close()
        engine.dispose()


def _translated(url: URL, work: Callable[[], None]) -> None:
    try:
        work()
    except sqlite3.Error as error:
        raise StoreReadOnly(
            f"The store could not be replaced: {error}; it is unchanged.",
            hint="Close other programs that use it, check disk and rights, and try again.",
            where=url.render_as_string(hide_password=True),
        ) from error


def _load_postgres(file: Path, url: URL, manifest: Manifest, *, replace: bool) -> None:
    source_engine = create_engine(sqlite_url(file), poolclass=NullPool)
    try:
        with source_engine.connect() as source, migrating(url) as target:
            if inspect(target).get_table_names():
                if not replace:
                    raise _not_empty(url)
                present = MetaData()
                present.reflect(target)
                present.drop_all(target)
            run(target, manifest.revision)
            copy_all(source, target)
            _compare(file, manifest, digest(target))
    finally:
        source_engine.dispose()


def _sync(path: Path) -> None:
    """On disk, name included: VACUUM INTO does not sync by itself."""
    for place, flags in ((path, os.O_RDWR), (path.parent, os.O_RDONLY)):
        if place.is_dir() and os.name == "nt":
            continue
        handle = os.open(place, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
