"""How long a job will take, told from what was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dsm_desktop.queries.estimates import Pace, pace_of
from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.store.unit_of_work import Store


def _ran(store: Store, kind: str, took: list[float], span: float, **job: object) -> None:
    with store.write() as uow:
        begun = uow.now - timedelta(hours=1)
        ended = begun + timedelta(seconds=span)
        made = Job(
            kind=kind,
            title="x",
            state="completed",
            submitted_by="a",
            submitted_at=begun,
            started_at=begun,
            finished_at=ended,
        )
        for name, value in job.items():
            setattr(made, name, value)
        uow.session.add(made)
        uow.session.flush()
        uow.session.add_all(
            JobTask(job_id=made.id, state="completed", due_at=begun, started_at=begun, finished_at=begun + timedelta(seconds=s))
            for s in took
        )  # fmt: skip


def test_the_pace_is_that_of_the_newest_real_runs(store: Store) -> None:
    assert store.fetch(lambda c: pace_of(c, "power_action")) is None
    _ran(store, "power_action", [10.0, 20.0, 30.0, 40.0], span=50.0)
    _ran(store, "power_action", [500.0], span=500.0, dry_run=True)
    _ran(store, "power_action", [-3600.0], span=-3600.0)  # a clock was set back meanwhile
    _ran(store, "idrac_reset", [1.0] * 9, span=9.0)
    assert store.fetch(lambda c: pace_of(c, "power_action")) == Pace(25.0, 4, 2.0)


def test_too_few_runs_say_nothing(store: Store) -> None:
    _ran(store, "power_action", [10.0, 20.0], span=30.0)
    assert store.fetch(lambda c: pace_of(c, "power_action")) is None


@pytest.mark.parametrize(
    ("targets", "at_once", "stagger", "seconds"),
    [(1, 0, 0.0, 30.0), (8, 0, 0.0, 60.0), (8, 2, 0.0, 120.0), (8, 0, 60.0, 450.0), (2, 0, 0.0, 30.0)],
)
def test_limits_and_pauses_count(targets: int, at_once: int, stagger: float, seconds: float) -> None:
    assert Pace(30.0, 9, 4.0).seconds(targets, at_once=at_once, stagger=stagger) == seconds
