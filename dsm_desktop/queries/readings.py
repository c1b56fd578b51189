"""Measured values over time: short trends for many servers, the history of one sensor of one server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dsm_desktop.store.models import Reading

POWER, INLET = "power", "inlet"
"""Sensors of every server: W drawn, °C of the air going in."""
_BATCH = 500
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One measured value; its unit by sensor (W, °C)."""

    id: int
    at: datetime
    value: float


def trends(
    connection: Connection, server_ids: Collection[int], since: datetime, *, most: int = 48
) -> dict[tuple[int, str], tuple[float, ...]]:
    """The newest values of power and inlet since a time, oldest first, at most `most` each; by (server, sensor)."""
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    ids, r = sorted(server_ids), Reading
    for start in range(0, len(ids), _BATCH):
        place = func.row_number().over(partition_by=(r.server_id, r.sensor), order_by=r.at.desc())
        newest = (
            select(r.server_id, r.sensor, r.at, r.value, place.label("place"))
            .where(r.server_id.in_(ids[start : start + _BATCH]), r.sensor.in_((POWER, INLET)), r.at >= since)
            .subquery()
        )
        query = (
            select(newest.c.server_id, newest.c.sensor, newest.c.value)
            .where(newest.c.place <= most)
            .order_by(newest.c.server_id, newest.c.sensor, newest.c.place.desc())
        )
        for server_id, sensor, value in connection.execute(query):
            found[server_id, sensor].append(value)
    return {key: tuple(values) for key, values in found.items()}


def sensors_of(connection: Connection, server_id: int) -> list[str]:
    """Names of the sensors with values, power and inlet first."""
    query = select(Reading.sensor).where(Reading.server_id == server_id).distinct()
    names = set(connection.scalars(query))
    return [n for n in (POWER, INLET) if n in names] + sorted(names - {POWER, INLET})


def history(connection: Connection, server_id: int, sensor: str, since: datetime) -> list[ReadingRow]:
    """Values of a sensor from a time on, oldest first; of more than 20,000 the newest."""
    r = Reading
    query = (
        select(r.id, r.at, r.value)
        .where(r.server_id == server_id, r.sensor == sensor, r.at >= since)
        .order_by(r.at.desc())
        .limit(_LONGEST)
    )
    return [ReadingRow(*row) for row in reversed(connection.execute(query).all())]
