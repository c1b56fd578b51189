"""What a task waits for that is due and cannot begin: the job that has its server to itself, and what that one asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam

from dsm_desktop.store.dialect import sql

_HOLDERS = """
    SELECT t.id AS waits, t.job_id AS waits_in, l.key AS key, h.job_id AS job_id, j.title AS title,
        (SELECT MIN(d.id) FROM decisions d WHERE d.task_id = h.id AND d.answer IS NULL) AS question
    FROM job_tasks t JOIN leases l ON l.key = t.lock_key AND l.task_id <> t.id
        JOIN job_tasks h ON h.id = l.task_id JOIN jobs j ON j.id = h.job_id
    WHERE t.job_id IN :jobs AND t.state = 'pending' AND t.lock_key <> '' AND t.due_at <= {now}
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the server, host or cluster (`thing`): a job, and its open question (None = it asks nothing)."""

    job_id: int
    title: str
    question: int | None
    thing: str = "server"

    @property
    def words(self) -> str:
        asks = f" and waits for an answer to question {self.question}" if self.question else ""
        return f"job {self.job_id}, '{self.title}', holds this {self.thing}{asks}"


def holders(connection: Connection, job_ids: Collection[int]) -> dict[int, Holder]:
    """By task of these jobs, who has what it waits for. Tasks that are not due, or wait for others of their job, are left out."""
    return {task: holder for task, _, holder in _found(connection, job_ids)}


def waiting_jobs(connection: Connection, job_ids: Collection[int]) -> dict[int, Holder]:
    """By job, who has what one of its targets waits for."""
    return {job: holder for _, job, holder in _found(connection, job_ids)}


def _found(connection: Connection, job_ids: Collection[int]) -> list[tuple[int, int, Holder]]:
    statement = sql(connection, _HOLDERS).bindparams(bindparam("jobs", expanding=True))
    rows = connection.execute(statement, {"jobs": list(job_ids)})
    return [
        (row.waits, row.waits_in, Holder(row.job_id, row.title, row.question, row.key.partition(":")[0]))
        for row in rows
    ]
