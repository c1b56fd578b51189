"""What the database refuses to write down of a task: it harms no other, and nothing stays in the hands of who is gone."""

from __future__ import annotations

import threading

from sqlalchemy import text

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.store.models import JobTask, RestoreItem, Runner, TaskLog, TaskStep
from dsm_desktop.store.unit_of_work import Store
from tests.kit.desk import Desk
from tests.kit.work import task_rows

ODD = "odd \ud800 and \x00"
PLAIN = "odd ? and "


class Weak(DsmError):
    """A device that speaks oddly."""

    blame = Blame.PEER


def _refuse(store: Store, what: str, when: str) -> None:
    """Have the database refuse rows from now on."""
    name = what.rpartition(" ")[2]
    if store.engines.is_sqlite:
        _say(
            store, f"CREATE TRIGGER refuse BEFORE {what} WHEN {when} BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )
        return
    body = f"BEGIN RAISE EXCEPTION '{name}'; END"
    _say(
        store,
        f"CREATE FUNCTION refuse() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql",
        f"CREATE TRIGGER refuse BEFORE {what} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse()",
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
    _refuse(desk.store, "UPDATE ON job_tasks", "NEW.state = 'completed'")
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


def test_odd_words_are_kept_as_far_as_they_can_be(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", f"Mode {ODD}", lambda: ctx.log(f"back {ODD}"), original={"was": ODD}):
            ctx.log(ODD)
            ctx.progress(1, 2, ODD)
            assert await ctx.step("name", lambda: {"name": ODD}) == {"name": ODD}
            try:
                await ctx.step("ask", _fail)
            except Weak:
                return ODD
        raise AssertionError

    desk.start(body)
    job = desk.submit()
    assert desk.until_ended(job).state == "completed"
    [task] = task_rows(desk.store, job)
    assert (task.message, task.result) == (PLAIN, {"summary": ODD})
    assert desk.rows(RestoreItem.state, RestoreItem.what, RestoreItem.original) == [
        ("restored", f"Mode {PLAIN}", {"was": ODD})
    ]
    assert {row.message for row in desk.rows(TaskLog.message)} >= {PLAIN, f"back {PLAIN}"}
    steps = {
        row.name: row for row in desk.rows(TaskStep.name, TaskStep.result, TaskStep.message, TaskStep.error)
    }
    assert steps["name"].result == {"value": {"name": ODD}}  # a replay sees what the first run saw
    assert (steps["ask"].message, steps["ask"].error["message"]) == (PLAIN, PLAIN)


def _fail() -> None:
    raise Weak(ODD)


def test_a_task_that_fails_with_odd_words_says_so(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        raise Weak(ODD, hint=ODD)

    desk.start(body)
    job = desk.submit()
    assert desk.until_ended(job).state == "failed"
    [task] = task_rows(desk.store, job)
    assert (task.message, task.error["code"], task.error["hint"]) == (PLAIN, "Weak", PLAIN)


def test_a_line_the_database_refuses_costs_nothing_but_itself(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", "Mode back", lambda: ctx.log("refused"), original={}):
            ctx.log("refused")
        ctx.log("said later")
        return ""

    desk.start(body)
    _refuse(desk.store, "INSERT ON task_log", "NEW.message = 'refused'")
    for _ in range(2):
        assert desk.until_ended(desk.submit()).state == "completed"
    assert desk.rows(RestoreItem.state) == [("restored",), ("restored",)]
    assert {row.message for row in desk.rows(TaskLog.message)} == {"said later"}
