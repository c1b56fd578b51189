"""What a person can tell a run that is at work, and in what state each order leaves each host."""

from __future__ import annotations

import enum

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.maintenance import LEFT_OUT, NOT_BEGUN, WAITING, Run, RunHostRow


class Order(enum.StrEnum):
    """What a person can tell a run that is at work."""

    PAUSE = "pause"
    GO_ON = "go_on"
    SKIP = "skip"
    AFTER_HOST = "after_host"
    AFTER_STEP = "after_step"
    NOW = "now"

    @property
    def grade(self) -> CancelGrade:
        """How soon it stops the run; NONE = it is no stop."""
        return _GRADES.get(self, CancelGrade.NONE)


_GRADES = {
    Order.AFTER_HOST: CancelGrade.AFTER_TARGET,
    Order.AFTER_STEP: CancelGrade.AFTER_STEP,
    Order.NOW: CancelGrade.NOW,
}

_FINISHED = "is finished and taken back into service"
_STOPPED = {
    CancelGrade.AFTER_STEP: "finishes its step, takes staged firmware out again, leaves maintenance mode and serves again; "
    "what is installed by then stays",
    CancelGrade.NOW: "stops waiting at once, takes staged firmware out again, leaves maintenance mode and serves again; "
    "what is installed by then stays, and a firmware job that the iDRAC has begun ends by itself",
}
_NOT_BEGUN = "is not begun and stays as it is"
_HANDED_OUT = "is still begun, finished and taken back: its job waits for the server to be free"
_HELD = {
    CancelGrade.AFTER_TARGET: "Stop after the host at work",
    CancelGrade.AFTER_STEP: "Stop after the step at work",
    CancelGrade.NOW: "Stop now",
}


def left_as(order: Order, row: RunHostRow, chosen: int | None = None, *, paused: bool = False) -> str:
    """In what state a host will be left by an order; `chosen` the host (row id) that SKIP is about; `paused` = the run is. A stop
    that was ordered before and is sooner holds."""
    if row.through:
        well = row.state == JobState.COMPLETED
        return "is done and stays in service" if well else f"stays as its job left it ({row.state})"
    if row.state == LEFT_OUT:
        return "is not touched" if row.job_id is None else "is not touched again"
    if row.state == NOT_BEGUN:
        return _NOT_BEGUN
    grade = order.grade
    if order is Order.SKIP and row.id == chosen:
        grade = CancelGrade.AFTER_STEP
    if row.at_work:
        return _STOPPED.get(max(grade, row.grade), _FINISHED)
    if order is Order.SKIP and grade:
        return "is not touched"
    if grade or row.grade:
        return _NOT_BEGUN
    if row.state != WAITING:
        return _HANDED_OUT
    held = order is Order.PAUSE or (paused and order is not Order.GO_ON)
    return "waits until the run goes on" if held else "is done in its turn"


def why_kept(row: RunHostRow) -> str:
    """Why a host of a run that goes on cannot be left out: the end of a sentence that begins with it; "" = it can be."""
    if row.at_work and row.leaving:
        return f"is left out already: it {left_as(Order.SKIP, row, row.id)}"
    if row.state in (LEFT_OUT, NOT_BEGUN):
        return f"{left_as(Order.SKIP, row)} ({row.outcome.rstrip('.')})"
    return left_as(Order.SKIP, row) if row.through else ""


def why_not(order: Order, run: Run, row: RunHostRow | None = None) -> str:
    """Why a run cannot be told so (any more); a sentence, "" = it can be. `row` the host that SKIP is about."""
    if not run.going:
        return "The run has ended."
    if order.grade > run.grade:
        return ""
    if order.grade:
        sooner = "" if order.grade == run.grade else " It is sooner."
        return f"“{_HELD[run.grade]}” was ordered before and stands.{sooner}"
    if run.grade:
        return "The run was told to stop: it begins no other host, and that cannot be taken back."
    if order is Order.SKIP:
        return f"{row.host} {why}." if row is not None and (why := why_kept(row)) else ""
    if run.over:
        return f"The run begins no other host: {run.over.rstrip('.')}."
    if order is Order.PAUSE:
        return f"{run.paused} has paused the run already." if run.paused else ""
    return "" if run.paused else "The run is not paused."


def refuse_kept(run_id: int, row: RunHostRow) -> None:
    """Raises BadInput for a host that cannot be left out."""
    if why := why_kept(row):
        raise BadInput(
            f"{row.host} cannot be left out of run {run_id}: it {why}.",
            hint=f"A host that is waiting or at work can be left out: `runs show {run_id}` or the Maintenance area.",
            where=row.host,
        )
