"""The plan that a rolling update, or a job that only planned one, has made."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dsm_desktop.store.models import JobTask, TaskStep
from dsm_desktop.workflows.roll_plan import RollPlan

PLAN_KINDS = ("rolling_plan", "rolling_update")


def plan_of(connection: Connection, job_id: int) -> RollPlan | None:
    """The plan of a run or of a planning job; None while it is being made."""
    result = connection.scalar(select(JobTask.result).where(JobTask.job_id == job_id))
    if result and "plan" in result:
        return RollPlan.model_validate(result["plan"])
    kept = connection.scalar(
        select(TaskStep.result)
        .join(JobTask, JobTask.id == TaskStep.task_id)
        .where(JobTask.job_id == job_id, TaskStep.name == "plan", TaskStep.state == "done")
    )
    return RollPlan.model_validate(kept["value"]) if kept else None
