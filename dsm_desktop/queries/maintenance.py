"""Maintenance runs: rolling updates with all their hosts, begun or not, and single jobs on ESXi hosts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, or_, select

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.firmware_done import installed, with_installed
from dsm_desktop.queries.jobs import OPEN, DecisionRow, JobRow, TaskRow, list_jobs, open_decisions
from dsm_desktop.queries.roll_plans import plan_of
from dsm_desktop.queries.run_told import RunTold, told
from dsm_desktop.store.models import EsxiHost, Job, JobTask
from dsm_desktop.store.orders import ROLL_KIND
from dsm_desktop.workflows.roll_plan import PlannedHost, RollPlan

RUN_KINDS = (ROLL_KIND,)
HOST_KINDS = (
    "prepare_host",
    "verify_host",
    "host_update",
    "esxi_upgrade",
    "esxi_then_firmware",
    "firmware_then_esxi",
)
WAITING, LEFT_OUT, NOT_BEGUN = "waiting", "left out", "not begun"
"""States of a host that no job has begun with, beside those of jobs."""
_WORKED_ON = ("done", "failed", "cancelled")
"""What an ended run says of hosts whose work says the rest itself."""
_CUT_SHORT = (JobState.FAILED.value, JobState.CANCELLED.value)
_MOST = 500
_NO_HOST = 10**12


def hosts_known(connection: Connection) -> bool:
    """Whether there is any ESXi host that maintenance could be planned for."""
    return connection.scalar(select(EsxiHost.id).where(EsxiHost.gone.is_(False)).limit(1)) is not None


@dataclass(frozen=True, slots=True)
class RunHostRow:
    """A host of a run, once. `job_id` and `task_id` of the newest work on it, None = there was none; `state` that work's, or
    WAITING (also for a host that failed and is to be done again), LEFT_OUT, NOT_BEGUN; `outcome` the error, the result's
    summary, what it does just now, or why it stands there; `place` in the order of the work, 0 = none; `minutes` as planned;
    `grade` how soon its job was told to stop; `leaving` = somebody wants it left out."""

    id: int
    job_id: int | None
    task_id: int | None
    host_id: int | None
    host: str
    state: str
    outcome: str
    place: int = 0
    minutes: int = 0
    progress_done: int = 0
    progress_total: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    grade: CancelGrade = CancelGrade.NONE
    leaving: bool = False

    @property
    def at_work(self) -> bool:
        """A job has begun with it and has not ended. One that waits for its server to be free has not begun."""
        return self.state in OPEN and (self.state != JobState.PENDING or self.started_at is not None)

    @property
    def through(self) -> bool:
        """Its job has ended, well or not, and it gets no other."""
        return self.state in _ENDED


_ENDED = tuple(state.value for state in JobState if state.final)


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its hosts in their order. `planned` False = it still asks its hosts what they need; `paused` by whom, "" = not;
    `grade` how soon it was told to stop; `over` why it begins no other host, "" = it does; `going` False = it has ended."""

    hosts: tuple[RunHostRow, ...] = ()
    planned: bool = False
    paused: str = ""
    grade: CancelGrade = CancelGrade.NONE
    over: str = ""
    going: bool = False

    @property
    def through(self) -> int:
        """Hosts that are done, well or not."""
        return sum(row.through for row in self.hosts)

    @property
    def to_do(self) -> int:
        """Hosts that the run works on in all."""
        return sum(row.state not in (LEFT_OUT, NOT_BEGUN) for row in self.hosts)

    @property
    def minutes_left(self) -> int:
        """As planned, of the hosts that are still to begin."""
        return sum(row.minutes for row in self.hosts if row.state == WAITING)


def list_runs(connection: Connection, run_id: int | None = None) -> list[JobRow]:
    """Newest first: runs over a cluster, and jobs on single hosts that no run has started; with `run_id` that one or none."""
    wanted = (
        select(Job.id)
        .where(or_(Job.kind.in_(RUN_KINDS), Job.kind.in_(HOST_KINDS) & Job.parent_id.is_(None)))
        .order_by(Job.id.desc())
        .limit(_MOST)
    )
    if run_id is not None:
        wanted = wanted.where(Job.id == run_id)
    return list_jobs(connection, [row.id for row in connection.execute(wanted)])


def run_of(connection: Connection, run_id: int) -> Run:
    """The hosts of a run: those of its plan in their order, with the job that works or has worked on each; a job on single hosts
    is its own run."""
    plan, begun = plan_of(connection, run_id), _begun(connection, run_id)
    said = told(connection, run_id)
    if plan is None:
        return _run(tuple(begun.values()), said, bool(begun))
    rows = [
        _planned(host, plan, said, begun.pop(host.host_id, None))
        for host in (*plan.to_do, *(h for h in plan.hosts if not h.place))
    ]
    return _run((*rows, *begun.values()), said, True)


def _run(hosts: tuple[RunHostRow, ...], said: RunTold, planned: bool) -> Run:
    return Run(hosts, planned, said.paused, said.grade, said.over, said.going)


def questions_of(connection: Connection, run_id: int) -> list[DecisionRow]:
    """Open questions of a run and of every job below it, the nearest deadline first."""
    family, below = {run_id}, {run_id}
    while below:
        below = set(connection.scalars(select(Job.id).where(Job.parent_id.in_(below))))
        family |= below
    return [row for row in open_decisions(connection) if row.job_id in family]


def _begun(connection: Connection, run_id: int) -> dict[int, RunHostRow]:
    """By host; of several tries the newest."""
    columns = [getattr(JobTask, name) for name in TaskRow.__dataclass_fields__]
    query = (
        select(Job.cancel_grade, *columns)
        .join(Job, Job.id == JobTask.job_id)
        .where(or_(Job.parent_id == run_id, Job.id == run_id), Job.kind.in_(HOST_KINDS))
        .order_by(JobTask.id)
    )
    tasks = [(TaskRow(*row), CancelGrade(grade)) for grade, *row in connection.execute(query)]
    short = {task.id for task, _ in tasks if task.state in _CUT_SHORT and not task.result}
    stays = installed(connection, short)
    rows = [_host(task, grade, stays.get(task.id, "")) for task, grade in tasks]
    return {row.id: row for row in rows}


def _planned(host: PlannedHost, plan: RollPlan, said: RunTold, work: RunHostRow | None) -> RunHostRow:
    """A host of the plan. Work that was cancelled before it began was none, and work that failed and is to be done again is
    past."""
    if work is None:
        row = RunHostRow(host.host_id, None, None, host.host_id, host.name, WAITING, "")
        last = ""
    else:
        row, last = work, f"Its last try: {work.outcome}" if work.started_at is not None else ""
        unbegun = work.state == JobState.CANCELLED and work.started_at is None
        called_off = unbegun and (said.leaves_out(host.host_id) or bool(said.grade))
        over = said.ends.get(host.host_id, ("", ""))[0] in _WORKED_ON
        if over or not (called_off or _again(host, plan, said, work)):
            leaving = work.at_work and host.host_id in said.skip
            does = f"Is being left out. {work.outcome}".strip() if leaving else work.outcome
            return replace(work, outcome=does, place=host.place, minutes=host.minutes, leaving=leaving)
    state, why = _stands(host, plan, said)
    if last and why:
        why = f"{why.rstrip('.')}."
    return replace(
        row, state=state, outcome=f"{why} {last}".strip(), place=host.place, minutes=host.minutes,
        progress_done=0, progress_total=0, started_at=None, finished_at=None,
    )  # fmt: skip


def _again(host: PlannedHost, plan: RollPlan, said: RunTold, work: RunHostRow) -> bool:
    """Whether somebody wanted it tried again after that work had ended."""
    since = said.again.get(plan.mark(host))
    return since is not None and work.finished_at is not None and since >= work.finished_at


def _stands(host: PlannedHost, plan: RollPlan, said: RunTold) -> tuple[str, str]:
    """State of a host that nothing has begun with, and why."""
    found, why = said.said_of(host.host_id), host.problem or host.why
    decided = next((o for o in plan.of_host(host) if o.answer == "skip_host"), None)
    if not host.place:
        return LEFT_OUT, found or why
    if host.moid in said.passed:
        return (
            LEFT_OUT,
            found or f"{said.passed[host.moid]} decided so when the cluster was not ready for it.",
        )
    if said.leaves_out(host.host_id):
        return LEFT_OUT, found or "Somebody asked for it."
    if decided is not None:
        return LEFT_OUT, found or f"Because of {decided.name}, as {decided.by or 'somebody'} decided."
    if not said.going:
        return NOT_BEGUN, found or said.stopped or "The run ended before its turn."
    if said.over:
        return NOT_BEGUN, f"The run begins no other host: {said.over.rstrip('.')}."
    return WAITING, why


def _host(task: TaskRow, grade: CancelGrade, stays: str) -> RunHostRow:
    return RunHostRow(
        task.host_id if task.host_id is not None else _NO_HOST + task.id,
        task.job_id,
        task.id,
        task.host_id,
        task.target,
        task.state,
        with_installed(task.outcome, stays),
        0,
        0,
        task.progress_done,
        task.progress_total,
        task.started_at,
        task.finished_at,
        grade,
    )
