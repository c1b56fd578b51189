"""Many runners on one queue: every task runs exactly once. DSM_TASKS raises the number (10,000 before a release)."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import insert, update

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue, JobContext, Targets
from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from tests.kit.work import ANNA, ended, job_of, job_row, runner_for, task_rows, wait_until

TASKS = int(os.environ.get("DSM_TASKS", "400"))
RUNNERS = 10

pytestmark = pytest.mark.timeout(360 + TASKS // 20)


def test_ten_runners_do_every_task_once(
    store: Store, database_url: str, open_store: Callable[[str], Store]
) -> None:
    ran: Counter[int] = Counter()
    crew_of: dict[int, int] = {}
    lock = threading.Lock()

    async def body(ctx: JobContext) -> str:
        with lock:
            ran[ctx.task_id] += 1
        return ""

    work = job_of(body, targets=Targets.NONE)
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([work]), "work", [], {})
        rows = [{"job_id": job, "due_at": uow.now} for _ in range(TASKS - 1)]
        uow.session.execute(insert(JobTask.metadata.tables["job_tasks"]), rows)
        uow.session.execute(update(Job).where(Job.id == job).values(total=TASKS))
    bus = EventBus()
    crew = [
        runner_for(
            open_store(database_url),
            work,
            config=RunnerConfig(),
            threads=2,
            bus=bus if n == 0 else EventBus(),
        )
        for n in range(RUNNERS)
    ]
    for runner in crew:
        runner.start()
    assert wait_until(bus, ended(store, job), timeout=240 + TASKS / 50)
    for runner in crew:
        assert runner.stop(60)
    assert (len(ran), set(ran.values())) == (TASKS, {1})
    row = job_row(store, job)
    assert (row.state, row.done) == ("completed", TASKS)
    for task in task_rows(store, job):
        crew_of[task.runner_id] = crew_of.get(task.runner_id, 0) + 1
        assert task.token == 1
    assert len(crew_of) > 1
