"""Searches among many calls, and a call in other tools."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from dsm_desktop.core.redact import MASK
from dsm_desktop.queries.call_snippets import as_racadm, snippets
from dsm_desktop.queries.calls import CallDetail, CallFilter, CallRow, call_ids, call_rows_of
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


SEARCHES: list[tuple[CallFilter, Any]] = [
    (CallFilter(), lambda n: True),
    (CallFilter(outcome="failed"), lambda n: n % 300 == 0 and n // 300 % 4 != 0),
    (CallFilter(outcome="changing"), lambda n: n % 50 == 0),
    (CallFilter(server_id=2), lambda n: n % 4 == 1),
    (CallFilter(job_id=7), lambda n: n // 100 == 7),
    (CallFilter(server_id=1, outcome="changing"), lambda n: n % 100 == 0),
    (CallFilter(words="chassis/77"), lambda n: str(n).startswith("77")),
    (CallFilter(words="rac0218 10.0.0.1"), lambda n: n % 300 == 0),
    (CallFilter(words="no such thing"), lambda n: False),
]


@pytest.mark.parametrize(("wanted", "belongs"), SEARCHES)
def test_every_call_that_belongs_is_found_newest_first(
    calls: Store, wanted: CallFilter, belongs: Any
) -> None:
    expected = [n for n in range(COUNT - 1, -1, -1) if belongs(n)]
    ids = calls.fetch(lambda c: call_ids(c, wanted))
    assert [row.received_bytes for row in calls.fetch(lambda c: call_rows_of(c, ids))] == expected


def test_only_what_came_after_a_call(calls: Store) -> None:
    newest = calls.fetch(lambda c: call_ids(c, CallFilter()))[0]
    fresh = calls.fetch(lambda c: call_ids(c, CallFilter(outcome="changing", after=newest - 100)))
    rows = calls.fetch(lambda c: call_rows_of(c, fresh))
    assert [row.received_bytes for row in rows] == [8_950, 8_900]


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
    (call("PATCH", "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/System.Embedded.1", {"Attributes": {"ServerPwr.1.PSRedPolicy": "A/B Grid Redundant"}}),
     "set System.ServerPwr.1.PSRedPolicy 'A/B Grid Redundant'"),
    (call("PATCH", "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/LifecycleController.Embedded.1", {"Attributes": {"LCAttributes.1.CollectSystemInventoryOnRestart": "Enabled"}}),
     "set LifecycleController.LCAttributes.1.CollectSystemInventoryOnRestart Enabled"),
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
    restart = {"ResetType": "GracefulRestart"}
    assert as_racadm(call("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", restart)) is None
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
