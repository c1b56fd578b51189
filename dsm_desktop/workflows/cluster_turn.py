"""One host of a cluster after the other, and none more than the cluster can spare: asked before a host is touched.

A rolling update asks the same, and more, before each of its hosts; what it starts waits for nobody here.
"""

from __future__ import annotations

import math
from datetime import timedelta
from functools import partial
from itertools import count

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext, Option, Question, TimedOut
from dsm_desktop.safety.domains import Domains
from dsm_desktop.safety.gates import names, why_out
from dsm_desktop.safety.placement import against_together
from dsm_desktop.store.domains import domains_of_hosts
from dsm_desktop.store.orders import orders
from dsm_desktop.store.restore_list import left_standing
from dsm_desktop.store.turns import take_turn, works_for
from dsm_desktop.workflows.how_to_empty import HowToEmpty, Remedy, answer_for
from dsm_desktop.workflows.maintenance import (
    ENTER,
    HostSkipped,
    moid_of,
    patiently,
    read_picture,
    running_task,
    target_host,
)

_ROLL = "rolling_update"
_PROMISES = ("maintenance", "VM power")
_FREE = "free"
_ON_ITS_WAY = "being emptied"
_CANCELLED = "cancelled"


async def turn_taken(ctx: JobContext, how: HowToEmpty) -> None:
    """Returns when no other job works on a host of this cluster and the cluster can spare the target beside the hosts that are
    out. The turn is kept until the task has ended. Raises HostSkipped, Cancelled."""
    if not target_host(ctx).cluster or ctx.dry_run or await begun_before(ctx):
        return
    if await ctx.step("look whether a run gave the turn", partial(_has_turn, ctx), returns=bool):
        return
    seen = await ctx.wait_for(
        "the other hosts of the cluster to be through",
        partial(_taken, ctx),
        every=max(how.every, 0.2),
        timeout=math.inf,  # each ends by itself, or asks a person and has an answer for nobody's
        returns=str,
    )
    if seen == _CANCELLED:
        raise Cancelled(f"Stopped before {ctx.target.label} was touched.")
    await _spared(ctx, how)


async def begun_before(ctx: JobContext) -> bool:
    """Whether the host stands on the restore list for this task already: what is asked before it is touched has been asked then,
    or by a version that did not ask. Never a recorded step: those are not taken again when only putting back is left."""

    def look() -> bool:
        with ctx.write() as uow:
            return bool(left_standing(uow.session.connection(), ctx.task_id, _PROMISES))

    return not ctx.dry_run and await ctx.run(look)


def _has_turn(ctx: JobContext) -> bool:
    """A run that is at work has judged the cluster."""
    with ctx.write() as uow:
        return works_for(uow.session.connection(), ctx.task_id, _ROLL)


def _cancelled(ctx: JobContext) -> bool:
    """In whatever way: a target that waits for its turn has not been begun, though its task has."""
    with ctx.write() as uow:
        _, grade = orders(uow.session.connection(), ctx.job_id)
    return grade > 0


def _taken(ctx: JobContext) -> str | None:
    if _cancelled(ctx):
        return _CANCELLED
    host = target_host(ctx)
    with ctx.write() as uow:
        turn = take_turn(uow.session.connection(), ctx.task_id, f"turn:{host.vcenter_id}:{host.cluster}")
    if turn is None:
        return "taken"
    ctx.progress(
        0, 0, f"Waits for its turn: one host of a cluster at a time, now {turn.target} (job {turn.job_id})"
    )
    return None


async def _spared(ctx: JobContext, how: HowToEmpty) -> None:
    """Wait as long as for a host that does not get empty; then a person says how to go on."""
    label = ctx.target.label
    for number in count(1):
        looking = _Looking(ctx, how)
        try:
            seen = await ctx.wait_for(
                f"the cluster to spare {label} ({number})",
                patiently(looking),
                every=how.every,
                timeout=how.stuck_minutes * 60,
                returns=str,
            )
        except TimedOut:
            why = looking.why or "vCenter does not answer."
        else:
            if seen == _CANCELLED:
                raise Cancelled(f"Stopped before {label} was touched.")
            return
        why = await ctx.step("why it is not spared", partial(str, why), key=str(number))
        chosen = await ctx.decide(_question(label, why, number, how.ask_hours))
        if chosen == "stop":
            raise Cancelled(f"Stopped before {label} was touched: {why}")
        if chosen == "skip":
            raise HostSkipped(f"{label} was left out: {why}", hint=_HINT, where=label)


_HINT = "Take the other hosts back into service first, then retry the host."


def _question(label: str, why: str, number: int, hours: float) -> Question:
    return Question(
        key=f"spare {number}",
        question=f"{label} is not emptied: the cluster cannot spare it now. {why} {_HINT} If it must be out all the same, put it"
        " into maintenance mode in vCenter yourself and start again.",
        options=[
            Option(value="retry", title="Look again", help="the cause was removed"),
            Option(value="skip", title=f"Leave {label} out", help="nothing has been changed on it"),
            Option(value="stop", title="Stop here", help="nothing has been changed on it"),
        ],
        default="skip",
        within=timedelta(hours=hours),
    )


class _Looking:
    """`why` the cluster cannot spare the target, as seen last."""

    def __init__(self, ctx: JobContext, how: HowToEmpty) -> None:
        self._ctx, self._how, self.why = ctx, how, ""

    def __call__(self) -> str | None:
        if _cancelled(self._ctx):
            return _CANCELLED
        why = against(read_picture(self._ctx), moid_of(self._ctx), self._how, _domains(self._ctx))
        if why and why != self.why:
            self._ctx.log(f"{self._ctx.target.label} waits: {why}", "warning")
        self.why = why
        return None if why else _FREE


def _domains(ctx: JobContext) -> Domains:
    """Afresh: servers are moved between racks and PDUs while a job waits."""
    vcenter_id = target_host(ctx).vcenter_id
    if vcenter_id is None:
        return {}
    with ctx.write() as uow:
        return domains_of_hosts(uow.session.connection(), vcenter_id)


def against(picture: ClusterPicture, moid: str, how: HowToEmpty, domains: Domains) -> str:
    """Why a host of this cluster is not to be emptied beside those that are out or on their way, "" = nothing is against it. With no other host
    out each of its VMs is looked at by itself. A host that is out already makes nothing worse."""
    if any(h.moid == moid and not h.usable for h in picture.hosts):
        return ""
    facts = picture.cluster.vsan if picture.cluster else None
    if facts is not None and facts.resync_bytes:
        return f"vSAN has {facts.resync_bytes / 1024**3:.1f} GB to resync."
    away = [h for h in picture.hosts if h.moid != moid and (not h.usable or running_task(h, ENTER))]
    if not away:
        return ""
    stopped = {vm.moid for vm in picture.vms_on(moid) if answer_for(how, vm) is Remedy.SHUT_DOWN}
    out = frozenset({moid, *(h.moid for h in away)})
    why = against_together(picture, out, domains, frozenset(stopped))
    others = names(f"{h.name} ({why_out(h) or _ON_ITS_WAY})" for h in away)
    return f"Out already: {others}. {why}" if why else ""
