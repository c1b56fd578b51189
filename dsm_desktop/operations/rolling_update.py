"""Bring a whole cluster up to date, host by host, and leave it as it was."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.jobs import Danger, JobContext, NotAllDone, Result, Targets, job
from dsm_desktop.operations.roll_ends import ASKED_TO_STOP, HostEnd, Standing
from dsm_desktop.operations.roll_planning import decide_all, make_plan
from dsm_desktop.operations.roll_run import Roll
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.safety.gates import names
from dsm_desktop.store.orders import forget_roll_orders
from dsm_desktop.workflows.cluster_settings import ClusterAt, Setting, Wish, settings_held
from dsm_desktop.workflows.fault_tolerance import Pair, fault_tolerance_suspended, pairs_to_suspend
from dsm_desktop.workflows.maintenance import ATTEMPTS
from dsm_desktop.workflows.roll_plan import SUSPEND, RollPlan


class RollParams(RollOptions):
    pass


class RollResult(Result):
    plan: RollPlan = Field(title="Plan")
    hosts: list[HostEnd] = Field(default_factory=list, title="Hosts")
    changed: list[str] = Field(default_factory=list, title="Settings changed for the time and put back")


class RollingPlanResult(Result):
    plan: RollPlan = Field(title="Plan")


class RollPlanParams(RollOptions):
    pass


@job(
    "rolling_plan",
    label="Plan maintenance…",
    title="Maintenance plan of {cluster}",
    targets=Targets.NONE,
    menu="vSphere",
)
async def rolling_plan(ctx: JobContext, params: RollPlanParams) -> RollingPlanResult:
    """Write the plan of a rolling update and change nothing: what each host needs, restarts and minutes, what stands in the way
    and what was decided about it, the order of hosts with reasons, and what is held changed during the run.
    """
    plan = await make_plan(ctx, params)
    open_questions = [o for o in plan.obstacles if not o.answer]
    more = f"; {len(open_questions)} VMs are still to be decided on" if open_questions else ""
    words = f"{len(plan.to_do)} of {len(plan.hosts)} hosts, about {plan.minutes} minutes{more}"
    said = _cannot(plan)
    if plan.to_do or not said:
        said.insert(0, words if plan.to_do else "Nothing is to be done")
    return RollingPlanResult(summary=f"{'; '.join(said)}.", plan=plan)


def _warning(params: RollParams) -> str:
    ha = (
        " HA is switched off meanwhile: nothing is restarted if another host fails."
        if params.disable_ha
        else ""
    )
    return (
        "Every host that needs something is emptied, updated, restarted and taken back into service, one after the other. The"
        f" run stops or asks where anything is unusual; nothing is forced.{ha}"
    )


@job(
    "rolling_update",
    label="Rolling update…",
    title="Rolling update of {cluster}",
    targets=Targets.NONE,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    lock=lambda p: p.lock,
    confirm=_warning,
)
async def rolling_update(ctx: JobContext, params: RollParams) -> RollResult:
    """Bring the hosts of a cluster (or stand-alone hosts) up to date one after the other: plan, decisions taken once, gates before
    every host, each host emptied, updated, proven and back in service before the next.

    The first host is a trial: when it fails, the run stops. Settings changed for the time are put back in any case.
    """
    plan = await make_plan(ctx, params)
    if not plan.to_do:
        await ctx.step("plan", lambda: plan, returns=RollPlan)
        return _result(plan, [_untouched(h.host_id, h.name, h.why) for h in plan.hosts], [])
    plan = await decide_all(ctx, params, plan)
    await ctx.step("plan", lambda: plan, returns=RollPlan)
    ctx.log(
        f"{len(plan.to_do)} of {len(plan.hosts)} hosts, about {plan.minutes} minutes: "
        + ", ".join(h.name for h in plan.to_do)
    )
    changed: list[str] = []
    if plan.cluster and plan.vcenter_id is not None:
        at = ClusterAt(plan.vcenter_id, plan.cluster, plan.subject)
        async with settings_held(ctx, at, _wishes(params)) as changed:
            pairs = await ctx.step(
                "find fault-tolerant pairs",
                partial(_pairs, ctx, params, plan, at),
                returns=list[Pair],
                attempts=ATTEMPTS,
            )
            async with fault_tolerance_suspended(ctx, at, pairs) as suspended:
                changed.extend(suspended)
                ends = await Roll(ctx, params, plan, at).run()
    else:
        ends = await Roll(ctx, params, plan, None).run()
    if not ctx.dry_run:
        await ctx.step("forget orders", partial(_forget, ctx))
    return _result(plan, ends, changed)


def _cannot(plan: RollPlan) -> list[str]:
    """Hosts that need something and cannot be given it, and why the first of them cannot; each one's row has its own reason."""
    left = [h for h in plan.hosts if h.problem]
    if not left:
        return []
    first = f" ({left[0].name})" if len(left) > 1 else ""
    return [f"{names(h.name for h in left)} cannot be done: {left[0].problem.rstrip('.')}{first}"]


def _untouched(host_id: int, name: str, why: str) -> HostEnd:
    return HostEnd(host_id=host_id, name=name, standing=Standing.UNTOUCHED, why=why)


def _wishes(params: RollOptions) -> list[Wish]:
    wishes = []
    if params.hold_power_management:
        wishes.append(Wish(Setting.DPM, "off", "it would put emptied hosts to sleep"))
        wishes.append(Wish(Setting.PROACTIVE_HA, "off", "it would quarantine a host that is worked on"))
    if params.drs_automatic:
        wishes.append(Wish(Setting.DRS_LEVEL, "fullyAutomated", "as was asked for"))
    if params.disable_ha:
        wishes.append(Wish(Setting.HA, "off", "as was asked for"))
    return wishes


def _pairs(ctx: JobContext, params: RollOptions, plan: RollPlan, at: ClusterAt) -> list[Pair]:
    """Those that are in the way of a host; where builds change, all of them: a pair needs two hosts of one build."""
    if not params.suspend_ft:
        return []
    picture = at.client(ctx).read_cluster(at.moid)
    if plan.target_version:
        return pairs_to_suspend(picture, [vm.moid for vm in picture.vms])
    return pairs_to_suspend(picture, [o.vm for o in plan.obstacles if o.answer == SUSPEND])


def _forget(ctx: JobContext) -> None:
    with ctx.write() as uow:
        forget_roll_orders(uow.session.connection(), ctx.job_id)


def _result(plan: RollPlan, ends: list[HostEnd], changed: list[str]) -> RollResult:
    """Raises NotAllDone where a host failed or could not be done, and where the run ended before all were begun."""
    of = {standing: [e for e in ends if e.standing is standing] for standing in Standing}
    failed = [*of[Standing.FAILED], *of[Standing.CANCELLED]]
    cannot = _cannot(plan)
    unbegun = of[Standing.NOT_BEGUN]
    said = []
    if plan.to_do:
        said.append(f"{len(of[Standing.DONE])} of {len(plan.to_do)} hosts are up to date and in service")
    elif not cannot:
        said.append("Nothing is to be done")
    said += [f"{e.name} failed: {e.why.rstrip('.')}" for e in failed]
    said += cannot
    said += [
        f"{words}: {', '.join(e.name for e in rest)}"
        for words, rest in (("left out", of[Standing.SKIPPED]), ("not begun", unbegun))
        if rest
    ]
    result = RollResult(summary=f"{'; '.join(said)}.", plan=plan, hosts=ends, changed=changed)
    if not (failed or cannot or unbegun):
        return result
    hints = list(dict.fromkeys(e.hint for e in failed if e.hint))
    raise NotAllDone(
        result,
        hint=" ".join([*hints, "Run it again for the rest: hosts that are done are not touched again."]),
        where=plan.subject,
        stopped=not failed and not cannot and all(e.why == ASKED_TO_STOP for e in unbegun),
    )
