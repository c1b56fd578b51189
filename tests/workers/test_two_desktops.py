"""Two desktops on one store answer the same questions at the same moment: the first answer counts, the second operator is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.commands import jobs
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue, JobContext, Option, Question
from dsm_desktop.store import steps
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.models import AuditEntry, Decision
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.asking import asked_by_another
from dsm_desktop.workers.runner import Runner
from tests.kit.children import Child, answer_each
from tests.kit.forking import CONTEXT
from tests.kit.work import ANNA, add_servers, ended, job_of, runner_for, task_rows, wait_until

QUESTIONS = 12
WORK = job_of(lambda ctx: _asking(ctx))


async def _asking(ctx: JobContext) -> str:
    options = [Option(value="north", title="North"), Option(value="south", title="South")]
    within = timedelta(hours=1)
    return await ctx.decide(
        Question(key="a", question="Where to?", options=options, default="north", within=within)
    )


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def runner(store: Store, bus: EventBus) -> Iterator[Runner]:
    runner = runner_for(store, WORK, bus=bus)
    runner.start()
    yield runner
    assert runner.stop(60)


@pytest.mark.usefixtures("runner")
def test_the_first_answer_counts_and_the_second_operator_is_told(
    store: Store, database_url: str, bus: EventBus, tmp_path: Path
) -> None:
    servers = add_servers(store, QUESTIONS)
    with store.write() as uow:
        job = jobs.submit(uow, ANNA, Catalogue([WORK]), "work", servers, {})

    def asked() -> list[int]:
        return store.fetch(lambda c: list(c.scalars(select(Decision.id).order_by(Decision.id))))

    assert wait_until(bus, lambda: len(asked()) == QUESTIONS, timeout=60)
    together = CONTEXT.Barrier(2)
    values = {"anna": "north", "berta": "south"}
    desktops = [
        Child(answer_each, database_url, who, value, asked(), together, str(tmp_path / who))
        for who, value in values.items()
    ]
    for desktop in desktops:
        assert desktop.ends_within(90)
        desktop.kill()
    anna, berta = (json.loads((tmp_path / who).read_text()) for who in values)
    assert wait_until(bus, ended(store, job), timeout=60)
    rows = store.fetch(
        lambda c: c.execute(select(Decision.answer, Decision.answered_by).order_by(Decision.id)).all()
    )
    for row, first, second in zip(rows, anna, berta, strict=True):
        winner, told = ("anna", second) if first == "" else ("berta", first)
        assert (
            told
            == f"This question was already answered with '{values[winner].title()}' by {winner}; your answer was not taken."
        )
        assert (row.answer, row.answered_by) == (values[winner], winner)
    went = sorted(row.message for row in task_rows(store, job))
    assert went == sorted(row.answer for row in rows), "the work went where the first answer said"
    noted = store.fetch(
        lambda c: list(c.scalars(select(AuditEntry.actor).where(AuditEntry.action == "decisions.answer")))
    )
    assert sorted(noted) == sorted(row.answered_by for row in rows), "one answer each in the audit log"


def test_two_runners_that_would_ask_the_same_at_the_same_moment_ask_once(
    store: Store, database_url: str
) -> None:
    """The second may only look when the first has committed what it asked."""
    servers = add_servers(store, 2)
    with store.write() as uow:
        job = jobs.submit(uow, ANNA, Catalogue([WORK]), "work", servers, {})
    first, second = (row.id for row in task_rows(store, job))
    asked = {"question": "Trust it?", "options": [], "default": "no"}
    done = threading.Event()
    found: list[bool] = []

    def other() -> None:
        there = Store(open_engines(database_url))
        try:
            with there.write() as uow:
                found.append(asked_by_another(uow, second, "trust server 1"))
        finally:
            there.close()
            done.set()

    thread = threading.Thread(target=other, name="second desktop")
    with store.write() as uow:
        assert not asked_by_another(uow, first, "trust server 1")
        assert not asked_by_another(uow, first, "trust server 2"), "another matter"
        steps.ask(uow, first, {"key": "trust server 1 1", **asked}, timedelta(hours=1))
        thread.start()
        assert not done.wait(0.5), "it has looked before this was written"
    assert done.wait(60)
    thread.join()
    assert found == [True]
    with store.write() as uow:
        steps.withdraw(uow, first, "trust server 1 1")
    with store.write() as uow:
        assert not asked_by_another(uow, second, "trust server 1"), (
            "its question is gone, so this one may ask"
        )
