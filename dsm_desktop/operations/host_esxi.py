"""Firmware and ESXi of one empty host in one maintenance window, where possible with one restart for both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.firmware.plan import Plan, restarts_host
from dsm_desktop.jobs import JobContext
from dsm_desktop.operations.firmware import PackageFile, SendWay
from dsm_desktop.operations.firmware_update import update_host
from dsm_desktop.operations.host_work import BothOrder, HostWork, Item
from dsm_desktop.redfish.device_jobs import DeviceJob, device_jobs
from dsm_desktop.workflows.depot import depot_for
from dsm_desktop.workflows.device_work import follow_job, patient
from dsm_desktop.workflows.esxi_facts import refuse_blocked
from dsm_desktop.workflows.esxi_proof import prove_esxi
from dsm_desktop.workflows.esxi_restart import boot_time_of, restart_esxi, restart_server
from dsm_desktop.workflows.esxi_update import SSH_OFF, install_esxi, preflight, update_esxi
from dsm_desktop.workflows.esxi_wanted import EsxiUpdated, EsxiWanted
from dsm_desktop.workflows.firmware_host import Apply, is_ours, unstage
from dsm_desktop.workflows.firmware_proof import Done, Outcome, RestartBy, judge, prove
from dsm_desktop.workflows.maintenance import ATTEMPTS, Seen, refuse_in_service
from dsm_desktop.workflows.reset import Restart
from dsm_desktop.workflows.return_host import host_is_back
from dsm_desktop.workflows.ssh_access import ssh_on


class EsxiPlan(BaseModel):
    """What the update of ESXi would be. `needed` False: the host has the build. `note`: SSH is off in a dry run, so nobody knows."""

    model_config = ConfigDict(frozen=True)
    needed: bool = False
    before: str = ""
    target: str = ""
    version: str = ""
    note: str = ""
    quick_boot: bool = False
    """The host restarts past the server's own start, which alone applies staged firmware."""
    key_safe: bool = False
    """Its recovery key is in the vault, or it has none."""

    @property
    def items(self) -> list[Item]:
        return (
            [Item(name="ESXi", before=self.before, after=self.target)] if self.target and self.needed else []
        )


class Both(BaseModel):
    """What became of firmware and ESXi. `restarted`: the host was, by this job or while its firmware waited for it."""

    model_config = ConfigDict(frozen=True)
    done: list[Done] = []
    esxi: EsxiUpdated | None = None
    restarted: bool = False


@asynccontextmanager
async def wanted_esxi(ctx: JobContext, params: HostWork) -> AsyncIterator[EsxiWanted | None]:
    """The update that was asked for, its depot within the host's reach for the time of the block; None without one."""
    if not params.esxi:
        yield None
        return
    async with depot_for(ctx, params.depot_at) as depot:
        yield params.wanted(
            depot, boot_minutes=params.boot_minutes, every=params.look_seconds, ask_hours=params.ask_hours
        )


async def esxi_plan(ctx: JobContext, wanted: EsxiWanted | None, *, key: str) -> EsxiPlan:
    """Rules and ESXi's own dry run, before a VM is moved. Raises UpdateRefused."""
    if wanted is None:
        return EsxiPlan()
    async with ssh_on(ctx, wanted.sign_in, key=key) as access:
        if not access.open:
            # Said as if it were needed, and no key is saved: "nothing to do" would be a guess.
            return EsxiPlan(needed=True, key_safe=True, note=SSH_OFF)
        found = await preflight(ctx, wanted, key=key)
    refuse_blocked(found.facts, found.findings)
    nothing = found.nothing_to_do or (found.rehearsal is not None and not found.rehearsal.changed)
    return EsxiPlan(
        needed=not nothing,
        before=found.facts.shown,
        target=found.target,
        version=found.target_version,
        quick_boot=found.facts.quick_boot,
        key_safe=found.key_safe,
    )


async def update_both(
    ctx: JobContext,
    params: HostWork,
    plan: Plan,
    files: list[PackageFile],
    wanted: EsxiWanted | None,
    *,
    quick_boot: bool = False,
) -> Both:
    """Bring the empty host to both. Whatever restarts, it is back when this returns. `quick_boot` as of `EsxiPlan`."""
    order = params.both_order(plan.restarts)
    if wanted is not None and plan.restarts and order is BothOrder.TOGETHER:
        return await _together(ctx, params, plan, files, wanted, quick_boot)
    updated: EsxiUpdated | None = None
    if wanted is not None and order is BothOrder.ESXI_FIRST:
        updated = await update_esxi(ctx, wanted)
    boot = await ctx.step("note the boot time", partial(boot_time_of, ctx), key="firmware", attempts=ATTEMPTS)
    done = await _firmware(ctx, params, plan, files)
    # What was planned to wait for a restart may have needed none.
    restarted = any(d.restart is not RestartBy.NONE for d in done)
    if restarted:
        before = Seen(in_maintenance=True, boot_time=boot)
        await host_is_back(ctx, before, params.how_to_return, restarted=True, key="firmware ")
    if wanted is not None and updated is None:
        updated = await update_esxi(ctx, wanted)
    restarted = restarted or (updated is not None and updated.restarted)
    return Both(done=done, esxi=updated, restarted=restarted)


async def _firmware(
    ctx: JobContext,
    params: HostWork,
    plan: Plan,
    files: list[PackageFile],
    apply: Apply = Apply.NOW,
    sent: list[str] | None = None,
) -> list[Done]:
    if not plan.items:
        return []
    how = params.ordered.model_copy(update={"apply": apply})
    result = await update_host(ctx, how, plan, files, SendWay.AUTOMATIC, "host_update", sent=sent)
    return result.done


async def _together(
    ctx: JobContext,
    params: HostWork,
    plan: Plan,
    files: list[PackageFile],
    wanted: EsxiWanted,
    quick_boot: bool,
) -> Both:
    """Stage the firmware, install ESXi, restart once by vCenter (by the iDRAC where ESXi would restart past the server's own
    start); then each is proven for itself."""
    known = await ctx.step(
        "note the iDRAC's jobs", patient(partial(_job_ids, ctx)), attempts=3, returns=list[str] | None
    )
    sent: list[str] = []
    ours = partial(is_ours, sent, plan.items)
    async with ctx.always(
        "staged firmware",
        f"Take staged firmware out of the job queue of {ctx.target.label}",
        partial(unstage, ctx, known or [], ours),
        original={"jobs": known or []},
        key="together",
    ):
        boot = await ctx.step(
            "note the boot time", partial(boot_time_of, ctx), key="staged", attempts=ATTEMPTS
        )
        staged = await _firmware(ctx, params, plan, files, Apply.NEXT_RESTART, sent)
        if any(d.restart is RestartBy.OTHER for d in staged):
            seen = Seen(in_maintenance=True, boot_time=boot)
            await host_is_back(ctx, seen, params.how_to_return, restarted=True, key="staged ")
        updated = await install_esxi(ctx, wanted)
        if quick_boot:
            ctx.log(
                f"{ctx.target.label} restarts by Quick Boot, which applies no firmware: the iDRAC restarts it."
            )
            await _by_idrac(ctx, params, "together ")
        else:
            await restart_esxi(
                ctx,
                updated.boot_time,
                key="together",
                every=wanted.look_seconds,
                doubt_seconds=wanted.doubt_seconds,
                ask_hours=wanted.ask_hours,
            )
        if updated.pending:
            updated = await prove_esxi(ctx, wanted, updated)
        else:
            before = Seen(in_maintenance=True, boot_time=updated.boot_time)
            await host_is_back(ctx, before, params.how_to_return, restarted=True, key="together ")
        if ctx.dry_run:
            return Both(esxi=updated)
        await _still_staged(ctx, params, known or [], ours)
        done = await _applied(ctx, params, plan, staged)
    return Both(done=done, esxi=updated, restarted=True)


async def _applied(ctx: JobContext, params: HostWork, plan: Plan, staged: list[Done]) -> list[Done]:
    """What the restart of both has made of the staged firmware: each job judged, then each version read."""
    done = [d for d in staged if d.outcome is Outcome.PROVEN]
    proven = {d.fqdd for d in done}
    jobs = {(d.fqdd, d.after): d.waits for d in staged if d.waits}
    for item in plan.items:
        first = item.changes[0]
        if not restarts_host(item) or first.fqdd in proven:
            continue
        job_id = jobs.get((first.fqdd, first.after))
        if job_id:
            judge(ctx, item, await follow_job(ctx, job_id, f"{item.title}, applied", params.ordered.patience))
        done += await prove(ctx, item, params.ordered.how_to.proof)
    return done


async def _by_idrac(ctx: JobContext, params: HostWork, key: str) -> None:
    await restart_server(
        ctx,
        Restart.GRACEFUL,
        minutes=params.restart_minutes,
        key=key,
        every=params.poll_seconds,
        allowed=partial(refuse_in_service, ctx),
    )


def _job_ids(ctx: JobContext) -> list[str]:
    return [job.id for job in device_jobs(ctx.redfish())]


async def _still_staged(
    ctx: JobContext, params: HostWork, known: list[str], ours: Callable[[DeviceJob], bool]
) -> None:
    """A restart that skips the server's own start (Quick Boot) applies no firmware: then the iDRAC restarts the host."""

    def staged() -> list[str] | None:
        jobs = device_jobs(ctx.redfish())
        return [j.id for j in jobs if j.id not in known and j.scheduled and not j.is_reboot and ours(j)]

    left = await ctx.wait_for(
        f"the iDRAC of {ctx.target.label}", patient(staged), every=params.poll_seconds, timeout=1800
    )
    if not left:
        return
    ctx.log("The restart applied no firmware (Quick Boot?); the iDRAC restarts the host.", "warning")
    seen = await ctx.step("note the boot time", partial(boot_time_of, ctx), attempts=ATTEMPTS)
    await _by_idrac(ctx, params, "staged ")
    before = Seen(in_maintenance=True, boot_time=seen)
    await host_is_back(ctx, before, params.how_to_return, restarted=True, key="staged ")
