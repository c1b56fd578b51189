"""What a running job promises, on both databases: steps once, promises kept, cancel, decisions, limits, STOP."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from dsm_desktop.commands import decisions, jobs
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput, Blame, Cancelled, Denied, DsmError
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs import Catalogue, JobContext, Option, Question, TimedOut
from dsm_desktop.store.models import Decision, Job, JobTask, Lease, RestoreItem, TaskLog, TaskStep
from dsm_desktop.store.unit_of_work import Store
from tests.kit.desk import Body, Desk
from tests.kit.work import ANNA, QUICK, add_servers, job_of, job_row, task_rows, wait_until


class Weak(DsmError):
    """A device that is not well."""

    blame = Blame.PEER
    retryable = True


def meet(inside: threading.Event, go_on: threading.Event) -> bool:
    """Say that the step runs, and let it go on when the test says so."""
    inside.set()
    return go_on.wait(60)


def test_a_step_is_tried_again_and_its_failure_fails_the_target(desk: Desk) -> None:
    tries: list[int] = []

    async def body(ctx: JobContext) -> str:
        def weak() -> str:
            tries.append(1)
            if len(tries) < 2:
                raise Weak("not yet")
            return "well"

        await ctx.step("cure", weak, attempts=2)
        await ctx.step("hurt", lambda: 1 // 0)
        return ""

    desk.start(body)
    job = desk.until_ended(desk.submit())
    assert (job.state, job.failed) == ("failed", 1)
    [task] = task_rows(desk.store, job.id)
    assert task.error["code"] == "UnexpectedError"
    assert "ZeroDivisionError" in task.error["message"]
    assert "body" in task.error["detail"]
    assert [
        (s.name, s.state, s.attempt) for s in desk.rows(TaskStep.name, TaskStep.state, TaskStep.attempt)
    ] == [
        ("cure", "done", 2),
        ("hurt", "failed", 1),
    ]
    with pytest.raises(BadInput, match="already ended"):
        desk.do(jobs.cancel, job.id, CancelGrade.NOW)


def test_a_restart_goes_on_where_it_was_and_does_no_step_twice(desk: Desk) -> None:
    done: list[str] = []
    waiting = threading.Event()

    def noted(what: str, value: timedelta) -> timedelta:
        done.append(what)
        return value

    async def body(ctx: JobContext) -> str:
        first = await ctx.step("first", lambda: noted("first", timedelta(seconds=7)), returns=timedelta)
        async with ctx.always("light", "Light off", lambda: done.append("off"), original={"on": False}):
            await ctx.step("second", lambda: done.append("second"))
            done.append("body")
            if done.count("body") == 1:
                waiting.set()
                await ctx.sleep(3600)
        return f"{first.total_seconds():.0f}"

    desk.start(body, exclusive=True)
    job = desk.submit()
    assert waiting.wait(60)
    desk.stop()
    assert [r.state for r in desk.rows(RestoreItem.state)] == ["standing"]
    assert [r.key for r in desk.rows(Lease.key) if r.key != "leader"] != []
    desk.restart()
    row = desk.until_ended(job)
    assert row.state == "completed"
    assert done == ["first", "second", "body", "body", "off"]
    assert task_rows(desk.store, job)[0].message == "7"
    assert [r.state for r in desk.rows(RestoreItem.state)] == ["restored"]
    assert [r.key for r in desk.rows(Lease.key) if r.key != "leader"] == []


def test_waits_with_long_names_are_told_apart_after_a_restart(desk: Desk) -> None:
    """A title as long as a record's name: what the second wait says is its own, not what the first has recorded."""
    title = "Intel 6Gb/s SATA SSD firmware DL13 for " + ", ".join(f"SSDSC2BB{n}0G4R" for n in range(16, 22))
    between, go_on = threading.Event(), threading.Event()

    def restarted() -> str | None:
        between.set()
        return "On" if go_on.is_set() else None

    async def body(ctx: JobContext) -> str:
        staged = await ctx.wait_for(f"{title} (JID_1)", lambda: "Scheduled", every=0.01, timeout=60)
        await ctx.wait_for("the restart", restarted, every=0.01, timeout=60)
        return f"{staged} {await ctx.wait_for(f'{title}, applied (JID_1)', lambda: 'Completed', every=1, timeout=60)}"

    desk.start(body)
    job = desk.submit()
    assert between.wait(60)
    desk.stop()
    go_on.set()
    desk.restart()
    assert desk.until_ended(job).state == "completed"
    assert task_rows(desk.store, job)[0].message == "Scheduled Completed"
    long = [(s.name, s.key) for s in desk.rows(TaskStep.name, TaskStep.key) if "Intel" in s.name]
    assert [key for _, key in long] == ["#1", "#2"]
    assert len(dict(long)) == 1, "cut, the two names are the same"


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_TARGET, CancelGrade.AFTER_STEP, CancelGrade.NOW])
def test_three_grades_of_cancel_all_put_back(desk: Desk, grade: CancelGrade) -> None:
    put_back: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", "Mode back", lambda: put_back.append(ctx.task_id), original={}):
            await ctx.step("one", lambda: meet(inside, go_on))
            await ctx.step("two", lambda: 2)
        return "all"

    desk.start(body, threads=1)
    job = desk.submit(2)
    assert inside.wait(60)
    heard = threading.Event()
    # After the runner's own ear, and for this news alone: that the job began may still be on its way.
    desk.bus.subscribe(lambda event: heard.set() if "cancel" in event.data else None, "jobs")
    desk.do(jobs.cancel, job, grade)
    assert heard.wait(60)
    go_on.set()
    row = desk.until_ended(job)
    states = [t.state for t in task_rows(desk.store, job)]
    steps = [s.name for s in desk.rows(TaskStep.name) if not s.name.startswith("put back")]
    assert row.state == "cancelled"
    if grade is CancelGrade.AFTER_TARGET:
        assert states == ["completed", "cancelled"]
        assert steps == ["one", "two"]
    else:
        assert states == ["cancelled", "cancelled"]
        assert steps == ["one"]
    assert len(put_back) == 1


def test_now_ends_a_wait_and_a_wait_has_a_limit(desk: Desk) -> None:
    polled = threading.Event()

    async def body(ctx: JobContext) -> str:
        with pytest.raises(TimedOut, match="the moon"):
            await ctx.wait_for("the moon", lambda: None, every=0.01, timeout=0.05)
        with pytest.raises(Cancelled):
            await ctx.wait_for("the sun", polled.set, every=3600, timeout=7200)
        raise Cancelled("seen")

    desk.start(body)
    job = desk.submit()
    assert polled.wait(60)
    desk.do(jobs.cancel, job, CancelGrade.NOW)
    assert desk.until_ended(job).state == "cancelled"
    assert task_rows(desk.store, job)[0].message == "seen"


def test_a_question_pauses_and_is_answered_by_a_person_or_the_deadline(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        options = [Option(value="go", title="Go on"), Option(value="stop", title="Stop")]
        asked = Question(
            key="a", question="Go on?", options=options, default="stop", within=timedelta(hours=1)
        )
        first = await ctx.decide(asked)
        late = asked.model_copy(update={"key": "b", "within": timedelta(seconds=0.05)})
        return f"{first} {await ctx.decide(late)}"

    desk.start(body)
    job = desk.submit()
    desk.until(lambda: job_row(desk.store, job).state == "paused")
    [question] = desk.rows(Decision.id, Decision.answer)
    with pytest.raises(BadInput, match="no answer"):
        desk.do(decisions.answer, question.id, "maybe")
    desk.do(decisions.answer, question.id, "go")
    with pytest.raises(BadInput, match="already answered"):
        desk.do(decisions.answer, question.id, "stop")
    assert desk.until_ended(job).state == "completed"
    assert task_rows(desk.store, job)[0].message == "go stop"
    assert [d.answered_by for d in desk.rows(Decision.answered_by)] == ["anna", "deadline"]


def test_at_most_so_many_at_once_and_the_rest_stops_at_the_first_failure(desk: Desk) -> None:
    lock = threading.Lock()
    now = most = 0

    async def body(ctx: JobContext) -> str:
        def work() -> None:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            threading.Event().wait(0.02)
            with lock:
                now -= 1

        await ctx.step("work", work)
        if ctx.target.label.endswith("-5"):
            raise Weak("broken")
        return ""

    desk.start(body)
    first = desk.until_ended(desk.submit(5, max_parallel=2))
    assert (first.state, first.done, most) == ("completed", 5, 2)
    second = desk.until_ended(desk.submit(6, max_parallel=1, stop_on_failure=True))
    assert (second.state, second.done, second.failed, second.cancelled) == ("failed", 0, 1, 5)
    with desk.store.write() as uow:
        assert desk.work is not None
        again = jobs.retry_failed(uow, ANNA, Catalogue([desk.work]), second.id)
    assert desk.until_ended(again).total == 1


def test_starts_are_staggered_and_scheduled(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        return ""

    desk.start(body)
    job = desk.submit(3, stagger_seconds=0.3)
    desk.until_ended(job)
    starts = [t.started_at for t in task_rows(desk.store, job)]
    assert all(later - sooner >= timedelta(seconds=0.3) for sooner, later in itertools.pairwise(starts))
    with desk.store.write() as uow:
        due = uow.now + timedelta(seconds=0.4)
    job = desk.submit(1, schedule_at=due)
    desk.until_ended(job)
    assert task_rows(desk.store, job)[0].started_at >= due


def test_a_runner_that_comes_late_keeps_the_pause_between_starts(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        return ""

    desk.start(body)
    desk.stop()
    job = desk.submit(4, stagger_seconds=0.3)
    with desk.store.write() as uow:  # all four were due long ago
        uow.session.execute(update(JobTask).values(due_at=uow.now - timedelta(minutes=5)))
    desk.restart()
    desk.until_ended(job)
    starts = sorted(t.started_at for t in task_rows(desk.store, job))
    assert all(later - sooner >= timedelta(seconds=0.3) for sooner, later in itertools.pairwise(starts))


def test_stop_lets_no_new_step_start_until_it_is_taken_back(desk: Desk) -> None:
    inside, go_on = threading.Event(), threading.Event()

    async def body(ctx: JobContext) -> str:
        await ctx.step("one", lambda: meet(inside, go_on))
        await ctx.step("two", lambda: 2)
        return ""

    desk.start(body)
    job = desk.submit()
    assert inside.wait(60)
    [running] = desk.do(jobs.emergency_stop, True, "wrong rack")
    assert (running.step, running.target) == ("one", "server-0")
    other = desk.submit()
    go_on.set()
    desk.until(lambda: [s.state for s in desk.rows(TaskStep.state)] == ["done"])
    assert not wait_until(desk.bus, lambda: len(desk.rows(TaskStep.name)) > 1, timeout=0.5)
    assert job_row(desk.store, other).state == "pending"
    with desk.store.read() as connection:
        assert jobs.stop_reason(connection) == "anna: wrong rack"
    desk.do(jobs.emergency_stop, False)
    assert desk.until_ended(job).state == "completed"
    assert desk.until_ended(other).state == "completed"


def test_one_job_at_a_time_has_a_server(desk: Desk) -> None:
    inside, go_on = threading.Event(), threading.Event()
    order: list[int] = []

    async def body(ctx: JobContext) -> str:
        def hold() -> None:
            order.append(ctx.job_id)
            meet(inside, go_on)

        await ctx.step("hold", hold)
        return ""

    desk.start(body, exclusive=True)
    servers = add_servers(desk.store, 1)
    first = desk.submit(servers)
    assert inside.wait(60)
    second = desk.submit(servers)
    assert [r.purpose for r in desk.rows(Lease.key, Lease.purpose) if r.key != "leader"] == ["work by anna"]
    assert not wait_until(desk.bus, lambda: len(order) > 1, timeout=0.4)
    go_on.set()
    desk.until_ended(second)
    assert order == [first, second]


def test_a_dry_run_changes_nothing_and_says_what_it_would(desk: Desk) -> None:
    done: list[str] = []

    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", "Mode back", lambda: done.append("undo"), original={}):
            await ctx.step("read", lambda: done.append("read"))
            await ctx.step(
                "cut", lambda: done.append("cut"), changing=True, interrupted=lambda: None, plan="POST /Reset"
            )
            await ctx.sleep(3600)
        return "dry"

    desk.start(body)
    assert desk.until_ended(desk.submit(1, dry_run=True)).state == "completed"
    assert done == ["read"]
    desk.until(lambda: len(desk.rows(TaskLog.message)) == 2)
    assert [r.message for r in desk.rows(TaskLog.message)] == [
        "would do: POST /Reset",
        "would put back: Mode back",
    ]
    assert desk.rows(RestoreItem.id) == []


def test_a_child_job_is_started_once_over_a_restart(desk: Desk) -> None:
    waiting = threading.Event()
    runs: list[str] = []

    async def body(ctx: JobContext) -> str:
        if ctx.target.label == "server-1":
            return "child"
        child = await ctx.spawn("work", {}, [2])
        runs.append("parent")
        if len(runs) == 1:
            waiting.set()
            await ctx.sleep(3600)
        return str(child)

    desk.start(body)
    servers = add_servers(desk.store, 2)
    job = desk.submit(servers[:1])
    assert waiting.wait(60)
    desk.stop()
    desk.restart()
    desk.until_ended(job)
    child = int(task_rows(desk.store, job)[0].message)
    assert desk.until_ended(child).parent_id == job
    assert len(desk.rows(Job.id)) == 2


def test_no_child_is_started_once_somebody_has_cancelled(desk: Desk) -> None:
    """The order is in the store and has not reached the runner yet: a child put there now would be asked by nobody."""

    async def body(ctx: JobContext) -> str:
        def order() -> None:
            with ctx.write() as uow:
                uow.session.execute(update(Job).values(cancel_grade=int(CancelGrade.AFTER_STEP)))

        await ctx.step("cancelled elsewhere", order)
        await ctx.spawn("work", {}, [2])
        return "not reached"

    desk.start(body)
    servers = add_servers(desk.store, 2)
    job = desk.submit(servers[:1])
    assert desk.until_ended(job).state == "cancelled"
    assert len(desk.rows(Job.id)) == 1


def test_a_child_that_is_not_wanted_any_more_is_not_started_in_a_replay_either(desk: Desk) -> None:
    wanted = [False, True]

    async def body(ctx: JobContext) -> str:
        child = await ctx.spawn("work", {}, [2], unless=lambda _: not wanted.pop(0))
        if wanted:
            waiting.set()
            await ctx.sleep(3600)
        return str(child)

    waiting = threading.Event()
    desk.start(body)
    servers = add_servers(desk.store, 2)
    job = desk.submit(servers[:1])
    assert waiting.wait(60)
    desk.stop()
    wanted.clear()
    desk.restart()
    desk.until_ended(job)
    assert task_rows(desk.store, job)[0].message == "0"
    assert len(desk.rows(Job.id)) == 1


def test_what_could_not_be_put_back_stays_listed_until_it_is(desk: Desk) -> None:
    broken = True

    async def body(ctx: JobContext) -> str:
        def undo() -> None:
            if broken:
                raise ValueError("stuck")

        async with ctx.always("mode", "Mode back", undo, original={}):
            await ctx.step("one", lambda: 1)
        return "fine"

    desk.start(body)
    job = desk.submit()
    assert desk.until_ended(job).state == "failed"
    [item] = desk.rows(RestoreItem.state, RestoreItem.message)
    assert (item.state, "stuck" in item.message) == ("failed", True)
    broken = False
    [task] = task_rows(desk.store, job)
    assert task.error["code"] == "RestoreFailed"
    desk.do(jobs.put_back, task.id)
    desk.until(lambda: [r.state for r in desk.rows(RestoreItem.state)] == ["restored"])
    row = desk.until_ended(job)
    assert (row.state, row.failed, row.done) == ("completed", 0, 1)
    with pytest.raises(BadInput, match="nothing left"):
        desk.do(jobs.put_back, task.id)


def test_a_task_taken_over_is_left_by_its_runner(desk: Desk) -> None:
    inside, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    async def body(ctx: JobContext) -> str:
        await ctx.step("one", lambda: meet(inside, go_on))
        await ctx.step("two", lambda: done.append("two"), changing=True, interrupted=lambda: None)
        return ""

    desk.start(body)
    job = desk.submit()
    assert inside.wait(60)
    desk.do(jobs.take_over, task_rows(desk.store, job)[0].id)
    desk.until(lambda: task_rows(desk.store, job)[0].token == 3)
    go_on.set()
    assert desk.until_ended(job).state == "completed"
    assert done == ["two"]


def test_five_hundred_waiting_tasks_need_four_threads(desk: Desk) -> None:
    reached: set[int] = set()
    open_gate = threading.Event()

    async def body(ctx: JobContext) -> str:
        reached.add(ctx.task_id)
        await ctx.wait_for("the gate", lambda: open_gate.is_set() or None, every=0.5, timeout=600)
        return ""

    desk.start(body, threads=4)
    job = desk.submit(500)
    desk.until(lambda: len(reached) == 500)
    open_gate.set()
    assert desk.until_ended(job).done == 500


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda ctx: ctx.step("s", lambda: 1, changing=True), "no `interrupted` probe"),
        (lambda ctx: ctx.step("s", lambda: object()), "no plain JSON"),
        (lambda ctx: ctx.step("once", lambda: 1), "there twice"),
    ],
)
def test_a_body_that_breaks_the_contract_is_told(store: Store, broken: Body, says: str) -> None:
    desk = Desk(store)

    async def body(ctx: JobContext) -> str:
        await ctx.step("once", lambda: 1)
        await broken(ctx)
        return ""

    desk.start(body)
    job = desk.submit()
    desk.until_ended(job)
    desk.stop()
    assert says in task_rows(store, job)[0].error["message"]


def test_a_transaction_on_the_loop_is_refused(desk: Desk) -> None:
    async def body(ctx: JobContext) -> str:
        with ctx.write():
            return "never"

    desk.start(body)
    job = desk.submit()
    desk.until_ended(job)
    assert task_rows(desk.store, job)[0].error["code"] == "BlockingOnLoop"


def test_submitting_checks_rights_parameters_and_targets(desk: Desk) -> None:
    work = job_of(lambda ctx: ctx.sleep(0))
    [server] = add_servers(desk.store, 1)

    def attempt(principal: Principal, servers: list[int], params: dict[str, Any], **options: Any) -> None:
        with desk.store.write() as uow:
            jobs.submit(uow, principal, Catalogue([work]), "work", servers, params, **options)

    with pytest.raises(Denied):
        attempt(Principal("eve", Role.VIEWER), [server], {})
    with pytest.raises(BadInput, match="Extra"):
        attempt(ANNA, [server], {"colour": 1})
    with pytest.raises(BadInput, match="at least one server"):
        attempt(ANNA, [], {})
    with pytest.raises(DsmError, match="not on the list any more"):
        attempt(ANNA, [server, 99], {})
    with pytest.raises(BadInput, match="priority"):
        attempt(ANNA, [server], {}, priority=-1)
    assert desk.rows(Job.id) == []


def test_priority_decides_what_is_claimed_first(desk: Desk) -> None:
    order: list[int] = []

    async def body(ctx: JobContext) -> str:
        order.append(ctx.job_id)
        await ctx.step("s", lambda: 1)
        return ""

    desk.work = job_of(body)
    late, soon = desk.submit(1, priority=200), desk.submit(1, priority=200)
    desk.do(jobs.set_priority, soon, 10)
    desk.restart(threads=1)
    desk.until_ended(late)
    assert order == [soon, late]


def test_a_task_that_kills_its_runners_is_given_up_and_put_back(desk: Desk) -> None:
    put_back: list[int] = []
    inside = threading.Event()

    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", "Mode back", lambda: put_back.append(1), original={}):
            inside.set()
            await ctx.sleep(20)
        return ""

    desk.start(body)
    job = desk.submit()
    assert inside.wait(60)
    desk.stop()
    table = JobTask.metadata.tables["job_tasks"]
    with desk.store.write() as uow:
        uow.session.execute(update(table).values(attempt=QUICK.max_deaths))
    desk.restart()
    assert desk.until_ended(job).state == "failed"
    assert task_rows(desk.store, job)[0].error["code"] == "TaskKeepsDying"
    assert put_back == [1]
