"""Looking at the fleet by itself: what is due is submitted by the leading runner as an ordinary job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from dsm_desktop.commands import jobs
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.core.states import Access, Health, JobState
from dsm_desktop.jobs import Catalogue, Target
from dsm_desktop.store.models import Job, Server
from dsm_desktop.store.unit_of_work import UnitOfWork

SCHEDULE = Principal("schedule", Role.ADMIN)
PRIORITY = 300
"""Behind whatever a person has asked for."""
_READABLE = (Access.MANAGED.value, Access.UNREACHABLE.value)


@dataclass(frozen=True, slots=True)
class Watched:
    """A server to look at and the health it had."""

    target: Target
    health: Health


def watched_servers(uow: UnitOfWork) -> list[Watched]:
    """Servers a look can succeed on: those that refused a login or showed another certificate wait for a person."""
    rows = uow.session.scalars(select(Server).where(Server.access.in_(_READABLE)).order_by(Server.id))
    return [
        Watched(
            Target(
                server_id=row.id,
                label=row.name or row.host_name or row.service_tag or row.address,
                address=row.address,
                port=row.port,
                service_tag=row.service_tag or "",
                model=row.model,
                generation=row.generation,
            ),
            Health(row.health),
        )
        for row in rows
    ]


def submit_due(
    uow: UnitOfWork, catalogue: Catalogue, watch: WatchSettings, keep: RetentionSettings
) -> list[int]:
    """Submit the looks that are due; returns the new jobs. A look that still runs is not submitted again."""
    ids = [s.target.server_id for s in watched_servers(uow)]
    wanted = [
        ("fleet_watch", timedelta(minutes=watch.health_minutes), []),
        ("fetch_event_logs", timedelta(hours=watch.logs_hours), ids),
        ("inventory_refresh", timedelta(hours=watch.inventory_hours), ids),
    ]
    made = [
        jobs.submit(uow, SCHEDULE, catalogue, kind, targets, {}, priority=PRIORITY)
        for kind, every, targets in wanted
        if ids and every and _is_due(uow, kind, every)
    ]
    if any(days for days in keep.model_dump().values()) and _is_due(
        uow, "retention_cleanup", timedelta(days=1)
    ):
        made.append(jobs.submit(uow, SCHEDULE, catalogue, "retention_cleanup", [], {}, priority=PRIORITY))
    return made


def _is_due(uow: UnitOfWork, kind: str, every: timedelta) -> bool:
    running = (
        select(Job.id)
        .where(Job.kind == kind, Job.state.not_in([s.value for s in JobState if s.final]))
        .limit(1)
    )
    if uow.session.scalar(running) is not None:
        return False
    last = uow.session.scalar(select(func.max(Job.submitted_at)).where(Job.kind == kind))
    return last is None or uow.now - last >= every
