"""What drives hold, as whoever knows it (the vCenter) says."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete

from dsm_desktop.queries.drive_uses import Use
from dsm_desktop.store.models import DriveUse
from dsm_desktop.store.unit_of_work import UnitOfWork


def note_drive_uses(uow: UnitOfWork, server_id: int, uses: Sequence[Use]) -> None:
    """Replace what is known of a server's drives. Raises nothing for drives the inventory does not list: they may come later."""
    uow.session.execute(delete(DriveUse).where(DriveUse.server_id == server_id))
    for use in {
        use.serial_number.strip().upper()[:80]: use for use in uses if use.serial_number.strip()
    }.values():
        uow.session.add(
            DriveUse(
                server_id=server_id,
                serial_number=use.serial_number.strip().upper()[:80],
                used_by=use.used_by[:16],
                name=use.name[:200],
                noted_at=uow.now,
            )
        )
    uow.changed("drive_uses", "changed", server_id)
