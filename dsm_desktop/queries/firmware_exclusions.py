"""The site's rules for firmware that is not to be touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.firmware.exclusions import Exclusion
from dsm_desktop.store.models import FirmwareExclusion


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """One rule and who made it."""

    id: int
    component: str
    model: str
    version: str
    reason: str
    added_by: str
    added_at: datetime

    @property
    def rule(self) -> Exclusion:
        return Exclusion(self.component, self.reason, self.model, self.version)


def list_exclusions(connection: Connection) -> list[ExclusionRow]:
    """Every rule, by component."""
    f = FirmwareExclusion
    rows = connection.execute(
        select(f.id, f.component, f.model, f.version, f.reason, f.added_by, f.added_at).order_by(
            f.component, f.id
        )
    )
    return [ExclusionRow(*row) for row in rows]
