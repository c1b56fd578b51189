"""Which servers have a second power supply at work, by what was read of them last."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dsm_desktop.core.inventory import PartKind
from dsm_desktop.core.states import Health
from dsm_desktop.queries.newest import newest_snapshots
from dsm_desktop.store.models import InventoryPart, InventorySnapshot


def redundant_power(connection: Connection) -> dict[int, bool]:
    """{server: two or more supplies that are well}; a server whose supplies, or their health, nobody has read is missing."""
    found = connection.execute(
        select(InventorySnapshot.server_id, InventoryPart.health)
        .join(InventoryPart, InventoryPart.snapshot_id == InventorySnapshot.id)
        .where(InventorySnapshot.id.in_(newest_snapshots()), InventoryPart.kind == PartKind.PSU.value)
    )
    supplies: dict[int, list[str]] = {}
    for server_id, health in found:
        supplies.setdefault(server_id, []).append(health)
    redundant = {}
    for server_id, healths in supplies.items():
        well = healths.count(Health.OK.value)
        if well > 1 or well + healths.count(Health.UNKNOWN.value) < 2:
            redundant[server_id] = well > 1
    return redundant
