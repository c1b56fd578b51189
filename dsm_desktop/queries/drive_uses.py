"""What drives are known to hold, so that nobody erases a datastore by a slot number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.store.models import DriveUse


@dataclass(frozen=True, slots=True)
class Use:
    """`used_by` vsan | vmfs; `name` of the cluster or datastore."""

    serial_number: str
    used_by: str
    name: str


def drive_uses(connection: Connection, serials: Iterable[str]) -> dict[str, Use]:
    """What these drives hold, by serial number in upper case. Whichever server they were seen in: a drive that was carried into
    another one keeps its data."""
    wanted = {serial.strip().upper() for serial in serials} - {""}
    query = select(DriveUse.serial_number, DriveUse.used_by, DriveUse.name).where(
        DriveUse.serial_number.in_(wanted)
    )
    return {row[0].upper(): Use(*row) for row in connection.execute(query)}
