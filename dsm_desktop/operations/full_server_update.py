"""Everything the library has for a server, in one go."""

from __future__ import annotations

from functools import partial

from pydantic import Field, model_validator

from dsm_desktop.core.errors import DsmError
from dsm_desktop.firmware.fit import DoesNotFit
from dsm_desktop.firmware.plan import Offered, Plan, Rules, plan_packages
from dsm_desktop.jobs import Danger, JobContext, idrac, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.operations.firmware import (
    FirmwareResult,
    OrderedOptions,
    PackageFile,
    danger_of,
    package_file,
    site_exclusions,
    warning,
)
from dsm_desktop.operations.firmware_update import SendWay, update_host
from dsm_desktop.operations.reading import reported
from dsm_desktop.queries.library import item_file, list_items
from dsm_desktop.workflows.firmware_host import Found, read_firmware


class FullUpdateParams(OrderedOptions):
    only: list[str] = Field(
        default_factory=list,
        title="Only these components",
        description="Dell's ids (159 BIOS, 25227 iDRAC) or a part of the name; empty: all",
    )
    way: SendWay = Field(SendWay.AUTOMATIC, title="Way to the iDRAC")
    share: str = Field("", max_length=500, title="Share", description="only for the way 'share'")

    @model_validator(mode="after")
    def _share_is_given(self) -> FullUpdateParams:
        if (self.way is SendWay.SHARE) != bool(self.share):
            raise ValueError("the way 'share' needs a share, and only that way")
        return self


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
    everything staged, one restart where possible, each version read back. Nothing is ever set back to an older version.
    """
    async with reported(ctx):
        found = await read_firmware(ctx)
        files = await ctx.step(
            "find packages", partial(_fitting, ctx, found, params.only), returns=list[PackageFile]
        )
        rules = Rules(order=params.idrac, exclusions=await site_exclusions(ctx))
        plan = _plan(ctx, found, files, rules)
        return await update_host(ctx, params, plan, files, params.way, "full_server_update", params.share)


def _plan(ctx: JobContext, found: Found, files: list[PackageFile], rules: Rules) -> Plan:
    """Older packages of the library are no news: only what an operator would ask about is told as left out."""
    offered = [Offered(file.key, file.identity) for file in files]
    plan = plan_packages(found.machine(ctx.target.label), offered, rules)
    told = tuple(s for s in plan.skipped if s.reason.startswith("excluded"))
    return Plan(waves=plan.waves, skipped=told)


def _fitting(ctx: JobContext, found: Found, only: list[str]) -> list[PackageFile]:
    """The library's packages that are made for this server; a file that has gone bad is named and left out."""
    host = ctx.service(MediaServer).host
    machine = found.machine(ctx.target.label)
    files: list[PackageFile] = []
    with ctx.write() as uow:
        connection = uow.session.connection()
        rows = [r for r in list_items(connection, kind="package") if r.state == "ok" and r.host == host]
        items = [item_file(connection, row.id, host) for row in rows]
    for item in items:
        if item.identity is None:
            continue
        try:
            plan = plan_packages(
                machine, [Offered(item.name, item.identity)], Rules(reinstall=True, downgrade=True)
            )
            changed = [change for planned in plan.items for change in planned.changes]
            if changed and (not only or any(_named(c.component_id, c.name, only) for c in changed)):
                files.append(package_file(item))
        except DoesNotFit:
            continue
        except DsmError as error:
            ctx.log(f"Left out: {error}", "warning")
    return files


def _named(component_id: str, name: str, only: list[str]) -> bool:
    return any(word == component_id or word.casefold() in name.casefold() for word in only)
