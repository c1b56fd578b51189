"""Start servers once from an ISO, and eject it when it is no longer needed."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, TimedOut, idrac, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.operations.medium import Choice, choose, lent, note_mounted
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.virtual_media import (
    Slot,
    VirtualDrive,
    attached,
    boot_choice,
    boot_from_virtual_cd,
    boot_progress,
    forget_virtual_cd,
    same_image,
    slot_of,
    virtual_cd_is_next,
)
from dsm_desktop.store.media import bytes_read, end_mount
from dsm_desktop.workflows.reset import Restart, restart_host
from dsm_desktop.workflows.virtual_media import (
    Medium,
    MediumParams,
    eject_if_there,
    is_ours,
    original,
    put_in,
    withdrawn,
)

_CD = VirtualDrive.CD
_STALE_SECONDS = 60
_LEAST_REST_SECONDS = 20
_UP = ("OSRunning", "OEM", "")
"""BootProgress of a host that has left the boot behind; "" on firmware that does not tell."""


class NotBootedFromIso(DsmError):
    """The server was restarted and has not read the medium: it started from something else."""

    blame = Blame.PEER


class BootToIsoParams(Paced, MediumParams):
    restart: Restart = Field(Restart.GRACEFUL, title="Restart")
    restart_minutes: int = Field(
        15, ge=1, le=120, title="Wait for the operating system to stop", json_schema_extra={"unit": "minutes"}
    )
    quiet_minutes: int = Field(
        5,
        ge=0,
        le=240,
        title="Eject when nothing was read for",
        description="and an operating system runs, where the iDRAC tells; 0: as soon as one runs",
        json_schema_extra={"unit": "minutes"},
    )
    minutes: int = Field(
        120, ge=5, le=1440, title="Eject at the latest after", json_schema_extra={"unit": "minutes"}
    )
    replace: bool = Field(False, title="Replace what is in the drive", description="otherwise it is refused")


class BootToIsoResult(Result):
    medium: str = Field(title="Medium")
    read: bool | None = Field(title="Read by the server", description="empty: from a share, not known")
    os_running: bool | None = Field(
        title="Operating system runs", description="empty: the iDRAC does not tell"
    )


@job(
    "boot_to_iso",
    label="Start from ISO…",
    title="Start {target} from an ISO",
    menu="Virtual media",
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(8, "2.70"),),
    confirm=lambda params: (
        "The servers restart and start from the medium; an installer on it may erase their disks."
    ),
)
async def boot_to_iso(ctx: JobContext, params: BootToIsoParams) -> BootToIsoResult:
    """Mount an ISO, start from it once, and eject it when an operating system runs and nothing reads the ISO any more.

    The mount and the one-time start stand on the restore list until they are taken back: also after a failure, a cancel or a
    crash nothing stays mounted. A server that was restarted and never read the ISO is a failure: it started from elsewhere.
    """
    async with reported(ctx):
        choice = await choose(ctx, params, stays=False)
        await ctx.step("check that the host can see the drive", partial(_visible, ctx))
        before_it = await ctx.step("note what it boots from once", lambda: boot_choice(ctx.redfish()))
        # Both promises before the medium is lent: taken up again when its file is gone, lending fails and both are still kept.
        async with (
            ctx.always(
                "one-time boot",
                f"{ctx.target.label} starts once from its virtual CD",
                lambda: forget_virtual_cd(ctx.redfish(), before_it),
                original=before_it,
            ),
            ctx.always(
                "virtual media",
                f"{choice.name} is in the virtual CD drive of {ctx.target.label}",
                partial(_take_back, ctx, choice),
                original=original(_CD, choice.name),
            ),
            lent(ctx, choice, params) as medium,
        ):
            await put_in(ctx, medium, _CD, replace=params.replace)
            if not ctx.dry_run:
                await ctx.run(partial(note_mounted, ctx, medium, _CD))
            await _boot_once(ctx)
            before = await ctx.step("note when it is restarted", lambda: ctx.now().isoformat())
            await restart_host(ctx, params.restart, minutes=params.restart_minutes, key="to iso")
            read, running = await _until_done(ctx, params, medium, before)
        if not ctx.dry_run:
            await ctx.wait_for(
                f"the drive of {ctx.target.label} to be empty",
                lambda: None if slot_of(ctx.redfish(), _CD).inserted else True,
                every=3,
                timeout=120,
                tolerate=(RetryLater,),
            )
    if ctx.dry_run:
        return BootToIsoResult(
            summary="Nothing was sent (dry run).", medium=choice.name, read=None, os_running=None
        )
    words = "an operating system runs" if running else "nothing reads it any more"
    return BootToIsoResult(
        summary=f"Started from {choice.name}; {words}; ejected.",
        medium=medium.name,
        read=read,
        os_running=running,
    )


def _visible(ctx: JobContext) -> str:
    found = attached(ctx.redfish())
    if found == "Detached":
        raise DsmError(
            "Virtual media is detached on this iDRAC: the host would not see the drive.",
            hint="Set the attribute VirtualMedia.1.Attached to AutoAttach.",
            where=ctx.target.label,
        )
    return found


async def _boot_once(ctx: JobContext) -> None:
    bmc = ctx.redfish()

    def send() -> bool:
        boot_from_virtual_cd(bmc)
        return True

    await ctx.step(
        "boot once from the virtual CD",
        send,
        changing=True,
        interrupted=lambda: True if virtual_cd_is_next(bmc) else None,
        plan=f"one-time boot of {ctx.target.label} from its virtual CD",
    )
    if not ctx.dry_run:
        await ctx.wait_for(
            f"the one-time boot of {ctx.target.label} to show",
            lambda: True if virtual_cd_is_next(bmc) else None,
            every=3,
            timeout=90,
            tolerate=(RetryLater,),
        )


async def _until_done(
    ctx: JobContext, params: BootToIsoParams, medium: Medium, before: str
) -> tuple[bool | None, bool | None]:
    """Wait until an operating system runs and the medium rests; (was it read, does an operating system run)."""
    if ctx.dry_run:
        return None, None
    after = await ctx.step("note when it had restarted", lambda: ctx.now().isoformat())
    moments = datetime.fromisoformat(before), datetime.fromisoformat(after)
    watch = _Watch(ctx, medium, moments, params.quiet_minutes * 60)
    try:
        progress, read = await ctx.wait_for(
            f"{ctx.target.label} to have started from {medium.name}",
            watch,
            every=5,
            timeout=params.minutes * 60,
            tolerate=(RetryLater,),
        )
    except TimedOut as error:
        raise TimedOut(
            f"{ctx.target.label} still reads {medium.name}, or has not started, after {params.minutes} minutes; it is ejected.",
            hint="Look at its console.",
            where=ctx.target.label,
        ) from error
    if read == "no":
        raise NotBootedFromIso(
            f"{ctx.target.label} was restarted and runs an operating system, but did not read {medium.name}.",
            hint="It started from elsewhere: check the boot mode (BIOS or UEFI) against the ISO, then its boot order.",
            where=ctx.target.label,
        )
    return (True if read == "yes" else None), (progress == "OSRunning" if progress else None)


class _Watch:
    """One look at a time: [boot progress, was the medium read] when there is nothing more to wait for."""

    def __init__(
        self, ctx: JobContext, medium: Medium, moments: tuple[datetime, datetime], quiet: float
    ) -> None:
        self._ctx, self._medium, self._quiet = ctx, medium, quiet
        self._before, self._after = moments
        self._media = ctx.service(MediaServer)
        self._looked = time.monotonic()
        self._seen_booting = self._told = False

    def __call__(self) -> list[str] | None:
        ctx = self._ctx
        progress = boot_progress(ctx.redfish())
        up = progress in _UP
        self._seen_booting |= not up
        waited = (ctx.now() - self._after).total_seconds()
        # Right after a restart the device may still tell what was before it, where it tells anything.
        settled = up and (not progress or self._seen_booting or waited > _STALE_SECONDS)
        if not self._medium.file:
            return [progress, ""] if settled and waited >= self._quiet else None
        since = self._media.last_read(ctx.job_id, ctx.target.address)
        if self._was_read(since):
            rests = time.monotonic() - self._looked if since is None else since
            # Whoever reads the medium has restarted: what the device tells is of this start. One that tells nothing is given
            # time to go on reading.
            quiet = self._quiet if progress else max(self._quiet, _LEAST_REST_SECONDS)
            return [progress, "yes"] if up and rests >= quiet else None
        return [progress, "no"] if settled and progress and waited > self._quiet else None

    def _was_read(self, since: float | None) -> bool:
        """Since the restart was asked for: by this process, or by the log of what an earlier one served."""
        if self._told:
            return True
        if since is None or since >= (self._ctx.now() - self._before).total_seconds():
            work = (self._ctx.job_id, self._ctx.target.server_id, self._before)
            if not self._ctx.save(lambda uow: bytes_read(uow.session.connection(), *work)):
                return False
        self._told = True
        self._ctx.log(f"The server reads {self._medium.name}.")
        return True


def _take_back(ctx: JobContext, choice: Choice) -> None:
    """Eject what this job has mounted, never another medium, and serve no longer."""

    def ours(slot: Slot) -> bool:
        if choice.file:
            return is_ours(ctx, choice.file, slot)
        return not slot.held and same_image(slot.image, choice.address)

    eject_if_there(ctx, _CD, ours)
    withdrawn(ctx)
    ctx.save(lambda uow: end_mount(uow, ctx.target.server_id, str(_CD), ctx.job_id))
