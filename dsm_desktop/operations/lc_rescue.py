"""Bring an iDRAC whose queue or Lifecycle Controller is stuck back to work, one rung of the ladder after the other.

wait ─▶ delete ─▶ clear ─▶ force ─▶ restart ─▶ enable          stops at the first rung that helped
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.core import device_queue
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Params, Result, TimedOut, job
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.operations.device_queue import (
    SILENT,
    blocking,
    read_queue,
    refuse_if_it_wrote,
    refuse_while_writing,
    services_answer,
)
from dsm_desktop.operations.idrac_reset import restart
from dsm_desktop.operations.job_queue_clear import QueueClearParams, clear, settled
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.attributes import attribute_uris, read_attributes, write_attributes
from dsm_desktop.redfish.device_jobs import delete_job, device_jobs
from dsm_desktop.redfish.errors import RedfishError, Unsupported
from dsm_desktop.redfish.lifecycle import lifecycle_status

LC = "LifecycleController.Embedded.1"
ENABLED = "LCAttributes.1.LifecycleControllerState"
"""Dell's own advice for a controller that is disabled or in recovery: set it to Enabled (LC and RAC messages of EEMI 2.7)."""


class NotRescued(DsmError):
    """Every rung that was allowed has been tried, and the Lifecycle Controller is still not ready."""

    blame = Blame.PEER


class Rung(Worded):
    """How far the rescue may go; each includes those before it."""

    WAIT = "wait", "Wait"
    DELETE = "delete", "Delete the jobs that block"
    CLEAR = "clear", "Clear the job queue"
    FORCE = "force", "Clear the queue by force"
    RESTART = "restart", "Restart the iDRAC"
    ENABLE = "enable", "Enable the Lifecycle Controller"


RUNGS = list(Rung)


class RescueParams(Params):
    up_to: Rung = Field(
        Rung.CLEAR,
        title="Go up to",
        description="it stops at the first that helps",
    )
    wait_minutes: int = Field(5, ge=0, le=240, title="Wait first", json_schema_extra={"unit": "minutes"})


class RescueResult(Result):
    was: str = Field(title="Was")
    helped: str = Field(title="Helped")


def danger_of(params: RescueParams) -> Danger:
    """By the last rung it may reach."""
    rank = RUNGS.index(params.up_to)
    if rank >= RUNGS.index(Rung.FORCE):
        return Danger.DESTRUCTIVE
    return Danger.NONE if params.up_to is Rung.WAIT else Danger.DISRUPTIVE


def warning(params: RescueParams) -> str:
    """The confirmation's sentence."""
    if danger_of(params) is Danger.DESTRUCTIVE:
        return (
            "Where nothing gentler helps, every job in the queue ends and what waits for a restart is lost."
        )
    return "Jobs that block are deleted, also those of other tools." if params.up_to is not Rung.WAIT else ""


@job(
    "lc_rescue",
    label="Rescue iDRAC…",
    title="Rescue the iDRAC of {target}",
    menu="iDRAC",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
)
async def lc_rescue(ctx: JobContext, params: RescueParams) -> RescueResult:
    """Free a stuck job queue or Lifecycle Controller: wait, delete what blocks, clear, clear by force, restart the iDRAC, enable.

    It stops at the first rung that helps and never climbs while a firmware job writes, or may write. Servers keep running.
    """
    async with reported(ctx):
        seen = await _look(ctx, "at first")
        was = _trouble(seen)
        if not was:
            return RescueResult(summary="Nothing is stuck.", was="", helped="")
        ctx.log(f"{was}.")
        for number, rung in enumerate(RUNGS[: RUNGS.index(params.up_to) + 1]):
            refuse_while_writing(ctx, seen)
            if seen.get("unread") and rung in (Rung.FORCE, Rung.RESTART):
                await ctx.run(partial(refuse_if_it_wrote, ctx))
            ctx.progress(number, len(RUNGS), f"Trying: {rung.words}")
            if not await _climb(ctx, rung, params, seen):
                continue
            seen = await _look(ctx, rung.value)
            if not _trouble(seen):
                return RescueResult(
                    summary=f"“{rung.words}” helped: {was} before.", was=was, helped=rung.words
                )
            ctx.log(f"After “{rung.words}”: {_trouble(seen)}.")
    if ctx.dry_run:
        return RescueResult(summary="Nothing was sent (dry run).", was=was, helped="")
    further = RUNGS[RUNGS.index(params.up_to) + 1 :]
    if seen.get("silent"):
        further = [rung for rung in further if rung is Rung.RESTART]
    raise NotRescued(
        f"after “{params.up_to.words}” still: {_trouble(seen)}",
        hint=f"Allow the next rung, “{further[0].words}”."
        if further
        else "Take the server off mains for two minutes (or a virtual AC cycle) when its workload allows it.",
        where=ctx.target.label,
    )


def _trouble(seen: dict[str, Any]) -> str:
    """What is stuck, "" when nothing is. `why` of an iDRAC that did not answer at all stands there too."""
    return str(seen["why"] or blocking(seen))


async def _look(ctx: JobContext, key: str) -> dict[str, Any]:
    """An iDRAC that cannot show its queue, or does not even answer, is what the last rungs are for."""
    try:
        return await read_queue(ctx, key=key)
    except (RedfishError, RetryLater, *SILENT) as error:
        silent = not isinstance(error, RedfishError)
        return {
            "jobs": 0,
            "ids": [],
            "open": [],
            "lc": "",
            "lc_state": "",
            "why": f"it does not answer: {error.message}" if silent else f"it answers: {error.message}",
            "unread": True,
            "silent": silent,
        }


async def _climb(ctx: JobContext, rung: Rung, params: RescueParams, seen: dict[str, Any]) -> bool:
    """One rung; False where there was nothing to do on it."""
    ids = list(seen["ids"])
    if rung is Rung.WAIT:
        return await _wait(ctx, params.wait_minutes)
    if rung is Rung.DELETE:
        return await _delete(ctx, [j["id"] for j in seen["open"] if not device_queue.works(j["state"])])
    if rung in (Rung.CLEAR, Rung.FORCE):
        force = rung is Rung.FORCE
        if seen.get("silent") or (not ids and not force):
            return False
        try:
            await clear(ctx, QueueClearParams(force=force, job_id=""), ids, key=rung.value)
        except Unsupported:
            return False
        except (RedfishError, *SILENT) as error:
            if force:
                raise
            ctx.log(f"The queue was not cleared: {error.message}", "warning")
            return False
        if force:
            await _recovered(ctx, "the services to answer after the forced clear")
        elif not ctx.dry_run:
            await settled(ctx, ids, key="clear")
        return True
    if rung is Rung.RESTART:
        try:
            await restart(ctx, wait=True)
        except SILENT as error:
            ctx.log(f"The iDRAC did not take the restart: {error.message}", "warning")
            return False
        await _recovered(ctx, "the services to answer after the restart")
        return True
    return await _enable(ctx, seen)


async def _recovered(ctx: JobContext, what: str) -> None:
    """Services that stay away are no end of the ladder: the next look says so, and the next rung is for that."""
    with contextlib.suppress(TimedOut):
        await services_answer(ctx, what)


async def _wait(ctx: JobContext, minutes: int) -> bool:
    bmc = ctx.redfish()

    def free() -> bool | None:
        status = lifecycle_status(bmc)
        jobs = device_jobs(bmc)
        return True if (status is None or status.ready) and all(job.ended for job in jobs) else None

    with contextlib.suppress(TimedOut):
        await ctx.wait_for(
            "the iDRAC to come free by itself", free, every=15, timeout=minutes * 60, tolerate=(DsmError,)
        )
    return True


async def _delete(ctx: JobContext, ids: list[str]) -> bool:
    """The jobs that wait, one by one; a running one cannot be deleted (JCP015)."""
    bmc = ctx.redfish()
    for job_id in ids:

        def send(job_id: str = job_id) -> bool:
            delete_job(bmc, job_id)
            return True

        def gone(job_id: str = job_id) -> bool | None:
            return None if job_id in {j.id for j in device_jobs(bmc)} else True

        try:
            await ctx.step(
                "delete a job",
                send,
                key=job_id,
                changing=True,
                interrupted=gone,
                plan=f"DELETE Jobs/{job_id}",
            )
        except RedfishError as error:
            ctx.log(f"{job_id} could not be deleted: {error.message}", "warning")
    return bool(ids)


async def _enable(ctx: JobContext, seen: dict[str, Any]) -> bool:
    """Take the controller out of “Disabled” or “InRecovery”."""
    if seen["lc_state"] not in ("Disabled", "InRecovery"):
        return False
    bmc = ctx.redfish()

    def send() -> list[str]:
        uri = attribute_uris(bmc).get(LC)
        if uri is None:
            raise Unsupported(
                "this iDRAC shows no attributes of its Lifecycle Controller", where=ctx.target.label
            )
        return write_attributes(bmc, uri, {ENABLED: "Enabled"})

    def enabled() -> list[str] | None:
        groups = read_attributes(bmc, (LC,))
        return [] if groups and groups[0].attributes.get(ENABLED) == "Enabled" else None

    await ctx.step(
        "enable the Lifecycle Controller",
        send,
        changing=True,
        interrupted=enabled,
        plan=f"PATCH {LC} {ENABLED} Enabled",
    )
    await _recovered(ctx, "the Lifecycle Controller to be ready")
    return True
