"""What a person can do with jobs: submit, cancel, retry, hurry, take over, put back, stop everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.orm import Session

from dsm_desktop.commands.job_targets import NOUNS, Aim, aims_of
from dsm_desktop.commands.job_titles import names_in_title
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.jobs.declaration import Catalogue, JobType, Paced, Params, Targets
from dsm_desktop.store import audit, queue
from dsm_desktop.store.models import Job, JobTask, RestoreItem, Setting, TaskStep
from dsm_desktop.store.orders import STOP_KEY
from dsm_desktop.store.unit_of_work import UnitOfWork

_CHUNK = 500
PRIORITIES = (0, 1000)


@dataclass(frozen=True, slots=True)
class StillRunning:
    """What goes on although everything was stopped: a step that had begun and must end by itself."""

    job_id: int
    task_id: int
    title: str
    target: str
    step: str


def submit(
    uow: UnitOfWork,
    principal: Principal,
    catalogue: Catalogue,
    kind: str,
    target_ids: Sequence[int],
    params: Mapping[str, Any],
    *,
    schedule_at: datetime | None = None,
    priority: int = 100,
    dry_run: bool = False,
    parent: int | None = None,
    retry_of: int | None = None,
    max_parallel: int = 0,
    stagger_seconds: float = 0.0,
    stop_on_failure: bool = False,
) -> int:
    """Put a job into the queue, one task per target (or one in all); returns its id. `target_ids` are
    servers, or ESXi hosts where the kind works on hosts.

    `priority` smaller = sooner. `max_parallel` 0 = no limit; `stagger_seconds` lies between two starts.
    Raises Denied, BadInput (parameters by name, no target, time without zone) or NotFound (servers).
    """
    declared = catalogue[kind]
    principal.require(declared.needs, f"start '{declared.label}'")
    checked = declared.validate(params)
    if isinstance(checked, Paced):
        max_parallel, stagger_seconds = checked.max_parallel, checked.stagger_seconds
        stop_on_failure = checked.stop_on_failure
    _check_pace(priority, max_parallel, stagger_seconds, schedule_at)
    targets = aims_of(uow, declared, target_ids)
    label = targets[0].name if len(targets) == 1 else f"{len(targets)} {NOUNS[declared.targets]}"
    columns = {
        "priority": priority,
        "dry_run": dry_run,
        "schedule_at": schedule_at,
        "parent_id": parent,
        "retry_of_id": retry_of,
        "max_parallel": max_parallel,
        "stagger_seconds": stagger_seconds,
        "stop_on_failure": stop_on_failure,
        "total": len(targets),
    }
    title = declared.title_for(checked, label, len(targets), names_in_title(uow, checked))
    job_id = _add_job(uow, principal, declared, checked, title, columns)
    start = max(schedule_at or uow.now, uow.now)
    _add_tasks(uow, declared, checked, job_id, targets, priority, start, (max_parallel, stagger_seconds))
    _note(uow, principal, declared, job_id, title, checked, targets, dry_run)
    uow.changed("jobs", "added", job_id)
    uow.changed("job_tasks", "added", job=job_id)
    return job_id


def _note(
    uow: UnitOfWork,
    principal: Principal,
    declared: JobType,
    job_id: int,
    title: str,
    params: Params,
    targets: Sequence[Aim],
    dry_run: bool,
) -> None:
    audit.append(
        uow,
        principal.name,
        f"jobs.{declared.kind}",
        f"job {job_id}: {title}"[:300],
        params=params.model_dump(mode="json"),
        dry_run=dry_run,
        servers=[t.server_id for t in targets if t.server_id is not None][:_CHUNK],
    )


def _add_job(
    uow: UnitOfWork,
    principal: Principal,
    declared: JobType,
    params: Params,
    title: str,
    columns: Mapping[str, Any],
) -> int:
    row = {
        "kind": declared.kind,
        "title": title[:300],
        "state": JobState.PENDING.value,
        "params": params.model_dump(mode="json"),
        "submitted_by": principal.name,
        "submitted_at": uow.now,
        **columns,
    }
    job_id: int = uow.session.execute(insert(Job).returning(Job.id), row).scalar_one()
    return job_id


def _add_tasks(
    uow: UnitOfWork,
    declared: JobType,
    params: Params,
    job_id: int,
    targets: Sequence[Aim],
    priority: int,
    start: datetime,
    pace: tuple[int, float],
) -> None:
    rows = [
        {
            "job_id": job_id,
            "server_id": aim.server_id,
            "host_id": aim.host_id,
            "target": aim.name[:300],
            "lock_key": _lock_key(declared, params, aim),
            "priority": priority,
            "due_at": _due(start, position, *pace),
        }
        for position, aim in enumerate(targets)
    ]
    uow.session.execute(insert(JobTask), rows)


def _check_pace(priority: int, max_parallel: int, stagger: float, schedule_at: datetime | None) -> None:
    if not PRIORITIES[0] <= priority <= PRIORITIES[1]:
        raise BadInput(
            f"The priority {priority} is out of range.",
            hint=f"Use {PRIORITIES[0]} (first) to {PRIORITIES[1]}.",
        )
    if max_parallel < 0 or stagger < 0:
        raise BadInput("A limit or pause cannot be negative.", hint="Use 0 for none.")
    if schedule_at is not None and schedule_at.tzinfo is None:
        raise BadInput(
            "The start time has no time zone.", hint="Give it with a zone, e.g. 2026-05-01T22:00+02:00."
        )


def _lock_key(declared: JobType, params: Params, aim: Aim) -> str:
    """A host whose iDRAC is known shares the lock of its server: firmware and ESXi are not updated at the same time."""
    if not declared.exclusive:
        return ""
    if aim.server_id is not None:
        return f"server:{aim.server_id}"
    if aim.host_id is not None:
        return f"host:{aim.host_id}"
    return declared.lock(params) if declared.lock is not None else f"kind:{declared.kind}"


def _due(start: datetime, position: int, max_parallel: int, stagger: float) -> datetime:
    if max_parallel and position >= max_parallel:
        return queue.HELD
    return start + timedelta(seconds=stagger * position)


def _job(uow: UnitOfWork, job_id: int) -> Job:
    job = uow.session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound(f"There is no job {job_id}.", hint="It may have been removed by the retention rules.")
    return job


def hold_tasks(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Until the commit none of these tasks is begun or ended. Before their jobs' rows and by id, as a claim takes them: who asks
    the other way round waits for one that waits for him."""
    pending = JobTask.state == JobState.PENDING.value
    uow.session.execute(select(JobTask.id).where(which, pending).order_by(JobTask.id).with_for_update()).all()


def cancel(
    uow: UnitOfWork, principal: Principal, job_id: int, grade: CancelGrade = CancelGrade.AFTER_STEP
) -> int:
    """Ask a job and its child jobs to stop; returns how many tasks ended at once. What runs stops by the grade: after its
    target, after its step, now. What was changed for the time of the job is put back in any case."""
    principal.require(Permission.OPERATE, "cancel jobs")
    hold_tasks(uow, JobTask.job_id == job_id)
    job = _job(uow, job_id)
    if JobState(job.state).final:
        raise BadInput(
            f"Job {job_id} has already ended ({job.state}).", hint="See what it did in the list of jobs."
        )
    if grade <= job.cancel_grade:
        return 0
    job.cancel_grade = int(grade)
    uow.session.flush()
    audit.append(
        uow, principal.name, "jobs.cancel", f"job {job_id}: {job.title}"[:300], grade=grade.name.lower()
    )
    ended = queue.cancel_unstarted(uow, job_id)
    uow.changed("jobs", "changed", job_id, cancel=int(grade))
    running = [s.value for s in (JobState.PENDING, JobState.RUNNING, JobState.PAUSED)]
    children = select(Job.id).where(Job.parent_id == job_id, Job.state.in_(running)).order_by(Job.id)
    for child in list(uow.session.scalars(children)):
        ended += cancel(uow, principal, child, grade)
    return ended


def _refuse_second_retry(uow: UnitOfWork, job_id: int) -> None:
    """Two people who see the same failure must not do the work twice. The job's row is locked: the second one waits and sees
    the first one's job."""
    uow.session.execute(select(Job.id).where(Job.id == job_id).with_for_update())
    at_work = Job.state.in_([s.value for s in JobState if not s.final])
    again = uow.session.scalar(select(Job).where(Job.retry_of_id == job_id, at_work).order_by(Job.id))
    if again is not None:
        raise BadInput(
            f"{again.submitted_by} has begun this again already, as job {again.id}, which has not ended.",
            hint="Follow that job; what fails there can be retried there.",
            where=again.title,
        )


def retry_failed(uow: UnitOfWork, principal: Principal, catalogue: Catalogue, job_id: int) -> int:
    """A new job of the same kind, parameters and pace on the targets that failed; returns its id."""
    job = _job(uow, job_id)
    failed = list(
        uow.session.scalars(
            select(JobTask.host_id if catalogue[job.kind].targets is Targets.HOST else JobTask.server_id)
            .where(JobTask.job_id == job_id, JobTask.state == JobState.FAILED.value)
            .order_by(JobTask.id)
        )
    )
    if not failed:
        raise BadInput(f"No target of job {job_id} has failed.", hint="There is nothing to retry.")
    _refuse_second_retry(uow, job_id)
    return submit(
        uow,
        principal,
        catalogue,
        job.kind,
        [target_id for target_id in failed if target_id is not None],
        job.params,
        priority=job.priority,
        dry_run=job.dry_run,
        parent=job.parent_id,
        retry_of=job_id,
        max_parallel=job.max_parallel,
        stagger_seconds=job.stagger_seconds,
        stop_on_failure=job.stop_on_failure,
    )


def set_priority(uow: UnitOfWork, principal: Principal, job_id: int, priority: int) -> None:
    """Move the job's waiting tasks forwards (smaller) or backwards in the queue."""
    principal.require(Permission.OPERATE, "change the order of jobs")
    _check_pace(priority, 0, 0.0, None)
    job = _job(uow, job_id)
    job.priority = priority
    pending = update(JobTask).where(JobTask.job_id == job_id, JobTask.state == JobState.PENDING.value)
    uow.session.execute(pending.values(priority=priority), execution_options={"synchronize_session": False})
    audit.append(uow, principal.name, "jobs.priority", f"job {job_id}: {job.title}"[:300], priority=priority)
    uow.changed("jobs", "changed", job_id)


def take_over(uow: UnitOfWork, principal: Principal, task_id: int) -> None:
    """Take a running task from its runner, which is known to hang or be gone, so that another one goes on at once.

    The old runner's writes are refused from now on; a request it has already sent cannot be called back.
    """
    principal.require(Permission.OPERATE, "take over tasks")
    statement = (
        update(JobTask)
        .where(JobTask.id == task_id, JobTask.state.in_([JobState.RUNNING.value, JobState.PAUSED.value]))
        .values(state=JobState.PENDING.value, runner_id=None, token=JobTask.token + 1, due_at=uow.now)
        .returning(JobTask.job_id, JobTask.target)
        .execution_options(synchronize_session=False)
    )
    row = uow.session.execute(statement).first()
    if row is None:
        raise BadInput(f"Task {task_id} does not run.", hint="Only a running task can be taken over.")
    audit.append(
        uow, principal.name, "jobs.take_over", f"job {row.job_id}, task {task_id}: {row.target}"[:300]
    )
    uow.changed("job_tasks", "changed", task_id)
    uow.changed("job_tasks", "due")


def put_back(uow: UnitOfWork, principal: Principal, task_id: int) -> None:
    """Try again to put back what an ended task has left changed: a runner replays it up to its open promises and keeps
    them; nothing else of it is done."""
    principal.require(Permission.OPERATE, "put back changes")
    task = uow.session.get(JobTask, task_id, with_for_update=True)
    open_states = ("standing", "failed")
    items = select(RestoreItem.id).where(RestoreItem.task_id == task_id, RestoreItem.state.in_(open_states))
    ids = list(uow.session.scalars(items))
    if task is None or not JobState(task.state).final or not ids:
        raise BadInput(f"Task {task_id} has nothing left to put back.", hint="Look at the restore list.")
    counter = {JobState.COMPLETED: "done", JobState.FAILED: "failed", JobState.CANCELLED: "cancelled"}
    name = counter[JobState(task.state)]
    job = _job(uow, task.job_id)
    setattr(job, name, getattr(job, name) - 1)
    job.state, job.finished_at = JobState.RUNNING.value, None
    task.error = task.error or {
        "code": "PutBack",
        "message": "What was changed was still to be put back.",
        "hint": "",
    }
    task.state, task.due_at, task.runner_id, task.attempt = JobState.PENDING.value, uow.now, None, 0
    uow.session.execute(
        update(RestoreItem)
        .where(RestoreItem.id.in_(ids))
        .values(state="standing", message="", closed_at=None)
    )
    audit.append(
        uow, principal.name, "jobs.put_back", f"job {task.job_id}, task {task_id}: {task.target}"[:300]
    )
    uow.changed("restore_list", "changed", *ids)
    uow.changed("job_tasks", "changed", task_id)
    uow.changed("job_tasks", "due")
    uow.changed("jobs", "changed", task.job_id)


def emergency_stop(uow: UnitOfWork, principal: Principal, on: bool, reason: str = "") -> list[StillRunning]:
    """STOP: no new step starts anywhere until it is taken back. Returns the steps that still run (they end by themselves).

    Anybody who may operate may stop; taking it back needs the same right and is audited.
    """
    principal.require(Permission.OPERATE, "stop all work" if on else "let work go on")
    uow.session.execute(delete(Setting).where(Setting.key == STOP_KEY))
    if on:
        value = {"by": principal.name, "reason": reason}
        uow.session.execute(
            insert(Setting),
            {"key": STOP_KEY, "value": value, "changed_at": uow.now, "changed_by": principal.name},
        )
    audit.append(uow, principal.name, "jobs.stop_all" if on else "jobs.go_on", "all work", reason=reason)
    uow.changed("settings", "changed", key=STOP_KEY)
    return still_running(uow)


def stop_reason(reader: Connection | Session) -> str | None:
    """Who stopped all work and why ("anna: wrong rack"), None when work goes on."""
    row = reader.execute(select(Setting.value).where(Setting.key == STOP_KEY)).first()
    if row is None:
        return None
    return f"{row.value.get('by', '')}: {row.value.get('reason', '')}".rstrip(": ")


def still_running(uow: UnitOfWork) -> list[StillRunning]:
    """Every step that has begun and not ended on a task that a runner holds."""
    rows = uow.session.execute(
        select(Job.id, JobTask.id, Job.title, JobTask.target, TaskStep.name)
        .join_from(TaskStep, JobTask, TaskStep.task_id == JobTask.id)
        .join(Job, Job.id == JobTask.job_id)
        .where(
            TaskStep.state == "begun",
            TaskStep.kind.in_(["step", "always"]),
            JobTask.state.in_([JobState.RUNNING.value, JobState.PAUSED.value]),
        )
        .order_by(TaskStep.id)
    )
    return [StillRunning(*row) for row in rows]
