"""VMs that are suspended to the memory of a host: its restart loses their state, so the work waits until somebody has resumed them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import count

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.core.vsphere import Vm
from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.workflows.maintenance import ATTEMPTS, HostSkipped, moid_of


async def nothing_in_memory(ctx: JobContext, hours: float, when: str) -> None:
    """Returns when no VM is suspended to the host's memory; a person is asked as long as one is. Raises HostSkipped, Cancelled."""
    label = ctx.target.label
    for number in count(1):
        key = f"{when} {number}"
        vms = await ctx.step(
            "look for VMs in the host's memory",
            partial(_suspended, ctx),
            key=key,
            returns=list[Vm],
            attempts=ATTEMPTS,
        )
        if not vms:
            return
        names = ", ".join(vm.name for vm in vms)
        why = (
            f"{label} keeps the state of {names} in its memory (suspended to memory), and a restart loses it"
        )
        chosen = await ctx.decide(_question(label, why, key, hours))
        if chosen == "stop":
            raise Cancelled(f"Stopped, as was decided: {why}.")
        if chosen == "skip":
            raise HostSkipped(
                f"{label} was left out: {why}.",
                hint="Resume them in vCenter, then retry the host.",
                where=label,
            )


def _question(label: str, why: str, key: str, hours: float) -> Question:
    return Question(
        key=f"in memory {key}",
        question=f"{why}. Resume them in vCenter; then they move like any other. (A host in maintenance mode must leave it for"
        " that.) What need not be kept may be powered off there.",
        options=[
            Option(value="retry", title="Look again", help="they were resumed or powered off"),
            Option(value="skip", title=f"Leave {label} out", help="it is put back as it was"),
            Option(value="stop", title="Stop here", help="what was changed is put back"),
        ],
        default="skip",
        within=timedelta(hours=hours),
    )


def _suspended(ctx: JobContext) -> list[Vm]:
    return [vm for vm in ctx.vcenter().read_vms(moid_of(ctx)) if vm.suspended_to_memory]
