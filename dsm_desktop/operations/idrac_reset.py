"""Restart the iDRAC itself, not the server."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs import Danger, JobContext, Params, Result, job
from dsm_desktop.operations.device_queue import SILENT, look, refuse_if_it_wrote, refuse_while_writing
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.actions import idrac_reset_mark, idrac_reset_was_taken
from dsm_desktop.redfish.errors import RedfishError


class IdracResetParams(Params):
    wait: bool = Field(True, title="Wait until it answers again", description="usually two to four minutes")


class IdracResetResult(Result):
    back: bool = Field(title="Answers again")


@job(
    "idrac_reset",
    label="Restart iDRAC",
    title="Restart the iDRAC of {target}",
    menu="Tools",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda _: "The servers keep running; their iDRACs do not answer for two to four minutes.",
)
async def idrac_reset(ctx: JobContext, params: IdracResetParams) -> IdracResetResult:
    """Restart the iDRAC (not the server), which cures most hung or slow ones, and wait until it answers with a login again.

    Refused while a firmware job writes.
    """
    async with reported(ctx):
        await ctx.step("look for firmware jobs", partial(_firmware_first, ctx))
        await restart(ctx, wait=params.wait)
    if ctx.dry_run or not params.wait:
        said = "Nothing was sent (dry run)." if ctx.dry_run else "The restart was sent."
        return IdracResetResult(summary=said, back=False)
    return IdracResetResult(summary="The iDRAC has restarted and answers again.", back=True)


async def restart(ctx: JobContext, *, wait: bool) -> None:
    """Send the restart once and, with `wait`, come back when the iDRAC shows it and takes a login again."""
    bmc = ctx.redfish()

    def send() -> bool:
        bmc.reset_idrac()
        return True

    mark = await ctx.step("read iDRAC's last restart", partial(idrac_reset_mark, bmc))

    def shown() -> bool | None:
        return True if idrac_reset_was_taken(bmc, mark) else None

    await ctx.step(
        "restart iDRAC",
        send,
        changing=True,
        interrupted=shown,
        # It may go down before its answer is out: then it is asked, when it is back, whether it has restarted.
        attempts=3,
        plan=f"restart the iDRAC of {ctx.target.label}",
    )
    if ctx.dry_run or not wait:
        return
    ctx.progress(0, 1, "Waiting for the iDRAC")
    # 401, 404, 500, 503 and refused connections are normal for minutes after a restart: all count as "not yet".
    await ctx.wait_for(
        f"the iDRAC of {ctx.target.label} to answer", shown, every=15, timeout=900, tolerate=(DsmError,)
    )


def _firmware_first(ctx: JobContext) -> bool:
    """Refuse while firmware is written. An iDRAC so stuck that it cannot show its queue is what a restart is for, unless it had
    a firmware job when it was read last."""
    try:
        seen = look(ctx, ctx.redfish())
    except (RedfishError, *SILENT) as error:
        refuse_if_it_wrote(ctx)
        ctx.log(
            f"The job queue could not be read ({error.message}); it is restarted all the same.", "warning"
        )
        return False
    refuse_while_writing(ctx, seen)
    return True
