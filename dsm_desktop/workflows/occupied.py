"""A host that is in maintenance mode already, or on its way, belongs to somebody."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.store.restore_list import left_on_host, let_go, ours_no_more
from dsm_desktop.workflows.evacuate_watch import Stranger
from dsm_desktop.workflows.maintenance import (
    ENTER,
    HostSkipped,
    Seen,
    leave_now,
    patiently,
    read_host,
    running_task,
    target_host,
)


class Occupied(Worded):
    """What is done with a host that is in maintenance mode already, or on its way: it belongs to somebody. ASK a person,
    SKIP it, or USE it and leave it in maintenance mode afterwards."""

    ASK = "ask", "Ask"
    SKIP = "skip", "Leave it out"
    USE = "use", "Use it"


async def whose(
    ctx: JobContext, before: Seen, occupied: Occupied, *, minutes: int, every: float, hours: float
) -> bool:
    """Whether the host is ours to put into maintenance mode (True) or is there already for somebody else (False)."""
    if not before.in_maintenance and not before.entering:
        return True
    label = ctx.target.label
    by = f" by {before.entering_by}" if before.entering_by else ""
    state = (
        "is in maintenance mode already"
        if before.in_maintenance
        else f"is being put into maintenance mode{by}"
    )
    left_by = None
    if before.in_maintenance:
        left_by = await ctx.step(
            "who left it in maintenance mode", partial(_left_by, ctx), returns=int | None
        )
    whose_work = "not by this job"
    if left_by is not None:
        whose_work = f"left so by job {left_by} of this program (see the restore list)"
    chosen = occupied.value
    if occupied is Occupied.ASK:
        chosen = await ctx.decide(
            Question(
                key="host in use",
                question=f"{label} {state}, {whose_work}. Somebody may be working on it.",
                options=[
                    Option(value="use", title="Work on it", help="it is left in maintenance mode afterwards"),
                    Option(value="skip", title="Leave it out", help="nothing is changed on it"),
                ],
                default="skip",
                within=timedelta(hours=hours),
            )
        )
    if chosen == "skip":
        raise HostSkipped(
            f"{label} {state}; it was left out.",
            hint="Find out who works on it; take it out of maintenance mode there, then retry."
            if left_by is None
            else f"When the work of job {left_by} is over, use 'Leave maintenance mode…' on it, then retry.",
            where=label,
        )
    if not before.in_maintenance:
        await ctx.wait_for(
            f"{label} to be in maintenance mode",
            patiently(partial(Stranger(ctx).there, before.entering)),
            every=every,
            timeout=minutes * 60,
        )
    return False


def _left_by(ctx: JobContext) -> int | None:
    with ctx.write() as uow:
        return left_on_host(uow.session.connection(), target_host(ctx).id, "maintenance")


def still_free(ctx: JobContext) -> bool:
    """Guests took hours to stop, or a person to answer: what somebody began meanwhile is theirs, and not ended by this job."""
    host = read_host(ctx)
    task = running_task(host, ENTER)
    if host.in_maintenance or task is not None:
        by = f" by {task.who}" if task is not None and task.who else ""
        raise HostSkipped(
            f"{host.name} was put into maintenance mode{by} meanwhile, and not by this job; it was left out.",
            hint="Find out who works on it; take it out of maintenance mode there, then retry.",
            where=host.name,
        )
    return True


def leave_once(ctx: JobContext, every: float) -> bool:
    """True once a look has shown the host out of the maintenance mode this task put it into; noted, for a colleague may put it
    there again a moment later. NotYet until then."""
    with ctx.write() as uow:
        over = ours_no_more(uow.session.connection(), ctx.task_id, "maintenance")
    if not over:
        leave_now(ctx, every)
        with ctx.write() as uow:
            let_go(uow, ctx.task_id, "maintenance")
    return True


def taken_again(ctx: JobContext) -> bool:
    """Whether somebody has put the host, which was out, into maintenance mode or is about to."""
    host = read_host(ctx)
    return host.in_maintenance or running_task(host, ENTER) is not None
