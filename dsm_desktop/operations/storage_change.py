"""A change of storage: sent once, its job found and followed to the end, proven, and taken out again where it is given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime, timedelta
from functools import partial

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import StepState
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.queries.jobs import task_steps
from dsm_desktop.redfish.device_jobs import DeviceJob, device_job, device_jobs, take_out
from dsm_desktop.redfish.errors import Missing, RedfishError
from dsm_desktop.redfish.raid import IMMEDIATE, ON_RESET
from dsm_desktop.workflows.device_work import patient

EVERY = 5.0
MINUTES = 60


class NeedsRestart(DsmError):
    """This controller changes its configuration only when the server restarts, and the job was not told that this is wanted."""

    blame = Blame.USER


class StorageJobFailed(DsmError):
    """The iDRAC's own job that changes the storage has failed."""

    blame = Blame.PEER


class WhoseJob(DsmError):
    """After an interruption the iDRAC has storage jobs of which none can be told to be this one's. Nothing was sent again."""

    blame = Blame.PEER


class NotKnown(DsmError):
    """The request was not answered, and neither a job nor the change itself has shown since. It was not sent again."""

    blame = Blame.PEER


class MayBeArmed(DsmError):
    """A request that was not answered may stand in the iDRAC's queue, for the next restart to carry out."""

    blame = Blame.PEER


class NotChanged(DsmError):
    """The job said that it was done, and the storage looks as before."""

    blame = Blame.PEER


def apply_time(ctx: JobContext, supported: Sequence[str], *, at_restart: bool) -> str:
    """Immediate where the controller can; OnReset only when that is wanted. Raises NeedsRestart."""
    if at_restart:
        return ON_RESET
    if supported and IMMEDIATE not in supported:
        raise needs_restart(ctx, "this controller changes only when the server restarts")
    return IMMEDIATE


def needs_restart(ctx: JobContext, what: str) -> NeedsRestart:
    return NeedsRestart(
        what,
        hint="Tick 'At the next restart' where the job offers it, then restart the server when it suits. Otherwise change it"
        " at the iDRAC's own page (Storage).",
        where=ctx.target.label,
    )


REAL_TIME = "RealTime"
KINDS = (REAL_TIME, "RAIDConfiguration", "SystemErase")
"""Beginnings of the JobTypes that change storage, by which a job is found again after a kill."""
UNANSWERED = "?"
BEGINS_WITHIN = 60.0
"""Seconds after which a job that is still Scheduled, and not of the kind that runs beside the host, waits for a restart."""
SHOWS_WITHIN = 180.0
"""Seconds in which a request that was taken and not answered shows: a busy iDRAC lists its jobs late."""


async def changed(
    ctx: JobContext,
    name: str,
    send: Callable[[], str],
    *,
    plan: str,
    about: str,
    shown: Callable[[], bool] | None,
    wait: bool = True,
    key: str = "",
) -> str:
    """Send a change once, follow its job to the end, and prove it by `shown` (None: only the job can tell). Returns the job's
    id ("" = it made none). Without `wait` the job rests until the server restarts, which is said and not called done.

    `about` is the identifier of the controller or drive: after an interruption only a new job that names it is taken for
    ours. Somebody at the iDRAC's own page may have made another one meanwhile. Raises WhoseJob, NotKnown, NeedsRestart,
    StorageJobFailed, NotChanged; a job that then still waits for a restart is taken out of the queue.
    """
    made = Made(about)
    async with taken_out(ctx, made, key=key):
        job_id = await _sent(ctx, name, send, made, plan=plan, about=about, shown=shown, key=key)
        if ctx.dry_run or not wait:
            made.clear()
            return job_id
        if job_id:
            await ctx.wait_for(
                f"{job_id} to end",
                partial(_ended, ctx, job_id, []),
                every=EVERY,
                timeout=MINUTES * 60,
                tolerate=(RetryLater, NoAnswer),
            )
            made.clear()
    if shown is not None and not await ctx.step("read it back", shown, key=key, attempts=3):
        raise NotChanged(
            "the iDRAC says that it was done, and the storage looks as before",
            hint="Look at the iDRAC's lifecycle log; read the inventory in a minute.",
            where=ctx.target.label,
        )
    return job_id


class Made(list[str]):
    """The iDRAC's jobs for one request about `about`, which `known` stood before. `unanswered`: when it was sent (the database's
    time), as long as nobody knows what became of it."""

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about
        self.known: list[str] = []
        self.unanswered: datetime | None = None

    def may_show_yet(self, ctx: JobContext) -> bool:
        return self.unanswered is not None and ctx.now() < self.unanswered + timedelta(seconds=SHOWS_WITHIN)


async def _settled(ctx: JobContext, made: Made) -> None:
    """Before a request that got no answer is given up: wait until a job shows, or none can come any more."""
    if made.unanswered is None:
        return
    look = patient(lambda: bool(_new_jobs(ctx, made.known)) or None)
    await ctx.see_out(
        "what became of the unanswered request",
        lambda: look() or (None if made.may_show_yet(ctx) else True),
        every=EVERY,
    )


def _of_unanswered(ctx: JobContext, made: Made) -> list[str]:
    """The job of a request that got no answer, [] when it left none that waits. Proven is the only one that has come since and
    names what the request was about. Raises MayBeArmed where one may carry it out at the next restart, and none is proven."""
    new = _new_jobs(ctx, made.known)
    waiting = [job.id for job in new if job.scheduled]
    if waiting and len(new) == 1 and _names(new[0], made.about):
        return waiting
    if not waiting and not made.may_show_yet(ctx):
        return []
    raise MayBeArmed(
        f"a request was not answered, and {', '.join(waiting) or 'a job that does not show yet'} may carry it out at the next restart",
        hint="Look at the tab iDRAC jobs: take the job out if it is this one. Then 'Put back' takes this off the list.",
        where=ctx.target.label,
    )


def _new_jobs(ctx: JobContext, known: list[str]) -> list[DeviceJob]:
    """What changes storage and was not in the queue before."""
    return [j for j in device_jobs(ctx.redfish()) if j.id not in known and j.kind.startswith(KINDS)]


def _names(job: DeviceJob, about: str) -> bool:
    return about.upper() in f"{job.name} {job.message}".upper()


def taken_out(ctx: JobContext, jobs: list[str], *, key: str = "") -> AbstractAsyncContextManager[None]:
    """On the restore list until the block ends: which of these iDRAC jobs still wait for a restart are taken out of the
    queue. Left in it, the next restart for whatever reason would carry them out. The block empties the list of those that
    may stay."""

    def undo() -> None:
        bmc = ctx.redfish()
        left = _of_unanswered(ctx, jobs) if isinstance(jobs, Made) and jobs.unanswered else jobs
        for job_id in left:
            with suppress(Missing):
                if device_job(bmc, job_id).scheduled and take_out(bmc, job_id):
                    ctx.log(f"{job_id} had not begun and was taken out of the iDRAC's queue.", "warning")

    return ctx.always(
        "storage job",
        f"Take a storage job that waits for a restart of {ctx.target.label} out of the queue",
        undo,
        original={},
        key=key,
        first=partial(_settled, ctx, jobs) if isinstance(jobs, Made) else None,
    )


async def _sent(
    ctx: JobContext,
    name: str,
    send: Callable[[], str],
    made: Made,
    *,
    plan: str,
    about: str,
    shown: Callable[[], bool] | None,
    key: str,
) -> str:
    """The request, once; the id of its job, "" for none. `made` gets it in the very moment it is known, for a cancel."""
    bmc = ctx.redfish()
    known = await ctx.step(
        "read the job queue", lambda: [j.id for j in device_jobs(bmc)], key=key, attempts=3
    )
    made.known = known
    begun = partial(_begun, ctx, known, about, shown)

    tried = False

    def once() -> str:
        nonlocal tried
        tried = True
        try:
            job_id = send()
        except DsmError as error:
            if not _may_be_taken(error):
                raise
            made.unanswered = ctx.now()
            return UNANSWERED
        made.extend([job_id] if job_id else [])
        return job_id

    try:
        job_id = await ctx.step(name, once, key=key, changing=True, interrupted=begun, plan=plan)
    except DsmError:
        if not tried:  # it may have been sent by an earlier run, and nobody can tell what became of it
            made.unanswered = await ctx.run(partial(_sent_earlier, ctx, name, key))
        raise
    if job_id == UNANSWERED:
        if made.unanswered is None:
            made.unanswered = await ctx.run(partial(_sent_earlier, ctx, name, key))
        job_id = await _news(ctx, begun)
    made[:] = [job_id] if job_id else []
    made.unanswered = None
    return job_id or ""


def _may_be_taken(error: DsmError) -> bool:
    """Whether the device may do it all the same: its answer was lost, was no answer, or said yes and named no job."""
    accepted = isinstance(error, RedfishError) and 200 <= error.status < 300
    return accepted or isinstance(error, BadAnswer) or (isinstance(error, NoAnswer) and error.sent)


def _sent_earlier(ctx: JobContext, name: str, key: str) -> datetime | None:
    """When an earlier run sent the request, at the latest; None: it never came to that."""
    with ctx.write() as uow:
        steps = task_steps(uow.session.connection(), ctx.task_id)
    step = next((s for s in steps if (s.name, s.key) == (name, key)), None)
    if step is None:
        return None
    return step.ended_at if step.state == StepState.DONE and step.ended_at else step.begun_at


def _begun(ctx: JobContext, known: list[str], about: str, shown: Callable[[], bool] | None) -> str | None:
    """Whether a request was taken that nobody saw answered: the id of its job, "" for the change without one, None for no."""
    new = _new_jobs(ctx, known)
    ours = [j.id for j in new if _names(j, about)]
    if shown is not None and shown():
        return ours[0] if len(ours) == 1 else ""
    if len(ours) == 1 or not new:
        return ours[0] if ours else None
    raise WhoseJob(
        f"the request may have been taken: the iDRAC has {', '.join(j.id for j in new)}, and none of them says that it is for"
        f" {about}",
        hint="Look at the tab iDRAC jobs; when they have ended, look at the storage before you start it again.",
        where=ctx.target.label,
    )


async def _news(ctx: JobContext, begun: Callable[[], str | None]) -> str:
    """What became of a request that got no answer. It may do its work unseen, so it is never sent again."""
    try:
        return await ctx.wait_for(
            "news of the unanswered request",
            begun,
            every=EVERY,
            timeout=SHOWS_WITHIN,
            tolerate=(RetryLater, NoAnswer),
        )
    except TimedOut as error:
        raise NotKnown(
            "the iDRAC did not answer the request, and neither a job nor the change has shown since",
            hint="Look at the tab iDRAC jobs and at the storage before you start it again.",
            where=ctx.target.label,
        ) from error


def _ended(ctx: JobContext, job_id: str, rests: list[datetime]) -> bool | None:
    """`rests` collects since when the job has been waiting."""
    found = device_job(ctx.redfish(), job_id)
    ctx.progress(found.percent or 0, 100, found.message)
    if found.failed:
        raise StorageJobFailed(
            f"{job_id} ended as {found.state}: {found.message}",
            hint="The text is the iDRAC's own; its lifecycle log says more.",
            where=ctx.target.label,
        )
    if not found.scheduled or found.kind.startswith(REAL_TIME):
        rests.clear()
        return True if found.ended else None
    rests.append(ctx.now())
    if rests[-1] - rests[0] >= timedelta(seconds=BEGINS_WITHIN):
        raise needs_restart(ctx, f"{job_id} waits for a restart of the server; it is taken out again")
    return None
