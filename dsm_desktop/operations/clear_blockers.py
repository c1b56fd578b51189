"""Clear what keeps a host from being emptied and can be put back without harm, in good time before the night."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from pydantic import Field

from dsm_desktop.core.vsphere import Vm
from dsm_desktop.jobs import Beside, Danger, JobContext, Params, Result, Targets, job
from dsm_desktop.safety.blockers import blockers
from dsm_desktop.workflows.drives import held_by_media, take_out
from dsm_desktop.workflows.dry_run import refused_by_host
from dsm_desktop.workflows.guests import Guests
from dsm_desktop.workflows.maintenance import ATTEMPTS, moid_of, read_picture


class ClearBlockersParams(Params):
    look_seconds: float = Field(
        5, ge=0.1, le=300, title="Look at vCenter every", json_schema_extra={"unit": "seconds"}
    )


class ClearBlockersResult(Result):
    cleared: list[str] = Field(default_factory=list, title="Cleared")
    left: list[str] = Field(default_factory=list, title="Still in the way")


@job(
    "clear_blockers",
    label="Clear harmless blockers…",
    title="Clear blockers of {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    beside=Beside.MEDIA,
    confirm=lambda p: (
        "Images, floppies and clients' drives are taken out of running VMs, the Tools installer is unmounted. Media stand on the"
        " restore list; 'Put back' there connects them again, but clients' drives, which whoever uses them must connect anew."
    ),
)
async def clear_blockers(ctx: JobContext, params: ClearBlockersParams) -> ClearBlockersResult:
    """Take media out of the VMs of hosts where nothing else is meant by it, so that they can be moved tonight. Each but a client's
    drive stands on the restore list until 'Put back' connects it again. What needs a decision is only named.
    """
    vms = await ctx.step("find blockers", partial(held_by_media, ctx), returns=list[Vm], attempts=ATTEMPTS)
    cleared: list[str] = []
    async with AsyncExitStack() as undo:
        guests = Guests(ctx, undo, params.look_seconds, 10, lambda: True, lambda: None)
        for vm in vms:
            cleared += await take_out(guests, vm, vm.moid)
    left = await ctx.step("look again", partial(_left, ctx), returns=list[str], attempts=ATTEMPTS)
    if ctx.dry_run:
        return ClearBlockersResult(summary="Nothing was changed (dry run).", left=left)
    words = f"{len(cleared)} cleared" if cleared else "Nothing to clear"
    return ClearBlockersResult(
        summary=f"{words}; {len(left)} still in the way."
        if left
        else f"{words}; nothing is in the way any more.",
        cleared=cleared,
        left=left,
    )


def _left(ctx: JobContext) -> list[str]:
    """What still stops the host, in words."""
    picture, moid = read_picture(ctx), moid_of(ctx)
    found = blockers(picture, moid, refused_by_host(ctx, ctx.vcenter(), picture, frozenset({moid})).get(moid))
    return [f"{f.name}: {f.reason}" for f in found if f.severity.value == "block"]
