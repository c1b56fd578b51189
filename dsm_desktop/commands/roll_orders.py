"""What a person can tell a rolling update that is at work: wait before the next host, go on, leave a host out.

Stopping is `jobs.cancel`: after this host, after this step, now.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from dsm_desktop.commands import jobs
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.maintenance import RunHostRow, run_of
from dsm_desktop.queries.run_orders import Order, left_as, refuse_kept
from dsm_desktop.queries.run_told import told
from dsm_desktop.store import audit
from dsm_desktop.store.models import Job, JobTask, Setting
from dsm_desktop.store.orders import ROLL_KIND, roll_key
from dsm_desktop.store.unit_of_work import UnitOfWork


def pause(uow: UnitOfWork, who: Principal, job_id: int) -> None:
    """The hosts that are being worked on are finished; no other is begun until the run goes on. Who
    pauses a paused run changes nothing."""
    who.require(Permission.OPERATE, "pause a run")
    orders = _orders(uow, job_id)
    _refuse_over(uow, job_id)
    if orders.get("paused"):
        return
    orders["paused"] = who.name
    _write(uow, who, job_id, orders, "pause")


def go_on(uow: UnitOfWork, who: Principal, job_id: int) -> None:
    """Take back a pause."""
    who.require(Permission.OPERATE, "let a run go on")
    orders = _orders(uow, job_id)
    _refuse_over(uow, job_id)
    orders["paused"] = ""
    _write(uow, who, job_id, orders, "go_on")


def skip_host(uow: UnitOfWork, who: Principal, job_id: int, host_id: int) -> str:
    """Leave a host out; returns in what state that leaves it, as `left_as`. One that is being worked on stops after its step and
    is put back. Raises NotFound for a host that the run does not have, BadInput for one that is through or left out already,
    also while it stops."""
    who.require(Permission.OPERATE, "leave a host out")
    orders = _orders(uow, job_id)
    below = select(Job.id).where(Job.parent_id == job_id, Job.kind == "host_update")
    jobs.hold_tasks(uow, JobTask.job_id.in_(below))
    row = _may_be_left_out(uow, job_id, host_id)
    orders["skip"] = sorted({*orders.get("skip", []), host_id})
    _write(uow, who, job_id, orders, "skip_host", host=host_id)
    open_states = [s.value for s in JobState if not s.final]
    child = uow.session.scalar(
        select(Job.id)
        .join(JobTask, JobTask.job_id == Job.id)
        .where(
            Job.parent_id == job_id,
            Job.kind == "host_update",
            Job.state.in_(open_states),
            JobTask.host_id == host_id,
        )
        .order_by(Job.id.desc())
    )
    if child is not None:
        jobs.cancel(uow, who, child, CancelGrade.AFTER_STEP)
    return left_as(Order.SKIP, row, row.id)


def _refuse_over(uow: UnitOfWork, job_id: int) -> None:
    """Nothing waits any more for a run that begins no other host."""
    if over := told(uow.session.connection(), job_id).over:
        raise BadInput(
            f"Run {job_id} begins no other host: {over.rstrip('.')}.",
            hint="It ends when the hosts at work are through. Plan the hosts that are left anew then.",
        )


def _may_be_left_out(uow: UnitOfWork, job_id: int, host_id: int) -> RunHostRow:
    run = run_of(uow.session.connection(), job_id)
    row = next((host for host in run.hosts if host.host_id == host_id), None)
    if row is None:
        raise NotFound(
            f"Run {job_id} has no host with the id {host_id}.",
            hint="Look at its hosts: `runs show` or the Maintenance area; before its plan is made it has none.",
        )
    refuse_kept(job_id, row)
    return row


def _orders(uow: UnitOfWork, job_id: int) -> dict[str, Any]:
    job = uow.session.get(Job, job_id, with_for_update=True)
    if job is None or job.kind != ROLL_KIND:
        raise NotFound(f"There is no rolling update {job_id}.", hint="Look at the list of jobs.")
    if JobState(job.state).final:
        raise BadInput(
            f"Job {job_id} has already ended ({job.state}).",
            hint="See what it did: `runs show` or the Maintenance area.",
        )
    if job.cancel_grade:
        raise BadInput(
            f"Run {job_id} was told to stop: no other host is begun, and that cannot be taken back.",
            hint="Plan the hosts that are left anew when it has ended.",
        )
    found = uow.session.scalar(select(Setting.value).where(Setting.key == roll_key(job_id)))
    return dict(found or {})


def _write(
    uow: UnitOfWork, who: Principal, job_id: int, orders: dict[str, Any], what: str, **more: Any
) -> None:
    key = roll_key(job_id)
    uow.session.execute(delete(Setting).where(Setting.key == key))
    uow.session.execute(
        insert(Setting), {"key": key, "value": orders, "changed_at": uow.now, "changed_by": who.name}
    )
    audit.append(uow, who.name, f"jobs.{what}", f"job {job_id}", **more)
    uow.changed("jobs", "changed", job_id)
