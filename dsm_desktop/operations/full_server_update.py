"""Everything the library has for a server, in one go."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.firmware.plan import EXCLUDED, ORDER_UNKNOWN, Offered, Plan, Rules, plan_packages
from dsm_desktop.jobs import Danger, JobContext, idrac, job
from dsm_desktop.operations.firmware import (
    FirmwareResult,
    PackageFile,
    SentOptions,
    danger_of,
    fitting,
    site_exclusions,
    warning,
)
from dsm_desktop.operations.firmware_update import update_host
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.firmware_host import Found, read_firmware


class FullUpdateParams(SentOptions):
    only: list[str] = Field(
        default_factory=list,
        title="Only these components",
        description="Dell's ids (159 BIOS, 25227 iDRAC) or a part of the name; empty: all",
    )


@job(
    "full_server_update",
    label="Update everything…",
    title="Full update of {target}",
    menu="Firmware",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
    requires=(idrac(7),),
)
async def full_server_update(ctx: JobContext, params: FullUpdateParams) -> FirmwareResult:
    """Install the newest package of the library for every part of each server that runs something older: configuration saved,
    everything staged, one restart where possible, each version read back. Nothing is ever set back to an older version, and what
    cannot be told newer than what runs is named and left out.
    """
    async with reported(ctx):
        found = await read_firmware(ctx)
        files = await ctx.step(
            "find packages", partial(fitting, ctx, found, params.only), returns=list[PackageFile]
        )
        rules = Rules(order=params.idrac, exclusions=await site_exclusions(ctx))
        plan = plan_of(ctx, found, files, rules)
        return await update_host(ctx, params, plan, files, params.way, "full_server_update", params.share)


def plan_of(ctx: JobContext, found: Found, files: list[PackageFile], rules: Rules) -> Plan:
    """Older packages of the library are no news: only what an operator would ask about is told as left out."""
    offered = [Offered(file.key, file.identity) for file in files]
    plan = plan_packages(found.machine(ctx.target.label), offered, rules)
    told = tuple(s for s in plan.skipped if s.reason.startswith((EXCLUDED, ORDER_UNKNOWN)))
    return Plan(waves=plan.waves, skipped=told)
