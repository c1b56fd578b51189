"""What people have told a rolling update, and what it has come to by that: orders, answers to its questions, its own end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.store.models import AuditEntry, Decision, Job, JobTask, TaskStep
from dsm_desktop.store.orders import roll_orders
from dsm_desktop.workflows.roll_keys import END, FAILED, GATES, asked_about

_TO_STOP = "it was told to stop"
_STOPS = {
    CancelGrade.AFTER_TARGET: "after the host at work",
    CancelGrade.AFTER_STEP: "after the step at work",
    CancelGrade.NOW: "now",
}


@dataclass(frozen=True, slots=True)
class RunTold:
    """`going` False = it has ended; `grade` how soon it was told to stop; `paused` by whom, "" = not; `skip` ids of hosts that
    somebody wants left out; `passed` who left a host (moid) out at the question of its gates; `again` since when a host (mark)
    that failed is to be done once more; `over` why it begins no other host, "" = it does; `ends` what the ended run itself says
    of each host (id): its standing, and why; `stopped` who told it to stop and how soon, a sentence, "" = nobody did."""

    going: bool = False
    grade: CancelGrade = CancelGrade.NONE
    paused: str = ""
    skip: frozenset[int] = frozenset()
    passed: Mapping[str, str] = field(default_factory=dict)
    again: Mapping[str, datetime] = field(default_factory=dict)
    over: str = ""
    ends: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    stopped: str = ""

    def said_of(self, host_id: int) -> str:
        return self.ends.get(host_id, ("", ""))[1]

    def leaves_out(self, host_id: int) -> bool:
        """Because somebody asked for it, or decided so."""
        return host_id in self.skip or self.ends.get(host_id, ("", ""))[0] == "skipped"


def told(connection: Connection, run_id: int) -> RunTold:
    """As it stands now."""
    orders = roll_orders(connection, run_id)
    state = connection.scalar(select(Job.state).where(Job.id == run_id))
    result: dict[str, Any] = connection.scalar(select(JobTask.result).where(JobTask.job_id == run_id)) or {}
    passed, again, stopped = _answers(connection, run_id)
    over = _TO_STOP if orders.grade else _its_end(connection, run_id) or stopped
    return RunTold(
        state is not None and not JobState(state).final,
        CancelGrade(orders.grade),
        orders.paused,
        frozenset(orders.skip),
        passed,
        again,
        over,
        {end["host_id"]: (str(end["standing"]), str(end.get("why", ""))) for end in result.get("hosts", ())},
        _stop_words(connection, run_id, CancelGrade(orders.grade)),
    )


def _stop_words(connection: Connection, run_id: int, grade: CancelGrade) -> str:
    """By the audit log, whose newest entry of the kind is about the stop that holds: a later one is never less soon."""
    if not grade:
        return ""
    said = select(AuditEntry.actor).where(
        AuditEntry.action == "jobs.cancel", AuditEntry.subject.startswith(f"job {run_id}: ", autoescape=True)
    )
    who = connection.scalar(said.order_by(AuditEntry.id.desc()).limit(1))
    return (
        f"{who} told the run to stop {_STOPS[grade]}."
        if who
        else f"The run was told to stop {_STOPS[grade]}."
    )


def _answers(connection: Connection, run_id: int) -> tuple[dict[str, str], dict[str, datetime], str]:
    """Of its own questions. The run acts on an answer at its next look, which may be as far away as its next runner."""
    query = (
        select(Decision.key, Decision.answer, Decision.answered_by, Decision.answered_at)
        .join(JobTask, JobTask.id == Decision.task_id)
        .where(JobTask.job_id == run_id, Decision.answered_at.is_not(None))
        .order_by(Decision.id)
    )
    passed: dict[str, str] = {}
    again: dict[str, datetime] = {}
    stopped = ""
    for key, answer, by, at in connection.execute(query):
        what, mark = asked_about(key)
        if what == GATES and answer == "skip":
            passed[mark] = by
        elif what == FAILED and answer == "retry" and at is not None:
            again[mark] = at
        elif what in (GATES, FAILED) and answer == "stop":
            stopped = "nobody answered its question" if by == "deadline" else f"{by} decided so"
    return passed, again, stopped


def _its_end(connection: Connection, run_id: int) -> str:
    """What the run has noted as the reason why it begins no other host."""
    kept = connection.scalar(
        select(TaskStep.result)
        .join(JobTask, JobTask.id == TaskStep.task_id)
        .where(JobTask.job_id == run_id, TaskStep.name == END, TaskStep.state == "done")
        .order_by(TaskStep.id)
        .limit(1)
    )
    return str(kept["value"]) if kept else ""
