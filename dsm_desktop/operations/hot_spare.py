"""Name drives as hot spares, or take that back."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.jobs import Danger, JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import changed
from dsm_desktop.operations.storage_choice import all_drives, chosen_drives, look, named, refuse_in_use
from dsm_desktop.redfish.raid import Drive, raid_action


class HotSpareParams(Params):
    drive: str = Field(title="Drive", description="serial number or identifier")
    volume: str = Field("", title="Only for this volume", description="empty: for all of its controller")
    remove: bool = Field(False, title="Take it back", description="it is a hot spare now and shall not be")


class HotSpareResult(Result):
    spare: str = Field(title="Is now")


@job(
    "hot_spare",
    label="Hot spare…",
    title="Hot spare of {target}",
    menu="Storage",
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
    confirm=lambda p: "" if p.remove else "What is on the drive is overwritten as soon as it is needed.",
)
async def hot_spare(ctx: JobContext, params: HotSpareParams) -> HotSpareResult:
    """Make a drive a hot spare, global or of one volume, or take that back; the drive is read back.

    Refused for drives that belong to a volume or are known to hold a vSAN or VMFS datastore.
    """
    wanted = "None" if params.remove else "Dedicated" if params.volume else "Global"
    async with reported(ctx):
        drive, volume, is_so = await ctx.step(
            "look at the storage", partial(_plan, ctx, params, wanted), returns=tuple[Drive, str, bool]
        )
        if is_so:
            return HotSpareResult(summary=f"It is that already: {wanted}.", spare=wanted)
        more: dict[str, Any] = {"VirtualDiskArray": [volume]} if volume and not params.remove else {}
        name = "UnassignSpare" if params.remove else "AssignSpare"
        await changed(
            ctx,
            "set the hot spare",
            lambda: raid_action(ctx.redfish(), name, drive.id, **more),
            plan=f"POST DellRaidService.{name} {drive.id}",
            about=drive.id.rpartition(":")[2],
            shown=partial(_shown, ctx, drive, wanted, volume),
        )
    said = "Nothing was sent (dry run)." if ctx.dry_run else f"{drive.serial}: {wanted}."
    return HotSpareResult(summary=said, spare="" if ctx.dry_run else wanted)


def _plan(ctx: JobContext, params: HotSpareParams, wanted: str) -> tuple[Drive, str, bool]:
    """The drive, the identifier of the volume as the device spells it ("" = none), and whether it is that already. A drive
    dedicated to a volume counts for that one only; where the firmware does not tell which, it is asked for again."""
    found = look(ctx)
    (drive,) = chosen_drives(ctx, found, [params.drive])
    volume = ""
    is_so = drive.spare == wanted
    if params.volume:
        on = named(ctx, "volume", [v for c in found for v in c.volumes], params.volume)
        volume = on.id
        is_so = is_so and (params.remove or drive.id in on.spares)
    refuse_in_use(ctx, [drive], found)
    return drive, volume, is_so


def _shown(ctx: JobContext, drive: Drive, wanted: str, volume: str) -> bool:
    """Read back; dedicated to another volume, where that is told, is not as wanted."""
    found = look(ctx)
    told = [v.id for c in found for v in c.volumes if drive.id in v.spares]
    right = wanted != "Dedicated" or not told or volume in told
    return right and any(d.id == drive.id and d.spare == wanted for d in all_drives(found))
