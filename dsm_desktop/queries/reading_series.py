"""Measured values over long times in few points, the summing done by the database, and the extremes of a session.

`readings` gives values one by one; this is for weeks of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    cast,
    extract,
    func,
    literal_column,
    select,
)

from dsm_desktop.store.models import Reading

_MOST_POINTS = 2_000
_MOST_SERVERS = 500


@dataclass(frozen=True, slots=True)
class Point:
    """The values of one stretch of time from `at`: how many, smallest, mean, largest; W for "power", °C for "inlet"."""

    at: datetime
    count: int
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Extremes:
    """A sensor since a moment: smallest, largest and newest value."""

    low: float
    high: float
    last: float
    last_at: datetime


def series(
    connection: Connection,
    server_ids: Collection[int],
    sensor: str,
    since: datetime,
    until: datetime,
    points: int = 300,
) -> dict[int, list[Point]]:
    """A sensor of up to 500 servers in at most `points` stretches of equal length each, one statement; stretches without a value
    and servers without any are left out."""
    points = max(1, min(points, _MOST_POINTS))
    width = max((until - since).total_seconds() / points, 0.001)
    begin, r = since.astimezone(UTC), Reading
    passed = (_epoch(connection) - literal_column(repr(begin.timestamp()))) / literal_column(repr(width))
    if connection.dialect.name != "sqlite":
        passed = func.floor(passed)  # a cast rounds there; SQLite's cuts off
    place = cast(passed, BigInteger).label("place")
    query = (
        select(r.server_id, place, func.count(), func.min(r.value), func.avg(r.value), func.max(r.value))
        .where(r.server_id.in_(sorted(server_ids)[:_MOST_SERVERS]), r.sensor == sensor)
        .where(r.at >= since, r.at < until)
        .group_by(r.server_id, place)
        .order_by(r.server_id, place)
    )
    found: dict[int, list[Point]] = defaultdict(list)
    for server_id, number, count, low, mean, high in connection.execute(query):
        at = begin + timedelta(seconds=number * width)
        found[server_id].append(Point(at, count, low, float(mean), high))
    return dict(found)


def extremes(connection: Connection, server_id: int, since: datetime) -> dict[str, Extremes]:
    """Every sensor of a server since a moment (the session's beginning), by name."""
    r = Reading
    inside = (r.server_id == server_id, r.at >= since)
    query = select(r.sensor, func.min(r.value), func.max(r.value), func.max(r.at)).where(*inside)
    found = {}
    for sensor, low, high, at in connection.execute(query.group_by(r.sensor)).all():
        last = select(r.value).where(*inside, r.sensor == sensor).order_by(r.at.desc(), r.id.desc()).limit(1)
        found[sensor] = Extremes(low, high, float(connection.scalar(last) or 0.0), at)
    return found


def _epoch(connection: Connection) -> ColumnElement[Any]:
    """Seconds since 1970 of `at`. SQLite's day number is exact to 0.05 ms only: half a millisecond keeps a value that stands on
    the edge of a stretch in it."""
    if connection.dialect.name == "sqlite":
        return (func.julianday(Reading.at) - literal_column("2440587.5")) * literal_column(
            "86400.0"
        ) + literal_column("0.0005")
    return cast(extract("epoch", Reading.at), Float(53))
