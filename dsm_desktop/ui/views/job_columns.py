"""Columns of jobs, their targets, steps and log lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dsm_desktop.queries.jobs import OPEN, JobRow, StepRow, TaskRow
from dsm_desktop.ui import words
from dsm_desktop.ui.models.columns import Column

if TYPE_CHECKING:
    from dsm_desktop.queries.maintenance import RunHostRow


def progress(row: JobRow) -> str:
    """ "12 of 40, 2 failed"."""
    if not row.total:
        return ""
    failed = f", {row.failed} failed" if row.failed else ""
    return f"{row.finished} of {row.total}{failed}"


def took(row: Any) -> str:
    """How long a job or task took, or runs."""
    if row.started_at is None:
        return ""
    if row.finished_at is None:
        return words.span((datetime.now(UTC) - row.started_at).total_seconds())
    return words.span((row.finished_at - row.started_at).total_seconds())


def step_took(row: StepRow) -> str:
    return "" if row.ended_at is None else words.span((row.ended_at - row.begun_at).total_seconds())


JOBS = (
    Column("state", "State", lambda r: r.outcome, status=lambda r: words.work(r.outcome), width=190),
    Column("title", "Job", lambda r: r.title, width=290),
    Column("progress", "Progress", lambda r: r.percent, text=progress, kind="number", width=130, left=True),
    Column("by", "By", lambda r: r.submitted_by, width=130),
    Column("submitted", "Handed in", lambda r: r.submitted_at, kind="time", width=100),
    Column("took", "Took", took, width=76),
    Column("dry", "Dry run", lambda r: "yes" if r.dry_run else "", width=70),
    Column("number", "Number", lambda r: r.id, kind="number", width=70),
    Column("message", "Message", lambda r: r.message, width=240),
    Column("failed", "Failed targets", lambda r: r.failed, kind="number", width=96, shown=False),
    Column("finished", "Ended", lambda r: r.finished_at, kind="time", width=100, shown=False, never=""),
)


def task_progress(row: TaskRow | RunHostRow) -> str:
    """How far a target's work is; nothing once it has ended, for then its state says so."""
    going = row.progress_total and row.state in OPEN
    return f"{row.progress_done} of {row.progress_total}" if going else ""


TASKS = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=150),
    Column("target", "Target", lambda r: r.target or "The whole job", width=190),
    Column("outcome", "Outcome", lambda r: r.outcome, width=420),
    Column("progress", "Progress", lambda r: r.progress_done, text=task_progress, kind="number", width=90),
    Column("took", "Took", took, width=76),
    Column("attempt", "Attempt", lambda r: r.attempt, kind="number", width=70, shown=False),
)
_STEP_KIND = {"step": "Step", "always": "Put back", "wait": "Wait", "decide": "Question"}
STEPS = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=104),
    Column("name", "Step", lambda r: words.sentence(r.name) + (f" ({r.key})" if r.key else ""), width=260),
    Column("took", "Took", step_took, width=62),
    Column("message", "Message", lambda r: r.message or str((r.error or {}).get("message", "")), width=260),
    Column(
        "begun", "Begun", lambda r: r.begun_at, text=lambda r: words.stamp(r.begun_at), kind="time", width=160
    ),
    Column("kind", "Kind", lambda r: _STEP_KIND.get(r.kind, r.kind), width=80),
)
LOG = (
    Column("time", "Time", lambda r: r.at, text=lambda r: words.stamp(r.at), kind="time", width=160),
    Column("level", "Level", lambda r: r.level, status=lambda r: words.level(r.level), width=90),
    Column("message", "Message", lambda r: r.message, width=420),
)
