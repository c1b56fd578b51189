"""Make virtual disks."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import apply_time, changed
from dsm_desktop.operations.storage_choice import chosen_drives, look, named, refuse_in_use
from dsm_desktop.redfish.raid import Controller, Drive, create_volume


class Raid(Worded):
    """Levels a PERC makes; RAID10, 50 and 60 need spans of equal size."""

    RAID0 = "RAID0", "RAID 0"
    RAID1 = "RAID1", "RAID 1"
    RAID5 = "RAID5", "RAID 5"
    RAID6 = "RAID6", "RAID 6"
    RAID10 = "RAID10", "RAID 10"


LEAST = {Raid.RAID0: 1, Raid.RAID1: 2, Raid.RAID5: 3, Raid.RAID6: 4, Raid.RAID10: 4}


class VolumeCreateParams(Params):
    controller: str = Field(title="Controller", description="its identifier, such as RAID.Slot.1-1")
    raid: Raid = Field(Raid.RAID1, title="Level")
    drives: list[str] = Field(
        title="Drives", min_length=1, description="serial numbers or identifiers, one a line"
    )
    name: str = Field("", title="Name", max_length=15)
    gigabytes: int = Field(
        0, ge=0, le=2_000_000, title="Size", description="0 = all", json_schema_extra={"unit": "GB"}
    )
    at_restart: bool = Field(False, title="At the next restart of the server")


class VolumeResult(Result):
    volume: str = Field(title="Volume")
    job_id: str = Field(title="iDRAC job")


@job(
    "volume_create",
    label="Create volume…",
    title="Create a volume on {target}",
    menu="Storage",
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
    confirm=lambda _: "Everything on the named drives is lost.",
)
async def volume_create(ctx: JobContext, params: VolumeCreateParams) -> VolumeResult:
    """Make a virtual disk of named drives; the new volume is read back with exactly those drives.

    Refused for drives that belong to a volume or are known to hold a vSAN or VMFS datastore.
    """
    async with reported(ctx):
        plan = await ctx.step("look at the storage", partial(_plan, ctx, params), returns=_Plan)
        on, drives, when = plan
        wanted = {drive.id for drive in drives}
        before = {volume.id for volume in on.volumes}
        made: list[str] = []

        def shown() -> bool:
            now = next((c for c in look(ctx) if c.id == on.id), on)
            made[:] = [v.id for v in now.volumes if v.id not in before and set(v.drives) == wanted]
            return bool(made)

        job_id = await changed(
            ctx,
            "create the volume",
            lambda: create_volume(
                ctx.redfish(), on, params.raid.value, drives, params.name, params.gigabytes * 10**9, when
            ),
            plan=f"POST {on.volumes_uri} {params.raid.value} of {', '.join(d.serial for d in drives)} {when}",
            about=on.id,
            shown=shown,
            wait=not params.at_restart,
        )
        if ctx.dry_run:
            return VolumeResult(summary="Nothing was sent (dry run).", volume="", job_id="")
        if params.at_restart:
            return VolumeResult(
                summary=f"{job_id} waits for a restart of the server.", volume="", job_id=job_id
            )
        volume = await ctx.step("name the volume", lambda: made[0] if shown() else "")
    return VolumeResult(summary=f"{params.raid.words} {volume} was made.", volume=volume, job_id=job_id)


_Plan = tuple[Controller, list[Drive], str]


def _plan(ctx: JobContext, params: VolumeCreateParams) -> _Plan:
    found = look(ctx)
    on = named(ctx, "controller", found, params.controller)
    drives = chosen_drives(ctx, [on], params.drives)
    least = LEAST[params.raid]
    if len(drives) < least or (params.raid in (Raid.RAID1, Raid.RAID10) and len(drives) % 2):
        raise BadInput(
            f"{params.raid.words} is made of at least {least} drives"
            + (" and an even number." if params.raid in (Raid.RAID1, Raid.RAID10) else "."),
            hint=f"{len(drives)} were named.",
            where=ctx.target.label,
        )
    refuse_in_use(ctx, drives, found)
    return on, drives, apply_time(ctx, on.apply_times, at_restart=params.at_restart)
