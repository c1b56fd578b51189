"""What a rolling update shows of its hosts: answers, orders and its own end count at once, not when the run comes to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands import jobs, roll_orders
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.operations.roll_ends import HostEnd, Standing, left_words, not_again
from dsm_desktop.queries.maintenance import LEFT_OUT, NOT_BEGUN, WAITING, Run, RunHostRow, run_of
from dsm_desktop.queries.roll_hosts import outcomes
from dsm_desktop.queries.run_orders import Order, left_as, why_kept, why_not
from dsm_desktop.queries.status import work_numbers
from dsm_desktop.store.models import AuditEntry, Decision, Job, JobTask, TaskStep
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workflows.firmware_proof import PROVEN
from dsm_desktop.workflows.firmware_send import SENT
from dsm_desktop.workflows.roll_keys import END, FAILED, GATES, asked_key
from tests.kit.maintenance_run import CHILD, PLAN, RUN, fill_run

ANNA = Principal("anna", Role.OPERATOR)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """esx02 (moid host-1) at work, esx01 (host-0) waiting, esx03 left out."""
    app: Application = throw_away_profile(tmp_path_factory.mktemp("run") / "profile", "root", "calvin-not")
    fill_run(app.store)
    yield app.store
    app.close()


def run(store: Store) -> Run:
    return store.fetch(lambda c: run_of(c, RUN))


def host(store: Store, name: str) -> RunHostRow:
    return next(row for row in run(store).hosts if row.host == name)


def answered(store: Store, key: str, answer: str, by: str = "berta", at: datetime | None = None) -> None:
    with store.write() as uow:
        task = uow.session.scalars(select(JobTask.id).where(JobTask.job_id == RUN)).one()
        question = {
            "task_id": task,
            "key": key,
            "question": "How to go on?",
            "default": "stop",
            "options": [],
        }
        moment = at or uow.now
        times = {"asked_at": moment, "deadline": moment + timedelta(hours=1), "answered_at": moment}
        uow.session.execute(insert(Decision), {**question, **times, "answer": answer, "answered_by": by})


def ended(store: Store, state: str, *, begun: bool = True) -> datetime:
    """The work on esx02."""
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == CHILD).values(state=state))
        times = {"started_at": uow.now if begun else None, "finished_at": uow.now}
        error = {"message": "It stayed in maintenance mode."} if state == "failed" else None
        uow.session.execute(
            update(JobTask).where(JobTask.job_id == CHILD).values(state=state, error=error, **times)
        )
        return uow.now


def handed_out(store: Store) -> None:
    """The job on esx02 waits for its server to be free."""
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == CHILD).values(state="pending"))
        uow.session.execute(
            update(JobTask).where(JobTask.job_id == CHILD).values(state="pending", message="")
        )


def skips_noted(store: Store) -> int:
    query = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "jobs.skip_host")
    return store.fetch(lambda c: int(c.execute(query).scalar_one()))


def test_a_host_left_out_at_its_gates_is_left_out_at_once(store: Store) -> None:
    answered(store, asked_key(GATES, 2, "host-0"), "retry")
    assert host(store, "esx01").state == WAITING
    answered(store, asked_key(GATES, 3, "host-0"), "skip")
    row = host(store, "esx01")
    assert row.state == LEFT_OUT
    assert row.outcome == "berta decided so when the cluster was not ready for it."
    assert "berta decided so" in why_kept(row)
    assert host(store, "esx02").state == "running", "the answer is about that host alone"


@pytest.mark.parametrize(
    ("grade", "how"), [(CancelGrade.AFTER_STEP, "after the step at work"), (CancelGrade.NOW, "now")]
)
def test_a_host_that_a_stop_kept_from_its_turn_says_who_told_it_so(
    store: Store, grade: CancelGrade, how: str
) -> None:
    with store.write() as uow:
        jobs.cancel(uow, ANNA, RUN, CancelGrade.AFTER_TARGET)
        jobs.cancel(uow, Principal("berta", Role.OPERATOR), RUN, grade)
        uow.session.execute(update(Job).where(Job.id == RUN).values(state="cancelled"))
    row = host(store, "esx01")
    assert row.state == NOT_BEGUN
    assert row.outcome == f"berta told the run to stop {how}."
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == RUN).values(cancel_grade=0))
    assert host(store, "esx01").outcome == "The run ended before its turn."


def test_a_host_to_be_tried_again_waits_and_can_be_left_out(store: Store) -> None:
    end = ended(store, "failed")
    assert host(store, "esx02").state == "failed"
    answered(store, asked_key(FAILED, 1, "host-1"), "retry", at=end - timedelta(minutes=1))
    assert host(store, "esx02").state == "failed", "that answer was about the try before"
    answered(store, asked_key(FAILED, 2, "host-1"), "retry", at=end + timedelta(seconds=1))
    row = host(store, "esx02")
    assert (row.state, row.at_work, row.through) == (WAITING, False, False)
    assert row.outcome == "Its last try: It stayed in maintenance mode."
    assert row.job_id == CHILD, "the steps of the last try can still be looked at"
    assert run(store).through == 0
    assert left_as(Order.PAUSE, row) == "waits until the run goes on"
    assert why_kept(row) == ""
    with store.write() as uow:
        roll_orders.skip_host(uow, ANNA, RUN, 2)
    row = host(store, "esx02")
    assert row.state == LEFT_OUT
    assert row.outcome == "Somebody asked for it. Its last try: It stayed in maintenance mode."
    assert left_as(Order.NOW, row) == "is not touched again"


@pytest.mark.parametrize(("what", "mark"), [(GATES, "host-0"), (FAILED, "host-1")])
def test_hosts_of_a_run_that_was_answered_stop_are_not_begun(store: Store, what: str, mark: str) -> None:
    answered(store, asked_key(what, 2, mark), "stop")
    row = host(store, "esx01")
    assert row.state == NOT_BEGUN
    assert row.outcome == "The run begins no other host: berta decided so."


def test_hosts_that_wait_say_that_the_run_ends_after_a_failure(store: Store) -> None:
    """While hosts at work beside the one that failed are finished."""
    assert store.fetch(work_numbers).runs == (RUN,)
    with store.write() as uow:
        task = uow.session.scalars(select(JobTask.id).where(JobTask.job_id == RUN)).one()
        step = {"task_id": task, "kind": "step", "name": END, "key": "3", "state": "done", "attempt": 1}
        why = {"value": "esx07 failed: it stayed in maintenance mode."}
        times = {"begun_at": uow.now, "ended_at": uow.now}
        uow.session.execute(insert(TaskStep), {**step, **times, "token": 1, "result": why})
    row = host(store, "esx01")
    assert row.state == NOT_BEGUN
    assert row.outcome == "The run begins no other host: esx07 failed: it stayed in maintenance mode."
    assert host(store, "esx02").at_work
    with store.write() as uow, pytest.raises(BadInput, match="begins no other host: esx07 failed"):
        roll_orders.pause(uow, ANNA, RUN)
    assert store.fetch(work_numbers).runs == (), "who pauses all runs is not stopped by one that ends"


def test_a_host_whose_job_has_not_begun_is_not_called_at_work(store: Store) -> None:
    handed_out(store)
    row = host(store, "esx02")
    assert not row.at_work
    for stop in (Order.AFTER_HOST, Order.AFTER_STEP, Order.NOW):
        assert left_as(stop, row) == "is not begun and stays as it is"
    assert left_as(Order.SKIP, row, row.id) == "is not touched"
    assert "its job waits for the server to be free" in left_as(Order.PAUSE, row)
    with store.write() as uow:
        jobs.cancel(uow, ANNA, RUN, CancelGrade.AFTER_TARGET)
    row = host(store, "esx02")
    assert (row.state, row.at_work) == (NOT_BEGUN, False)
    assert row.outcome == "The run begins no other host: it was told to stop."


def test_a_job_that_was_claimed_in_vain_is_called_off_at_once(store: Store) -> None:
    """Another job was sooner at the server's lock: a token was given out, and nothing has begun."""
    handed_out(store)
    with store.write() as uow:
        uow.session.execute(update(JobTask).where(JobTask.job_id == CHILD).values(token=1))
        jobs.cancel(uow, ANNA, RUN, CancelGrade.AFTER_TARGET)
    state = store.fetch(
        lambda c: c.execute(select(JobTask.state).where(JobTask.job_id == CHILD)).scalar_one()
    )
    assert state == "cancelled"


def test_a_host_left_out_before_its_job_began_was_not_touched(store: Store) -> None:
    handed_out(store)
    with store.write() as uow:
        roll_orders.skip_host(uow, ANNA, RUN, 2)
    row = host(store, "esx02")
    assert (row.state, row.outcome) == (LEFT_OUT, "Somebody asked for it.")


def test_a_host_at_work_is_left_out_once(store: Store) -> None:
    with store.write() as uow:
        roll_orders.skip_host(uow, ANNA, RUN, 2)
    row = host(store, "esx02")
    assert row.at_work
    assert row.leaving
    assert row.outcome == "Is being left out. 3 VMs left"
    with store.write() as uow, pytest.raises(BadInput, match="it is left out already: it finishes its step"):
        roll_orders.skip_host(uow, ANNA, RUN, 2)
    assert skips_noted(store) == 1


def test_a_sooner_stop_that_was_ordered_before_holds(store: Store) -> None:
    with store.write() as uow:
        jobs.cancel(uow, ANNA, RUN, CancelGrade.NOW)
    found = run(store)
    assert found.grade is CancelGrade.NOW
    row = host(store, "esx02")
    for order in (Order.AFTER_HOST, Order.AFTER_STEP, Order.NOW):
        assert left_as(order, row).startswith("stops waiting at once")
    assert why_not(Order.AFTER_HOST, found) == "“Stop now” was ordered before and stands. It is sooner."
    assert why_not(Order.NOW, found) == "“Stop now” was ordered before and stands."
    assert why_not(Order.NOW, replace(found, grade=CancelGrade.AFTER_TARGET)) == ""


def test_a_host_that_was_stopped_half_way_says_what_is_installed(store: Store) -> None:
    ended(store, "cancelled")
    with store.write() as uow:
        task = uow.session.scalars(select(JobTask.id).where(JobTask.job_id == CHILD)).one()
        error = {"code": "Cancelled", "message": "Stopped because somebody asked for it."}
        uow.session.execute(update(JobTask).where(JobTask.id == task).values(error=error))
        names = {"fqdd": "BIOS.Setup.1-1", "name": "BIOS", "component_id": "159"}
        bios = {**names, "before": "2.23.0", "after": "2.23.1", "outcome": "proven"}
        staged = {**names, "name": "NIC", "before": "22.31.6", "after": "22.31.7", "outcome": "staged"}
        step = {"task_id": task, "kind": "step", "name": PROVEN, "key": "a", "state": "done", "attempt": 1}
        times = {"begun_at": uow.now, "ended_at": uow.now}
        value = {"value": [bios, staged]}
        more = {**step, **times, "token": 1}
        packages = [
            {**more, "name": SENT, "key": key, "result": {"value": "JID_1"}} for key in ("a", "PERC.EXE")
        ]
        uow.session.execute(insert(TaskStep), [*packages, {**more, "result": value}])
    said = (
        "Stopped because somebody asked for it. Installed before: BIOS 2.23.0 → 2.23.1; sent and not read back, so look at the"
        " version: PERC.EXE."
    )
    assert host(store, "esx02").outcome == said
    (outcome,) = store.fetch(lambda c: outcomes(c, [CHILD]))
    assert outcome.message == said
    (asked,) = [h for h in PLAN.hosts if h.name == "esx02"]
    left = left_words(PLAN, [outcome])
    assert f"{asked.name}: stopped and put back (installed before: BIOS 2.23.0 → 2.23.1; sent and not" in left
    assert "esx01: not begun" in left


def test_what_an_ended_run_left_out_is_not_called_not_begun(store: Store) -> None:
    with store.write() as uow:
        ends = [{"host_id": 1, "name": "esx01", "standing": "skipped", "why": "somebody asked for it"}]
        values = {"state": "completed", "result": {"hosts": ends}}
        uow.session.execute(update(JobTask).where(JobTask.job_id == RUN).values(**values))
        uow.session.execute(update(Job).where(Job.id == RUN).values(state="completed"))
    row = host(store, "esx01")
    assert (row.state, row.outcome) == (LEFT_OUT, "somebody asked for it")


def test_a_host_that_was_not_tried_again_stands_as_its_last_try_left_it(store: Store) -> None:
    last = HostEnd(
        host_id=2, name="esx02", standing=Standing.FAILED, why="It stayed in maintenance mode.", job_id=CHILD
    )
    end = not_again(last, "somebody asked for it")
    assert (end.standing, end.job_id) == (Standing.FAILED, CHILD)
    assert end.why == "It stayed in maintenance mode. It was not tried again: somebody asked for it"
    since = ended(store, "failed")
    answered(store, asked_key(FAILED, 2, "host-1"), "retry", at=since + timedelta(seconds=1))
    with store.write() as uow:
        values = {"state": "failed", "result": {"hosts": [end.model_dump(mode="json")]}}
        uow.session.execute(update(JobTask).where(JobTask.job_id == RUN).values(**values))
        uow.session.execute(update(Job).where(Job.id == RUN).values(state="failed"))
    assert host(store, "esx02").state == "failed"
