"""What of a server's storage was meant, and what must not be touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.queries.drive_uses import drive_uses
from dsm_desktop.redfish.raid import Controller, Drive, Volume, controllers

T = TypeVar("T", Drive, Controller, Volume)


class DriveInUse(DsmError):
    """A drive is known to hold part of a vSAN or VMFS datastore, or of another volume, or cannot be known. Nothing was sent."""

    blame = Blame.USER


def look(ctx: JobContext) -> list[Controller]:
    """The controllers as they are now."""
    return controllers(ctx.redfish())


def all_drives(found: Iterable[Controller]) -> list[Drive]:
    return [drive for controller in found for drive in controller.drives]


def chosen_drives(ctx: JobContext, found: Sequence[Controller], wanted: Sequence[str]) -> list[Drive]:
    """The drives named by serial number or identifier. BadInput names what is not there."""
    drives = all_drives(found)
    picked = []
    for name in wanted:
        fitting = [d for d in drives if name.strip().upper() in (d.serial.upper(), d.id.upper())]
        if len(fitting) != 1:
            raise BadInput(
                f"{ctx.target.label} has no drive '{name}'."
                if not fitting
                else f"'{name}' names several drives.",
                hint="Give serial numbers or identifiers as the tab Hardware shows them.",
                where=ctx.target.label,
            )
        picked += fitting
    return list(dict.fromkeys(picked))


def named(ctx: JobContext, what: str, things: Sequence[T], name: str) -> T:
    """The controller or volume of this identifier. BadInput lists what there is."""
    for thing in things:
        if thing.id.upper() == name.strip().upper():
            return thing
    raise BadInput(
        f"{ctx.target.label} has no {what} '{name}'.",
        hint=f"There is: {', '.join(t.id for t in things) or 'none'}.",
        where=ctx.target.label,
    )


def refuse_in_use(ctx: JobContext, drives: Sequence[Drive], found: Sequence[Controller] = ()) -> None:
    """Raise DriveInUse for a drive that holds a vSAN or VMFS datastore, may hold one because it tells no serial number, or (with
    `found`) belongs to a volume there."""
    with ctx.write() as uow:
        uses = drive_uses(uow.session.connection(), [drive.serial for drive in drives])
    for drive in drives:
        if not drive.serial.strip():
            raise DriveInUse(
                f"{drive.name or drive.id} tells no serial number: whether it holds a datastore cannot be known",
                hint="Read the inventory again when the server has started; reseat or replace the drive if it stays so.",
                where=ctx.target.label,
            )
        use = uses.get(drive.serial.strip().upper())
        if use is not None:
            raise DriveInUse(
                f"{drive.name or drive.id} ({drive.serial}) holds {use.used_by} “{use.name}”",
                hint="Remove it from the datastore in vCenter first, then read the vCenter again.",
                where=ctx.target.label,
            )
        for volume in (v for controller in found for v in controller.volumes):
            if drive.id in volume.drives:
                raise DriveInUse(
                    f"{drive.name or drive.id} ({drive.serial}) belongs to the volume {volume.name or volume.id}",
                    hint="Delete the volume first, if its data are not needed.",
                    where=ctx.target.label,
                )
