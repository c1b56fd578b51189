"""The fleet is looked at by itself: what is due is submitted once, and what got worse is named."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import update

from dsm_desktop.app.duties import keep_audit_head
from dsm_desktop.commands.watch import submit_due
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.store.audit import head_of
from dsm_desktop.store.models import Job, Server
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


def due(program: Program, **settings: int) -> list[str]:
    """Kinds that the schedule submits now; they are run to their end."""
    with program.app.store.write() as uow:
        made = submit_due(uow, program.app.catalogue, WatchSettings(**settings), RetentionSettings())
    return [program.wait(job_id).kind for job_id in made]


def grow_older(program: Program, kind: str, by: timedelta) -> None:
    with program.app.store.write() as uow:
        uow.session.execute(update(Job).where(Job.kind == kind).values(submitted_at=uow.now - by))


def test_what_is_due_is_submitted_once(ready: Program) -> None:
    first = due(ready, health_minutes=10, logs_hours=1, inventory_hours=24)
    assert "fleet_watch" in first
    assert due(ready, health_minutes=10, logs_hours=1, inventory_hours=24) == []
    grow_older(ready, "fleet_watch", timedelta(minutes=11))
    assert due(ready, health_minutes=10, logs_hours=1, inventory_hours=24) == ["fleet_watch"]
    grow_older(ready, "fleet_watch", timedelta(minutes=11))
    assert due(ready, health_minutes=0, logs_hours=0, inventory_hours=0) == []


def test_what_got_worse_or_better_is_named(ready: Program) -> None:
    with ready.app.store.write() as uow:
        uow.session.execute(update(Server).values(health="critical"))
    result = ready.tasks(ready.run("fleet_watch").id)[0].result
    assert result is not None
    assert (result["looked_at"], result["unread"], result["worse"]) == (6, 0, [])
    assert result["better"]
    with ready.app.store.write() as uow:
        uow.session.execute(update(Server).values(health="ok"))
    again = ready.tasks(ready.run("fleet_watch").id)[0].result
    assert again is not None
    sick = {s.label for s in ready.servers() if s.health != "ok"}
    assert {line.rpartition(":")[0] for line in again["worse"]} == sick


def test_a_server_that_does_not_answer_holds_nobody_up(ready: Program) -> None:
    ready.site.idracs[1].set_fault("cut")
    result = ready.tasks(ready.run("fleet_watch").id)[0].result
    assert result is not None
    assert (result["looked_at"], result["unread"]) == (6, 1)


def test_a_server_removed_meanwhile_holds_nobody_up(ready: Program) -> None:
    idrac = ready.site.idracs[2]
    server = ready.server(idrac)
    before = idrac.counters["requests"]
    idrac.set_fault("slow", seconds=1.0)
    job_id = ready.app.commands.submit("fleet_watch", [], {})
    deadline, turn = time.monotonic() + 60, threading.Event()
    while idrac.counters["requests"] == before and time.monotonic() < deadline:
        turn.wait(0.02)
    ready.app.commands.remove_servers([server.id])
    result = ready.tasks(ready.wait(job_id).id)[0].result
    assert result is not None
    assert (result["looked_at"], result["unread"]) == (6, 1)
    idrac.clear_faults()
    assert ready.scan().state == "completed"


def test_the_audit_head_is_kept_outside_of_the_store(ready: Program) -> None:
    file = ready.app.profile / "archive" / "heads.log"
    keep_audit_head(ready.app.store, file)
    head = ready.app.store.fetch(head_of)
    assert file.read_text(encoding="ascii").split()[1:] == [str(head.id), head.hash]
