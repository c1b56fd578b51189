"""Blink drives so that the right one is pulled."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_choice import all_drives, chosen_drives, look
from dsm_desktop.redfish.raid import Drive, raid_action


class DriveIdentifyParams(Params):
    drives: list[str] = Field(
        title="Drives", min_length=1, description="serial numbers or identifiers, one a line"
    )
    on: bool = Field(True, title="Blink", description="off = stop blinking")


class DriveIdentifyResult(Result):
    drives: list[str] = Field(title="Drives")


@job(
    "drive_identify",
    label="Identify drives…",
    title="Identify drives of {target}",
    menu="Storage",
    requires=(idrac(9, "3.30"),),
)
async def drive_identify(ctx: JobContext, params: DriveIdentifyParams) -> DriveIdentifyResult:
    """Blink the light of named drives, or stop it; where a drive tells its light, it is read back. The server's own light is
    'Identify (LED)'."""
    name = "BlinkTarget" if params.on else "UnBlinkTarget"
    async with reported(ctx):
        drives = await ctx.step(
            "look at the drives",
            lambda: chosen_drives(ctx, look(ctx), params.drives),
            returns=list[Drive],
            attempts=3,
        )
        for drive in drives:
            # Setting a light twice does no harm: where a drive does not tell its light, it is simply set again.
            await ctx.step(
                "set the light",
                partial(_set, ctx, name, drive.id),
                key=drive.id,
                changing=True,
                interrupted=partial(_shown, ctx, {drive.id}, params.on)
                if drive.led is not None
                else _unknown,
                attempts=2,
                plan=f"POST DellRaidService.{name} {drive.id}",
            )
        telling = {d.id for d in drives if d.led is not None}
        if telling and not ctx.dry_run:
            await ctx.wait_for("the lights", partial(_shown, ctx, telling, params.on), every=2, timeout=60)
    word = "blink" if params.on else "blink no more"
    said = (
        "Nothing was sent (dry run)."
        if ctx.dry_run
        else f"{', '.join(d.serial or d.id for d in drives)} {word}."
    )
    return DriveIdentifyResult(summary=said, drives=[d.serial for d in drives])


def _set(ctx: JobContext, name: str, fqdd: str) -> bool:
    raid_action(ctx.redfish(), name, fqdd)
    return True


def _unknown() -> bool | None:
    return None


def _shown(ctx: JobContext, wanted: set[str], on: bool) -> bool | None:
    lights = {d.id: d.led for d in all_drives(look(ctx))}
    return True if all(lights.get(i) is on for i in wanted) else None
