"""Firmware on one server, from its plan to the proof: what counts is the version read afterwards, not what a job says.

gate ─▶ per wave: send each ─▶ (staged: restart the host) ─▶ follow each JID ─▶ read the versions again
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pydantic import BaseModel

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.inventory import Firmware, FirmwareState
from dsm_desktop.core.states import Generation
from dsm_desktop.core.worded import Worded
from dsm_desktop.firmware.fit import Component, Machine
from dsm_desktop.firmware.plan import Impact, Plan, Planned, Skipped, restarts_host
from dsm_desktop.jobs import JobContext
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.device_jobs import DeviceJob, device_jobs, take_out
from dsm_desktop.redfish.update import installed_firmware, system_id
from dsm_desktop.workflows.device_work import Patience, follow_job
from dsm_desktop.workflows.esxi_restart import restart_server
from dsm_desktop.workflows.firmware_proof import (
    Done,
    RestartBy,
    judge,
    left_waiting,
    prove,
)
from dsm_desktop.workflows.firmware_send import Sender, named_like, place_of
from dsm_desktop.workflows.maintenance import refuse_in_service
from dsm_desktop.workflows.reset import Restart, off_again


class WindowClosed(DsmError):
    """The maintenance window had ended before the next part of the work could begin. It was not begun."""

    blame = Blame.USER


class Apply(Worded):
    """When the host may be restarted for what waits for a restart."""

    NOW = "now", "Now"
    NEXT_RESTART = "next_restart", "At the next restart"
    WINDOW = "window", "In a maintenance window"


@dataclass(frozen=True, slots=True)
class HowTo:
    """What the operator chose. `window_from` and `window_until` (UTC) hold for WINDOW.

    `proof`: after a job has ended the iDRAC needs minutes until its inventory says so.
    """

    apply: Apply = Apply.NOW
    restart: Restart = Restart.GRACEFUL
    restart_minutes: int = 15
    window_from: datetime | None = None
    window_until: datetime | None = None
    patience: Patience = field(default_factory=Patience)
    proof: Patience = field(default_factory=lambda: Patience(15.0, 15.0))


class Found(BaseModel):
    """A server's firmware as it was read before the work; plain values, so that a replay plans the same."""

    model: str
    system_id: str
    generation: Generation
    firmware: list[Firmware]

    def machine(self, label: str) -> Machine:
        """For the question whether a package fits: what runs, each device once."""
        parts = tuple(
            Component(place_of(e), e.name, e.version, e.component_id, e.component_type, e.pci_ids)
            for e in self.firmware
            if e.state is FirmwareState.INSTALLED
        )
        return Machine(label, self.model, self.system_id, self.generation, parts)


async def read_firmware(ctx: JobContext, key: str = "") -> Found:
    """What the server runs and keeps, and which model it is. One step."""

    def read() -> Found:
        bmc = ctx.redfish()
        facts = bmc.facts()
        generation = facts.generation
        if generation is Generation.OTHER and ctx.target.generation:
            generation = Generation(ctx.target.generation)
        return Found(
            model=facts.model or ctx.target.model,
            system_id=system_id(bmc),
            generation=generation,
            firmware=list(installed_firmware(bmc)),
        )

    return await ctx.step("read firmware", read, key=key, attempts=3, returns=Found)


async def wait_for_window(ctx: JobContext, how: HowTo) -> None:
    """Sleep until the window opens; WindowClosed when it is over already (also after a long wait at the gate)."""
    if how.apply is not Apply.WINDOW or how.window_from is None or ctx.dry_run:
        return
    if ctx.now() < how.window_from:
        ctx.log(f"Waiting for the window at {how.window_from:%Y-%m-%d %H:%M} UTC.")
        await ctx.sleep_until(how.window_from)
    await refuse_after_window(ctx, how, "work")


async def refuse_after_window(ctx: JobContext, how: HowTo, before: str) -> None:
    """Nothing disruptive is begun after the window's end. A step: what was begun in time is followed to its end and put back
    where that must be, also when the job is taken up again after the window."""
    if how.apply is not Apply.WINDOW or how.window_until is None:
        return

    def look() -> bool:
        refuse_outside(ctx, how)
        return True

    await ctx.step("look at the window", look, key=before)


def refuse_outside(ctx: JobContext, how: HowTo) -> None:
    """Raise WindowClosed after the window's end, and TakenAway where the host carries VMs again. Blocking; asked within a step,
    right before its request."""
    refuse_in_service(ctx)
    until = how.window_until
    if how.apply is Apply.WINDOW and until is not None and ctx.now() >= until:
        raise WindowClosed(
            f"The window ended at {until:%Y-%m-%d %H:%M} UTC.",
            hint="Choose another window. What was done before it ended is in the result of the job.",
            where=ctx.target.label,
        )


async def apply_plan(
    ctx: JobContext,
    plan: Plan,
    sender: Sender,
    how: HowTo,
    known: Sequence[str],
    sent: list[str] | None = None,
) -> list[Done]:
    """Carry a plan out, wave by wave, each proven before the next begins. `known` are the jobs in the queue before it; `sent`
    grows with the JIDs, for who has promised to take them out again.

    What is staged and not yet applied is taken out of the iDRAC's queue again when the work stops early. A host that was off
    is switched on for what is applied while it starts, and off again at the end.
    """
    jobs = [] if sent is None else sent
    if not plan.restarts or how.apply is Apply.NEXT_RESTART:
        return await _waves(ctx, plan, sender, how, known, jobs)
    async with off_again(ctx, minutes=how.restart_minutes, every=how.patience.every):
        return await _waves(ctx, plan, sender, how, known, jobs)


async def _waves(
    ctx: JobContext, plan: Plan, sender: Sender, how: HowTo, known: Sequence[str], jobs: list[str]
) -> list[Done]:
    done: list[Done] = []
    jobs += known
    for number, wave in enumerate(plan.waves, 1):
        await refuse_after_window(ctx, how, f"wave {number}")
        if how.apply is Apply.NEXT_RESTART or not any(restarts_host(item) for item in wave):
            done += await _wave(ctx, wave, sender, how, jobs, number)
            continue
        async with ctx.always(
            "staged firmware",
            f"Take staged firmware out of the job queue of {ctx.target.label}",
            partial(unstage, ctx, list(known), partial(is_ours, jobs, wave)),
            original={"jobs": list(known)},
            key=str(number),
        ):
            done += await _wave(ctx, wave, sender, how, jobs, number)
    return done


async def _wave(
    ctx: JobContext, wave: Sequence[Planned], sender: Sender, how: HowTo, jobs: list[str], number: int
) -> list[Done]:
    """`jobs` grows with each JID, so that the next one is told apart. The host restarts only for a job that waits for it:
    one that has ended already, or is gone with its version there, needs none."""
    sent: list[Planned] = []
    waiting: list[tuple[Planned, str]] = []
    mark = await ctx.step("note the last restart", ctx.redfish().reset_mark, key=str(number), attempts=3)
    for item in wave:
        ctx.progress(len(sent), len(wave), f"{item.title} {item.version}")
        job_id = await sender.send(ctx, item, list(jobs), partial(refuse_outside, ctx, how))
        if ctx.dry_run:
            continue
        if job_id:
            jobs.append(job_id)
            end = await follow_job(ctx, job_id, item.title, how.patience, until_staged=restarts_host(item))
            judge(ctx, item, end)
            if end.staged:
                waiting.append((item, job_id))
        sent.append(item)
    if ctx.dry_run:
        if any(restarts_host(item) for item in wave) and how.apply is not Apply.NEXT_RESTART:
            await restart_for(ctx, how, number)
        return []
    if how.apply is Apply.NEXT_RESTART:
        return await left_waiting(ctx, sent, waiting, mark, how.patience, how.proof)
    if waiting:
        await refuse_after_window(ctx, how, f"restart {number}")
        ctx.progress(0, len(waiting), "Restarting the host")
        await restart_for(ctx, how, number)
        for place, (item, job_id) in enumerate(waiting):
            ctx.progress(place, len(waiting), f"Applying {item.title} {item.version}")
            judge(ctx, item, await follow_job(ctx, job_id, f"{item.title}, applied", how.patience))
    waited = [item for item, _ in waiting]
    return [
        done
        for item in sent
        for done in await prove(ctx, item, how.proof, RestartBy.JOB if item in waited else RestartBy.NONE)
    ]


async def restart_for(ctx: JobContext, how: HowTo, number: int) -> None:
    await restart_server(
        ctx,
        how.restart,
        minutes=how.restart_minutes,
        key=f"wave {number}",
        every=how.patience.every,
        allowed=partial(refuse_outside, ctx, how),
    )


def is_ours(jobs: Sequence[str], items: Sequence[Planned], job: DeviceJob) -> bool:
    """A job whose number we have, or one for the very part: of a request that got no answer, or was cut off by a kill."""
    return job.id in jobs or any(named_like(job, item) for item in items)


def unstage(ctx: JobContext, known: list[str], ours: Callable[[DeviceJob], bool]) -> None:
    """Delete what still waits for a restart, was not there before and is `ours`: somebody else may have staged another part
    meanwhile. Nothing is left after a job that ended well."""
    bmc: RedfishClient = ctx.redfish()
    for job in device_jobs(bmc):
        if job.id in known or not job.scheduled or job.is_reboot or "Firmware" not in job.kind:
            continue
        if not ours(job):
            ctx.log(f"{job.id} ({job.name}) is somebody else's, and is left in the queue.", "warning")
        elif not take_out(bmc, job.id):
            ctx.log(f"{job.id} ({job.name}) has begun meanwhile and runs to its end.", "warning")


def skipped_words(skipped: Sequence[Skipped]) -> str:
    """ "BIOS_….EXE: 2.19.1 is installed already; …"."""
    return "; ".join(f"{s.key}: {s.reason}" for s in skipped)


def restarts_words(plan: Plan) -> str:
    """What the plan costs, for the log."""
    idrac = any(item.impact is Impact.IDRAC for item in plan.items)
    hosts = plan.restarts
    host = "no restart of the host" if not hosts else "one restart" if hosts == 1 else f"{hosts} restarts"
    return host + (", the iDRAC restarts" if idrac else "")
