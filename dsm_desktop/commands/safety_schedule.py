"""Judging clusters and groups by the clock: what is due is submitted by the leading runner as an ordinary job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from dsm_desktop.commands import jobs
from dsm_desktop.commands.watch import PRIORITY, SCHEDULE
from dsm_desktop.core.cron import Cron
from dsm_desktop.core.settings import SafetySettings
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.models import EsxiHost, Job, ServerGroup
from dsm_desktop.store.unit_of_work import UnitOfWork

KIND = "cluster_safety_check"
_FIRST = timedelta(minutes=5)
_COUNTED = 999


@dataclass(frozen=True, slots=True)
class Due:
    """`at` when the next check is due, or was: `missed` how many of its times have passed. `last` by the schedule."""

    at: datetime
    last: datetime | None
    missed: int


def submit_due_checks(uow: UnitOfWork, catalogue: Catalogue, settings: SafetySettings) -> list[int]:
    """Submit the checks whose minute has come; returns the new jobs. A time that passed while nothing ran is made up for once."""
    if not settings.at:
        return []
    there = {
        KIND: select(EsxiHost.id).where(EsxiHost.cluster != "", EsxiHost.gone.is_(False)),
        "server_group_safety_check": select(ServerGroup.id).where(ServerGroup.kind != "vcenter_cluster"),
    }
    return [
        jobs.submit(uow, SCHEDULE, catalogue, kind, [], {}, priority=PRIORITY)
        for kind, something in there.items()
        if uow.session.scalar(something.limit(1)) is not None and _is_due(uow, kind, settings.at)
    ]


def due_check(connection: Connection, kind: str, cron: str, now: datetime) -> Due | None:
    """The next time of a kind of check; only what the schedule itself has submitted counts as done. What was never checked by it
    waits for its first minute. None where no time fits."""
    mine = (Job.kind == kind, Job.submitted_by == SCHEDULE.name)
    last = connection.scalar(select(func.max(Job.submitted_at)).where(*mine))
    wanted = Cron.of(cron)
    at = first = _next(wanted, last or now - _FIRST)
    missed = 0
    while at is not None and at <= now and missed < _COUNTED:
        missed, at = missed + 1, _next(wanted, at)
    return Due(first, last, missed) if first is not None else None


def _next(cron: Cron, moment: datetime) -> datetime | None:
    """By this machine's clock on the wall, which may be put on or back between the two."""
    found = cron.next_after(moment.astimezone().replace(tzinfo=None))
    return found.astimezone() if found is not None else None


def _is_due(uow: UnitOfWork, kind: str, cron: str) -> bool:
    """What runs already, whoever asked for it, is not begun beside itself."""
    runs = select(Job.id).where(Job.kind == kind, Job.state.not_in([s.value for s in JobState if s.final]))
    if uow.session.scalar(runs.limit(1)) is not None:
        return False
    due = due_check(uow.session.connection(), kind, cron, uow.now)
    return due is not None and due.missed > 0
