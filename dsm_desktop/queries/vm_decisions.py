"""Decisions about VMs that do not move, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.store.models import VmDecision


@dataclass(frozen=True, slots=True)
class VmDecisionRow:
    """What was decided for a VM (`vm` its instance uuid) and the blocker `cause`."""

    id: int
    vcenter_id: int | None
    vm: str
    name: str
    cause: str
    answer: str
    decided_by: str
    decided_at: datetime


_COLUMNS = [getattr(VmDecision, name) for name in VmDecisionRow.__dataclass_fields__]


def list_vm_decisions(connection: Connection, vcenter_id: int | None = None) -> list[VmDecisionRow]:
    """By name; all, or those of one vCenter."""
    query = select(*_COLUMNS).order_by(VmDecision.name, VmDecision.cause)
    if vcenter_id is not None:
        query = query.where(VmDecision.vcenter_id == vcenter_id)
    return [VmDecisionRow(*row) for row in connection.execute(query)]
