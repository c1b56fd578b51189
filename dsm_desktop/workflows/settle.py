"""A cluster at rest again after a host came back: nothing moves, vSAN copies nothing, and what DRS would still like is named."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.workflows.cluster_settings import ClusterAt
from dsm_desktop.workflows.maintenance import change, patiently
from dsm_desktop.workflows.vsan_rest import UNREAD, copying, left_to_copy

_MOVES = ("executevmotion", "virtualmachine.migrate", "virtualmachine.relocate")
_QUIET_LOOKS = 3
_ROUNDS = 3
"""What DRS advises after its advice was followed is followed again, so often."""


class Rest(BaseModel):
    """What the last look found. `advice` DRS's recommendations, `busy` what keeps the cluster from resting."""

    model_config = ConfigDict(frozen=True)
    advice: list[tuple[str, str]] = []
    busy: str = ""


async def settled(
    ctx: JobContext, at: ClusterAt, *, key: str, follow: bool, minutes: float, every: float
) -> None:
    """Wait until no VM of the cluster moves and vSAN has nothing to copy. DRS's recommendations (manual and partial mode) are
    told by name; they are applied only with `follow`. What still moves after that time is told, and the next gate judges."""
    if ctx.dry_run:
        return
    for number in range(1, _ROUNDS + 1):
        rest = await _at_rest(ctx, at, minutes, every)
        for _, text in rest.advice:
            said = "It is applied." if follow else "It is left to you."
            ctx.log(f"DRS of {at.name} recommends: {text}. {said}", "info" if follow else "warning")
        if rest.busy or not rest.advice or not follow:
            return
        for advised, text in rest.advice:
            try:
                await change(
                    ctx,
                    "apply recommendation",
                    partial(_apply, ctx, at, advised),
                    key=f"{key} {number} {advised}",
                    taken=partial(_taken, ctx, at, advised),
                    plan=f"ApplyRecommendation {at.moid} {advised}",
                )
            except VcenterFault as error:
                # DRS changes its mind while it is asked, or the account may not apply; the next gate judges what is left.
                ctx.log(f"vCenter did not apply '{text}': {error.message}", "warning")


async def _at_rest(ctx: JobContext, at: ClusterAt, minutes: float, every: float) -> Rest:
    quiet, last = 0, [Rest()]

    def look() -> Rest | None:
        nonlocal quiet
        last[0] = _look(ctx, at)
        quiet = 0 if last[0].busy else quiet + 1
        if last[0].busy:
            ctx.progress(0, 1, f"{at.name} settles: {last[0].busy}")
        return last[0] if quiet >= _QUIET_LOOKS else None

    try:
        return await ctx.wait_for(
            f"{at.name} to settle", patiently(look), every=every, timeout=minutes * 60, returns=Rest
        )
    except TimedOut:
        ctx.log(f"{at.name} has not settled within {minutes:g} minutes: {last[0].busy}.", "warning")
        return last[0]


def _look(ctx: JobContext, at: ClusterAt) -> Rest:
    picture = at.client(ctx).read_cluster(at.moid)
    cluster = picture.cluster
    moving = [vm.name for vm in picture.vms if any(kind in vm.busy_with.casefold() for kind in _MOVES)]
    left = left_to_copy(picture)
    busy = [f"{', '.join(moving[:4])} ({len(moving)} VMs) still move"] if moving else []
    busy += [UNREAD] if left is None else [copying(left)] if left else []
    return Rest(advice=list(cluster.advice if cluster else ()), busy="; ".join(busy))


def _apply(ctx: JobContext, at: ClusterAt, key: str) -> str:
    if _taken(ctx, at, key) is None:
        at.client(ctx).apply_recommendation(at.moid, key)
    return "applied"


def _taken(ctx: JobContext, at: ClusterAt, key: str) -> str | None:
    """A recommendation that was followed, or that DRS has taken back, is not listed any more."""
    return None if any(advised == key for advised, _ in at.read(ctx).advice) else "applied"
