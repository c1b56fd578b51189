"""Whole tables between databases of either kind, in one raw form: the one SQLite stores.

Times are "YYYY-MM-DD HH:MM:SS.ffffff" in UTC, booleans 0 and 1, JSON its text unchanged; so a table's digest is the same
wherever it lies. Works on the schema found, not on the models: it copies stores of older revisions too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, DateTime, MetaData, String, Table, text

RawRow = tuple[Any, ...]
_BLOCK = 5_000
_EXACT = 2**53
_NUMBER = "-0123456789"
# SQLite's full-text tables fill themselves by trigger; alembic_version is made by the migration.
_SKIPPED = ("server_event_logs_fts", "part_words_fts", "alembic_version", "sqlite_")


@dataclass(frozen=True, slots=True)
class TableDigest:
    """Rows of a table and the SHA-256 (hex) over them in the order of the primary key."""

    rows: int
    sha256: str


def tables_of(connection: Connection) -> list[Table]:
    """The tables found, parents before children."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: not name.startswith(_SKIPPED))
    return found.sorted_tables


def rows_of(connection: Connection, table: Table) -> Iterator[RawRow]:
    """All rows in raw form, streamed in the order of the primary key."""
    documents = [i for i, c in enumerate(_columns(table)) if isinstance(c.type, JSON)]
    for row in _driver_rows(connection, table, _columns(table)):
        numbers = [i for i in documents if row[i] is not None and str(row[i])[0] in _NUMBER]
        yield tuple(_number(v) if i in numbers else v for i, v in enumerate(row)) if numbers else row


def _number(value: Any) -> Any:
    """SQLite keeps a JSON document that is a bare number as a number (numeric affinity); so is it everywhere then."""
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, int) and abs(value) >= _EXACT:
        value = float(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _driver_rows(connection: Connection, table: Table, columns: list[Column[Any]]) -> Iterator[RawRow]:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        names = ", ".join(f'"{c.name}"' for c in columns)
        order = ", ".join(f'"{c.name}"' for c in table.primary_key)
        yield from driver.execute(f'SELECT {names} FROM "{table.name}" ORDER BY {order}')  # noqa: S608
        return
    names = ", ".join(_raw_expression(c) for c in columns)
    order = ", ".join(
        f'"{c.name}" COLLATE "C"' if isinstance(c.type, String) else f'"{c.name}"' for c in table.primary_key
    )
    with driver.cursor(name="dsm_rows") as cursor:
        cursor.itersize = _BLOCK
        cursor.execute(f'SELECT {names} FROM "{table.name}" ORDER BY {order}')  # noqa: S608
        yield from cursor


def digest(connection: Connection) -> dict[str, TableDigest]:
    """Every table's digest."""
    return {table.name: _digest(rows_of(connection, table)) for table in tables_of(connection)}


def _digest(rows: Iterable[RawRow]) -> TableDigest:
    total, count = hashlib.sha256(), 0
    for row in rows:
        total.update(
            ascii(row).encode()
        )  # plain tuples of text, numbers, bytes, None: the same on every Python
        count += 1
    return TableDigest(count, total.hexdigest())


def copy_all(source: Connection, target: Connection) -> None:
    """Replace all rows of `target` (same schema, constraints of children not yet watched) by those of `source`."""
    tables = tables_of(source)
    for table in reversed(tables):
        target.execute(table.delete())
    for table in tables:
        if target.dialect.name == "sqlite":
            _into_sqlite(target, table, rows_of(source, table))
        else:
            _into_postgres(target, table, rows_of(source, table))
        if "id" in table.c:
            _set_next_id(target, table.name, _last_id(source, table.name))


def _into_sqlite(target: Connection, table: Table, rows: Iterator[RawRow]) -> None:
    driver: Any = target.connection.driver_connection
    columns = _columns(table)
    names = ", ".join(f'"{c.name}"' for c in columns)
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
    while block := list(islice(rows, _BLOCK)):
        driver.executemany(statement, block)


def _into_postgres(target: Connection, table: Table, rows: Iterator[RawRow]) -> None:
    driver: Any = target.connection.driver_connection
    columns = _columns(table)
    names = ", ".join(f'"{c.name}"' for c in columns)
    times = [i for i, c in enumerate(columns) if isinstance(c.type, DateTime)]
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            values = list(row)
            for i in times:
                values[i] = None if values[i] is None else f"{values[i]}+00"
            copy.write_row(values)


def _columns(table: Table) -> list[Column[Any]]:
    return [c for c in table.columns if c.computed is None]


def _raw_expression(column: Column[Any]) -> str:
    name = f'"{column.name}"'
    if isinstance(column.type, DateTime):
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    if isinstance(column.type, JSON):
        return f"{name}::text"
    return f"{name}::int" if isinstance(column.type, Boolean) else name


def _last_id(source: Connection, table: str) -> int:
    """The largest id ever given out, so that a restored store gives none of them again."""
    if source.dialect.name == "sqlite":
        return int(source.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :t"), {"t": table}) or 0)
    sequence = source.scalar(text("SELECT pg_get_serial_sequence(:t, 'id')"), {"t": table})
    largest = int(source.scalar(text(f'SELECT max(id) FROM "{table}"')) or 0)  # noqa: S608
    if sequence is None:
        return largest
    last = source.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return max(largest, int(last[0]) if last[1] else 0)


def _set_next_id(target: Connection, table: str, last: int) -> None:
    if not last:
        return
    if target.dialect.name == "sqlite":
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :t"), {"t": table})
        target.execute(text("INSERT INTO sqlite_sequence VALUES (:t, :n)"), {"t": table, "n": last})
    else:
        target.execute(text("SELECT setval(pg_get_serial_sequence(:t, 'id'), :n)"), {"t": table, "n": last})
