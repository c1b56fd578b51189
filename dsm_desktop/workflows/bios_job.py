"""The iDRAC's job that applies what is staged in BIOS: refused where one waits, followed to its end, taken out again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.device_jobs import DeviceJob, delete_job, device_job, device_jobs
from dsm_desktop.redfish.errors import Unsupported
from dsm_desktop.workflows.bios_pending import prove_withdrawn
from dsm_desktop.workflows.bios_reading import AWAY, EVERY, read_bios
from dsm_desktop.workflows.bios_restart import its_restarts, stop_restarts
from dsm_desktop.workflows.bios_staged import KIND, StagedBios


class BiosJobStands(DsmError):
    """A BIOS configuration job waits on the device; nothing more can be staged until it has run or was deleted."""


_SOON = timedelta(hours=2)
"""A job of the queue that is due within this time is met by a restart now."""


class BiosNotRestarted(DsmError):
    """The server did not restart, so nothing of what was staged was applied; its job was taken out of the queue again."""

    blame = Blame.PEER


async def follow_staged(ctx: JobContext, staged: StagedBios, job_id: str, minutes: int) -> dict[str, Any]:
    """`follow_job` for the job that applies what is staged, made with a restart of its own; in the block of `staged`, which takes
    both out again where this is left before the job has begun."""
    staged.followed = True
    staged.restarts = await its_restarts(ctx, job_id)
    end = await follow_job(ctx, job_id, minutes, staged.restarts)
    staged.followed = False
    return end


async def follow_job(ctx: JobContext, job_id: str, minutes: int, own: Collection[str] = ()) -> dict[str, Any]:
    """Until the iDRAC's job has ended: {"state", "message", "failed"}. Away for minutes and "not ready" are normal. `own`: the
    restarts (RID jobs) that were made with it; those of others are left alone.

    Raises BiosNotRestarted where the restart for it fails (a host that does not shut down: RebootFailed of the RID job) or the time
    is over and it still waits: left in the queue it would be applied by the next restart of anybody.
    """
    bmc = ctx.redfish()

    def failed_restart() -> str:
        return next((j.id for j in device_jobs(ctx.redfish()) if j.id in own and j.failed), "")

    def look() -> dict[str, Any] | None:
        job = device_job(ctx.redfish(), job_id)
        ctx.progress(job.percent or 0, 100, job.message or job.state)
        if job.scheduled and own and (failed := failed_restart()):
            return {"waits": f"its restart {failed} failed"}
        if not job.ended:
            return None
        return {"state": job.state, "message": job.message, "failed": job.failed}

    what = f"the iDRAC's job {job_id} on {ctx.target.label}"
    try:
        end: dict[str, Any] = await ctx.wait_for(what, look, every=EVERY, timeout=minutes * 60, tolerate=AWAY)
    except TimedOut:
        if not await ctx.step(
            "look at the job once more", lambda: device_job(bmc, job_id).scheduled, key=job_id, attempts=5
        ):
            raise
        end = {"waits": f"no restart within {minutes} minutes"}
    if "waits" in end:
        await _take_out(ctx, job_id, own, str(end["waits"]))
    return end


async def _take_out(ctx: JobContext, job_id: str, own: Collection[str], why: str) -> None:
    """Raises BiosNotRestarted."""
    label, detail = ctx.target.label, ""
    said = f"The job {job_id} and what was staged were withdrawn; nothing has changed."
    try:
        await withdraw(ctx, key=job_id)
    except DsmError as error:
        said, detail = (
            "What was staged may be applied at the next restart: it could not be withdrawn.",
            error.message,
        )
    stop = partial(stop_restarts, ctx, own)
    if still := await ctx.step("take its restart out", stop, key=job_id, attempts=3):
        said += f" Its restart {still} is under way and cannot be stopped: the server may restart yet."
    raise BiosNotRestarted(
        f"{label} was not restarted for its BIOS settings ({why}). {said}",
        hint="Does its operating system react to a shutdown? Choose 'graceful, then forced', or restart it by hand, then start the job"
        " again.",
        where=label,
        detail=detail,
    )


class OthersWait(DsmError):
    """Work of somebody else waits for the server's next restart and would run with ours."""

    blame = Blame.USER


def refuse_others_waiting(ctx: JobContext) -> bool:
    """Raises OthersWait before a restart that would run somebody's staged job (a firmware update) unasked, or meet another one."""
    bmc = ctx.redfish()
    now = str(bmc.manager().get("DateTime") or "")
    waiting = [j for j in device_jobs(bmc) if runs_at_a_restart(j, now)]
    if waiting:
        named = ", ".join(f"{j.id} {j.name}".strip() for j in waiting)
        raise OthersWait(
            f"The restart would also run what waits on {ctx.target.label}: {named}. Nothing was sent.",
            hint="Restart the server for it first, or take it out of the iDRAC's job queue (Job queue).",
            where=ctx.target.label,
        )
    return True


def runs_at_a_restart(job: DeviceJob, now: str) -> bool:
    """`now` as the iDRAC's clock says it; times of its queue are that clock's. A site's recurring update (Auto…), a job of another
    day, and what needs no restart are left alone."""
    if job.is_reboot:
        return not job.ended
    if not job.scheduled or job.id.startswith("Auto") or job.kind.startswith(("RealTime", "Export")):
        return False
    try:
        starts, here = datetime.fromisoformat(job.starts[:19]), datetime.fromisoformat(now[:19])
    except ValueError:  # TIME_NOW, or a clock that says nothing
        return True
    return starts < here + _SOON


def refuse_waiting(ctx: JobContext) -> bool:
    """Raises BiosJobStands while a configuration job waits: nothing can be staged then."""
    for job in device_jobs(ctx.redfish()):
        if job.kind == KIND and not job.ended:
            raise BiosJobStands(
                f"The BIOS job {job.id} waits on this server ({job.state}, since {job.starts or 'unknown'}).",
                hint="Restart the server so that it runs, or withdraw it (BIOS settings, 'Withdraw what waits').",
                where=ctx.target.label,
            )
    return True


async def withdraw(ctx: JobContext, key: str = "") -> tuple[int, str]:
    """Take back what waits: the BIOS job that has not begun, then what is staged, passwords too. Returns (settings withdrawn, job
    deleted)."""
    bmc = ctx.redfish()
    state = await read_bios(ctx, key=f"{key} withdraw".strip() if key else "")
    waiting: list[list[str]] = await ctx.step(
        "look for a waiting BIOS job",
        lambda: [[j.id, j.state] for j in device_jobs(bmc) if j.kind == KIND and not j.ended],
        key=key,
    )
    for job_id, job_state in waiting:
        if job_state == "Running":
            raise BiosJobStands(
                f"The BIOS job {job_id} runs already and cannot be withdrawn.",
                hint="Wait until it has ended.",
                where=ctx.target.label,
            )

        def gone(job_id: str = job_id) -> bool | None:
            return True if all(j.id != job_id for j in device_jobs(bmc)) else None

        def delete(job_id: str = job_id) -> bool:
            delete_job(bmc, job_id)
            return True

        await ctx.step(
            "delete the BIOS job",
            delete,
            key=job_id,
            changing=True,
            interrupted=gone,
            plan=f"DELETE job {job_id}",
        )

    pending = await ctx.step(
        "read what is staged", lambda: len(bios.pending_settings(bmc, state["settings_uri"])), key=key
    )

    def clear() -> bool:
        """Also where nothing shows: a staged password does not."""
        try:
            return bios.clear_pending(bmc, state["settings_uri"])
        except Unsupported:
            if pending:
                raise
            return False

    cleared = await ctx.step(
        "withdraw staged settings",
        clear,
        key=key,
        changing=True,
        interrupted=lambda: None,
        plan="POST ClearPending",
    )
    if not ctx.dry_run:
        await prove_withdrawn(ctx, state["settings_uri"])
        await read_bios(ctx, key=f"{key} after".strip())
    count = max(pending, len(state["pending"]), int(bool(cleared)))
    return count, ", ".join(job_id for job_id, _ in waiting)
