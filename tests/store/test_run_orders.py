"""An order to a rolling update against the runner that begins the job on the host it is about, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from dsm_desktop.commands import jobs, roll_orders
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.maintenance import LEFT_OUT, run_of
from dsm_desktop.store import queue
from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.store.orders import at_last
from dsm_desktop.store.orders import roll_orders as orders_of
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.databases import until_somebody_waits
from tests.kit.maintenance_run import ASKED, CHILD, RUN, fill_run

ANNA = Principal("anna", Role.OPERATOR)
RUNNER = 1
_DEADLINE = 120.0


@pytest.fixture
def handed_out(store: Store) -> Store:
    """The job on esx02 is handed out, and no runner has begun it; nothing else is due."""
    fill_run(store)
    with store.write() as uow:
        uow.session.execute(update(JobTask).where(JobTask.job_id != CHILD).values(runner_id=2))
        for table, key in ((Job, Job.id), (JobTask, JobTask.job_id)):
            uow.session.execute(update(table).where(key == CHILD).values(state="pending"))
    return store


@contextmanager
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def claimed(store: Store) -> list[int]:
    with store.write() as uow:
        return [claim.job_id for claim in queue.claim(uow, RUNNER, 10)]


def state(store: Store, job: int) -> str:
    return store.fetch(lambda c: c.execute(select(Job.state).where(Job.id == job)).scalar_one())


def test_a_runner_does_not_begin_a_host_between_the_look_at_it_and_the_order(
    handed_out: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said of the host when the order was taken is what then happens to it."""
    store = handed_out
    others: list[Future[list[int]]] = []
    with beside() as pool:

        def looked(*args: Any) -> Any:
            found = run_of(*args)
            others.append(pool.submit(claimed, store))
            if not store.engines.is_sqlite:  # there the runner waits for the only writer
                others[0].exception(_DEADLINE)
            return found

        monkeypatch.setattr("dsm_desktop.commands.roll_orders.run_of", looked)
        with store.write() as uow:
            said = roll_orders.skip_host(uow, ANNA, RUN, 2)
        assert others[0].result(_DEADLINE) == []
    assert said == "is not touched"
    assert state(store, CHILD) == "cancelled"
    row = store.fetch(lambda c: run_of(c, RUN)).hosts[0]
    assert (row.host, row.state) == ("esx02", LEFT_OUT)


def test_an_order_waits_for_the_runner_that_is_just_beginning_the_host(handed_out: Store) -> None:
    store = handed_out
    asked = threading.Event()

    def skip() -> str:
        with store.write() as uow:
            asked.set()
            return roll_orders.skip_host(uow, ANNA, RUN, 2)

    with beside() as pool:
        with store.write() as uow:
            assert [claim.job_id for claim in queue.claim(uow, RUNNER, 10)] == [CHILD]
            order = pool.submit(skip)
            if not store.engines.is_sqlite:
                assert asked.wait(_DEADLINE)
                until_somebody_waits(store)
        said = order.result(_DEADLINE)
    assert said.startswith("finishes its step")
    assert state(store, CHILD) == "running"


@pytest.mark.parametrize("order", ["skip", "stop"])
def test_an_order_and_a_claim_never_wait_for_each_other(
    handed_out: Store, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """The claim has taken the task and comes to its job's row; the order is about both."""
    store, start = handed_out, queue._start_jobs
    orders: list[Future[None]] = []

    def give() -> None:
        with store.write() as uow:
            if order == "skip":
                roll_orders.skip_host(uow, ANNA, RUN, 2)
            else:
                jobs.cancel(uow, ANNA, CHILD, CancelGrade.AFTER_STEP)

    with beside() as pool:

        def started(uow: UnitOfWork, job_ids: list[int]) -> None:
            orders.append(pool.submit(give))
            until_somebody_waits(store)
            start(uow, job_ids)

        monkeypatch.setattr(queue, "_start_jobs", started)
        assert claimed(store) == [CHILD]
        orders[0].result(_DEADLINE)
    grade = store.fetch(lambda c: c.execute(select(Job.cancel_grade).where(Job.id == CHILD)).scalar_one())
    assert grade == CancelGrade.AFTER_STEP


def test_no_job_is_handed_out_for_a_host_that_was_just_left_out(store: Store) -> None:
    """The run looks once more in the transaction that hands the job out, and an order that is on its way is waited for."""
    fill_run(store)

    def hand_out() -> int:
        with store.write() as uow:
            if at_last(uow, RUN, lambda u: 1 in orders_of(u.session.connection(), RUN).skip):
                return 0
            row = {
                "kind": "host_update",
                "title": "Update of esx01",
                "parent_id": RUN,
                "total": 1,
                "params": {},
            }
            more = {"state": "pending", "submitted_by": "anna", "submitted_at": uow.now}
            return int(uow.session.execute(insert(Job).returning(Job.id), {**row, **more}).scalar_one())

    with beside() as pool:
        with store.write() as uow:
            assert roll_orders.skip_host(uow, ANNA, RUN, 1) == "is not touched"
            run = pool.submit(hand_out)
            until_somebody_waits(store)
        assert run.result(_DEADLINE) == 0
    below = store.fetch(lambda c: list(c.scalars(select(Job.id).where(Job.parent_id == RUN))))
    assert sorted(below) == [ASKED, CHILD]
