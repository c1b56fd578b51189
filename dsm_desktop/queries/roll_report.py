"""A rolling update on paper: the written plan before it, and the report after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.document import Document
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.queries.maintenance import run_of
from dsm_desktop.queries.roll_plans import PLAN_KINDS, plan_of
from dsm_desktop.store.models import Decision, Job, JobTask, RestoreItem
from dsm_desktop.workflows.how_to_empty import Remedy
from dsm_desktop.workflows.obstacles import Obstacle
from dsm_desktop.workflows.roll_plan import SUSPEND, PlannedHost, RollPlan


@dataclass(frozen=True, slots=True)
class Decided:
    """A question of a run and its answer. `by` a person or "deadline"; "" while it is open."""

    target: str
    question: str
    answer: str
    by: str
    at: datetime | None


def plan_document(connection: Connection, job_id: int) -> Document:
    """The written plan of a job. Raises NotFound."""
    return plan_pages(_plan(connection, job_id))


def plan_pages(plan: RollPlan) -> Document:
    """The written plan: hosts with versions, restarts and minutes, what each is to get, what stands in the way and what was
    decided."""
    doing = plan.to_do
    restarts = sum(h.restarts for h in doing)
    looked = f" The cluster was looked at {_moment(plan.taken_at)}." if plan.taken_at else ""
    intro = (
        f"{len(doing)} of {len(plan.hosts)} hosts, {restarts} restart{'s' if restarts != 1 else ''}, one after the other about "
        f"{plan.minutes} minutes.{looked}",
        *_minutes_from(doing),
        *(f"For the time of the run: {setting}." for setting in (s.rstrip(".") for s in plan.settings)),
        *(alarm.words for alarm in plan.accepted),
        *plan.remarks,
    )
    return Document(
        f"Maintenance plan: {plan.subject}",
        intro,
        (_hosts_table(plan), _changes_table(plan), _obstacles_table(plan)),
        {"What is updated": "Nothing.", "What stands in the way": "Nothing stands in the way."},
    )


def report_document(connection: Connection, job_id: int) -> Document:
    """What was done: versions before and after, times, failures, decisions and by whom, and whether everything was put back.
    Raises NotFound."""
    plan = _plan(connection, job_id)
    job = _job(connection, job_id)
    family = [job_id, *_children(connection, job_id)]
    return Document(
        f"Maintenance report: {plan.subject}",
        _report_intro(connection, job, plan, family),
        (
            *_done_tables(connection, job_id),
            _decisions_table(decisions(connection, family), plan),
            _restore_table(connection, family),
            _obstacles_table(plan),
        ),
        {
            "Versions": "No version has changed.",
            "Decisions": _no_question(plan),
            "Still to be put back": "The restore list is empty: everything was put back.",
            "What stands in the way": "Nothing stood in the way.",
        },
    )


def _no_question(plan: RollPlan) -> str:
    """Said where the run has asked nothing."""
    if any(o.answer for o in plan.obstacles):
        return "The run had no question: what was decided before it, and by whom, stands under “What stands in the way”."
    return "Nobody had to decide anything."


def decisions(connection: Connection, job_ids: Sequence[int]) -> list[Decided]:
    """Questions of these jobs in the order in which they were asked."""
    query = (
        select(
            JobTask.target,
            Decision.question,
            Decision.options,
            Decision.answer,
            Decision.answered_by,
            Decision.answered_at,
        )
        .join(JobTask, JobTask.id == Decision.task_id)
        .where(JobTask.job_id.in_(job_ids))
        .order_by(Decision.asked_at, Decision.id)
    )
    made = []
    for target, question, options, answer, by, at in connection.execute(query):
        titles = {o["value"]: o["title"] for o in options}
        made.append(Decided(target, question, titles.get(answer, answer or "open"), by or "", at))
    return made


def _plan(connection: Connection, job_id: int) -> RollPlan:
    _job(connection, job_id)
    plan = plan_of(connection, job_id)
    if plan is None:
        raise NotFound(f"Job {job_id} has made no plan yet.", hint="Wait until it has asked every host.")
    return plan


def _job(connection: Connection, job_id: int) -> JobRow:
    rows = list_jobs(connection, ids=[job_id])
    if not rows or rows[0].kind not in PLAN_KINDS:
        raise NotFound(
            f"Job {job_id} is no rolling update and no plan of one.", hint="Look at the list of jobs."
        )
    return rows[0]


def _children(connection: Connection, job_id: int) -> list[int]:
    return list(connection.scalars(select(Job.id).where(Job.parent_id == job_id).order_by(Job.id)))


def _moment(taken_at: str) -> str:
    """ "2026-11-29T08:30:01.79+00:00" as people write it."""
    return f"{datetime.fromisoformat(taken_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _minutes_from(hosts: Sequence[PlannedHost]) -> list[str]:
    """What the minutes stand on; hosts are named where it is not the same for all."""
    by_words: dict[str, list[str]] = {}
    for host in hosts:
        if host.minutes_from:
            by_words.setdefault(host.minutes_from, []).append(host.name)
    if len(by_words) == 1:
        return [f"Minutes {said}." for said in by_words]
    return [f"Minutes of {', '.join(of)} {said}." for said, of in by_words.items()]


def _hosts_table(plan: RollPlan) -> Table:
    rows = [
        (
            h.place or None,
            h.name,
            f"{h.version} → {h.target_version}" if h.place and h.target_version else h.version,
            len(h.changes) if h.place else None,
            h.restarts if h.place else None,
            h.minutes if h.place else None,
            h.vms,
            _why(plan, h),
        )
        for h in sorted(plan.hosts, key=lambda h: (h.place == 0, h.place, h.name))
    ]
    headings = ("#", "Host", "ESXi", "Updates", "Restarts", "Minutes", "VMs", "Why")
    return Table("Hosts", headings, rows)


def _why(plan: RollPlan, host: PlannedHost) -> str:
    """Why it is done at its place, or not; and what the others say about its VMs."""
    said = [plan.no_room_on(host) if host.place else "", host.why]
    if host.problem and host.problem.rstrip(".") not in host.why:
        said.insert(0, host.problem)
    return " ".join(text for text in said if text)


def _changes_table(plan: RollPlan) -> Table:
    """A line for each update, so that it can be read on paper and filtered in a spreadsheet."""
    rows = [(h.place, h.name, change) for h in plan.to_do for change in h.changes]
    return Table("What is updated", ("#", "Host", "Update"), rows)


_DECIDED = {
    "": "open: the run asks before the first host",
    Remedy.MIGRATE: "the run moves it",
    Remedy.SHUT_DOWN: "shut down, on again afterwards",
    Remedy.DISCONNECT: "take the medium out, put it in again afterwards",
    Remedy.SKIP_HOST: "leave the host out",
    Remedy.WAIT: "somebody frees it by hand",
    SUSPEND: "suspend its fault tolerance for the run",
}


def _obstacles_table(plan: RollPlan) -> Table:
    rows = [
        (
            o.host_name,
            o.name,
            _without_names(o),
            _DECIDED.get(o.answer, o.answer.replace("_", " ")),
            o.by,
            o.way_out,
        )
        for o in plan.obstacles
    ]
    return Table("What stands in the way", ("Host", "VM", "Why", "Decided", "By", "Way out"), rows)


def _without_names(obstacle: Obstacle) -> str:
    """The reason without the names that stand beside it."""
    named = f"VM '{obstacle.name}' on host '{obstacle.host_name}' "
    said = obstacle.reason.removeprefix(named)
    return said[:1].upper() + said[1:]


def _report_intro(
    connection: Connection, job: JobRow, plan: RollPlan, family: Sequence[int]
) -> tuple[str, ...]:
    said = [f"Job {job.id}, started by {job.submitted_by}: {job.outcome}."]
    said += [alarm.words for alarm in plan.accepted]
    task = connection.execute(select(JobTask.result, JobTask.error).where(JobTask.job_id == job.id)).first()
    if task is not None:
        result, error = task
        told = ((result or {}).get("summary"), (error or {}).get("message"))
        said += dict.fromkeys(str(t) for t in told if t)
        changed = (result or {}).get("changed") or []
        if changed:
            said.append(f"Changed for the time of the run and put back: {'; '.join(changed)}.")
    if job.started_at is not None and job.finished_at is not None:
        took = (job.finished_at - job.started_at).total_seconds() / 60
        said.append(f"It took {took:.0f} minutes (planned: {plan.minutes}), {len(family) - 1} jobs.")
    return tuple(said)


_OUTCOMES = {JobState.COMPLETED: "done", JobState.PAUSED: "waits with a question"}


def _done_tables(connection: Connection, job_id: int) -> tuple[Table, Table]:
    """The hosts, a row for each try in the order of the work, then those that were not touched; and every version that changed."""
    query = (
        select(
            JobTask.host_id,
            JobTask.target,
            JobTask.state,
            JobTask.started_at,
            JobTask.finished_at,
            JobTask.result,
            JobTask.error,
            Job.id,
        )
        .join(Job, Job.id == JobTask.job_id)
        .where(Job.parent_id == job_id, Job.kind == "host_update")
        .order_by(JobTask.id)
    )
    rows: list[tuple[Any, ...]] = []
    versions: list[tuple[str, str, str, str]] = []
    seen = set()
    for host, target, state, begun, ended, result, error, child in connection.execute(query):
        seen.add(host)
        versions += _versions(target, result or {})
        rows.append(
            (
                target,
                _OUTCOMES.get(JobState(state), state),
                begun,
                round((ended - begun).total_seconds() / 60) if begun and ended else None,
                _words(result or {}, error or {}),
                child,
            )
        )
    others = [h for h in run_of(connection, job_id).hosts if h.host_id not in seen]
    rows += [(h.host, h.state, None, None, f"{h.outcome[:1].upper()}{h.outcome[1:]}", None) for h in others]
    hosts = Table("Hosts", ("Host", "Outcome", "Begun", "Minutes", "Remarks", "Job"), rows)
    return hosts, Table("Versions", ("Host", "Part", "Before", "After"), versions)


def _versions(host: str, result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    found = [(host, str(d["name"]), str(d["before"]), str(d["after"])) for d in result.get("done") or []]
    before, after = result.get("version_before") or "", result.get("version_after") or ""
    if before != after and not any(name.startswith("ESXi") for _, name, _, _ in found):
        found.insert(0, (host, "ESXi", before, after))
    return list(dict.fromkeys(found))


def _words(result: dict[str, Any], error: dict[str, Any]) -> str:
    said = [str(error.get("message", "")), str(error.get("hint", "")), *result.get("notes", [])]
    if result.get("stopped"):
        said.append(f"VMs shut down and on again: {', '.join(result['stopped'])}.")
    return " ".join(s for s in said if s)


def _decisions_table(asked: Sequence[Decided], plan: RollPlan) -> Table:
    rows = [(d.at, d.target or plan.subject, d.question, d.answer, d.by) for d in asked]
    return Table("Decisions", ("At", "About", "Question", "Answer", "By"), rows)


def _restore_table(connection: Connection, family: Sequence[int]) -> Table:
    item = RestoreItem
    query = (
        select(item.what, item.state, item.message, item.created_at)
        .join(JobTask, JobTask.id == item.task_id)
        .where(JobTask.job_id.in_(family), item.state.in_(["standing", "failed"]))
        .order_by(item.id)
    )
    rows = [(what, state, message, at) for what, state, message, at in connection.execute(query)]
    return Table("Still to be put back", ("What", "State", "Why not", "Since"), rows)
