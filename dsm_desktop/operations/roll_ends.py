"""In what state a rolling update leaves each of its hosts, as values and in words."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.roll_hosts import HostOutcome
from dsm_desktop.workflows.roll_plan import PlannedHost, RollPlan

ASKED_TO_STOP = "it was asked to stop after the host at work"


class Standing(enum.StrEnum):
    """In what state a run has left a host. UNTOUCHED needed nothing or could not be done; NOT_BEGUN: the run ended before."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNTOUCHED = "untouched"
    NOT_BEGUN = "not_begun"


class HostEnd(BaseModel):
    """What became of one host. `hint` the next step where it is not done; `job_id` of the work on it, 0 = none."""

    model_config = ConfigDict(frozen=True)
    host_id: int
    name: str
    standing: Standing
    why: str = ""
    hint: str = ""
    job_id: int = 0
    before: str = ""
    after: str = ""
    changes: list[str] = []
    stopped: list[str] = []
    notes: list[str] = []


def through(host: PlannedHost, outcome: HostOutcome) -> HostEnd:
    """Of a host whose work completed."""
    result = outcome.result or {}
    changes = [f"{d['name']} {d['before']} → {d['after']}" for d in result.get("done", [])]
    return HostEnd(
        host_id=host.host_id,
        name=host.name,
        standing=Standing.DONE,
        why=outcome.message,
        job_id=outcome.job_id,
        before=str(result.get("version_before", "")),
        after=str(result.get("version_after", "")),
        changes=list(dict.fromkeys(changes)),
        stopped=list(result.get("stopped", [])),
        notes=list(result.get("notes", [])),
    )


def not_again(last: HostEnd, why: str) -> HostEnd:
    """Of a host that failed, was to be done once more and was not: it stands as that try left it."""
    return last.model_copy(update={"why": f"{last.why.rstrip('.')}. It was not tried again: {why}"})


def state_words(outcome: HostOutcome) -> str:
    """Of work that has not ended."""
    if outcome.state == JobState.PAUSED:
        return "waits for an answer"
    if outcome.state == JobState.PENDING:
        return f"waits for its turn ({outcome.waits or 'something else holds this server'})"
    return outcome.message or outcome.state


def left_words(plan: RollPlan, work: Sequence[HostOutcome]) -> str:
    """In what state a run that was stopped leaves its hosts."""
    last = {o.host_id: o for o in work}
    if not last:
        return "No host was begun."
    said = [f"{h.name}: {_left(last[h.host_id])}" for h in plan.to_do if h.host_id in last]
    said += [f"{h.name}: not begun" for h in plan.to_do if h.host_id not in last]
    return f"{'; '.join(said)}.".replace("..", ".")


def _left(outcome: HostOutcome) -> str:
    if outcome.state == JobState.COMPLETED:
        return "done"
    if outcome.state != JobState.CANCELLED:
        return outcome.message
    if not outcome.begun:
        return "not begun"
    return "stopped and put back" + (f" ({outcome.stays})" if outcome.stays else "")
