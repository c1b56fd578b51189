"""What was read is written down: facts, snapshots, logs; servers recognised, moved, merged."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.inventory import (
    FirmwareState,
    Inventory,
    LogEvent,
    LogKind,
    Part,
    PartKind,
    Scalar,
    SystemFacts,
)
from dsm_desktop.core.states import Access, Health, PowerState
from dsm_desktop.store import audit
from dsm_desktop.store.inventory import (
    last_log_marker,
    load_snapshot,
    merge_servers,
    save_facts,
    save_inventory,
    save_log_events,
    snapshot_at,
    upsert_server,
)
from dsm_desktop.store.inventory_diff import Change, diff
from dsm_desktop.store.models import (
    InventoryPart,
    InventorySnapshot,
    Job,
    JobTask,
    Reading,
    Server,
    ServerAddress,
    ServerEventLog,
    ServerGroup,
    ServerGroupMember,
)
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.search import search_logs, words_of
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.stores import events, finished_job, identity, inventory


def add(uow: UnitOfWork, address: str = "10.0.0.1", tag: str = "") -> int:
    return upsert_server(uow, address, 443, identity(tag))[0]


def server(store: Store, server_id: int) -> Server:
    with store.write() as uow:
        return uow.session.get_one(Server, server_id)


def count(store: Store, model: Any) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def test_an_inventory_comes_back_as_it_was_saved(site: Store) -> None:
    with site.write() as uow:
        server_id = add(uow)
        assert save_inventory(uow, server_id, inventory(), response_ms=42.0)
        now = uow.now
    row = server(site, server_id)
    assert (row.service_tag, row.model, row.generation) == ("ABC1234", "PowerEdge R750", "iDRAC9")
    assert (row.access, row.power_state, row.health, row.response_ms) == ("managed", "on", "ok", 42.0)
    assert row.inventory_at == now
    with site.read() as connection:
        found = snapshot_at(connection, server_id, now + timedelta(days=1))
        assert found is not None
        assert snapshot_at(connection, server_id, now - timedelta(days=1)) is None
        assert load_snapshot(connection, found) == inventory()
        assert sorted(connection.scalars(select(Reading.sensor))) == ["inlet", "power"]


def test_only_a_change_makes_a_new_snapshot(site: Store) -> None:
    def save(value: Inventory) -> bool:
        with site.write() as uow:
            return save_inventory(uow, add(uow), value)

    first = inventory()
    fan = first.parts[1]
    assert save(first)
    warmer = replace(first, parts=(first.parts[0], replace(fan, reading=9_000.0), first.parts[2]))
    assert not save(warmer)
    assert not save(replace(first, parts=tuple(reversed(first.parts))))
    assert count(site, InventorySnapshot) == 1
    assert save(inventory(drive="S2", bios="2.11.1"))
    assert count(site, InventorySnapshot) == 2
    with site.read() as connection:
        older, newer = (
            load_snapshot(connection, i)
            for i in connection.scalars(select(InventorySnapshot.id).order_by(InventorySnapshot.id))
        )
    changes = diff(older, newer).changes
    assert Change("firmware", "changed", "BIOS (BIOS.Setup.1-1)", "2.10.0", "2.11.1") in changes
    assert [(c.what, c.how, c.subject) for c in changes] == [
        ("part", "changed", "drive Bay 0"),
        ("firmware", "changed", "BIOS (BIOS.Setup.1-1)"),
    ]


def test_a_confirmed_snapshot_shows_the_newest_readings(site: Store) -> None:
    first = inventory()
    moved = replace(first, parts=(first.parts[0], replace(first.parts[1], reading=9_000.0), first.parts[2]))
    for value in (first, moved):
        with site.write() as uow:
            save_inventory(uow, add(uow), value)
    with site.read() as connection:
        assert (
            connection.scalar(select(InventoryPart.reading).where(InventoryPart.part_id == "Fan.1"))
            == 9_000.0
        )


def test_differences_name_what_came_went_and_could_not_be_read() -> None:
    old = inventory()
    new = replace(
        old,
        parts=(*old.parts[1:], Part(PartKind.PSU, "PSU.1", "PS1", slot="1", model="1400W")),
        settings={"BIOS.ProcVirtualization": "Disabled", "BIOS.New": True},
        gaps=("Storage: 503 not ready",),
    )
    found = diff(old, new)
    assert [(c.what, c.how, c.subject, c.after) for c in found.changes] == [
        ("part", "removed", "drive Bay 0", ""),
        ("part", "added", "psu 1", "1400W"),
        ("setting", "added", "BIOS.New", "True"),
        ("setting", "changed", "BIOS.ProcVirtualization", "Disabled"),
        ("setting", "removed", "iDRAC.NTP", ""),
    ]
    assert found.gaps == ("Storage: 503 not ready",)


def test_facts_keep_known_names_and_take_states_as_read(site: Store) -> None:
    with site.write() as uow:
        server_id = add(uow)
        save_facts(uow, server_id, inventory().facts)
        late = uow.now + timedelta(seconds=90)
        save_facts(uow, server_id, SystemFacts(power_state=PowerState.OFF, bmc_time=late), response_ms=7.0)
    row = server(site, server_id)
    assert (row.model, row.memory_gib, row.power_state, row.power_watts) == (
        "PowerEdge R750",
        512.0,
        "off",
        None,
    )
    assert row.clock_skew_seconds == pytest.approx(90, abs=0.01)


def test_the_same_server_listed_twice_is_told_and_can_be_merged(site: Store) -> None:
    with site.write() as uow:
        one = add(uow, "10.0.0.1", "TAG0001")
        two = add(uow, "esx-01-idrac.site")
        save_facts(uow, one, inventory("TAG0001").facts)
        save_facts(uow, two, inventory("TAG0001").facts)
    row = server(site, two)
    assert (row.service_tag, row.problem_code) == (None, "DuplicateServer")
    assert "10.0.0.1" in row.problem


def test_hostile_inventories_are_saved(site: Store) -> None:
    bad = "\x00\ud800" + "x" * 50_000
    part = Part(
        PartKind.DRIVE,
        bad,
        bad,
        bad,
        bad,
        bad,
        bad,
        bad,
        bad,
        10**40,
        float("inf"),
        bad,
        detail={bad: float("nan")},
    )
    hostile = Inventory(
        SystemFacts(model=bad, service_tag=bad, host_name=bad, memory_gib=float("nan"), power_watts=float("inf"), subsystem_health={bad: Health.OK}),
        (part,),
        (replace(inventory().firmware[0], name=bad, version=bad, state=FirmwareState.PREVIOUS),),
        {bad: bad},
        (bad,),
    )  # fmt: skip
    with site.write() as uow:
        server_id = add(uow)
        assert save_inventory(uow, server_id, hostile)
        assert not save_inventory(uow, server_id, hostile)
        save_log_events(
            uow, server_id, LogKind.SEL, [LogEvent(LogKind.SEL, bad, None, Health.OK, bad, bad, bad)] * 2
        )
    assert count(site, ServerEventLog) == 1


def test_a_scan_recognises_by_tag_then_address(site: Store) -> None:
    with site.write() as uow:
        assert upsert_server(uow, "10.0.0.1", 443, identity(), "f1")[1]
        first, new = upsert_server(uow, "10.0.0.1", 443, identity("AAA0001", bmc_mac="00:11"), "f1")
        assert not new
        moved, new = upsert_server(uow, "10.0.0.9", 443, identity("AAA0001"), "f1")
        assert (moved, new) == (first, False)
    row = server(site, first)
    assert (row.address, row.service_tag, row.bmc_mac, row.fingerprint) == (
        "10.0.0.9",
        "AAA0001",
        "00:11",
        "f1",
    )
    with site.read() as connection:
        history = connection.execute(select(ServerAddress.address, ServerAddress.reason)).all()
    assert [tuple(r) for r in history] == [("10.0.0.1", "moved")]


def test_two_servers_that_swapped_addresses_are_both_kept(site: Store) -> None:
    with site.write() as uow:
        a, b = add(uow, "10.0.0.1", "AAA0001"), add(uow, "10.0.0.2", "BBB0001")
        assert upsert_server(uow, "10.0.0.1", 443, identity("BBB0001")) == (b, False)
    assert server(site, a).address == "moved-AAA0001.invalid"
    assert server(site, a).access == Access.UNREACHABLE
    with site.write() as uow:
        assert upsert_server(uow, "10.0.0.2", 443, identity("AAA0001")) == (a, False)
    assert (server(site, a).address, server(site, b).address) == ("10.0.0.2", "10.0.0.1")
    assert server(site, a).problem == ""


def test_another_machine_at_a_known_address_is_a_new_server(site: Store) -> None:
    with site.write() as uow:
        a = add(uow, "10.0.0.1", "AAA0001")
        c, new = upsert_server(uow, "10.0.0.1", 443, identity("CCC0001"))
    assert new
    assert c != a
    assert "CCC0001 answers there now" in server(site, a).problem


def test_a_changed_certificate_is_shown_not_taken_over(site: Store) -> None:
    with site.write() as uow:
        a, _ = upsert_server(uow, "10.0.0.1", 443, identity("AAA0001"), "11" * 32)
        upsert_server(uow, "10.0.0.1", 443, identity("AAA0001"), "22" * 32)
    row = server(site, a)
    assert (row.access, row.problem_code, row.fingerprint) == ("untrusted", "CertificateChanged", "11" * 32)


def test_merging_keeps_history_logs_jobs_and_groups(site: Store) -> None:
    with site.write() as uow:
        keep, gone = add(uow, "10.0.0.1"), add(uow, "10.0.0.2", "AAA0001")
        groups = [ServerGroup(name=n) for n in "xy"]
        uow.session.add_all(groups)
        uow.session.flush()
        members = [(groups[0].id, keep), (groups[0].id, gone), (groups[1].id, gone)]
        uow.session.add_all([ServerGroupMember(group_id=g, server_id=s) for g, s in members])
        save_inventory(uow, gone, inventory("AAA0001"))
        for server_id in (keep, gone):
            save_log_events(uow, server_id, LogKind.LIFECYCLE, events(10))
        save_log_events(uow, gone, LogKind.LIFECYCLE, events(5, first=11))
        finished_job(uow, gone)
    with site.write() as uow:
        merge_servers(uow, keep, gone, actor="anna")
    row = server(site, keep)
    assert (row.service_tag, row.address) == ("AAA0001", "10.0.0.1")
    assert (count(site, Server), count(site, ServerEventLog), count(site, ServerGroupMember)) == (1, 15, 2)
    with site.read() as connection:
        assert connection.scalar(select(JobTask.server_id)) == keep
        assert connection.scalar(select(InventorySnapshot.server_id)) == keep
        assert connection.scalar(select(ServerAddress.address)) == "10.0.0.2"
    assert audit.verify(site).entries == 1
    with pytest.raises(NotFound), site.write() as uow:
        merge_servers(uow, keep, gone)
    with pytest.raises(BadInput), site.write() as uow:
        merge_servers(uow, keep, keep)
    assert count(site, Job) == 1


def test_log_entries_are_stored_once_and_read_on_from_the_newest(site: Store) -> None:
    with site.write() as uow:
        server_id = add(uow)
        assert last_log_marker(uow, server_id, LogKind.LIFECYCLE) is None
        assert save_log_events(uow, server_id, LogKind.LIFECYCLE, events(1_200)) == 1_200
        assert save_log_events(uow, server_id, LogKind.LIFECYCLE, events(1_300)) == 100
        assert save_log_events(uow, server_id, LogKind.LIFECYCLE, events(1_300)) == 0
        marker = last_log_marker(uow, server_id, LogKind.LIFECYCLE)
        assert marker == ("1300", datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=1_300))
        # A cleared log begins again at 1; the device's time tells the entries apart. No time: once.
        again = replace(events(1)[0], created=datetime(2026, 5, 1, tzinfo=UTC))
        timeless = replace(again, created=None)
        assert save_log_events(uow, server_id, LogKind.LIFECYCLE, [again, timeless]) == 2
        assert save_log_events(uow, server_id, LogKind.LIFECYCLE, [again, timeless]) == 0


MESSAGES = (
    "The power supply PSU.Slot.1 has lost input.",
    "Fan 3 RPM is less than the lower warning threshold",
    "Übertemperatur: CPU1 größer 95°C",
    "User root@10.0.0.7 logged in from 192.168.0.20 using REDFISH",
    "Drive 7 in enclosure 1 failed: 100% of it's blocks; DROP TABLE servers;--",
    "snake_case iDRAC.Embedded.1-1#NIC e1000 1e5",
)
QUERIES: tuple[tuple[str, set[int]], ...] = (
    ("power", {0}),
    ("POWER sup", {0}),
    ("psu slot 1", {0}),
    ("power fan", set()),
    ("über", {2}),
    ("größer", {2}),
    ("192.168", {3}),
    ("root@10.0.0.7", {3}),
    ("drop table", {4}),
    ("case", {5}),
    ("idrac embedded", {5}),
    ("1e5", {5}),
    ("LOG0002", {2}),
    ("", set(range(6))),
    ('"', set(range(6))),
    ("' OR 1=1 --", set()),
    ("NEAR(power, 2)", set()),
    ("power*", {0}),
    ("-power", {0}),
    ("message:power", set()),
    ("(((", set(range(6))),
    ("\x00power", {0}),
    ("a" * 5_000, set()),
    ("power " * 500, {0}),
)


def test_search_finds_the_same_on_both_databases(site: Store) -> None:
    with site.write() as uow:
        server_id, other = add(uow, "10.0.0.1"), add(uow, "10.0.0.2")
        for n, message in enumerate(MESSAGES):
            event = LogEvent(
                LogKind.SEL, str(n), datetime(2026, 1, n + 1, tzinfo=UTC), Health.OK, f"LOG000{n}", message
            )
            save_log_events(uow, server_id, LogKind.SEL, [event])
    with site.read() as connection:
        for query, expected in QUERIES:
            found = {i - 1 for i in search_logs(connection, query)}
            assert found == expected, query
        assert search_logs(connection, "power", server_id=other) == []
        assert search_logs(connection, "", limit=2) == [6, 5]
    with site.write() as uow:  # the index follows changes and removals
        uow.session.execute(update(ServerEventLog).where(ServerEventLog.id == 1).values(message="nothing"))
        uow.session.delete(uow.session.get_one(ServerEventLog, 2))
    with site.read() as connection:
        assert search_logs(connection, "power") == search_logs(connection, "fan") == []
        assert search_logs(connection, "nothing") == [1]


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(max_size=60))
def test_no_query_is_an_error(site: Store, query: str) -> None:
    with site.read() as connection:
        search_logs(connection, query)
    assert all(word.isalnum() for word in words_of(query))


def test_a_large_inventory_costs_milliseconds(tmp_path: Any) -> None:
    """60 parts, 40 firmwares and 100 settings each; the second pass confirms. 10,000 servers at 20 ms are 200 s of CPU."""
    base = inventory()
    parts = tuple(replace(base.parts[0], id=f"Disk.{n}", slot=f"Bay {n}") for n in range(60))
    firmware = tuple(replace(base.firmware[0], id=f"F{n}", fqdd=f"X.{n}") for n in range(40))
    config: dict[str, Scalar] = {f"BIOS.Setting{n}": "Enabled" for n in range(100)}
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    begun = time.process_time()
    for again in (False, True):
        for n in range(40):
            with store.write() as uow:
                server_id, _ = upsert_server(uow, f"10.0.{n // 250}.{n % 250}", 443, identity(f"T{n:06d}"))
                facts = replace(base.facts, service_tag=f"T{n:06d}")
                assert save_inventory(uow, server_id, Inventory(facts, parts, firmware, config)) is not again
    store.close()
    each = (time.process_time() - begun) / 80
    assert each < 0.02, f"{each * 1e3:.1f} ms CPU for one inventory"
