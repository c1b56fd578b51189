"""What drives are known to hold, so that nobody erases a datastore by a slot number."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.store.models import DriveUse


@dataclass(frozen=True, slots=True)
class Use:
    """`used_by` vsan | vmfs; `name` of the cluster or datastore."""

    serial_number: str
    used_by: str
    name: str


def drive_uses(connection: Connection, server_id: int) -> dict[str, Use]:
    """By serial number, in upper case."""
    query = select(DriveUse.serial_number, DriveUse.used_by, DriveUse.name).where(
        DriveUse.server_id == server_id
    )
    return {row[0].upper(): Use(*row) for row in connection.execute(query)}
