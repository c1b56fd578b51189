"""Rows for the views from a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.queries.calls import CallFilter, as_curl, call_detail, call_ids, call_rows
from dsm_desktop.queries.inventory import compare_snapshots, list_snapshots, newest_inventory
from dsm_desktop.queries.jobs import list_jobs, open_decisions, restore_list, server_tasks
from dsm_desktop.queries.logs import server_logs
from dsm_desktop.queries.servers import fleet_numbers, list_groups, list_servers
from dsm_desktop.queries.status import diagnostics, work_numbers
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from tests.ui.seed import seed_site


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("rows")
    opened = open_store(f"sqlite:///{(folder / 'store.db').as_posix()}")
    seed_site(opened)
    yield opened
    opened.close()


def test_servers_groups_and_fleet_numbers_agree(store: Store) -> None:
    rows, numbers = store.fetch(list_servers), store.fetch(fleet_numbers)
    assert numbers.total == len(rows) == 60
    assert sum(numbers.health.values()) == 60
    assert numbers.critical == sum(r.health == "critical" for r in rows)
    assert numbers.unmanaged == sum(r.access not in ("managed", "generic") for r in rows)
    assert [r.id for r in store.fetch(lambda c: list_servers(c, {5, 3, 999}))] == [3, 5]
    assert [(g.name, len(g.members)) for g in store.fetch(list_groups)] == [
        ("Berlin, hall 2", 20), ("Cologne", 24), ("vSAN cluster A", 8),
    ]  # fmt: skip


def test_inventory_and_what_changed(store: Store) -> None:
    found = store.fetch(lambda c: newest_inventory(c, 1))
    assert len(found.parts) == 18
    older, newer = (s.id for s in reversed(store.fetch(lambda c: list_snapshots(c, 1))))
    changes = store.fetch(lambda c: compare_snapshots(c, older, newer))
    assert [(c.what, c.before, c.after) for c in changes] == [("firmware", "1.12.1", "1.14.1")]
    assert store.fetch(lambda c: newest_inventory(c, 59)).snapshot is None


def test_logs_by_kind_and_words(store: Store) -> None:
    assert len(store.fetch(lambda c: server_logs(c, 2))) == 40
    assert {r.log for r in store.fetch(lambda c: server_logs(c, 2, log="sel"))} == {"sel"}
    assert len(store.fetch(lambda c: server_logs(c, 2, words="inlet threshold"))) == 10
    assert store.fetch(lambda c: server_logs(c, 2, words="100%")) == []


def test_jobs_decisions_promises_and_numbers(store: Store) -> None:
    jobs = store.fetch(list_jobs)
    assert [j.outcome for j in jobs] == [
        "paused",
        "failed",
        "running",
        "running",
        "completed with failures",
        "completed",
    ]
    assert len(store.fetch(lambda c: list_jobs(c, open_only=True))) == 3
    assert store.fetch(open_decisions)[0].default == "wait"
    assert store.fetch(lambda c: restore_list(c, standing_only=True))[0].what == "Lockdown mode on"
    assert len(store.fetch(lambda c: server_tasks(c, 1))) == 5
    numbers = store.fetch(work_numbers)
    assert (numbers.open_jobs, numbers.decisions, numbers.standing) == (3, 1, 1)
    assert numbers.percent == round(100 * 44 / 67)


def test_calls_by_page_and_as_curl(store: Store) -> None:
    ids = store.fetch(lambda c: call_ids(c, CallFilter()))
    assert len(ids) == 400
    assert ids[0] > ids[1]
    failed = store.fetch(lambda c: call_ids(c, CallFilter(outcome="failed")))
    assert len(failed) == 11
    assert len(store.fetch(lambda c: call_ids(c, CallFilter(words="RAC0218 too")))) == 11
    assert len(store.fetch(lambda c: call_ids(c, CallFilter(after=ids[9])))) == 9
    assert {r.id for r in store.fetch(lambda c: call_rows(c, ids[:128]))} == set(ids[:128])
    changing = store.fetch(lambda c: call_ids(c, CallFilter(outcome="changing")))
    detail = store.fetch(lambda c: call_detail(c, changing[0]))
    assert detail is not None
    assert as_curl(detail).endswith(
        "'https://10.20.0.9/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset'"
    ) or "Reset" in as_curl(detail)
    assert store.fetch(lambda c: call_detail(c, 10**9)) is None


def test_diagnostics(store: Store) -> None:
    found = store.fetch(diagnostics)
    assert [r.alive for r in found.runners] == [True]
    assert found.leases[0].purpose == "power_action by anna"
    assert found.running > 0
