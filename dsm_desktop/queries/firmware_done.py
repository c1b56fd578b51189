"""What firmware jobs have changed on a server, for undoing and for the Firmware page."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import StepState
from dsm_desktop.store.models import Job, JobTask, TaskStep
from dsm_desktop.workflows.firmware_host import PROVEN


class DoneBefore(BaseModel):
    """One component that a job has brought from one version to another, read back."""

    model_config = ConfigDict(frozen=True)
    fqdd: str
    name: str
    component_id: str
    before: str
    after: str


def done_by(connection: Connection, job_id: int, server_id: int) -> list[DoneBefore]:
    """What a job proved to have changed on a server, also when it failed later on; [] when it changed nothing there.

    BadInput for a job of another kind.
    """
    kind = connection.scalar(select(Job.kind).where(Job.id == job_id))
    if kind is None or ("firmware" not in kind and kind not in ("full_server_update", "repository_update")):
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
