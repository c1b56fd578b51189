"""Judge clusters, keep the judgement, and say when its colour changed."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.jobs import JobContext, NotAllDone, Params, Result, Targets, job
from dsm_desktop.queries.roll_hosts import clusters_known
from dsm_desktop.store.domains import domains_of_hosts
from dsm_desktop.store.safety_checks import cluster_subject, keep_check
from dsm_desktop.workflows.dry_run import refused_by_host
from dsm_desktop.workflows.maintenance import ATTEMPTS
from dsm_desktop.workflows.safety_check import (
    Judgement,
    change_words,
    fresh_picture,
    judge_cluster,
    measured,
)


class ClusterCheckParams(Params):
    vcenter_id: int | None = Field(
        None,
        title="vCenter",
        description="empty: all",
        json_schema_extra={"widget": "record", "suggest": "vcenter", "none": "All"},
    )
    cluster: str = Field(
        "",
        max_length=64,
        title="Cluster",
        description="its id in vCenter (domain-c8); empty: all",
        json_schema_extra={"widget": "record", "suggest": "cluster", "none": "All"},
    )


class Judged(BaseModel):
    """A judgement and what it changed."""

    model_config = ConfigDict(frozen=True)
    judgement: Judgement
    change: str = ""
    check_id: int = 0


class NotRead(BaseModel):
    """A cluster that could not be judged, and why."""

    model_config = ConfigDict(frozen=True)
    name: str
    why: str


class ClusterCheckResult(Result):
    clusters: list[Judged] = Field(default_factory=list, title="Clusters")
    unread: list[NotRead] = Field(default_factory=list, title="Could not be read")


@job(
    "cluster_safety_check",
    label="Check safety…",
    title="Safety check of {cluster}",
    targets=Targets.NONE,
    menu="vSphere",
)
async def cluster_safety_check(ctx: JobContext, params: ClusterCheckParams) -> ClusterCheckResult:
    """Judge clusters on a fresh picture: every gate with its numbers, each host taken out, blockers of every VM, and the largest
    set of hosts that may be out together. Kept as history; a change of colour is told. Changes nothing.
    """
    wanted = await ctx.step(
        "find clusters", partial(_clusters, ctx, params), returns=list[tuple[int, str, str]]
    )
    if not wanted:
        raise NotFound("No cluster is known.", hint="Add a vCenter and read it (synchronise).")
    judged: list[Judged] = []
    unread: list[NotRead] = []
    for number, (vcenter, moid, name) in enumerate(wanted):
        ctx.progress(number, len(wanted), name)
        try:
            found = await ctx.step(
                "judge",
                partial(_judge, ctx, vcenter, moid),
                key=f"{vcenter} {moid}",
                attempts=ATTEMPTS if len(wanted) == 1 else 2,
                returns=Judged,
            )
        except DsmError as error:
            unread.append(NotRead(name=name, why=error.message))
            ctx.log(f"{name}: {error}", "warning")
            continue
        judged.append(found)
        level = {"red": "error", "amber": "warning"}.get(found.judgement.colour, "info")
        ctx.log(f"{name} is {found.judgement.colour}. {found.change} {found.judgement.summary}", level)
    result = ClusterCheckResult(summary=_summary(judged, unread), clusters=judged, unread=unread)
    if unread:
        raise NotAllDone(result, hint="Look at its vCenter, then check again.", where=unread[0].name)
    return result


def _clusters(ctx: JobContext, params: ClusterCheckParams) -> list[tuple[int, str, str]]:
    with ctx.write() as uow:
        known = clusters_known(uow.session.connection())
    return [row for row in known if params.vcenter_id in (None, row[0]) and params.cluster in ("", row[1])]


def _judge(ctx: JobContext, vcenter: int, moid: str) -> Judged:
    subject = cluster_subject(vcenter, moid)
    client = ctx.vcenter(vcenter)
    with ctx.write() as uow:
        domains = domains_of_hosts(uow.session.connection(), vcenter)
    picture = fresh_picture(client, moid)
    told = refused_by_host(ctx, client, picture)
    judgement = judge_cluster(picture, subject, measured(client, moid, domains), told)
    kept = ctx.save(
        lambda uow: keep_check(
            uow,
            subject=subject,
            name=judgement.name,
            colour=judgement.colour,
            summary=judgement.summary,
            verdict=judgement.model_dump(mode="json"),
            job_id=ctx.job_id,
        )
    )
    change = change_words(judgement.colour, kept.before, kept.until)
    return Judged(judgement=judgement, change=change, check_id=kept.id)


def _summary(judged: list[Judged], unread: list[NotRead]) -> str:
    parts = [
        f"{j.judgement.name} {j.judgement.colour}" + (f" ({j.change})" if j.change else "") for j in judged
    ]
    if unread:
        parts.append(f"{len(unread)} could not be read: {unread[0].name}: {unread[0].why.rstrip('.')}")
    return f"{'; '.join(parts)}."
