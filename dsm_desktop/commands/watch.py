"""Looking at the fleet by itself: what is due is submitted by the leading runner as an ordinary job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from dsm_desktop.commands import jobs
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.core.states import Access, Health, JobState
from dsm_desktop.jobs import Catalogue, Target
from dsm_desktop.store.clock import STEP_ACTION
from dsm_desktop.store.models import AuditEntry, EsxiHost, Job, JobTask, Server, Vcenter
from dsm_desktop.store.unit_of_work import UnitOfWork

SCHEDULE = Principal("schedule", Role.ADMIN)
PRIORITY = 300
"""Behind whatever a person has asked for."""
_DAYS = timedelta(days=2)
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
    if watch.vcenter_minutes:
        made += _vcenters(uow, catalogue, timedelta(minutes=watch.vcenter_minutes))
        made += _alone(uow, catalogue, timedelta(minutes=watch.vcenter_minutes))
    if (
        any(days for days in keep.model_dump().values())
        and _is_due(uow, "retention_cleanup", timedelta(days=1))
        and not _put_forward(uow)
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
    # A look in the future was before the clock was set back: it must not hold up the next until the clock is there again.
    looks = select(func.max(Job.submitted_at)).where(Job.kind == kind, Job.submitted_at <= uow.now)
    last = uow.session.scalar(looks)
    return last is None or uow.now - last >= every


_WAITS = ("LoginRefused", "NoCredential", "CertificateNotApproved", "CertificateChanged", "OtherVcenter")
"""What a person must put right first: five wrong logins lock an account of vCenter."""


def _vcenters(uow: UnitOfWork, catalogue: Catalogue, every: timedelta) -> list[int]:
    """Read the vCenters that are due. One that waits for a person is not asked again until somebody has read it."""
    made = []
    for vcenter_id in uow.session.scalars(select(Vcenter.id).order_by(Vcenter.id)).all():
        of_it = (Job.kind == "vcenter_sync", Job.params["vcenter_id"].as_integer() == vcenter_id)
        if _is_wanted(uow, every, *of_it):
            params = {"vcenter_id": vcenter_id}
            made.append(jobs.submit(uow, SCHEDULE, catalogue, "vcenter_sync", [], params, priority=PRIORITY))
    return made


def _alone(uow: UnitOfWork, catalogue: Catalogue, every: timedelta) -> list[int]:
    """The same for hosts without a vCenter: one job for all that are due."""
    alone = select(EsxiHost.id).where(EsxiHost.vcenter_id.is_(None)).order_by(EsxiHost.id)
    due = [
        host_id
        for host_id in uow.session.scalars(alone).all()
        if _is_wanted(uow, every, Job.kind == "host_refresh", JobTask.host_id == host_id)
    ]
    return [jobs.submit(uow, SCHEDULE, catalogue, "host_refresh", due, {}, priority=PRIORITY)] if due else []


def _is_wanted(uow: UnitOfWork, every: timedelta, *of_it: ColumnElement[bool]) -> bool:
    """Whether the last look is over, did not end at something a person must put right, and was long enough ago."""
    last = uow.session.execute(
        select(Job.submitted_at, JobTask.state, JobTask.error)
        .join(JobTask, JobTask.job_id == Job.id)
        .where(*of_it)
        .order_by(Job.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return True
    waits = last.error is not None and last.error.get("code") in _WAITS
    recent = timedelta() <= uow.now - last.submitted_at < every  # not where the clock was set back since
    return JobState(last.state).final and not waits and not recent


def _put_forward(uow: UnitOfWork) -> bool:
    """Whether the store's clock was put forward by days since yesterday. Everything is old then, and if the clock is wrong nothing
    is: the records stay for a day, in which it can be put right."""
    steps = select(AuditEntry.detail).where(
        AuditEntry.action == STEP_ACTION,
        AuditEntry.at > uow.now - timedelta(days=1),
        AuditEntry.at <= uow.now,
    )
    return any(detail.get("seconds", 0) > _DAYS.total_seconds() for detail in uow.session.scalars(steps))
