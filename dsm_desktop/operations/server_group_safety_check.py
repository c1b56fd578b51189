"""Judge groups of servers, keep the judgement, and say when its colour changed."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from pydantic import Field

from dsm_desktop.core.domains import Domain
from dsm_desktop.core.errors import NotFound
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.operations.cluster_safety_check import Judged
from dsm_desktop.queries.groups import group_tree
from dsm_desktop.queries.power_supplies import redundant_power
from dsm_desktop.queries.server_row import ServerRow
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.safety.judge import judge_servers
from dsm_desktop.safety.server_group import Member, may_be_off
from dsm_desktop.store.domains import domains_of_servers
from dsm_desktop.store.safety_checks import group_subject, keep_check
from dsm_desktop.workflows.safety_check import Judgement, change_words, gate_rows


class GroupCheckParams(Params):
    group_id: int | None = Field(
        None,
        title="Group",
        description="number of the group; empty: all",
        json_schema_extra={"widget": "record", "suggest": "group", "none": "All"},
    )
    tolerates: int = Field(
        1, ge=0, le=1000, title="May be missing at once", description="servers the group can do without"
    )


class GroupCheckResult(Result):
    groups: list[Judged] = Field(default_factory=list, title="Groups")


@job(
    "server_group_safety_check",
    label="Check groups' safety…",
    title="Safety check of server groups",
    targets=Targets.NONE,
    menu="Monitoring",
)
async def server_group_safety_check(ctx: JobContext, params: GroupCheckParams) -> GroupCheckResult:
    """Judge groups of servers by what is known of them: who is on and well, and how many more may be off at once. Kept as history;
    a change of colour is told. No server is asked; the age of what is known is part of the judgement.
    """
    judged = await ctx.step("judge groups", partial(_judge_all, ctx, params), returns=list[Judged])
    if not judged and params.group_id is not None:
        raise NotFound(
            "There is no such group with servers in it.", hint="Make a group, or check the number."
        )
    if not judged:
        # The schedule asks for all: that there is none yet is no failure.
        return GroupCheckResult(summary="No group has servers in it yet, so nothing was judged.")
    for found in judged:
        level = {"red": "error", "amber": "warning"}.get(found.judgement.colour, "info")
        ctx.log(
            f"{found.judgement.name} is {found.judgement.colour}. {found.change} {found.judgement.summary}",
            level,
        )
    words = "; ".join(
        f"{j.judgement.name} {j.judgement.colour}" + (f" ({j.change})" if j.change else "") for j in judged
    )
    return GroupCheckResult(summary=f"{words}.", groups=judged)


def _judge_all(ctx: JobContext, params: GroupCheckParams) -> list[Judged]:
    now = ctx.now()
    with ctx.write() as uow:
        connection = uow.session.connection()
        servers = list_servers(connection)
        rows = {row.id: row for row in servers}
        places, redundant = domains_of_servers(connection), redundant_power(connection)
        made = []
        for group in group_tree(connection, servers):
            # A cluster is judged by what its vCenter knows of it.
            chosen = (
                group.kind != "vcenter_cluster" if params.group_id is None else group.id == params.group_id
            )
            if not chosen or not group.server_ids:
                continue
            members = [
                _member(rows[i], places.get(i, frozenset()), redundant.get(i), now)
                for i in sorted(group.server_ids)
                if i in rows
            ]
            found = _judged(group_subject(group.id), group.name, members, params.tolerates, now)
            kept = keep_check(
                uow,
                subject=found.subject,
                name=found.name,
                colour=found.colour,
                summary=found.summary,
                verdict=found.model_dump(mode="json"),
                job_id=ctx.job_id,
            )
            change = change_words(found.colour, kept.before, kept.until)
            made.append(Judged(judgement=found, change=change, check_id=kept.id))
    return made


def _judged(subject: str, name: str, members: list[Member], tolerates: int, now: datetime) -> Judgement:
    verdict = judge_servers(members, tolerates=tolerates)
    free = may_be_off(members, tolerates)
    reasons = " ".join(verdict.reasons) or "All gates are green."
    return Judgement(
        subject=subject,
        name=name,
        colour=verdict.colour.value,
        summary=f"{free} more of {len(members)} servers may be off now. {reasons}",
        gates=gate_rows(verdict),
        taken_at=now.isoformat(),
    )


def _member(row: ServerRow, domains: frozenset[Domain], redundant: bool | None, now: datetime) -> Member:
    known = {"on": True, "off": False}
    return Member(
        key=str(row.id),
        name=row.label,
        health=row.health if row.health != "unknown" else "",
        on=known.get(row.power_state),
        redundant=redundant,
        domains=domains,
        age_seconds=(now - row.facts_at).total_seconds() if row.facts_at else None,
    )
