"""What firmware jobs have changed on a server: for undoing, for the Firmware page, and for work that ended before its time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import StepState
from dsm_desktop.store.models import Job, JobTask, TaskStep
from dsm_desktop.workflows.firmware_proof import PROVEN, Done, Outcome
from dsm_desktop.workflows.firmware_send import SENT


class DoneBefore(BaseModel):
    """One component that a job has brought from one version to another, read back."""

    model_config = ConfigDict(frozen=True)
    fqdd: str
    name: str
    component_id: str
    before: str
    after: str


def is_firmware(kind: str) -> bool:
    """Whether jobs of this kind bring firmware to servers."""
    return "firmware" in kind or kind in ("full_server_update", "repository_update")


def done_by(connection: Connection, job_id: int, server_id: int) -> list[DoneBefore]:
    """What a job proved to have changed on a server, also when it failed later on; [] when it changed nothing there.

    BadInput for a job of another kind.
    """
    kind = connection.scalar(select(Job.kind).where(Job.id == job_id))
    if kind is None or not is_firmware(kind):
        raise BadInput(
            f"Job {job_id} is no firmware job.",
            hint="Give the number of an update job, as the list of jobs shows it.",
        )
    rows = connection.scalars(
        select(TaskStep.result)
        .join(JobTask, JobTask.id == TaskStep.task_id)
        .where(
            JobTask.job_id == job_id,
            JobTask.server_id == server_id,
            TaskStep.name == PROVEN,
            TaskStep.state == StepState.DONE.value,
        )
        .order_by(TaskStep.id)
    )
    return [DoneBefore.model_validate(row) for result in rows for row in (result or {}).get("value", [])]


def installed(connection: Connection, task_ids: Collection[int]) -> dict[int, str]:
    """Task → what of its firmware stays although it ended before its time, in words: what it had read back as installed, and the
    packages it had sent and not read back, some of which the iDRAC may have begun to apply."""
    query = (
        select(TaskStep.task_id, TaskStep.name, TaskStep.key, TaskStep.result)
        .where(
            TaskStep.task_id.in_(sorted(task_ids)),
            TaskStep.name.in_((PROVEN, SENT)),
            TaskStep.state == StepState.DONE.value,
        )
        .order_by(TaskStep.id)
    )
    changes: dict[int, list[str]] = {}
    sent: dict[int, dict[str, None]] = {}
    for task, name, key, result in connection.execute(query) if task_ids else ():
        if name == SENT:
            sent.setdefault(task, {})[key] = None
            continue
        for done in map(Done.model_validate, (result or {}).get("value", [])):
            if done.outcome is not Outcome.PROVEN:
                continue
            sent.get(task, {}).pop(key, None)
            if done.before != done.after:
                changes.setdefault(task, []).append(f"{done.name} {done.before} → {done.after}")
    return {task: _stays(changes.get(task, ()), tuple(sent.get(task, ()))) for task in {*changes, *sent}}


def _stays(changes: Sequence[str], doubtful: Sequence[str]) -> str:
    said = [f"installed before: {'; '.join(dict.fromkeys(changes))}"] if changes else []
    said += [f"sent and not read back, so look at the version: {', '.join(doubtful)}"] if doubtful else []
    return "; ".join(said)


def with_installed(said: str, stays: str) -> str:
    """A sentence about how work ended, and what stays of it."""
    return f"{said.rstrip('.')}. {stays[0].upper()}{stays[1:]}.".removeprefix(". ") if stays else said
