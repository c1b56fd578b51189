"""Take a host back into service and compare it with what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere import Vm
from dsm_desktop.jobs import Danger, JobContext, Option, Result, Targets, job
from dsm_desktop.net.ssh import SshUnreachable
from dsm_desktop.operations.emptying import EmptyOptions
from dsm_desktop.queries.prepared_hosts import Standing, standing_of_host
from dsm_desktop.store.restore_list import OURS_NO_MORE
from dsm_desktop.store.steps import close_promise
from dsm_desktop.vmware.esxi.errors import UpdateLocked
from dsm_desktop.workflows.alarm_actions import MUTED, let_act
from dsm_desktop.workflows.drives import Medium, StaysOut, connect
from dsm_desktop.workflows.esxi_restart import restarting
from dsm_desktop.workflows.guests import Guests
from dsm_desktop.workflows.maintenance import ATTEMPTS, Seen, lasting, moid_of, note_host, target_host
from dsm_desktop.workflows.return_host import back_in_service, host_is_back
from dsm_desktop.workflows.ssh_access import SshBefore, keep_running, put_back
from dsm_desktop.workflows.under_way import GO_ON, OVER, RESTART, UPDATE, Asked, HostKept, Watch


class VerifyParams(EmptyOptions):
    anyway: bool = Field(
        False,
        title="Also a host that this program did not put there",
        description="somebody else may be working on it",
    )


class VerifyResult(Result):
    version: str = Field("", title="Version")
    build: str = Field("", title="Build")
    started: list[str] = Field(default_factory=list, title="VMs switched on again")
    notes: list[str] = Field(default_factory=list, title="Not as before")


class NotOurs(DsmError):
    """The host is in maintenance mode, and no job of this program has put it there."""


@job(
    "verify_host",
    label="Leave maintenance mode…",
    title="Back into service: {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
)
async def verify_host(ctx: JobContext, params: VerifyParams) -> VerifyResult:
    """Take hosts out of maintenance mode: wait until each is reached steadily, compare datastores, networks, uplinks and services
    with what was noted before, leave maintenance mode, wait for HA and vSAN, and switch on the VMs that were shut down for it.
    """
    now = await ctx.step("note the host", partial(note_host, ctx), returns=Seen, attempts=ATTEMPTS)
    left = await ctx.step("look at the restore list", partial(_standing, ctx), returns=list[Standing])
    # Something else that still stands (alarm actions, SSH, a medium) makes the maintenance mode none of ours.
    ours = [entry for entry in left if entry.name == "maintenance"]
    somebodys = not ours or any(OURS_NO_MORE in entry.original for entry in ours)
    if now.in_maintenance and somebodys and not params.anyway:
        raise NotOurs(
            f"{ctx.target.label} is in maintenance mode, and not by a job of this program.",
            hint="Find out who works on it; allow it in the job's form when it is free.",
            where=ctx.target.label,
        )
    if any(entry.name == UPDATE for entry in left):
        await _update_over(ctx, params, ssh_is_ours=any(entry.name == "SSH" for entry in left))
    for entry in left:
        if entry.name == RESTART:
            await ctx.step(
                "look whether it has restarted",
                partial(_refuse_restarting, ctx, str(entry.original.get("boot_time", ""))),
                key=f"{entry.task_id} {entry.key}",
                attempts=ATTEMPTS,
            )
    before = next(
        (Seen.model_validate(seen) for s in left if (seen := s.before or s.original.get("before"))), now
    )
    await host_is_back(ctx, before, params.how_to_return, restarted=False)
    returned = await back_in_service(ctx, before, params.how_to_return)
    out: dict[tuple[int, str], StaysOut] = {}
    started = await _put_back(ctx, params, left, out)
    if ctx.dry_run:
        return VerifyResult(summary="Nothing was changed (dry run).")
    if left:
        await ctx.step("close the restore list", partial(_close, ctx, left, out))
    notes = [*returned.notes, *(stays.why for stays in out.values())]
    words = "; ".join(notes) if notes else "Everything is as it was before"
    return VerifyResult(
        summary=f"In service again. {words}.".replace("..", "."),
        version=returned.version,
        build=returned.build,
        started=started,
        notes=notes,
    )


async def _update_over(ctx: JobContext, params: VerifyParams, *, ssh_is_ours: bool) -> None:
    """An update that was left under way writes boot banks: the host is opened when it is seen that none runs, or a person has
    looked. Raises UpdateLocked, HostKept."""
    if ctx.dry_run:
        ctx.log("would look whether ESXi is still being updated")
        return
    label = ctx.target.label
    watch = Watch(
        ctx,
        f"{label} to show whether it is being updated",
        partial(_not_updating, ctx, ssh_is_ours),
        Asked(
            lambda: (
                f"An update of ESXi was left under way on {label}, and SSH does not answer, so nobody sees whether it still writes."
                " The host stays in maintenance mode, without VMs. Start SSH on it, or look at its console and at"
                " /var/log/esxupdate.log."
            ),
            Option(
                value=GO_ON,
                title="No update runs",
                help="I have looked: it may leave maintenance mode",
                danger=True,
            ),
            params.ask_hours,
        ),
        minutes=params.settle_minutes,
        every=params.look_seconds,
    )
    watch.begun = True
    await watch.settle()


def _not_updating(ctx: JobContext, ssh_is_ours: bool) -> str | None:
    """OVER, None where the host is not seen; raises UpdateLocked while it runs. SSH that the update's job had started (it
    stands on the list) is started again where the host's own time-out has ended it."""
    try:
        runs = ctx.esxi().updating()
    except SshUnreachable:
        if ssh_is_ours:
            keep_running(ctx)
        return None
    if runs:
        raise UpdateLocked(
            "the update of ESXi still runs on the host", where=ctx.target.label, detail=runs[:500]
        )
    return OVER


def _refuse_restarting(ctx: JobContext, boot_time: str) -> bool:
    """True; raises HostKept while a restart that was accepted has not happened."""
    if not restarting(ctx, boot_time):
        raise HostKept(
            f"{ctx.target.label} was asked to restart and has not gone; it may still do so at any moment.",
            hint="Look at its console, then use 'Put back' on the restore list and say there that it does not restart.",
            where=ctx.target.label,
        )
    return True


def _standing(ctx: JobContext) -> list[Standing]:
    with ctx.write() as uow:
        return standing_of_host(uow.session.connection(), target_host(ctx).id)


async def _put_back(
    ctx: JobContext,
    params: VerifyParams,
    left: Sequence[Standing],
    out: dict[tuple[int, str], StaysOut],
) -> list[str]:
    """VMs on, media in and SSH as before, the last change first; names of the VMs. `out` receives the media that stay out, by
    task and key."""
    started: list[str] = []
    async with AsyncExitStack() as undo:
        guests = Guests(ctx, undo, params.look_seconds, params.guest_minutes, lambda: False, lambda: None)
        for entry in reversed(left):
            if entry.name == "VM power":
                vm = Vm(moid=str(entry.original["vm"]), name=str(entry.original["name"]))
                await guests.power_on(vm, f"{entry.task_id} {vm.moid}")
                started.append(vm.name)
            elif entry.name == "medium":
                medium, mark = Medium.model_validate(entry.original), f"{entry.task_id} {entry.key}"
                stays = await connect(guests, medium, await _name(ctx, medium.vm, mark), mark)
                if stays is not None:
                    ctx.log(stays.why, "warning")
                    out[entry.task_id, entry.key] = stays
            elif entry.name == "SSH":
                ssh = SshBefore.model_validate(entry.original)
                await ctx.step(
                    "put SSH back",
                    partial(_ssh_back, ctx, ssh),
                    key=f"{entry.task_id} {entry.key}",
                    changing=True,
                    interrupted=lambda: None,
                    attempts=ATTEMPTS,
                    plan=f"SSH {'running' if ssh.running else 'off'}, policy {ssh.policy or 'unknown'}",
                )
            elif entry.name == MUTED:
                await ctx.step(
                    "let alarms act again",
                    partial(_let_act, ctx, params.look_seconds),
                    key=f"{entry.task_id}",
                    changing=True,
                    interrupted=lambda: None,
                    attempts=ATTEMPTS,
                    plan=f"EnableAlarmActions {moid_of(ctx)} enabled=true",
                )
    return started


async def _name(ctx: JobContext, vm: str, key: str) -> str:
    return await ctx.step(
        "read the VM's name", lambda: ctx.vcenter().read_vm(vm).name, key=key, attempts=ATTEMPTS
    )


def _let_act(ctx: JobContext, every: float) -> bool:
    lasting(partial(let_act, ctx, every), every)()
    return True


def _ssh_back(ctx: JobContext, before: SshBefore) -> bool:
    put_back(ctx, before)
    return True


_CLOSED_HERE = ("maintenance", "VM power", "medium", "SSH", MUTED, RESTART, UPDATE)
"""Names on the restore list that mean a host in maintenance mode; what else stands there stays."""


def _close(ctx: JobContext, left: Sequence[Standing], out: Mapping[tuple[int, str], StaysOut]) -> None:
    """A medium that may still be put in again stays on the list."""
    said = f"by job {ctx.job_id} (verify_host)"
    with ctx.write() as uow:
        for entry in left:
            stays = out.get((entry.task_id, entry.key)) if entry.name == "medium" else None
            if entry.name in _CLOSED_HERE and (stays is None or stays.for_good):
                words = f"{said}: {stays.why}" if stays else said
                close_promise(uow, entry.task_id, entry.name, entry.key, "restored", words)
