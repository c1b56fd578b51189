"""Prove that BMCs reach this machine's media server, before anything depends on it."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.shipped import shipped
from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.virtual_media import DriveTaken, Image, ImageUnreadable, VirtualDrive, slots
from dsm_desktop.workflows.virtual_media import (
    Medium,
    eject_if_there,
    is_ours,
    offered,
    original,
    put_in,
    take_out,
    withdrawn,
)

_PROBE = "media/dsm-probe.iso"


class MediaServerNotReached(DsmError):
    """A BMC was given an address of this machine and could not fetch from there."""

    blame = Blame.PEER


class MediaTestParams(Params):
    """Nothing to choose."""


class MediaTestResult(Result):
    address: str = Field(title="Address given to the iDRAC")
    reached: bool | None = Field(title="Reached", description="empty: a dry run")


@job(
    "media_test",
    label="Test media server",
    title="Test the media server from {target}",
    menu="Virtual media",
    exclusive=True,
    requires=(idrac(8, "2.70"),),
)
async def media_test(ctx: JobContext, params: MediaTestParams) -> MediaTestResult:
    """Let the iDRAC fetch a small image (48 kB) from this program into a free virtual drive, and eject it again.

    Proves address, route, firewall and port from the iDRAC's side. A failure says whether the iDRAC came at all. The server
    itself notices nothing but a virtual drive that comes and goes.
    """
    async with reported(ctx):
        drive = VirtualDrive(await ctx.step("find a free drive", partial(_free, ctx)))
        async with ctx.always(
            "test image",
            f"the test image is in the virtual drive '{drive}' of {ctx.target.label}",
            partial(_take_back, ctx, drive),
            original=original(drive, "dsm-probe.iso"),
        ):
            url = await ctx.run(partial(_url, ctx))
            medium = Medium("dsm-probe.iso", Image(url), file="probe")
            try:
                await put_in(ctx, medium, drive, replace=False)
            except ImageUnreadable as error:
                raise await ctx.run(partial(_why, ctx, url, error)) from error
            await take_out(ctx, drive, key="test image")
    if ctx.dry_run:
        return MediaTestResult(summary="Nothing was sent (dry run).", address="", reached=None)
    address = url.rpartition("/")[0].rpartition("/")[0]
    return MediaTestResult(
        summary=f"The iDRAC reaches this machine at {address}.", address=address, reached=True
    )


def _free(ctx: JobContext) -> str:
    for slot in slots(ctx.redfish()):
        if not slot.inserted:
            return str(slot.drive)
    raise DriveTaken(
        "Both virtual drives are in use, so nothing can be tried.", hint="Eject one.", where=ctx.target.label
    )


def _url(ctx: JobContext) -> str:
    return "library:dsm-probe.iso" if ctx.dry_run else offered(ctx, str(shipped("resources") / _PROBE))


def _why(ctx: JobContext, url: str, error: ImageUnreadable) -> MediaServerNotReached:
    media = ctx.service(MediaServer)
    base = url.rpartition("/")[0].rpartition("/")[0]
    if media.last_seen(ctx.target.address) is None:
        return MediaServerNotReached(
            f"The iDRAC was given {base} and nothing came from {ctx.target.address}.",
            hint=f"Let TCP port {media.listening} in through this machine's firewall. If the iDRAC sees this machine under another"
            " address, set it in Settings, Media server.",
            where=ctx.target.label,
            detail=error.message,
        )
    return MediaServerNotReached(
        f"The iDRAC came to {base} and took nothing: {error.message}",
        hint="Old iDRACs take http only: switch 'Serve over https' off in Settings, Media server. See Activity, Calls.",
        where=ctx.target.label,
    )


def _take_back(ctx: JobContext, drive: VirtualDrive) -> None:
    eject_if_there(ctx, drive, partial(is_ours, ctx, str(shipped("resources") / _PROBE)))
    withdrawn(ctx)
