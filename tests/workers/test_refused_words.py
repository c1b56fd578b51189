"""What the database refuses to write down of a task: it harms no other, and nothing stays in the hands of who is gone."""

from __future__ import annotations

import threading

from sqlalchemy import text

from dsm_desktop.jobs import JobContext
from dsm_desktop.store.models import JobTask, Runner
from dsm_desktop.store.unit_of_work import Store
from tests.kit.desk import Desk
from tests.kit.work import task_rows

_REFUSE_SQLITE = (
    "CREATE TRIGGER refuse BEFORE UPDATE ON job_tasks WHEN NEW.state = 'completed'"
    " BEGIN SELECT RAISE(ABORT, 'refused'); END",
)
_REFUSE_POSTGRES = (
    "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER refuse BEFORE UPDATE ON job_tasks FOR EACH ROW WHEN (NEW.state = 'completed')"
    " EXECUTE FUNCTION refuse()",
)


def _say(store: Store, *statements: str) -> None:
    with store.write() as uow:
        for statement in statements:
            uow.session.execute(text(statement))


def test_a_task_whose_end_is_refused_ends_with_words_of_its_own(desk: Desk) -> None:
    said: list[int] = []

    async def body(ctx: JobContext) -> str:
        await ctx.step("say", lambda: said.append(ctx.target.server_id))
        return "done"

    desk.start(body, exclusive=True)
    _say(desk.store, *(_REFUSE_SQLITE if desk.store.engines.is_sqlite else _REFUSE_POSTGRES))
    first = desk.submit()
    server = task_rows(desk.store, first)[0].server_id
    assert desk.until_ended(first).state == "failed"
    [task] = task_rows(desk.store, first)
    assert (task.state, task.error["code"]) == ("failed", "TaskKeepsDying")
    _say(desk.store, "DROP TRIGGER refuse" + ("" if desk.store.engines.is_sqlite else " ON job_tasks"))
    assert desk.until_ended(desk.submit([server])).state == "completed"
    assert said == [server, server]


def test_a_runner_that_an_error_has_ended_leaves_its_tasks_to_others(desk: Desk) -> None:
    inside = threading.Event()

    async def body(ctx: JobContext) -> str:
        inside.set()
        await ctx.sleep(3600)
        return ""

    desk.start(body, exclusive=True)
    desk.submit()
    assert inside.wait(60)
    _say(desk.store, "ALTER TABLE settings RENAME TO gone")
    assert desk.runner is not None
    desk.runner.wake()
    assert desk.runner.join(60)
    assert desk.rows(Runner.state) == [("stopped",)]
    assert desk.rows(JobTask.state, JobTask.runner_id) == [("pending", None)]
