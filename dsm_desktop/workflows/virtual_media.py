"""Putting a medium into a virtual drive and taking it out, proven by reading the drive; what two or three job types share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from pydantic import Field, model_validator

from dsm_desktop.core.redact import masked_text
from dsm_desktop.jobs import JobContext, Params
from dsm_desktop.media.server import MediaServer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.redfish.errors import DeviceFault
from dsm_desktop.redfish.virtual_media import (
    DriveHeld,
    DriveTaken,
    Image,
    Slot,
    VirtualDrive,
    eject,
    insert,
    same_image,
    slot_of,
)

_EMPTY_SECONDS, _FULL_SECONDS = 120, 120


class MediumParams(Params):
    """Which medium: a file of the library, served from here, or an address of a share."""

    item: str = Field(
        "",
        title="From the library",
        description="file name, number or SHA-256; served by this program",
        json_schema_extra={"suggest": "library:iso"},
    )
    image: str = Field(
        "",
        max_length=1000,
        title="Or from a share",
        description="http(s)://host/x.iso, nfs://host/share/x.iso or //host/share/x.iso",
    )
    share_credential: int = Field(
        0,
        ge=0,
        title="Login of the share",
        description="number of a credential set; 0: none",
        json_schema_extra={"widget": "record", "suggest": "credential", "none": "None"},
    )

    @model_validator(mode="after")
    def _one_medium(self) -> Self:
        if bool(self.item.strip()) == bool(self.image.strip()):
            raise ValueError("name a file of the library or an address of a share, one of the two")
        if "@" in self.image.partition("?")[0]:
            raise ValueError("no login in the address (iDRACs refuse '@'); choose a credential set")
        return self


@dataclass(frozen=True, slots=True)
class Medium:
    """What goes into the drive. `file` "" for a share; `name` as an operator knows it."""

    name: str
    image: Image
    file: str = ""
    item_id: int | None = None


async def look(ctx: JobContext, drive: VirtualDrive, medium: Medium | None, *, key: str) -> Slot:
    """The drive as it is when the step runs; a replay gets what was seen then."""
    image = medium.image if medium else None
    return await ctx.step(
        "look at drive", partial(slot_of, ctx.redfish(), drive, image=image), key=key, returns=Slot
    )


async def put_in(ctx: JobContext, medium: Medium, drive: VirtualDrive, *, replace: bool) -> bool:
    """The medium stands in the drive when this returns; False = it did already. Raises DriveTaken, DriveHeld, ImageUnreadable."""
    bmc = ctx.redfish()
    found = await look(ctx, drive, medium, key=f"{drive} before")
    if found.inserted and same_image(found.image, medium.image.address) and not found.held:
        return False
    if found.inserted:
        if found.held:
            raise DriveHeld(
                f"Somebody's console holds the virtual drive '{drive}' ({found.file or 'no name told'}).",
                hint="Disconnect the media in that console, or end its session on the iDRAC.",
                where=ctx.target.label,
            )
        if not replace:
            raise DriveTaken(
                f"The virtual drive '{drive}' holds {found.file or 'another medium'}.",
                hint="Eject it first, or choose to replace what is in the drive.",
                where=ctx.target.label,
            )
        await take_out(ctx, drive, key=f"{drive} replaced")

    def stands() -> bool | None:
        slot = slot_of(bmc, drive, image=medium.image)
        return True if slot.inserted and same_image(slot.image, medium.image.address) else None

    def send() -> bool:
        insert(bmc, slot_of(bmc, drive, image=medium.image), medium.image)
        return True

    await ctx.step(
        "insert",
        send,
        key=str(drive),
        changing=True,
        interrupted=stands,
        plan=f"VirtualMedia.InsertMedia {medium.name} into {drive} of {ctx.target.label}",
    )
    if not ctx.dry_run:
        await ctx.wait_for(
            f"{medium.name} in the drive '{drive}' of {ctx.target.label}",
            stands,
            every=3,
            timeout=_FULL_SECONDS,
            tolerate=(RetryLater,),
        )
    return True


async def take_out(ctx: JobContext, drive: VirtualDrive, *, key: str) -> None:
    """The drive is empty when this returns. Raises DriveHeld where a console holds it."""
    bmc = ctx.redfish()

    def empty() -> bool | None:
        return None if slot_of(bmc, drive).inserted else True

    def send() -> bool:
        eject_if_there(ctx, drive)
        return True

    await ctx.step(
        "eject",
        send,
        key=key,
        changing=True,
        interrupted=empty,
        plan=f"VirtualMedia.EjectMedia from {drive} of {ctx.target.label}",
    )
    if not ctx.dry_run:
        # Accepted is not done: the drive stays "inserted" for some seconds, and an insert meanwhile is refused.
        await ctx.wait_for(
            f"the drive '{drive}' of {ctx.target.label} to be empty",
            empty,
            every=3,
            timeout=_EMPTY_SECONDS,
            tolerate=(RetryLater,),
        )


def eject_if_there(
    ctx: JobContext, drive: VirtualDrive, ours: Callable[[Slot], bool] = lambda slot: True
) -> None:
    """Eject; nothing for an empty drive, one that was emptied meanwhile, or a medium that is not `ours`. For pool threads; may
    be repeated."""
    bmc = ctx.redfish()
    slot = slot_of(bmc, drive)
    if not slot.inserted or not ours(slot):
        return
    try:
        eject(bmc, slot)
    except DeviceFault:
        if slot_of(bmc, drive).inserted:
            raise


def offered(ctx: JobContext, path: str) -> str:
    """The URL of a file of ours for the target's BMC: the same in every replay."""
    offer = ctx.service(MediaServer).offer(
        path, job_id=ctx.job_id, addresses=[ctx.target.address], server_id=ctx.target.server_id
    )
    return offer.url


def is_ours(ctx: JobContext, path: str, slot: Slot) -> bool:
    """Whether a drive holds the file this very job has offered, and not another job's or somebody's of the same name."""
    return slot.image.endswith(ctx.service(MediaServer).path_of(path, job_id=ctx.job_id))


def withdrawn(ctx: JobContext) -> None:
    """Serve the target's BMC no longer for this job."""
    ctx.service(MediaServer).withdraw(ctx.job_id, [ctx.target.address])


def address_for_log(address: str) -> str:
    """An address of a medium as it may be shown."""
    return masked_text(address)


def original(drive: VirtualDrive, name: str) -> dict[str, Any]:
    """What the restore list says of a mount."""
    return {"drive": str(drive), "medium": name}
