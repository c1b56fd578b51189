"""The list of calls to devices, live: what is new comes on top, what was gone through is not gone through again."""

from __future__ import annotations

from array import array

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import func, insert, select

from dsm_desktop.queries import Connection
from dsm_desktop.queries.calls import CallFilter, call_ids
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views import calls as calls_view
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site


def call_to(store: Store, host: str) -> int:
    """A call that was just made; its id."""
    with store.write() as uow:
        values = {"at": uow.now, "host": host, "method": "GET", "path": "/redfish/v1", "protocol": "redfish"}
        uow.session.execute(insert(ApiCall).values(status=200, **values))
        return uow.session.scalars(select(func.max(ApiCall.id))).one()


def test_a_search_that_finds_nothing_looks_at_new_calls_only(
    open_session: OpenSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CallFilter] = []

    def noted(connection: Connection, wanted: CallFilter) -> array[int]:
        asked.append(wanted)
        return call_ids(connection, wanted)

    session = open_session(seed_site)
    newest = call_to(session.context.store, "10.0.0.1")
    monkeypatch.setattr(calls_view, "call_ids", noted)
    session.window.show_area("activity")
    calls = session.window.activity.calls
    session.window.activity.setCurrentWidget(calls)
    settle(session.desk)
    assert calls.model.rowCount() > 0
    calls.search("bmc-of-tomorrow")
    settle(session.desk)
    assert calls.model.rowCount() == 0
    asked.clear()
    qtbot.waitUntil(lambda: len(asked) >= 2, timeout=WAIT)
    assert {wanted.after for wanted in asked} == {newest}, "a million calls every second"
    call_to(session.context.store, "10.0.0.1")
    found = call_to(session.context.store, "bmc-of-tomorrow")
    qtbot.waitUntil(lambda: calls.model.rowCount() == 1, timeout=WAIT)
    assert calls.model.id_at(0) == found
    calls.search("")
    settle(session.desk)
    every = session.context.store.fetch(lambda c: call_ids(c, CallFilter()))
    assert [calls.model.id_at(n) for n in range(calls.model.rowCount())] == list(every), "each once"
