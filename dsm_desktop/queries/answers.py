"""How questions of jobs were answered, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.store.models import Decision, Job, JobTask

DEADLINE = "deadline"
"""Who has answered where nobody did in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`answer` as its button says it; `by` a person or DEADLINE; `about` the target, else the job's title."""

    job_id: int
    about: str
    answer: str
    by: str


def answers_of(connection: Connection, ids: Iterable[int]) -> list[Answer]:
    """Of those of these questions that have an answer."""
    query = (
        select(Job.id, Job.title, JobTask.target, Decision.options, Decision.answer, Decision.answered_by)
        .join(JobTask, JobTask.id == Decision.task_id)
        .join(Job, Job.id == JobTask.job_id)
        .where(Decision.id.in_(sorted(ids)), Decision.answer.is_not(None))
        .order_by(Decision.id)
    )
    made = []
    for job_id, title, target, options, answer, by in connection.execute(query):
        titles = {str(o["value"]): str(o.get("title") or o["value"]) for o in options}
        made.append(Answer(job_id, target or title, titles.get(answer, answer), by or ""))
    return made
