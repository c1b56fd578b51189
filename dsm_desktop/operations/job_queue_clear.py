"""Take jobs out of the iDRACs' own queues."""

from __future__ import annotations

import contextlib
from typing import Any

from pydantic import Field, model_validator

from dsm_desktop.jobs import Danger, JobContext, Params, Result, TimedOut, job
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.operations.device_queue import (
    QueueNotCleared,
    read_queue,
    refuse_while_writing,
    services_answer,
)
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.device_jobs import clear_queue, delete_job, device_jobs


class QueueClearParams(Params):
    force: bool = Field(
        False,
        title="By force",
        description="also what runs; restarts the Lifecycle Controller's services, which are away for some minutes",
    )
    job_id: str = Field(
        "",
        title="Only this job",
        pattern=r"^(|[A-Za-z]{2,8}_?[0-9A-Za-z]{1,20})$",
        description="JID_… or RID_…; empty = all",
    )

    @model_validator(mode="after")
    def _force_takes_all(self) -> QueueClearParams:
        if self.force and self.job_id:
            raise ValueError("by force the whole queue is cleared; name no job, or do without force")
        return self


class QueueClearResult(Result):
    removed: int = Field(title="Removed")
    left: list[str] = Field(default_factory=list, title="Left in the queue")


def danger_of(params: QueueClearParams) -> Danger:
    return Danger.DESTRUCTIVE if params.force else Danger.DISRUPTIVE


def warning(params: QueueClearParams) -> str:
    """The confirmation's sentence."""
    if params.force:
        return "Every job ends, also what runs and what other tools made; settings that wait for a restart are lost."
    if params.job_id:
        return ""
    return "Jobs of other tools go too; settings that wait for a restart are lost."


@job(
    "job_queue_clear",
    label="Clear iDRAC jobs…",
    title="Clear the iDRAC jobs of {target}",
    menu="iDRAC",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
)
async def job_queue_clear(ctx: JobContext, params: QueueClearParams) -> QueueClearResult:
    """Delete one job or the whole queue of each iDRAC; by force where that is refused, and then wait until its services answer.

    Refused while a firmware job writes. What is left in the queue afterwards is read back.
    """
    async with reported(ctx):
        seen = await read_queue(ctx)
        wanted = [i for i in seen["ids"] if i == params.job_id] if params.job_id else list(seen["ids"])
        refuse_while_writing(ctx, seen)
        if not wanted and not params.force:
            return QueueClearResult(summary="There is nothing to clear.", removed=0)
        await clear(ctx, params, wanted)
        if ctx.dry_run:
            return QueueClearResult(summary="Nothing was sent (dry run).", removed=0)
        if params.force:
            await services_answer(ctx, f"the services of {ctx.target.label} to answer")
        after = await settled(ctx, wanted)
        left = [i for i in wanted if i in after["ids"]]
    if left:
        raise QueueNotCleared(
            f"{len(left)} of {len(wanted)} jobs are still in the queue: {', '.join(left[:5])}",
            hint="Clear by force; if that fails too, run Rescue, which restarts the iDRAC.",
            where=ctx.target.label,
        )
    return QueueClearResult(summary=f"{len(wanted)} jobs were removed.", removed=len(wanted), left=left)


async def clear(ctx: JobContext, params: QueueClearParams, wanted: list[str], key: str = "") -> None:
    """The changing step alone; also a rung of the rescue ladder."""
    bmc = ctx.redfish()

    def send() -> bool:
        if params.job_id:
            delete_job(bmc, params.job_id)
        else:
            clear_queue(bmc, force=params.force)
        return True

    def gone() -> bool | None:
        try:
            there = {job.id for job in device_jobs(bmc)}
        except RetryLater:
            # Its services restart: the forced clear has arrived. What is left is read back in any case.
            return True if params.force else None
        return True if wanted and not there & set(wanted) else None

    what = "JID_CLEARALL_FORCE" if params.force else params.job_id or "JID_CLEARALL"
    await ctx.step(
        "clear the queue",
        send,
        key=key,
        changing=True,
        interrupted=gone,
        plan=f"DeleteJobQueue {what} on {ctx.target.label}",
    )


async def settled(ctx: JobContext, wanted: list[str], key: str = "") -> dict[str, Any]:
    """The queue read back, when none of the jobs is in it any more or a minute later; an iDRAC needs some seconds."""
    bmc = ctx.redfish()

    def gone() -> bool | None:
        return None if {job.id for job in device_jobs(bmc)} & set(wanted) else True

    with contextlib.suppress(TimedOut):
        await ctx.wait_for("the queue to be empty", gone, every=5, timeout=60)
    return await read_queue(ctx, key=f"after{key}")
