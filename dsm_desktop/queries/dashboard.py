"""The dashboard: numbers that are links. Each says which view opens with which filter, and that shows as many rows as it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from dsm_desktop.queries.jobs import DecisionRow, RestoreRow, open_decisions, restore_list
from dsm_desktop.queries.servers import FleetNumbers, fleet_numbers
from dsm_desktop.queries.status import WorkNumbers, work_numbers
from dsm_desktop.store.models import Job, JobTask, SafetyCheck, Server, Vcenter, db_now

_HEALTH = (("critical", "Critical"), ("warning", "Warning"), ("ok", "OK"), ("unknown", "Not known"))
_ACCESS = (
    ("unreachable", "Unreachable"), ("no_login", "Login refused"), ("untrusted", "Certificate changed"), ("unknown", "Not read yet"),
    ("generic", "Not Dell's"), ("managed", "Managed"),
)  # fmt: skip
_AGES = (
    ("1h", "Read within the hour", 3_600),
    ("1d", "Read within a day", 86_400),
    ("7d", "Read within a week", 604_800),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it leads: `view` servers | jobs | decisions | restore_list, `filter` in that view's words. `tone` ok |
    warning | critical | neutral, never told by colour alone."""

    key: str
    title: str
    value: int
    view: str
    filter: str
    tone: str


@dataclass(frozen=True, slots=True)
class FailedTarget:
    """A target whose job failed: what was tried, when, why, what to do."""

    task_id: int
    job_id: int
    server_id: int | None
    target: str
    title: str
    message: str
    hint: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything the first page shows, of one moment."""

    at: datetime
    fleet: FleetNumbers
    work: WorkNumbers
    health: tuple[Number, ...]
    access: tuple[Number, ...]
    ages: tuple[Number, ...]
    jobs: tuple[Number, ...]
    models: tuple[Number, ...]
    decisions: tuple[DecisionRow, ...]
    restore: tuple[RestoreRow, ...]
    failures: tuple[FailedTarget, ...]


def dashboard(connection: Connection, *, lines: int = 20) -> Dashboard:
    """Numbers, and the newest `lines` of each list."""
    now = connection.scalar(select(db_now()))
    assert now is not None
    fleet, work = fleet_numbers(connection), work_numbers(connection)
    tones = {"critical": "critical", "warning": "warning", "ok": "ok"}
    return Dashboard(
        at=now,
        fleet=fleet,
        work=work,
        health=tuple(
            Number(
                f"health.{key}",
                title,
                fleet.health.get(key, 0),
                "servers",
                f"health={key}",
                tones.get(key, "neutral"),
            )
            for key, title in _HEALTH
        ),
        access=tuple(
            Number(
                f"access.{key}",
                title,
                fleet.access.get(key, 0),
                "servers",
                f"access={key}",
                "ok" if key in ("managed", "generic") else "warning",
            )
            for key, title in _ACCESS
        ),
        ages=_ages(connection, now),
        jobs=(*_jobs(work), *_clusters(connection)),
        models=tuple(
            Number(f"model.{name}", name, count, "servers", f'model="{name}"', "neutral")
            for name, count in sorted(fleet.models.items(), key=lambda item: (-item[1], item[0]))
        ),
        decisions=tuple(open_decisions(connection)[:lines]),
        restore=tuple(restore_list(connection, standing_only=True, limit=lines)),
        failures=failed_targets(connection, now - timedelta(days=1), lines),
    )


def failed_targets(connection: Connection, since: datetime, limit: int = 200) -> tuple[FailedTarget, ...]:
    """Targets that failed since a moment, the newest first; those retried with success later are left out."""
    t, j = JobTask, Job
    query = (
        select(t.id, t.job_id, t.server_id, t.target, j.kind, j.title, t.error, t.finished_at)
        .join(j, j.id == t.job_id)
        .where(t.state == "failed", t.finished_at >= since)
        .order_by(t.finished_at.desc(), t.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    servers = sorted({row.server_id for row in rows if row.server_id is not None})[:900]
    healed = {
        (server_id, kind): last
        for server_id, kind, last in connection.execute(
            select(t.server_id, j.kind, func.max(t.id))
            .join(j, j.id == t.job_id)
            .where(t.state == "completed", t.server_id.in_(servers))
            .group_by(t.server_id, j.kind)
        )
    }
    found = []
    for i, job_id, server_id, target, kind, title, error, finished in rows:
        if healed.get((server_id, kind), 0) < i:
            why = error or {}
            found.append(
                FailedTarget(
                    i, job_id, server_id, target, title, why.get("message", ""), why.get("hint", ""), finished
                )
            )
    return tuple(found)


def _ages(connection: Connection, now: datetime) -> tuple[Number, ...]:
    """How old the facts are, in bands that add up to the fleet."""
    edges = [now - timedelta(seconds=seconds) for _, _, seconds in _AGES]
    at = Server.facts_at
    band = case(
        (at.is_(None), -1), *((at >= edge, place) for place, edge in enumerate(edges)), else_=len(edges)
    )
    banded = select(band, func.count()).group_by(band)
    counts: dict[int, int] = {place: n for place, n in connection.execute(banded)}  # noqa: C416
    numbers = []
    for place, (age, title, _) in enumerate(_AGES):
        text = f"read<={age}" + (f" read>{_AGES[place - 1][0]}" if place else "")
        numbers.append(
            Number(f"age.{age}", title, counts.get(place, 0), "servers", text, "neutral" if place else "ok")
        )
    old = Number(
        "age.older",
        "Older than a week",
        counts.get(len(edges), 0),
        "servers",
        f"read>{_AGES[-1][0]}",
        "warning",
    )
    never = Number("age.never", "Never read", counts.get(-1, 0), "servers", 'read=""', "warning")
    return (*numbers, old, never)


def _clusters(connection: Connection) -> tuple[Number, ...]:
    """What was judged of clusters last, and vCenters that cannot be read; nothing where there is no vCenter."""
    if connection.execute(select(Vcenter.id).limit(1)).first() is None:
        return ()
    newest = (
        select(func.max(SafetyCheck.id))
        .where(SafetyCheck.subject.startswith("cluster:"))
        .group_by(SafetyCheck.subject)
    )
    red = select(func.count()).where(SafetyCheck.id.in_(newest), SafetyCheck.colour == "red")
    silent = select(func.count()).where(Vcenter.problem != "")
    unsafe, mute = (connection.execute(query).scalar_one() for query in (red, silent))
    return (
        Number("clusters.red", "Clusters not safe to work on", unsafe, "vcenter", "clusters", "warning" if unsafe else "ok"),
        Number("vcenters.silent", "vCenters that cannot be read", mute, "vcenter", "", "warning" if mute else "ok"),
    )  # fmt: skip


def _jobs(work: WorkNumbers) -> tuple[Number, ...]:
    return (
        Number("jobs.open", "Jobs under way", work.open_jobs, "jobs", "state:pending,running,paused", "neutral"),
        Number("jobs.failed", "Jobs with failures today", work.failed_today, "jobs", "failed>0 finished<24h",
               "warning" if work.failed_today else "ok"),
        Number("decisions", "Questions to answer", work.decisions, "decisions", "", "warning" if work.decisions else "ok"),
        Number("restore", "To be put back", work.standing, "restore_list", "", "warning" if work.standing else "ok"),
    )  # fmt: skip
