"""Of two rows of one server: everything that hangs on the second follows to the first, whatever table it is in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Table, func, insert, select

from dsm_desktop.store.discovered import merge_servers
from dsm_desktop.store.models import Base
from dsm_desktop.store.models.base import UtcDateTime
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.work import add_servers

THEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONCE = {
    "configuration_snapshots",
    "device_jobs",
    "device_queues",
    "drive_uses",
    "rack_places",
    "server_certificates",
    "server_event_logs",
    "server_group_members",
    "server_screenshots",
    "server_tags",
}
"""Tables in which a server has something once."""
SERVERS = Base.metadata.tables["servers"]


def _hanging() -> list[Column[Any]]:
    """Every column of the store that refers to a server."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table is SERVERS for key in column.foreign_keys)
    ]


def _put(uow: UnitOfWork, table: Table, **given: Any) -> Any:
    """A row with something in every column that needs it; what it refers to is put there first. Returns its first column."""
    row = dict(given)
    for column in table.columns:
        if column.name in row or column.nullable or (column.primary_key and column.name == "id"):
            continue
        for key in column.foreign_keys:
            row[column.name] = _put(uow, key.column.table)
        if column.name not in row and column.default is None:
            row[column.name] = _something(column)
    first = next(iter(table.columns))
    return uow.session.execute(insert(table).values(row).returning(first)).scalar_one()


def _something(column: Column[Any]) -> Any:
    return THEN if isinstance(column.type, UtcDateTime) else column.type.python_type()


def test_what_hangs_on_the_second_follows(store: Store) -> None:
    keep, gone = add_servers(store, 2)
    with store.write() as uow:
        for column in _hanging():
            _put(uow, column.table, **{column.name: gone})
        merge_servers(uow, keep, gone)
    with store.read() as connection:
        for column in _hanging():
            found = set(connection.scalars(select(column)))
            assert keep in found, column.table.name
            assert not found & {gone, None}, column.table.name


def test_what_both_have_once_is_kept_once(store: Store) -> None:
    keep, gone = add_servers(store, 2)
    once = [c for c in _hanging() if c.table.name in ONCE]
    with store.write() as uow:
        for column in once:
            others = {
                c.name: _put(uow, key.column.table)
                for c in column.table.columns
                for key in c.foreign_keys
                if key.column.table is not SERVERS and not c.nullable
            }
            for server in (keep, gone):
                _put(uow, column.table, **{column.name: server}, **others)
        merge_servers(uow, keep, gone)
    with store.read() as connection:
        for column in once:
            assert list(connection.scalars(select(column))) == [keep], column.table.name
        assert connection.scalar(select(func.count()).select_from(SERVERS)) == 1
