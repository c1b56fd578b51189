"""Old records, kind by kind: into an archive file first, then out of the store in short transactions."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, exists, func, insert, select
from sqlalchemy import update as update_

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.settings import RetentionSettings
from dsm_desktop.store import audit, settings
from dsm_desktop.store.failures import DiskFull, StoreError
from dsm_desktop.store.models import Base, Setting, db_now
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

_ARCHIVE_PART = 20_000
_DELETE_BATCH = 1_000
_SHRINK_PAGES = 2_000
_FINAL = ("completed", "failed", "cancelled")
_TABLES = Base.metadata.tables


class ArchiveFailed(StoreError):
    """The archive file could not be written; nothing was removed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record. `age` is the column that tells how old a row is; `only` narrows to what may go; `children` are
    (table, its column, parent table) archived with their parent, removed by the database's cascade."""

    name: str
    table: str
    age: str
    only: Callable[[Table], ColumnElement[bool]] | None = None
    children: tuple[tuple[str, str, str], ...] = ()
    archived: bool = True


def _finished(table: Table) -> ColumnElement[bool]:
    """A parent stays while a child job is not finished."""
    child = table.alias("child")
    return table.c.state.in_(_FINAL) & ~exists().where(
        child.c.parent_id == table.c.id, child.c.state.not_in(_FINAL)
    )


def _of_finished_task(table: Table) -> ColumnElement[bool]:
    tasks = _TABLES["job_tasks"]
    return exists().where(tasks.c.id == table.c.task_id, tasks.c.state.in_(_FINAL))


def _superseded(table: Table) -> ColumnElement[bool]:
    newer = table.alias("newer")
    return exists().where(newer.c.server_id == table.c.server_id, newer.c.id > table.c.id)


def _replaced_profile(table: Table) -> ColumnElement[bool]:
    """Exports and backups with a newer one of the same server and kind; what somebody chose to keep is not among them."""
    newer = table.alias("newer")
    return (
        table.c.origin.in_(("export", "backup"))
        & ~table.c.golden
        & exists().where(
            newer.c.server_id == table.c.server_id, newer.c.origin == table.c.origin, newer.c.id > table.c.id
        )
    )


def _judged_again(table: Table) -> ColumnElement[bool]:
    newer = table.alias("newer")
    return exists().where(newer.c.subject == table.c.subject, newer.c.id > table.c.id)


KINDS: tuple[Kind, ...] = (
    Kind("api_calls", "api_calls", "at"),
    Kind("task_log", "task_log", "at", _of_finished_task),
    Kind(
        "jobs",
        "jobs",
        "finished_at",
        _finished,
        (
            ("job_tasks", "job_id", "jobs"),
            ("task_steps", "task_id", "job_tasks"),
            ("task_log", "task_id", "job_tasks"),
            ("decisions", "task_id", "job_tasks"),
        ),
    ),
    Kind("event_logs", "server_event_logs", "fetched_at"),
    Kind("readings", "readings", "at"),
    Kind(
        "snapshots",
        "inventory_snapshots",
        "confirmed_at",
        _superseded,
        tuple((t, "snapshot_id", "inventory_snapshots") for t in ("inventory_parts", "inventory_firmware", "inventory_settings")),
    ),
    Kind("profiles", "configuration_profiles", "taken_at", _replaced_profile, archived=False),
    Kind("safety_checks", "safety_checks", "at", _judged_again),
    Kind("audit", "audit_log", "at"),
    Kind("feed", "feed", "at", archived=False),
)  # fmt: skip
_BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the store a kind takes; bytes with indexes where the database tells, else an estimate."""

    kind: str
    rows: int
    bytes: int


class Retention:
    """The service behind the clean-up job. `archives` is the folder of archive files."""

    def __init__(self, store: Store, archives: Path) -> None:
        self._store = store
        self._archives = archives

    def kinds(self) -> list[str]:
        """Kinds that have a limit now."""
        limits = settings.load(self._store, RetentionSettings).model_dump()
        return [kind.name for kind in KINDS if limits[kind.name]]

    def count_old(self, kind: str) -> int:
        """Rows a sweep would remove now."""
        found = _kind(kind)

        def count(connection: Connection) -> int:
            query = self._old(connection, found)
            if query is None:
                return 0
            return int(connection.scalar(select(func.count()).select_from(query.subquery())) or 0)

        return self._store.fetch(count)

    def sweep(self, kind: str, *, archive: bool = True) -> dict[str, Any]:
        """Remove what is too old; {"removed": rows, "archive": folder or ""}. Killed between, the next sweep goes on: a row
        leaves the store only after its archive file is complete on disk (so it may stand in two files, never in none)."""
        found, removed = _kind(kind), 0
        keep = (archive or found.name == "audit") and found.archived
        while ids := self._store.fetch(lambda connection: self._some_old(connection, found)):
            name = self._archive(found, ids) if keep else ""
            if found.name == "audit":
                self._remove_audit(ids, name)
            else:
                self._remove(found, ids)
            removed += len(ids)
        if removed and self._store.engines.is_sqlite:
            self._shrink()
        return {"removed": removed, "archive": str(self._archives) if removed and keep else ""}

    def _shrink(self) -> None:
        """Give free pages back to the disk, in short transactions."""
        left = 1
        while left:
            with self._store.write() as uow:
                connection = uow.session.connection()
                # The statement has no columns but frees its pages only as rows are fetched: asked of the driver itself.
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA incremental_vacuum({_SHRINK_PAGES})").fetchall()
                before, left = left, int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
            if left == before:
                return

    def _old(self, connection: Connection, kind: Kind) -> Select[Any] | None:
        days = settings.load_in(connection, RetentionSettings).model_dump()[kind.name]
        now = connection.scalar(select(db_now()))
        if not days or now is None:
            return None
        table = _TABLES[kind.table]
        query = select(table.c.id).where(table.c[kind.age] < now - timedelta(days=days))
        return query.where(kind.only(table)) if kind.only else query

    def _some_old(self, connection: Connection, kind: Kind) -> list[int]:
        query = self._old(connection, kind)
        if query is None:
            return []
        ids = connection.scalars(query.order_by(_TABLES[kind.table].c.id).limit(_ARCHIVE_PART))
        found = list(ids)
        if kind.name == "audit":  # only from the beginning and without a gap, and never the last entry
            first = connection.scalar(select(func.min(_TABLES["audit_log"].c.id))) or 0
            last = connection.scalar(select(func.max(_TABLES["audit_log"].c.id))) or 0
            found = [i for n, i in enumerate(found) if i == first + n and i < last]
        return found

    def _archive(self, kind: Kind, ids: Sequence[int]) -> str:
        """One gzip file of JSON lines {"table", "row"} and its manifest; returns the file's name."""
        name = f"{kind.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.jsonl.gz"
        part = self._archives / f"{name}.part"
        try:
            self._archives.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("xb") as raw:
                os.chmod(part, 0o600)  # noqa: PTH101 - also where the umask is wide
                with (
                    gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5) as stream,
                    self._store.read() as connection,
                ):
                    rows = _write_lines(stream, connection, kind, ids)
                raw.flush()
                os.fsync(raw.fileno())
            with part.open("rb") as raw:
                sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
            manifest = {
                "file": name,
                "kind": kind.name,
                "rows": rows,
                "first": ids[0],
                "last": ids[-1],
                "sha256": sha256,
            }
            (self._archives / f"{name}.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            part.rename(self._archives / name)
        except OSError as error:
            with contextlib.suppress(OSError):  # it may never have been made
                part.unlink()
            kind_of = DiskFull if error.errno == 28 else ArchiveFailed
            raise kind_of(
                f"The archive of {kind.name} could not be written: {error.strerror}; nothing was removed.",
                hint="Free some space or mend the folder's rights, then clean up again.",
                where=str(self._archives),
            ) from error
        return name

    def _remove(self, kind: Kind, ids: Sequence[int]) -> None:
        table = _TABLES[kind.table]
        for start in range(0, len(ids), _DELETE_BATCH):
            with self._store.write() as uow:
                batch = ids[start : start + _DELETE_BATCH]
                uow.session.execute(delete(table).where(table.c.id.in_(batch)))
                if kind.name != "feed":
                    uow.changed(kind.table, "removed")

    def _remove_audit(self, ids: Sequence[int], archive: str) -> None:
        """Entries and anchor change together, so that the chain is whole at every moment."""
        table = _TABLES["audit_log"]
        for start in range(0, len(ids), _DELETE_BATCH):
            batch = ids[start : start + _DELETE_BATCH]
            with self._store.write() as uow:
                last = uow.session.scalar(select(table.c.hash).where(table.c.id == batch[-1])) or ""
                uow.session.execute(delete(table).where(table.c.id.in_(batch)))
                _put(uow, audit.ANCHOR, asdict(audit.Link(batch[-1], last)))
                if start + _DELETE_BATCH >= len(ids):
                    audit.append(
                        uow, "retention", "audit.archive", archive, first=ids[0], last=ids[-1], last_hash=last
                    )


def size_meter(store: Store) -> list[Size]:
    """Rows and bytes of every kind (children included) and of the rest ("other"), largest first."""
    with store.read() as connection:
        weigh = _weights(connection)
        names, sizes = set[str](), list[Size]()
        for kind in KINDS:
            own = {kind.table, *(child[0] for child in kind.children)} - names
            names |= own
            rows = _count(connection, kind.table)
            sizes.append(Size(kind.name, rows, sum(weigh.get(t, 0) for t in own)))
        rest = [t for t in _TABLES if t not in names]
        sizes.append(
            Size("other", sum(_count(connection, t) for t in rest), sum(weigh.get(t, 0) for t in rest))
        )
    return sorted(sizes, key=lambda s: -s.bytes)


def _weights(connection: Connection) -> dict[str, int]:
    if connection.dialect.name != "sqlite":
        return {
            name: int(connection.scalar(select(func.pg_total_relation_size(name))) or 0) for name in _TABLES
        }
    options = {str(row[0]) for row in connection.exec_driver_sql("PRAGMA compile_options")}
    if "ENABLE_DBSTAT_VTAB" in options:
        query = (
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat('main', 1) s JOIN sqlite_master m ON m.name = s.name"
            " GROUP BY m.tbl_name"
        )
        found: dict[str, int] = {}
        for name, size in connection.exec_driver_sql(query):
            # The full-text index belongs to the log it indexes.
            owner = "server_event_logs" if str(name).startswith("server_event_logs") else str(name)
            found[owner] = found.get(owner, 0) + int(size)
        return found
    pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
    size = int(connection.exec_driver_sql("PRAGMA page_size").scalar() or 0)
    rows = {name: _count(connection, name) * len(table.columns) for name, table in _TABLES.items()}
    cells = sum(rows.values()) or 1
    return {name: pages * size * count // cells for name, count in rows.items()}


def _count(connection: Connection, table: str) -> int:
    return int(connection.scalar(select(func.count()).select_from(_TABLES[table])) or 0)


def _kind(name: str) -> Kind:
    try:
        return _BY_NAME[name]
    except KeyError:
        raise NotFound(
            f"There is no kind of record '{name}'.", hint=f"Known: {', '.join(_BY_NAME)}."
        ) from None


def _write_lines(stream: gzip.GzipFile, connection: Connection, kind: Kind, ids: Sequence[int]) -> int:
    count = 0
    for start in range(0, len(ids), _DELETE_BATCH):
        found = {kind.table: list(ids[start : start + _DELETE_BATCH])}
        for name, column, _ in (((kind.table, "id", "")), *kind.children):
            parent = kind.table if name == kind.table else next(c[2] for c in kind.children if c[0] == name)
            own: list[int] = []
            for row in _rows(connection, _TABLES[name], column, found[parent]):
                stream.write(json.dumps({"table": name, "row": row}, default=_plain).encode() + b"\n")
                own.append(row["id"])
                count += 1
            found[name] = own
    return count


def _rows(connection: Connection, table: Table, column: str, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), _DELETE_BATCH):
        query = (
            select(table).where(table.c[column].in_(ids[start : start + _DELETE_BATCH])).order_by(table.c.id)
        )
        for row in connection.execute(query).mappings():
            yield dict(row)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else bytes(value).hex()


def _put(uow: UnitOfWork, key: str, value: dict[str, Any]) -> None:
    values = {"value": value, "changed_at": uow.now, "changed_by": "retention"}
    done = uow.session.execute(
        update_(Setting).where(Setting.key == key).values(values).returning(Setting.key)
    ).first()
    if done is None:
        uow.session.execute(insert(Setting), [{"key": key, **values}])
