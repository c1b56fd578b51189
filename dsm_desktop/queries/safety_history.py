"""Judgements of clusters and server groups as they were made, and when the schedule makes the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.commands.safety_schedule import KIND, Due, due_check
from dsm_desktop.core.settings import SafetySettings
from dsm_desktop.store import runners, settings
from dsm_desktop.store.models import Job, SafetyCheck, db_now

MOST = 2_000
"""Rows shown, from the newest."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One judgement. `kind` cluster | group; `vcenter_id` and `moid` of a cluster, 0 and "" of a group; `before` the colour of
    the judgement before where that was another, else ""; `by` who asked for it, "schedule" for the schedule."""

    id: int
    at: datetime
    kind: str
    name: str
    vcenter_id: int
    moid: str
    colour: str
    before: str
    summary: str
    by: str
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """`cron` "" = off. `running`: a desktop or an agent is there to do it."""

    cron: str
    due: Due | None
    running: bool


def safety_history(connection: Connection) -> list[CheckRow]:
    """The newest first."""
    c = SafetyCheck
    query = (
        select(c.id, c.at, c.subject, c.name, c.colour, c.changed, c.summary, c.job_id, Job.submitted_by)
        .outerjoin(Job, Job.id == c.job_id)
        .order_by(c.id.desc())
        .limit(MOST)
    )
    rows: list[CheckRow] = []
    later: dict[str, int] = {}
    for found in connection.execute(query):
        kind, _, rest = found.subject.partition(":")
        vcenter, _, moid = rest.partition(":")
        of_cluster = kind == "cluster"
        if (place := later.pop(found.subject, None)) is not None:
            rows[place] = replace(rows[place], before=found.colour)
        if found.changed:
            later[found.subject] = len(rows)
        rows.append(
            CheckRow(
                found.id,
                found.at,
                kind,
                found.name,
                int(vcenter) if of_cluster else 0,
                moid if of_cluster else "",
                found.colour,
                "",
                found.summary,
                found.submitted_by or "",
                found.job_id,
            )
        )
    return rows


def safety_schedule(connection: Connection) -> Schedule:
    """When clusters are judged next by themselves."""
    cron = settings.load_in(connection, SafetySettings).at
    now = connection.scalar(select(db_now()))
    due = due_check(connection, KIND, cron, now) if cron and now is not None else None
    return Schedule(cron, due, bool(runners.alive(connection)))


def schedule_words(schedule: Schedule) -> str:
    """One or two sentences for people."""
    if not schedule.cron:
        return "Nothing is checked by itself: set times under Settings, Safety checks."
    due = schedule.due
    if due is None:
        return f"No time fits the schedule ({schedule.cron})."
    said = f"{due.at.astimezone():%a %Y-%m-%d %H:%M}"
    idle = "" if schedule.running else " No desktop or agent runs now."
    if not due.missed:
        last = f" The last by schedule was {due.last.astimezone():%a %Y-%m-%d %H:%M}." if due.last else ""
        return f"Next by schedule ({schedule.cron}): {said}.{last}{idle}"
    times = "one time" if due.missed == 1 else f"{due.missed} times"
    return (
        f"Due by schedule ({schedule.cron}) since {said}, {times} missed: made up for once as soon as a desktop or an agent "
        f"looks.{idle}"
    )
