"""Rows for the views from a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select

from dsm_desktop.queries.calls import CallFilter, as_curl, call_detail, call_ids, call_rows
from dsm_desktop.queries.changes import changes
from dsm_desktop.queries.inventory import list_snapshots, newest_inventory
from dsm_desktop.queries.jobs import list_jobs, open_decisions, restore_list, server_tasks
from dsm_desktop.queries.logs import server_logs
from dsm_desktop.queries.servers import fleet_numbers, list_groups, list_servers
from dsm_desktop.queries.status import diagnostics, work_numbers
from dsm_desktop.store.models import EsxiHost, Lease
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_linked


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
    older = store.fetch(lambda c: list_snapshots(c, 1))[-1]
    now = datetime.now(UTC) + timedelta(minutes=1)
    lines = store.fetch(lambda c: list(changes(c, older.taken_at, now, [1])))
    assert [(c.what, c.before, c.after) for c in lines] == [("firmware", "1.12.1", "1.14.1")]
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
        f"https://{detail.row.host}/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset"
    )
    assert store.fetch(lambda c: call_detail(c, 10**9)) is None


def test_diagnostics(store: Store) -> None:
    found = store.fetch(diagnostics)
    assert [r.alive for r in found.runners] == [True]
    assert found.leases[0].purpose == "power_action by anna"
    names = {row.id: row.label for row in store.fetch(list_servers)}
    lock = found.leases[0]
    assert lock.what == names[int(lock.key.removeprefix("server:"))]
    assert found.running > 0


def test_locks_are_named_after_what_they_are_on(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    try:
        seed_linked(store)
        keys = ("leader", "host:1", "cluster:1:domain-c8", "cluster:2:domain-c8", "datastore:1:x")
        with store.write() as uow:
            common = {"purpose": "", "runner_id": 1, "token": 1, "taken_at": uow.now, "expires_at": uow.now}
            uow.session.execute(delete(Lease))
            uow.session.execute(insert(Lease), [{"key": key, **common} for key in keys])
        said = {row.key: row.what for row in store.fetch(diagnostics).leases}
        host = store.fetch(lambda c: c.scalar(select(EsxiHost.name).where(EsxiHost.id == 1)))
    finally:
        store.close()
    assert said == {
        "leader": "the whole store",
        "host:1": host,
        "cluster:1:domain-c8": "Production",
        "cluster:2:domain-c8": "cluster:2:domain-c8",
        "datastore:1:x": "datastore:1:x",
    }


def test_a_call_is_found_and_shown_by_the_name_of_its_server(store: Store) -> None:
    names = {row.id: row for row in store.fetch(list_servers)}
    newest = store.fetch(lambda c: call_rows(c, call_ids(c, CallFilter())[:1]))[0]
    known = names[newest.server_id or 0]
    calls = store.fetch(lambda c: call_ids(c, CallFilter(known.id)))
    assert {row.server for row in store.fetch(lambda c: call_rows(c, calls))} == {known.label}
    detail = store.fetch(lambda c: call_detail(c, calls[0]))
    assert detail is not None
    assert detail.row.server == known.label
    assert store.fetch(lambda c: call_ids(c, CallFilter(words=known.label))) == calls
    assert len(store.fetch(lambda c: call_ids(c, CallFilter(words=f"{known.label} nowhere")))) == 0


@pytest.mark.parametrize("known", [True, False])
def test_a_search_of_calls_reads_the_servers_once_and_only_where_one_has_the_word(
    store: Store, known: bool
) -> None:
    word = store.fetch(list_servers)[0].label if known else "RAC0218"
    asked: list[tuple[str, Any]] = []
    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        call_ids(connection, CallFilter(words=word))
        search, values = asked[-1]
        assert ("FROM servers" in search) is known
        if connection.dialect.name == "sqlite":
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {search}", values)]
            assert sum("SCAN api_calls" in step for step in plan) == 1
            assert not any("CORRELATED" in step for step in plan)
