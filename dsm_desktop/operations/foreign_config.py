"""Drives that come from another controller: take their configuration over, or forget it."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import changed
from dsm_desktop.operations.storage_choice import look, named, refuse_in_use
from dsm_desktop.redfish.raid import Controller, raid_action

FOREIGN = "Foreign"


class ForeignChoice(Worded):
    """Import keeps the data; clear loses them."""

    IMPORT = "import", "Import"
    CLEAR = "clear", "Clear"


class ForeignParams(Params):
    controller: str = Field(title="Controller", description="its identifier, such as RAID.Slot.1-1")
    action: ForeignChoice = Field(
        ForeignChoice.IMPORT, title="Do", description="clear loses what is on the drives"
    )


class ForeignResult(Result):
    drives: int = Field(title="Drives")


@job(
    "foreign_config",
    label="Foreign configuration…",
    title="{action} the foreign configuration of {target}",
    menu="Storage",
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
    confirm=lambda p: "What is on the foreign drives is lost." if p.action is ForeignChoice.CLEAR else "",
)
async def foreign_config(ctx: JobContext, params: ForeignParams) -> ForeignResult:
    """Import or clear the configuration of drives that come from another controller; none may be foreign afterwards.

    Clearing is refused for drives that are known to hold a vSAN or VMFS datastore.
    """
    name = "ImportForeignConfig" if params.action is ForeignChoice.IMPORT else "ClearForeignConfig"
    async with reported(ctx):
        on, foreign = await ctx.step(
            "look at the storage", partial(_plan, ctx, params), returns=tuple[Controller, list[str]]
        )
        if not foreign:
            return ForeignResult(summary="No drive is foreign.", drives=0)
        await changed(
            ctx,
            "change the foreign configuration",
            lambda: raid_action(ctx.redfish(), name, on.id),
            plan=f"POST DellRaidService.{name} {on.id}",
            about=on.id,
            shown=partial(_settled, ctx, on.id, foreign),
        )
    said = "Nothing was sent (dry run)." if ctx.dry_run else f"{len(foreign)} drives are foreign no more."
    return ForeignResult(summary=said, drives=len(foreign))


def _settled(ctx: JobContext, on: str, foreign: list[str]) -> bool:
    """None of these drives is foreign any more, and each is there: one that is not listed proves nothing."""
    drives = [d for c in look(ctx) if c.id == on for d in c.drives]
    return not any(d.raid_status == FOREIGN for d in drives) and {d.id for d in drives} >= set(foreign)


def _plan(ctx: JobContext, params: ForeignParams) -> tuple[Controller, list[str]]:
    on = named(ctx, "controller", look(ctx), params.controller)
    foreign = [d for d in on.drives if d.raid_status == FOREIGN]
    if params.action is ForeignChoice.CLEAR:
        refuse_in_use(ctx, foreign)
    return on, [d.id for d in foreign]
