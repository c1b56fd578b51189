"""Fetched logs explain themselves: the device's own registry is read once for each firmware and kept offline."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from dsm_desktop.queries.logs import server_logs
from dsm_desktop.queries.messages import explain, message_sources
from dsm_desktop.store.models import MessageText
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


def test_unknown_messages_are_explained_and_the_registry_is_read_once(ready: Program) -> None:
    idrac = ready.site.idracs[4]
    server = ready.server(idrac)
    assert ready.app.store.fetch(message_sources) == {}
    job = ready.run("fetch_event_logs", {}, [server.id])
    assert job.failed == 0, ready.tasks(job.id)
    sources = ready.app.store.fetch(message_sources)
    assert len(sources) == 1
    assert idrac.firmware in next(iter(sources))
    known = ready.app.store.fetch(lambda c: server_logs(c, server.id, log="lifecycle"))
    explained = ready.app.store.fetch(lambda c: [explain(c, row.message_id) for row in known])
    assert any(e is not None and e.resolution for e in explained)
    idrac.log("PSU0003", "1")
    assert ready.run("fetch_event_logs", {}, [server.id]).failed == 0
    assert ready.app.store.fetch(message_sources) == sources


def test_a_registry_that_cannot_be_read_costs_no_logs(ready: Program) -> None:
    idrac = ready.site.idracs[3]
    with ready.app.store.write() as uow:
        uow.session.execute(delete(MessageText))
    idrac.set_fault("fail_next", status=500, uri="Registries", times=50)
    idrac.log("PSU0003", "1")
    job = ready.run("fetch_event_logs", {}, [ready.server(idrac).id])
    assert job.failed == 0, ready.tasks(job.id)
    (task,) = ready.tasks(job.id)
    assert task.result
    assert task.result["new_entries"] > 0
    assert idrac.struck > 0
    assert ready.app.store.fetch(message_sources) == {}
