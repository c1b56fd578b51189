"""Many calls page by page, and a call in other tools."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from dsm_desktop.core.redact import MASK
from dsm_desktop.queries.call_pages import CallPage, CallSearch, call_page, call_span, new_calls
from dsm_desktop.queries.call_snippets import as_racadm, snippets
from dsm_desktop.queries.calls import CallDetail, CallFilter, CallRow, call_ids
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.unit_of_work import Store

START = datetime(2026, 11, 1, tzinfo=UTC)
COUNT = 9_000


@pytest.fixture
def calls(fleet: Store) -> Store:
    rows = [
        {
            "at": START + timedelta(seconds=n), "server_id": n % 4 + 1, "job_id": n // 100, "protocol": "redfish" if n % 10 else "ssh",
            "host": f"10.0.0.{n % 4 + 1}", "method": "PATCH" if n % 50 == 0 else "GET", "path": f"/redfish/v1/Chassis/{n}",
            "changing": n % 50 == 0, "status": (200, 503, None, 0)[0 if n % 300 else n // 300 % 4], "latency_ms": float(n % 1_000),
            "received_bytes": n, "error": "RAC0218 too many" if n % 300 == 0 else "",
        }
        for n in range(COUNT)
    ]  # fmt: skip
    with fleet.write() as uow:
        uow.session.execute(insert(ApiCall), rows)
    return fleet


def everything(store: Store, wanted: CallSearch, **more: Any) -> list[CallRow]:
    rows: list[CallRow] = []
    cursor: int | None = None
    while True:
        before = cursor
        page: CallPage = store.fetch(lambda c, b=before: call_page(c, wanted, before=b, **more))  # type: ignore[misc]
        rows += page.rows
        assert 0.0 <= page.progress <= 1.0
        if page.next is None:
            return rows
        assert cursor is None or page.next < cursor
        cursor = page.next


SEARCHES: list[tuple[CallSearch, Any]] = [
    (CallSearch(), lambda n: True),
    (CallSearch(outcome="failed"), lambda n: n % 300 == 0 and n // 300 % 4 != 0),
    (CallSearch(outcome="changing"), lambda n: n % 50 == 0),
    (CallSearch(server_id=2), lambda n: n % 4 == 1),
    (CallSearch(job_id=7), lambda n: n // 100 == 7),
    (CallSearch(server_id=1, outcome="changing"), lambda n: n % 100 == 0),
    (CallSearch(words="chassis/77"), lambda n: str(n).startswith("77")),
    (CallSearch(words="rac0218 10.0.0.1"), lambda n: n % 300 == 0),
    (CallSearch(protocol="ssh", method="patch"), lambda n: n % 50 == 0),
    (CallSearch(status=503), lambda n: n % 300 == 0 and n // 300 % 4 == 1),
    (CallSearch(slower_ms=998.5), lambda n: n % 1_000 == 999),
    (CallSearch(since=START + timedelta(seconds=8_990)), lambda n: n >= 8_990),
    (CallSearch(until=START + timedelta(seconds=9)), lambda n: n <= 9),
    (CallSearch(words="no such thing"), lambda n: False),
]


def test_pages_together_are_the_answer_whatever_the_budget(calls: Store) -> None:
    for wanted, belongs in SEARCHES:
        expected = [n for n in range(COUNT - 1, -1, -1) if belongs(n)]
        for budget in (0.05, 0.0):  # a budget of nothing still goes on
            found = everything(calls, wanted, budget=budget, limit=2_000)
            assert [r.received_bytes for r in found] == expected, wanted
            assert len({r.id for r in found}) == len(found)


def test_a_search_out_of_time_hands_back_where_to_go_on(calls: Store) -> None:
    page = calls.fetch(lambda c: call_page(c, CallSearch(words="no such thing"), budget=0.0))
    assert (page.rows, page.complete) == ((), False)
    assert page.next is not None
    assert 0 < page.progress < 1


def test_span_and_tail(calls: Store) -> None:
    span = calls.fetch(call_span)
    assert span.newest - span.oldest + 1 == COUNT
    fresh = calls.fetch(lambda c: new_calls(c, CallSearch(outcome="changing"), span.newest - 100))
    assert [r.received_bytes for r in fresh] == [8_950, 8_900]
    assert len(calls.fetch(lambda c: call_ids(c, CallFilter(outcome="failed")))) == len(
        everything(calls, CallSearch(outcome="failed"))
    )


def test_an_empty_log(fleet: Store) -> None:
    for wanted, _ in SEARCHES:
        assert fleet.fetch(lambda c, w=wanted: call_page(c, w)).rows == ()  # type: ignore[misc]


def call(method: str, path: str, request: Any = None, host: str = "10.0.0.1") -> CallDetail:
    return CallDetail(
        CallRow(1, START, 1, None, "redfish", host, method, path, method != "GET", 200, 1.0, 0, ""),
        request,
        None,
    )


RACADM = [
    (call("POST", "/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset", {"ResetType": "ForceRestart"}), "serveraction hardreset"),
    (call("POST", "/redfish/v1/Managers/iDRAC.Embedded.1/Actions/Manager.Reset", {"ResetType": "GracefulRestart"}), "racreset"),
    (call("PATCH", "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1", {"Attributes": {"NTPConfigGroup.1.NTP1": "10.0.0.9; reboot"}}),
     "set iDRAC.NTPConfigGroup.1.NTP1 '10.0.0.9; reboot'"),
    (call("PATCH", "/redfish/v1/Systems/System.Embedded.1", {"LocationIndicatorActive": True}), "setled -l 1"),
    (call("DELETE", "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/Jobs/JID_123456789012"), "jobqueue delete -i JID_123456789012"),
    (call("GET", "/redfish/v1/UpdateService/FirmwareInventory?$expand=*($levels=1)"), "swinventory"),
    (call("GET", "/redfish/v1/Systems/System.Embedded.1"), "getsysinfo"),
]  # fmt: skip


@pytest.mark.parametrize(("detail", "command"), RACADM, ids=[command for _, command in RACADM])
def test_a_call_as_racadm(detail: CallDetail, command: str) -> None:
    assert as_racadm(detail) == f'racadm -r 10.0.0.1 -u "$IDRAC_USER" -p "$IDRAC_PASSWORD" {command}'


def test_no_racadm_where_none_is_known_and_every_line_of_several_attributes() -> None:
    assert as_racadm(call("GET", "/redfish/v1/EventService")) is None
    assert (
        as_racadm(call("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", {"ResetType": "Nmi"}))
        is None
    )
    text = as_racadm(
        call(
            "PATCH",
            "/redfish/v1/Managers/1/Attributes",
            {"Attributes": {"A.1.B": 1, "C.1.D": "x y", "bad name;": 1}},
        )
    )
    assert text is not None
    assert [line.rsplit("set ", 1)[1] for line in text.splitlines()] == ["iDRAC.A.1.B 1", "iDRAC.C.1.D 'x y'"]


def test_no_secret_and_no_second_command_in_any_form() -> None:
    detail = call(
        "PATCH",
        "/redfish/v1/Managers/1/Attributes",
        {"Attributes": {"Users.2.Password": "hunter2-Secret", "SysLog.1.Server1": "a’; calc; ’$(x)`y`"}},
    )
    found = snippets(detail)
    assert set(found) == {"curl", "PowerShell", "racadm"}
    for text in found.values():
        assert "hunter2" not in text
    assert MASK in found["curl"]
    assert 'set iDRAC.Users.2.Password "$VALUE"' in found["racadm"]
    body = found["PowerShell"].split("$body = ", 1)[1].split("\n", 1)[0]
    assert body[0] == body[-1] == "'"
    assert "’’" in body
    assert body[1:-1].replace("''", "").replace("’’", "").count("’") == 0
