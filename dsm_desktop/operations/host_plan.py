"""What an update of a host would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.wording import plural
from dsm_desktop.firmware.plan import Plan
from dsm_desktop.jobs import JobContext, Result, Targets, job
from dsm_desktop.operations.host_esxi import EsxiPlan, esxi_plan, wanted_esxi
from dsm_desktop.operations.host_work import (
    BothOrder,
    HostWorkOptions,
    Item,
    firmware_plan,
    items_of,
    minutes_for,
)
from dsm_desktop.queries.roll_hosts import minutes_measured
from dsm_desktop.safety.blockers import blockers
from dsm_desktop.safety.fitting import moves
from dsm_desktop.workflows.device_work import Patience
from dsm_desktop.workflows.gate import GateClosed, pass_gate
from dsm_desktop.workflows.maintenance import ATTEMPTS, moid_of, read_picture, target_host
from dsm_desktop.workflows.obstacles import Obstacle, obstacles_of


class HostPlanParams(HostWorkOptions):
    pass


class HostPlanResult(Result):
    needed: bool = Field(title="Something is to be done")
    items: list[Item] = Field(default_factory=list, title="Changes")
    restarts: int = Field(0, title="Restarts")
    minutes: int = Field(0, title="Minutes, estimated")
    minutes_from: str = Field("", title="Minutes from")
    version: str = Field("", title="ESXi")
    build: str = Field("", title="Build")
    target_version: str = Field("", title="ESXi to come")
    vms: int = Field(0, title="Running VMs to move")
    memory_mb: int = Field(0, title="Memory of these VMs")
    skipped: list[str] = Field(default_factory=list, title="Left out")
    problem: str = Field("", title="In the way")
    obstacles: list[Obstacle] = Field(default_factory=list, title="Blockers")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)
    version: str
    build: str
    vms: int
    memory_mb: int
    obstacles: list[Obstacle]


@job(
    "host_plan",
    label="Plan an update…",
    title="Plan for {target}",
    targets=Targets.HOST,
    menu="vSphere",
)
async def host_plan(ctx: JobContext, params: HostPlanParams) -> HostPlanResult:
    """Say for each host what an update would change, how often it restarts and how long it takes, and what is in the way."""
    facts = await ctx.step("look at the host", partial(_facts, ctx), returns=_Facts, attempts=ATTEMPTS)
    plan, esxi = Plan(waves=(), skipped=()), EsxiPlan()
    try:
        plan, _ = await firmware_plan(ctx, params)
        problem = "" if not plan.items else await _at_the_gate(ctx, params)
        async with wanted_esxi(ctx, params) as wanted:
            esxi = await esxi_plan(ctx, wanted, key="plan")
    except Cancelled:
        raise
    except DsmError as error:
        problem = f"{error.message} {error.hint}".strip()
    items = [*items_of(plan), *esxi.items]
    apart = params.both is not BothOrder.TOGETHER
    restarts = plan.restarts + int(esxi.needed and (apart or not plan.restarts))
    needed = bool(items) or bool(problem)
    estimate = minutes_for(plan, facts.memory_mb, restarts) if items else 0
    took = await ctx.step("look how long it took before", partial(_took, ctx, restarts), returns=list[float])
    minutes, minutes_from = expected(estimate, took, ctx.target.model, restarts)
    if items:
        words = f"{plural(len(items), 'change')}, {plural(restarts, 'restart')}"
    else:
        words = "Cannot be done" if problem else "Not known" if esxi.note else "Nothing to do"
    return HostPlanResult(
        summary=f"{words}. {problem or esxi.note}".strip(),
        needed=needed,
        items=items,
        restarts=restarts,
        minutes=minutes,
        minutes_from=minutes_from,
        target_version=esxi.version,
        version=facts.version,
        build=facts.build,
        vms=facts.vms,
        memory_mb=facts.memory_mb,
        skipped=[f"{s.key}: {s.reason}" for s in plan.skipped],
        problem=problem,
        obstacles=facts.obstacles,
    )


def _took(ctx: JobContext, restarts: int) -> list[float]:
    with ctx.write() as uow:
        return minutes_measured(uow.session.connection(), ctx.target.model, restarts)


def expected(estimate: int, took: Sequence[float], model: str, restarts: int) -> tuple[int, str]:
    """(minutes, what they stand on): the median of earlier updates of this model, where there are any; else the estimate."""
    if not estimate:
        return 0, ""
    if not took:
        return estimate, "estimated: memory to move, packages, restarts"
    words = f"measured: median of {len(took)} earlier updates of {model} with {plural(restarts, 'restart')}"
    return max(1, round(median(took))), f"{words} (estimated: {estimate})"


def _facts(ctx: JobContext) -> _Facts:
    """Blockers only where the host stands alone: a cluster is judged once for all of its hosts. VMs are those that must leave, as
    in the reasons of the order: vCLS and agents' VMs are vCenter's own affair."""
    alone = not target_host(ctx).cluster
    if not alone:
        vcenter, moid = ctx.vcenter(), moid_of(ctx)
        host, vms, found = vcenter.read_host(moid), vcenter.read_vms(moid), []
    else:
        picture = read_picture(ctx)
        (host,), vms = picture.hosts, picture.vms
        found = obstacles_of(picture, {host.moid: blockers(picture, host.moid)})
    running = [vm for vm in vms if moves(vm)]
    return _Facts(
        version=host.version,
        build=host.build,
        vms=len(running),
        memory_mb=sum(vm.memory_used_mb or vm.memory_mb for vm in running),
        obstacles=found,
    )


async def _at_the_gate(ctx: JobContext, params: HostPlanParams) -> str:
    """What stands in the way of changing the server's firmware now, "" = nothing."""
    try:
        await pass_gate(ctx, Patience(params.poll_seconds, 2), even_if_critical=params.even_if_critical)
    except GateClosed as error:
        return f"{error.message} {error.hint}".strip()
    return ""
