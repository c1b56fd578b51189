"""Making the plan of a rolling update: every host asked, the cluster judged once, decisions taken once, an order with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from dsm_desktop.commands import vm_decisions
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import BadInput, Cancelled, NotFound
from dsm_desktop.core.vsphere import DrsLevel
from dsm_desktop.jobs import JobContext
from dsm_desktop.operations.roll_depot import depot_in_place
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.queries.roll_hosts import (
    HostOutcome,
    RollHost,
    hosts_by_id,
    hosts_of_cluster,
    outcomes,
    who_answered,
)
from dsm_desktop.queries.vm_decisions import list_vm_decisions
from dsm_desktop.store.domains import domains_of_hosts
from dsm_desktop.workflows.dry_run import refused_by_host
from dsm_desktop.workflows.maintenance import ATTEMPTS
from dsm_desktop.workflows.obstacles import Obstacle, question_about
from dsm_desktop.workflows.roll_plan import (
    NO_HOST,
    ClusterFacts,
    PlannedHost,
    RollPlan,
    cluster_facts,
    decided,
    in_cluster,
    shared_uuids,
    stand_alone,
    unclear,
)

_CHILD_HOURS = 24.0


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)
    vm: str
    cause: str
    answer: str
    by: str


async def make_plan(ctx: JobContext, params: RollOptions) -> RollPlan:
    """The whole plan, with every decision that is known; those that are open have no answer yet."""
    hosts = await ctx.step("find the hosts", partial(_hosts, ctx, params), returns=list[RollHost])
    facts = None
    if params.cluster:
        facts = await ctx.step(
            "judge the cluster", partial(_facts, ctx, params), returns=ClusterFacts, attempts=ATTEMPTS
        )
        for alarm in facts.accepted:
            ctx.log(alarm.words, "warning")
        ctx.log(f"{facts.name}: DRS {_drs(facts)}, HA {'on' if facts.ha else 'off'}, {len(hosts)} hosts.")
        await depot_in_place(ctx, params, facts.name)
    looked = await _ask_hosts(ctx, params, hosts)
    kept = await ctx.step("read kept decisions", partial(_kept, ctx, params), returns=list[_Kept])
    planned = [_planned(host, looked.get(host.id), facts) for host in hosts]
    found = _obstacles(planned, looked, facts)
    answered = decided(
        found,
        {name: answer.value for name, answer in params.decided.items()},
        {(k.vm, k.cause): (k.answer, k.by) for k in kept},
        by=ctx.submitted_by,
        media=params.fix_media,
        move=params.move_vms,
        suspend=params.suspend_ft,
    )
    ordered = stand_alone(planned, params.order)
    if facts is not None:
        ordered = await ctx.step(
            "order the hosts",
            partial(_ordered, ctx, params, planned),
            returns=list[PlannedHost],
            attempts=ATTEMPTS,
        )
    return RollPlan(
        subject=facts.name if facts else f"{len(hosts)} stand-alone hosts",
        vcenter_id=params.vcenter_id,
        cluster=params.cluster,
        hosts=ordered,
        obstacles=answered,
        largest_out=facts.largest_out if facts else [],
        settings=settings_words(params, facts),
        accepted=facts.accepted if facts else [],
        remarks=[*unclear(found, params.decided), *_remarks(params, facts)],
        taken_at=facts.taken_at if facts else ctx.now().isoformat(),
    )


def _hosts(ctx: JobContext, params: RollOptions) -> list[RollHost]:
    with ctx.write() as uow:
        connection = uow.session.connection()
        if params.cluster:
            assert params.vcenter_id is not None
            found = hosts_of_cluster(connection, params.vcenter_id, params.cluster)
            unknown = set(params.hosts) - {h.id for h in found}
            found = [h for h in found if not params.hosts or h.id in params.hosts]
        else:
            found = hosts_by_id(connection, params.hosts)
            unknown = set(params.hosts) - {h.id for h in found}
            in_cluster = [h.name for h in found if h.cluster]
            if in_cluster:
                raise BadInput(
                    f"{in_cluster[0]} belongs to a cluster.", hint="Name the cluster, and the host beside it."
                )
    if unknown or not found:
        raise NotFound(
            f"Host {min(unknown)} is not there." if unknown else "No host of this cluster is in the list.",
            hint="Read the vCenter again (synchronise), and look at the list of hosts.",
        )
    return found


def _ordered(ctx: JobContext, params: RollOptions, planned: Sequence[PlannedHost]) -> list[PlannedHost]:
    return in_cluster(ctx.vcenter(params.vcenter_id).read_cluster(params.cluster), planned, params.order)


def _facts(ctx: JobContext, params: RollOptions) -> ClusterFacts:
    client = ctx.vcenter(params.vcenter_id)
    picture = client.read_cluster(params.cluster)
    if picture.cluster is None:
        raise NotFound(
            f"There is no cluster {params.cluster} in this vCenter.", hint="Read the vCenter again."
        )
    with ctx.write() as uow:
        domains = domains_of_hosts(uow.session.connection(), params.vcenter_id or 0)
    refused = refused_by_host(ctx, client, picture)
    return cluster_facts(
        picture, domains, refused, params.allow_out, params.accept_alarms, ctx.submitted_by or "the schedule"
    )


async def _ask_hosts(
    ctx: JobContext, params: RollOptions, hosts: Sequence[RollHost]
) -> dict[int, HostOutcome]:
    """What each host's own plan said; {} in a dry run, which starts no other jobs."""
    ctx.progress(0, len(hosts), "Asking every host what it needs")
    child = await ctx.spawn("host_plan", params.for_host([]), [h.id for h in hosts])
    if ctx.dry_run or not child:
        return {}

    def ended() -> list[HostOutcome] | None:
        found = read_outcomes(ctx, [child])
        ctx.progress(sum(o.ended for o in found), len(found), "Asking every host what it needs")
        return found if found and all(o.ended for o in found) else None

    found = await ctx.wait_for(
        "every host to be asked",
        ended,
        every=min(2.0, params.look_seconds),
        timeout=_CHILD_HOURS * 3600,
        returns=list[HostOutcome],
    )
    return {o.host_id: o for o in found}


def read_outcomes(ctx: JobContext, jobs: Sequence[int]) -> list[HostOutcome]:
    """How the tasks of child jobs stand; in a pool thread."""
    with ctx.write() as uow:
        return outcomes(uow.session.connection(), jobs)


def _planned(host: RollHost, outcome: HostOutcome | None, facts: ClusterFacts | None) -> PlannedHost:
    result: dict[str, Any] = (outcome.result if outcome else None) or {}
    changes = [f"{i['name']} {i['before']} → {i['after']}" for i in result.get("items", [])]
    problem = str(result.get("problem", ""))
    if outcome is not None and outcome.result is None:
        problem = f"{outcome.message} {outcome.hint}".strip() or f"its plan was {outcome.state}"
    return PlannedHost(
        host_id=host.id,
        moid=host.moid,
        name=host.name,
        changes=changes,
        restarts=int(result.get("restarts", 0)),
        minutes=int(result.get("minutes", 0)),
        minutes_from=str(result.get("minutes_from", "")),
        version=f"{result.get('version', '')} build {result.get('build', '')}" if result else "",
        target_version=str(result.get("target_version", "")),
        vms=int(result.get("vms", 0)),
        memory_mb=int(result.get("memory_mb", 0)),
        room=facts.room.get(host.moid, "") if facts else "",
        no_place=facts.no_place.get(host.moid, []) if facts else [],
        problem=problem,
    )


def _obstacles(
    planned: Sequence[PlannedHost], looked: dict[int, HostOutcome], facts: ClusterFacts | None
) -> list[Obstacle]:
    """Of the hosts that are to be done."""
    wanted = {h.moid for h in planned if h.changes}
    if facts is not None:
        return [o for o in facts.obstacles if o.host in wanted]
    return [
        Obstacle.model_validate(o).model_copy(update={"host_id": h.host_id})
        for h in planned
        if h.changes
        for o in ((looked[h.host_id].result or {}).get("obstacles", []) if h.host_id in looked else [])
    ]


def _kept(ctx: JobContext, params: RollOptions) -> list[_Kept]:
    with ctx.write() as uow:
        rows = list_vm_decisions(uow.session.connection(), params.vcenter_id)
    # Without a vCenter rows of all are found; those of others are about other VMs.
    return [
        _Kept(vm=r.vm, cause=r.cause, answer=r.answer, by=r.decided_by)
        for r in rows
        if r.vcenter_id == params.vcenter_id
    ]


def settings_words(params: RollOptions, facts: ClusterFacts | None) -> list[str]:
    """What will be held changed, for the written plan."""
    if facts is None:
        return []
    said = []
    if params.disable_ha and facts.ha:
        said.append("HA is switched off for the time of the run (asked for).")
    if params.drs_automatic and facts.drs not in ("off", "fullyAutomated"):
        said.append(f"DRS is set from {_drs(facts)} to fully automated for the time of the run (asked for).")
    if params.hold_power_management and facts.dpm:
        said.append("DPM is switched off for the time of the run.")
    if params.hold_power_management and facts.proactive_ha:
        said.append("Proactive HA is switched off for the time of the run.")
    if params.suspend_admission and facts.admission_control and facts.ha:
        said.append("HA's admission control is suspended for a host that it would not let be emptied.")
    return said


def _drs(facts: ClusterFacts) -> str:
    return facts.drs if facts.drs == "off" else DrsLevel(facts.drs).words


def _remarks(params: RollOptions, facts: ClusterFacts | None) -> list[str]:
    if facts is None:
        return ["Stand-alone hosts: their VMs have nowhere to go and are shut down where that was decided."]
    said = [f"{NO_HOST}: {text}" for text in facts.red]
    said += facts.not_accepted
    said += [f"{text}: its host is done last." for text in facts.own.values()]
    if facts.drs != "fullyAutomated":
        who = "the run moves VMs itself" if params.move_vms else "VMs must be moved by hand"
        said.append(f"DRS is {_drs(facts)}: {who}.")
    if params.parallel > 1:
        said += [f"Not more hosts at once: {why}" for why in facts.largest_why[:5]]
    return said


async def decide_all(ctx: JobContext, params: RollOptions, plan: RollPlan) -> RollPlan:
    """Ask about every VM that is still open, once, before the first host is touched. Cancelled when the answer is to stop."""
    doing = {o.key for h in plan.to_do for o in plan.of_host(h)}
    twice, shared = Counter(o.vm for o in plan.obstacles), shared_uuids(plan.obstacles)
    settled: list[Obstacle] = []
    for obstacle in plan.obstacles:
        if obstacle.answer or obstacle.key not in doing:
            settled.append(obstacle)
            continue
        # A moid that no other VM has stays the mark: runs that began before there was a key find their answers.
        mark = obstacle.key if twice[obstacle.vm] > 1 else obstacle.vm
        question = question_about(obstacle, params.ask_hours).model_copy(update={"key": f"VM {mark}"})
        answer = await ctx.decide(question)
        if answer == "stop":
            raise Cancelled(f"Stopped before anything was changed, because of {obstacle.name}.")
        by = "dry run"
        if not ctx.dry_run:
            by = await ctx.step(
                "keep decision",
                partial(_keep, ctx, params, obstacle, answer, question.key, obstacle.uuid in shared),
                key=mark,
            )
        settled.append(obstacle.model_copy(update={"answer": answer, "by": by}))
    return plan.model_copy(update={"obstacles": settled})


def _keep(
    ctx: JobContext, params: RollOptions, obstacle: Obstacle, answer: str, key: str, shared: bool
) -> str:
    """Keep a person's answer for next time; returns who gave it. What only the deadline said is kept for nobody, and nothing
    where another VM shares the uuid it would be kept under."""
    with ctx.write() as uow:
        by = who_answered(uow.session.connection(), ctx.task_id, key)
        if params.remember and by not in ("", "deadline") and obstacle.uuid and not shared:
            vm_decisions.keep(
                uow,
                Principal(by),
                vcenter_id=params.vcenter_id,
                vm=obstacle.uuid,
                name=obstacle.name,
                cause=obstacle.cause,
                answer=answer,
            )
    return by
