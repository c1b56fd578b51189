"""Eject what is in the virtual drives of servers."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Params, Result, idrac, job
from dsm_desktop.operations.medium import note_drives
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.virtual_media import DriveHeld, VirtualDrive, slots
from dsm_desktop.workflows.virtual_media import take_out


class Drives(Worded):
    """Which drives to empty."""

    ALL = "all", "All"
    CD = "cd", "CD"
    USB = "usb", "USB"


class UnmountParams(Params):
    drive: Drives = Field(Drives.ALL, title="Drive")


class UnmountResult(Result):
    ejected: list[str] = Field(default_factory=list, title="Ejected")


@job(
    "virtual_media_unmount",
    label="Eject virtual media",
    title="Eject virtual media of {target}",
    menu="Virtual media",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    requires=(idrac(8, "2.70"),),
    confirm=lambda params: "An operating system that runs from the medium, or installs from it, loses it.",
)
async def virtual_media_unmount(ctx: JobContext, params: UnmountParams) -> UnmountResult:
    """Eject the media in the virtual drives, whoever mounted them; done means that the drives are empty.

    A medium that somebody's console holds can be let go only there: that is said, and the others are ejected.
    """
    ejected: list[str] = []
    held: list[str] = []
    async with reported(ctx):
        for drive, name, by_console in await ctx.step("look at drives", partial(_full, ctx, params.drive)):
            if by_console:
                held.append(drive)
                continue
            await take_out(ctx, VirtualDrive(drive), key=drive)
            ejected.append(name or drive)
        if not ctx.dry_run:
            await ctx.run(lambda: note_drives(ctx, ctx.redfish()))
    if held:
        also = f" Ejected: {', '.join(ejected)}." if ejected else ""
        raise DriveHeld(
            f"Somebody's console holds the virtual drive {', '.join(held)}.{also}",
            hint="Disconnect the media in that console, or end its session on the iDRAC.",
            where=ctx.target.label,
        )
    if ctx.dry_run:
        return UnmountResult(summary="Nothing was sent (dry run).")
    words = f"Ejected: {', '.join(ejected)}." if ejected else "The drives were empty."
    return UnmountResult(summary=words, ejected=ejected)


def _full(ctx: JobContext, wanted: Drives) -> list[list[str]]:
    """[drive, file name, "yes" when a console holds it] of every drive with something in it."""
    return [
        [str(s.drive), s.file, "yes" if s.held else ""]
        for s in slots(ctx.redfish())
        if s.inserted and wanted in (Drives.ALL, str(s.drive))
    ]
