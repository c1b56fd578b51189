"""How long a job will take, by what the same kind took before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Connection, select

from dsm_desktop.core.states import JobState
from dsm_desktop.store.models import Job, JobTask

_TASKS, _JOBS = 200, 20
_FEWEST = 3
_LONGEST = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`each` seconds a target took (the middle of `runs` of them), `together` how many ran at once at best."""

    each: float
    runs: int
    together: float

    def seconds(self, targets: int, *, at_once: int = 0, stagger: float = 0.0) -> float:
        """For so many targets; `at_once` 0 = no limit, `stagger` between two starts."""
        hands = min(self.together, targets) if not at_once else min(self.together, at_once, targets)
        return max(self.each * targets / max(1.0, hands), self.each + stagger * (targets - 1))


def pace_of(connection: Connection, kind: str) -> Pace | None:
    """From the newest targets of this kind that were completed for real; None before there were a few."""
    jobs = (
        select(Job.id, Job.started_at, Job.finished_at)
        .where(Job.kind == kind, Job.dry_run.is_(False), Job.finished_at.is_not(None))
        .order_by(Job.id.desc())
        .limit(_JOBS)
    )
    spans = {row.id: _seconds(row.started_at, row.finished_at) for row in connection.execute(jobs)}
    tasks = (
        select(JobTask.job_id, JobTask.started_at, JobTask.finished_at)
        .where(JobTask.job_id.in_(spans), JobTask.state == JobState.COMPLETED.value)
        .order_by(JobTask.id.desc())
        .limit(_TASKS)
    )
    took: dict[int, list[float]] = {}
    for row in connection.execute(tasks):
        seconds = _seconds(row.started_at, row.finished_at)
        if 0 < seconds < _LONGEST:
            took.setdefault(row.job_id, []).append(seconds)
    every = [seconds for found in took.values() for seconds in found]
    if len(every) < _FEWEST:
        return None
    return Pace(median(every), len(every), max(_together(found, spans[job]) for job, found in took.items()))


def _together(took: Sequence[float], span: float) -> float:
    """How many targets a job worked on at once on average: never more than it had."""
    return min(float(len(took)), max(1.0, sum(took) / span)) if span > 0 else 1.0


def _seconds(begun: datetime | None, ended: datetime | None) -> float:
    """0 where one is not known, or a clock was set back in between."""
    return max(0.0, (ended - begun).total_seconds()) if begun is not None and ended is not None else 0.0
