"""What the job types that change storage share: finding what was meant, refusing what must not be touched, following the job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.queries.drive_uses import drive_uses
from dsm_desktop.redfish.device_jobs import device_job, device_jobs
from dsm_desktop.redfish.raid import IMMEDIATE, ON_RESET, Controller, Drive, Volume, controllers

T = TypeVar("T", Drive, Controller, Volume)
EVERY = 5.0
MINUTES = 60


class DriveInUse(DsmError):
    """A drive is known to hold part of a vSAN or VMFS datastore, or of another volume, or cannot be known. Nothing was sent."""

    blame = Blame.USER


class NeedsRestart(DsmError):
    """This controller changes its configuration only when the server restarts, and the job was not told that this is wanted."""

    blame = Blame.USER


class StorageJobFailed(DsmError):
    """The iDRAC's own job that changes the storage has failed."""

    blame = Blame.PEER


class NotChanged(DsmError):
    """The job said that it was done, and the storage looks as before."""

    blame = Blame.PEER


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


def apply_time(ctx: JobContext, supported: Sequence[str], *, at_restart: bool) -> str:
    """Immediate where the controller can; OnReset only when that is wanted. Raises NeedsRestart."""
    if at_restart:
        return ON_RESET
    if supported and IMMEDIATE not in supported:
        raise NeedsRestart(
            "this controller changes only when the server restarts",
            hint="Tick 'At the next restart', then restart the server when it suits.",
            where=ctx.target.label,
        )
    return IMMEDIATE


KINDS = ("RealTime", "RAIDConfiguration", "SystemErase")
"""Beginnings of the JobTypes that change storage, by which a job is found again after a kill."""


async def changed(
    ctx: JobContext,
    name: str,
    send: Callable[[], str],
    *,
    plan: str,
    shown: Callable[[], bool] | None,
    wait: bool = True,
    key: str = "",
) -> str:
    """Send a change once, follow its job to the end, and prove it by `shown` (None: only the job can tell). Returns the job's
    id ("" = it made none). Without `wait` the job rests until the server restarts, which is said and not called done.
    """
    bmc = ctx.redfish()
    known = await ctx.step(
        "read the job queue", lambda: [j.id for j in device_jobs(bmc)], key=key, attempts=3
    )

    def begun() -> str | None:
        new = (j.id for j in device_jobs(bmc) if j.id not in known and j.kind.startswith(KINDS))
        return next(new, "" if shown is not None and shown() else None)

    job_id = await ctx.step(name, send, key=key, changing=True, interrupted=begun, plan=plan)
    if ctx.dry_run or not wait:
        return job_id or ""
    if job_id:
        await ctx.wait_for(
            f"{job_id} to end",
            partial(_ended, ctx, job_id),
            every=EVERY,
            timeout=MINUTES * 60,
            tolerate=(RetryLater, NoAnswer),
        )
    if shown is not None and not await ctx.step("read it back", shown, key=key, attempts=3):
        raise NotChanged(
            "the iDRAC says that it was done, and the storage looks as before",
            hint="Look at the iDRAC's lifecycle log; read the inventory in a minute.",
            where=ctx.target.label,
        )
    return job_id


def _ended(ctx: JobContext, job_id: str) -> bool | None:
    found = device_job(ctx.redfish(), job_id)
    ctx.progress(found.percent or 0, 100, found.message)
    if found.failed:
        raise StorageJobFailed(
            f"{job_id} ended as {found.state}: {found.message}",
            hint="The text is the iDRAC's own; its lifecycle log says more.",
            where=ctx.target.label,
        )
    return True if found.ended else None
