"""Delete virtual disks."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.jobs import Danger, JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import apply_time, changed
from dsm_desktop.operations.storage_choice import look, named, refuse_in_use
from dsm_desktop.redfish.raid import Volume, delete_volume


class VolumeDeleteParams(Params):
    volume: str = Field(title="Volume", description="its identifier, such as Disk.Virtual.0:RAID.Slot.1-1")
    at_restart: bool = Field(False, title="At the next restart of the server")


class VolumeDeleteResult(Result):
    job_id: str = Field(title="iDRAC job")


@job(
    "volume_delete",
    label="Delete volume…",
    title="Delete {volume} of {target}",
    menu="Storage",
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
    confirm=lambda _: "Everything on the volume is lost.",
)
async def volume_delete(ctx: JobContext, params: VolumeDeleteParams) -> VolumeDeleteResult:
    """Delete a virtual disk with everything on it; it is read back that it is gone.

    Refused where one of its drives is known to hold a vSAN or VMFS datastore.
    """
    async with reported(ctx):
        on, volume, when = await ctx.step(
            "look at the storage", partial(_plan, ctx, params), returns=tuple[str, Volume, str]
        )
        job_id = await changed(
            ctx,
            "delete the volume",
            lambda: delete_volume(ctx.redfish(), volume.uri, when),
            plan=f"DELETE {volume.uri} {when}",
            about=on,
            shown=partial(_gone, ctx, on, volume),
            wait=not params.at_restart,
        )
    if ctx.dry_run:
        return VolumeDeleteResult(summary="Nothing was sent (dry run).", job_id="")
    said = f"{job_id} waits for a restart of the server." if params.at_restart else f"{volume.name} is gone."
    return VolumeDeleteResult(summary=said, job_id=job_id)


def _gone(ctx: JobContext, on: str, volume: Volume) -> bool:
    """A controller that is not listed (an iDRAC that has just restarted lists none) proves nothing."""
    now = next((c for c in look(ctx) if c.id == on), None)
    return now is not None and all(v.id != volume.id for v in now.volumes)


def _plan(ctx: JobContext, params: VolumeDeleteParams) -> tuple[str, Volume, str]:
    found = look(ctx)
    volume = named(ctx, "volume", [v for c in found for v in c.volumes], params.volume)
    on = next(c for c in found if volume in c.volumes)
    members = [d for d in on.drives if d.id in volume.drives]
    # A volume that does not name its drives may stand on any of them.
    refuse_in_use(ctx, members or on.drives)
    return on.id, volume, apply_time(ctx, on.apply_times, at_restart=params.at_restart)
