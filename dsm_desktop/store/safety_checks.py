"""Judgements of clusters and groups as history, with the moment the colour changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dsm_desktop.store.models import SafetyCheck
from dsm_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written. `before` the colour of the judgement before, "" = the first; `until` when that was seen last."""

    id: int
    changed: bool
    before: str
    until: datetime | None


def cluster_subject(vcenter_id: int, moid: str) -> str:
    return f"cluster:{vcenter_id}:{moid}"


def group_subject(group_id: int) -> str:
    return f"group:{group_id}"


def keep_check(
    uow: UnitOfWork,
    *,
    subject: str,
    name: str,
    colour: str,
    summary: str,
    verdict: dict[str, Any],
    job_id: int,
) -> Kept:
    """Write a judgement down."""
    before = uow.session.execute(
        select(SafetyCheck.colour, SafetyCheck.at)
        .where(SafetyCheck.subject == subject)
        .order_by(SafetyCheck.id.desc())
        .limit(1)
    ).first()
    changed = before is not None and before.colour != colour
    row = SafetyCheck(
        subject=subject,
        name=name[:255],
        colour=colour,
        changed=changed,
        summary=summary,
        verdict=verdict,
        job_id=job_id,
        at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.changed("safety_checks", "added", row.id)
    return Kept(row.id, changed, before.colour if before else "", before.at if before else None)
