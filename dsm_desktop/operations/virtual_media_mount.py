"""Put an ISO into a virtual drive of servers and leave it there."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.jobs import JobContext, Result, idrac, job
from dsm_desktop.operations.medium import choose, lent, note_mounted
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.virtual_media import VirtualDrive
from dsm_desktop.workflows.virtual_media import MediumParams, put_in


class MountParams(MediumParams):
    drive: VirtualDrive = Field(VirtualDrive.CD, title="Drive")
    replace: bool = Field(False, title="Replace what is in the drive", description="otherwise it is refused")


class MountResult(Result):
    drive: VirtualDrive = Field(title="Drive")
    medium: str = Field(title="Medium")
    proven: bool = Field(title="Read back")


@job(
    "virtual_media_mount",
    label="Mount virtual media…",
    title="Mount on {target}",
    menu="Virtual media",
    exclusive=True,
    requires=(idrac(8, "2.70"),),
)
async def virtual_media_mount(ctx: JobContext, params: MountParams) -> MountResult:
    """Put an ISO of the library, or of a share, into a virtual drive; done means that the drive shows it.

    It stays until it is ejected, and is listed with since when and by whom. A file of the library is served by this program:
    keep it running, or the server loses its drive. After a restart it is served again.
    """
    async with reported(ctx):
        choice = await choose(ctx, params, stays=True)
        async with lent(ctx, choice, params) as medium:
            fresh = await put_in(ctx, medium, params.drive, replace=params.replace)
            if ctx.dry_run:
                return MountResult(
                    summary="Nothing was sent (dry run).",
                    drive=params.drive,
                    medium=medium.name,
                    proven=False,
                )
            await ctx.run(partial(note_mounted, ctx, medium, params.drive))
    words = "mounted" if fresh else "was mounted already"
    return MountResult(
        summary=f"{medium.name} {words} in the drive '{params.drive}'.",
        drive=params.drive,
        medium=medium.name,
        proven=True,
    )
