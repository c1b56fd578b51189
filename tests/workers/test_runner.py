"""From submit to done, on both databases."""

from __future__ import annotations

import threading

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue, JobContext
from dsm_desktop.store.unit_of_work import Store
from tests.kit.work import ANNA, add_servers, ended, job_of, job_row, runner_for, task_rows, wait_until


def test_a_submitted_job_is_done_on_every_target(store: Store) -> None:
    done: list[str] = []

    async def body(ctx: JobContext) -> str:
        name = await ctx.step("name", lambda: ctx.target.label)
        await ctx.step("note", lambda: done.append(f"{name} {threading.current_thread().name[:4]}"))
        ctx.progress(1, 1, "there")
        ctx.log("hello")
        return f"done {name}"

    work = job_of(body)
    servers = add_servers(store, 3)
    bus = EventBus()
    runner = runner_for(store, work, bus=bus)
    runner.start()
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([work]), "work", servers, {})
    assert wait_until(bus, ended(store, job))
    assert runner.wait_idle(5)
    assert runner.stop(60)
    row = job_row(store, job)
    assert (row.state, row.done, row.message) == ("completed", 3, "3 of 3 done")
    assert sorted(done) == ["server-0 work", "server-1 work", "server-2 work"]
    assert [t.message for t in task_rows(store, job)] == ["done server-0", "done server-1", "done server-2"]


def test_the_last_progress_of_tasks_that_end_together_is_kept(store: Store) -> None:
    async def body(ctx: JobContext) -> str:
        ctx.progress(0, 2, "begun")
        await ctx.sleep(0.01)
        ctx.progress(2, 2, "there")
        return ""

    work = job_of(body)
    servers = add_servers(store, 60)
    bus = EventBus()
    runner = runner_for(store, work, bus=bus)
    runner.start()
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([work]), "work", servers, {})
    assert wait_until(bus, ended(store, job))
    assert runner.stop(60)
    assert {(t.progress_done, t.progress_total) for t in task_rows(store, job)} == {(2, 2)}
