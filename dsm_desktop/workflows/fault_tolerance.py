"""Fault tolerance of VMs suspended for the time of a run, where it would keep a host from getting empty or would break between
two builds; each pair on the restore list first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext
from dsm_desktop.safety.fitting import fault_tolerant_pairs
from dsm_desktop.workflows.cluster_settings import ClusterAt
from dsm_desktop.workflows.guests import refuse_failed, task_end
from dsm_desktop.workflows.maintenance import NotYet, change, lasting, patiently, refuse_at_work


class Pair(BaseModel):
    """A primary VM and its secondary (moids)."""

    model_config = ConfigDict(frozen=True)
    primary: str
    secondary: str
    name: str


def pairs_to_suspend(picture: ClusterPicture, vms: Collection[str]) -> list[Pair]:
    """The pairs one of whose halves is among these VMs (moids)."""
    by_moid = {vm.moid: vm for vm in picture.vms}
    found = []
    for group in fault_tolerant_pairs(picture.vms):
        roles = {by_moid[moid].fault_tolerance: by_moid[moid] for moid in group}
        if {"primary", "secondary"} <= roles.keys() and set(group) & set(vms):
            primary = roles["primary"]
            found.append(Pair(primary=primary.moid, secondary=roles["secondary"].moid, name=primary.name))
    return found


@asynccontextmanager
async def fault_tolerance_suspended(
    ctx: JobContext, at: ClusterAt, pairs: Sequence[Pair]
) -> AsyncIterator[list[str]]:
    """The pairs without their secondary for the time of the block; yields what was changed, in words."""
    async with AsyncExitStack() as undo:
        for pair in pairs:
            await undo.enter_async_context(
                ctx.always(
                    "fault tolerance",
                    f"Resume fault tolerance of {pair.name}",
                    lasting(partial(_resume, ctx, at, pair), 5.0),
                    original={"vcenter": at.vcenter_id, "vm": pair.primary, "secondary": pair.secondary},
                    key=pair.primary,
                )
            )
            await _suspend(ctx, at, pair)
        yield [f"Fault tolerance of {pair.name}: suspended" for pair in pairs]


def _suspended(vm: Vm) -> bool:
    """Still a pair, and its secondary stands still."""
    return bool(vm.fault_tolerance_pair) and not vm.fault_tolerance


async def _suspend(ctx: JobContext, at: ClusterAt, pair: Pair) -> None:
    def stands() -> str | None:
        return "suspended" if _suspended(at.client(ctx).read_vm(pair.primary)) else None

    def taken() -> str | None:
        """Done, or on its way: the task is the one to be watched."""
        tasks = at.client(ctx).running_tasks(pair.primary)
        return stands() or next((t.moid for t in tasks if "disablesecondary" in t.kind.casefold()), None)

    def send() -> str:
        return taken() or at.client(ctx).suspend_fault_tolerance(pair.primary, pair.secondary)

    task = await change(
        ctx,
        "suspend fault tolerance",
        send,
        key=pair.primary,
        taken=taken,
        plan=f"DisableSecondaryVM_Task {pair.primary} vm={pair.secondary}",
    )
    if ctx.dry_run:
        return

    def over() -> str | None:
        if done := stands():
            return done
        end = task_end(at.client(ctx), task)
        if end is not None:
            refuse_failed(end, f"Fault tolerance of {pair.name} could not be suspended", pair.name)
        return None

    await ctx.wait_for(
        f"fault tolerance of {pair.name} to be suspended", patiently(over), every=2, timeout=900
    )
    ctx.log(f"Fault tolerance of {pair.name} is suspended; it is resumed at the end.")


def _resume(ctx: JobContext, at: ClusterAt, pair: Pair) -> None:
    """One look: what somebody has resumed or taken apart meanwhile is his."""
    vcenter = at.client(ctx)
    refuse_at_work(vcenter, pair.primary, "secondary", pair.name)
    vm = vcenter.read_vm(pair.primary)
    if not _suspended(vm):
        if not vm.fault_tolerance_pair:
            ctx.log(f"{pair.name} is no fault-tolerant VM any more: somebody changed it.", "warning")
        return
    if not vcenter.running_tasks(pair.primary):
        vcenter.resume_fault_tolerance(pair.primary, pair.secondary)
    raise NotYet(f"Fault tolerance of {pair.name} is being resumed.", every=2, where=pair.name)
