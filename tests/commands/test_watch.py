"""What is due by itself when the store's clock is set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dsm_desktop import operations
from dsm_desktop.commands.watch import submit_due
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.clock import Step, carry
from dsm_desktop.store.models import AuditEntry, Job
from dsm_desktop.store.unit_of_work import Store

HOUR = timedelta(hours=1)


def due(store: Store) -> list[str]:
    """Kinds submitted now; they end at once."""
    with store.write() as uow:
        made = submit_due(uow, Catalogue.of(operations), WatchSettings(), RetentionSettings())
        kinds = list(uow.session.scalars(select(Job.kind).where(Job.id.in_(made))))
        uow.session.execute(update(Job).values(state="completed"))
    return kinds


def step(store: Store, by: timedelta) -> None:
    """As the leading runner tells it after the clock was set."""
    with store.write() as uow:
        carry(uow, Step(uow.now - timedelta(seconds=2), uow.now - by, uow.now), lease=30, grace=30)


def test_a_clock_set_back_does_not_hold_up_what_is_due(store: Store) -> None:
    assert due(store) == ["retention_cleanup"]
    assert due(store) == []
    with store.write() as uow:  # the clock was a year ahead when it ran
        uow.session.execute(update(Job).values(submitted_at=uow.now + timedelta(days=365)))
    assert due(store) == ["retention_cleanup"]
    assert due(store) == []


@pytest.mark.parametrize(("by", "cleaned"), [(timedelta(days=3650), False), (HOUR, True), (-HOUR, True)])
def test_a_clock_put_forward_by_years_removes_nothing_by_itself(
    store: Store, by: timedelta, cleaned: bool
) -> None:
    step(store, by)
    assert (due(store) == ["retention_cleanup"]) is cleaned
    with store.write() as uow:
        (told,) = uow.session.scalars(select(AuditEntry).where(AuditEntry.action == "clock.step"))
        assert told.detail["seconds"] == pytest.approx(by.total_seconds(), abs=1)
        uow.session.execute(update(AuditEntry).values(at=uow.now - timedelta(hours=25)))
    assert cleaned or due(store) == ["retention_cleanup"]
