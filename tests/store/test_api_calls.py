"""The activity log: nothing that changes a device leaves before its row is on disk; nothing secret gets in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from dsm_desktop.core.calls import CallEnd, CallStart, Recorder
from dsm_desktop.core.clock import SystemClock
from dsm_desktop.core.redact import MASK
from dsm_desktop.store.api_calls import LONGEST_BODY, CallWriter
from dsm_desktop.store.failures import StoreError, StoreUnavailable
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from tests.kit.children import Child, call_and_hang
from tests.kit.databases import PostgresServer

GET = CallStart("redfish", "10.0.0.1", "GET", "/redfish/v1/Systems", changing=False)
PATCH = CallStart(
    "redfish", "10.0.0.1", "PATCH", "/redfish/v1/Systems/1", True, {"AssetTag": "x", "Password": "calvin"}
)
OK = CallEnd(200, 12.5, 900)


def calls(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [
            dict(r)
            for r in connection.execute(select(*ApiCall.__table__.columns).order_by(ApiCall.id)).mappings()
        ]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


def test_a_changing_call_is_on_disk_before_begin_returns(site: Store) -> None:
    log = CallWriter(site)
    recorder: Recorder = log.bound(server_id=3, job_id=4, task_id=5)
    token = recorder.begin(PATCH)
    (row,) = calls(site)
    assert (row["server_id"], row["job_id"], row["task_id"], row["status"]) == (3, 4, 5, None)
    assert row["request"] == {"AssetTag": "x", "Password": MASK}
    recorder.end(
        token, CallEnd(400, 8.0, 120, "https://root:calvin@10.0.0.1 refused", {"error": {"token": "abc"}})
    )
    log.close()
    (row,) = calls(site)
    assert (row["status"], row["latency_ms"], row["received_bytes"]) == (400, 8.0, 120)
    assert row["answer"] == {"error": {"token": MASK}}
    assert "calvin" not in json.dumps(row, default=str)


def test_reads_are_written_together_without_bodies_and_in_order(site: Store) -> None:
    log = CallWriter(site)
    for n in range(1_200):
        token = log.begin(
            CallStart("redfish", f"10.0.0.{n % 250}", "GET", f"/redfish/v1/{n}", False, {"no": "body"})
        )
        log.end(token, OK)
    log.close()
    rows = calls(site)
    assert [r["path"] for r in rows] == [f"/redfish/v1/{n}" for n in range(1_200)]
    assert {r["status"] for r in rows} == {200}
    assert {json.dumps(r["request"]) for r in rows} == {"null"}
    with site.read() as connection:
        told = connection.scalar(text("SELECT count(*) FROM feed WHERE topic = 'api_calls'")) or 0
    assert 1 <= told < 30, "listeners are told in bundles"


def test_answers_come_to_disk_before_the_log_is_closed(site: Store) -> None:
    log = CallWriter(site)
    log.end(log.begin(GET), OK)
    until(lambda: len(calls(site)) == 1)
    log.close()


class Forward(SystemClock):
    """The machine's clock with a monotonic counter that a test moves."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_call_that_hangs_is_seen_while_it_hangs(site: Store) -> None:
    clock = Forward()
    log = CallWriter(site, clock=clock)
    token = log.begin(GET)
    clock.ahead = 5.0
    until(lambda: [r["status"] for r in calls(site)] == [None])
    log.end(token, CallEnd(0, 30_000.0, error="no answer within 30 s"))
    log.close()
    (row,) = calls(site)
    assert (row["status"], row["error"]) == (0, "no answer within 30 s")


def test_what_is_still_open_at_the_end_is_written_unanswered(site: Store) -> None:
    log = CallWriter(site)
    token = log.begin(GET)
    log.close()
    assert [r["status"] for r in calls(site)] == [None]
    log.end(token, OK)
    with pytest.raises(StoreUnavailable):
        log.begin(PATCH)


def test_hostile_texts_and_numbers_fit(site: Store) -> None:
    log = CallWriter(site)
    bad = "nul\x00 \ud800 " + "ü" * 40_000
    recorder = log.bound(server_id=1)
    token = recorder.begin(
        CallStart("redfish", bad, "POST", bad, True, {"a": bad, "n": [float("nan"), 10**40], bad: 1})
    )
    recorder.end(token, CallEnd(200, 1.0, 2**40, bad, [bad] * 3))
    log.close()
    assert log.problem is None
    (row,) = calls(site)
    assert "\x00" not in row["host"] + row["path"] + row["error"]
    assert row["request"]["cut"] is True
    assert len(row["request"]["begins"]) == LONGEST_BODY


def test_many_callers_share_commits(site: Store) -> None:
    log, seen = CallWriter(site), list[int]()

    def work() -> None:
        for _ in range(25):
            log.end(log.begin(PATCH), OK)
            token = log.begin(GET)
            log.end(token, OK)
            seen.append(token)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    log.close()
    rows = calls(site)
    assert len(rows) == 400
    assert sum(r["changing"] for r in rows) == 200
    assert {r["status"] for r in rows} == {200}


def test_killed_between_sending_and_answer_leaves_the_row(database_url: str) -> None:
    open_store(database_url).close()
    child = Child(call_and_hang, database_url)
    store = open_store(database_url)
    until(lambda: len(calls(store)) == 2)
    child.kill()
    rows = calls(store)
    store.close()
    assert [(r["path"], r["status"]) for r in rows] == [("/answered", 204), ("/sent", None)]


def test_without_a_store_nothing_that_changes_is_sent_and_reads_are_kept(
    own_postgres: PostgresServer,
) -> None:
    store = open_store(own_postgres.url(own_postgres.create_database()))
    log = CallWriter(store)
    token = log.begin(PATCH)
    own_postgres.kill()
    with pytest.raises(StoreError) as refused:
        log.begin(PATCH)
    assert isinstance(refused.value, StoreUnavailable)
    log.end(token, OK)
    for _ in range(50):
        log.end(log.begin(GET), OK)
    until(lambda: log.problem is not None)
    own_postgres.start()
    until(lambda: log.problem is None)
    log.close()
    rows = calls(store)
    store.close()
    assert log.lost == 0
    assert [r["changing"] for r in rows].count(True) == 1
    assert [r["status"] for r in rows] == [200] * 51
