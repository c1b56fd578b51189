"""discovery_scan: port, service root without a login, exactly one login; known servers are recognised."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.net.scan import scan
from dsm_desktop.store import settings
from tests.operations.conftest import Program


def test_finds_reads_and_logs_in_exactly_once(program: Program) -> None:
    job = program.scan()
    assert (job.state, job.failed) == ("completed", 0), program.tasks(job.id)
    result = program.tasks(job.id)[0].result
    assert result is not None
    assert (result["servers"], result["new"], result["read"], result["not_read"]) == (6, 6, 6, 0)
    for idrac in program.site.idracs:
        row = program.server(idrac)
        assert row.service_tag == idrac.service_tag
        assert row.model == idrac.model
        assert row.access == "managed"
        assert row.fingerprint == idrac.fingerprint
        assert idrac.counters["logins_ok"] == 1
        assert idrac.counters["logins_failed"] == 0


def test_a_second_scan_finds_nothing_new(program: Program) -> None:
    program.scan()
    again = program.tasks(program.scan(read=False).id)[0].result
    assert again is not None
    assert (again["servers"], again["new"]) == (6, 0)
    assert len(program.servers()) == 6


def test_a_wrong_password_is_tried_once_per_device_and_says_so(program: Program) -> None:
    program.set_password("not the password")
    job = program.scan()
    assert job.state == "completed"
    rows = program.servers()
    assert len(rows) == 6
    assert {r.access for r in rows} == {"no_login"}
    assert all(r.problem for r in rows)
    failed = [i.counters["logins_failed"] for i in program.site.idracs]
    assert max(failed) == 1
    # The same wrong account is not carried over the whole fleet.
    assert sum(failed) < len(failed)


def test_no_session_is_left_open(program: Program) -> None:
    program.scan()
    program.runner.stop()
    assert [i.open_sessions for i in program.site.idracs] == [0] * 6


def test_what_is_set_while_a_runner_runs_holds_for_the_next_scan(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, int]] = []

    def watched(*args: Any, **how: Any) -> Any:
        seen.append((how["timeout"], how["in_flight"]))
        return scan(*args, **how)

    monkeypatch.setattr("dsm_desktop.operations.discovery_scan.scan", watched)
    program.scan(read=False)
    with program.app.store.write() as uow:
        settings.save(uow, NetworkSettings(scan_timeout=5.0, scan_at_once=100), "anna")
    assert program.scan(read=False).state == "completed"
    assert seen == [(1.25, 4_000), (5.0, 100)]
