"""Search, changes, pivots, racks, readings, messages, audit and dashboard over a real store, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from dsm_desktop.commands import racks as rack_commands
from dsm_desktop.commands.message_texts import load_registry
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.audit import AuditFilter, audit_actions, audit_page, audit_state
from dsm_desktop.queries.changes import changes
from dsm_desktop.queries.dashboard import dashboard
from dsm_desktop.queries.messages import explain, known_messages, message_sources
from dsm_desktop.queries.part_search import find
from dsm_desktop.queries.pivots import firmware_pivot, spare_parts
from dsm_desktop.queries.racks import elevation, list_racks, unplaced
from dsm_desktop.queries.reading_series import extremes, series
from dsm_desktop.queries.server_query import matching
from dsm_desktop.store.inventory import merge_servers
from dsm_desktop.store.migrate import downgrade, upgrade
from dsm_desktop.store.models import AuditEntry, Reading, Server
from dsm_desktop.store.unit_of_work import Store
from tests.kit.stores import fill, finished_job
from tests.queries.fleet import ANNA


def hits(store: Store, text: str) -> list[tuple[str, int, str, bool]]:
    found = store.fetch(lambda c: find(c, text))
    return [(h.where, h.server_id, h.kind, h.present) for h in found.hits]


def test_search_finds_by_serial_mac_model_slot_tag_name_address_and_version(fleet: Store) -> None:
    assert hits(fleet, "HBA355i") == [("part", n, "controller", True) for n in (2, 3, 1)]  # by name
    assert hits(fleet, "hba355i 0002") == []
    assert hits(fleet, "CN0J13GR0002") == [("part", 2, "controller", True)]
    assert hits(fleet, "*gr0002") == [("part", 2, "controller", True)]
    for mac in ("e4:43:4b:11:22:03", "E4-43-4B-11-22-03", "e443.4b11.2203", "E4434B112203"):
        assert hits(fleet, mac) == [("part", 3, "port", True)], mac
    assert hits(fleet, "0J13GR slot 3")[0] == ("part", 2, "controller", True)
    assert hits(fleet, "tag0004") == [("server", 4, "server", True)]
    assert hits(fleet, "esx-02.site") == [("server", 2, "server", True)]
    assert hits(fleet, "10.0.0.3") == [("server", 3, "server", True)]
    assert [h[:3] for h in hits(fleet, "51.16")] == [("firmware", 3, "firmware"), ("part", 3, "controller")]
    assert hits(fleet, "") == hits(fleet, "*") == hits(fleet, "nothing-like-it") == []


def test_search_tells_where_a_part_was_that_is_gone(fleet: Store) -> None:
    assert hits(fleet, "SN0001XYZ") == [("part", 1, "drive", False)]
    assert hits(fleet, "NEWDRIVE1") == [("part", 1, "drive", True)]
    gone = fleet.fetch(lambda c: find(c, "SN0001XYZ")).hits[0]
    assert gone.until is not None
    with fleet.write() as uow:
        uow.session.execute(update(Server).where(Server.id == 1).values(bmc_mac="d0:94:66:aa:bb:cc"))
    assert hits(fleet, "D094.66AA.BBCC") == [("server", 1, "server", True)]


def test_search_stops_at_its_limit_and_says_so(fleet: Store) -> None:
    found = fleet.fetch(lambda c: find(c, "HBA355i", limit=2))
    assert (len(found.hits), found.more) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        "'",
        '"',
        "a* OR b",
        "NEAR(a b)",
        ")(",
        "%",
        "_",
        "\x00",
        "'; DROP TABLE servers; --",
        "ü" * 300,
        "a " * 900,
    ],
)
def test_search_takes_anything(sqlite_fleet: Store, text: str) -> None:
    assert sqlite_fleet.fetch(lambda c: find(c, text)).more is False


def test_words_of_removed_servers_are_gone_and_merged_ones_stay(fleet: Store) -> None:
    with fleet.write() as uow:
        merge_servers(uow, 4, 3)
    assert [h[1] for h in hits(fleet, "CN0J13GR0003")] == [4]
    with fleet.read() as connection:
        assert [r.id for r in matching(connection, "tags:legacy")] == [2, 4]
    with fleet.write() as uow:
        uow.session.delete(uow.session.get(Server, 2))
    assert hits(fleet, "CN0J13GR0002") == []


def test_what_changed_between_two_dates(fleet: Store) -> None:
    now = datetime.now(UTC)
    with fleet.read() as connection:
        lines = list(changes(connection, now - timedelta(minutes=90), now + timedelta(minutes=1)))
        assert list(changes(connection, now - timedelta(days=9), now - timedelta(days=8))) == []
        assert (
            list(changes(connection, now - timedelta(minutes=90), now + timedelta(minutes=1), [2, 3])) == []
        )
    said = {(c.what, c.how, c.subject, c.before, c.after) for c in lines}
    assert said == {
        ("part", "changed", "Drive Bay 0", "Physical Disk 0:1:0 · SN0001XYZ · ok", "Physical Disk 0:1:0 · NEWDRIVE1 · ok"),
        ("firmware", "changed", "BIOS", "2.10.0", "2.19.1"),
        ("fact", "changed", "host name", "esx-01.site.example", "esx-99.site.example"),
    }  # fmt: skip
    assert {c.server for c in lines} == {"esx-99.site.example"}
    assert {c.subject: c.identifier for c in lines}["BIOS"] == "BIOS.Setup.1-1"
    assert all(c.last_seen < c.when and c.sure for c in lines)


def test_firmware_pivot_names_the_odd_ones(fleet: Store) -> None:
    rows = {r.component: r for r in fleet.fetch(firmware_pivot)}
    perc = rows["Dell HBA355i Adp"]
    assert [(c.version, c.server_ids, c.newest, c.odd) for c in perc.versions] == [
        ("52.26.0-5179", (1, 2), True, False),
        ("51.16.0-4076", (3,), False, True),
    ]
    assert perc.odd_server_ids == (3,)
    # MACs in names do not tear one component apart.
    assert rows["Broadcom Gigabit Ethernet BCM5720"].count == 3
    assert [r.count for r in fleet.fetch(lambda c: firmware_pivot(c, [3])) if "HBA" in r.component] == [1]


def test_spare_parts(fleet: Store) -> None:
    rows = {r.part_number: r for r in fleet.fetch(spare_parts)}
    psu = rows["0FPF7R"]
    assert (psu.count, psu.not_ok, psu.models, psu.server_ids) == (
        3,
        1,
        ("PowerEdge R640", "PowerEdge R750"),
        (1, 2, 3),
    )
    assert {r.part_number: r.count for r in fleet.fetch(lambda c: spare_parts(c, [2]))} == {
        "0FPF7R": 1,
        "0J13GR": 1,
    }


def test_rack_elevation_adds_up_and_collisions_are_refused(fleet: Store) -> None:
    rack = fleet.fetch(list_racks)[0]
    assert (rack.room, rack.name, rack.servers, rack.used) == ("Hall 1", "A3", 1, 2)
    with fleet.write() as uow:
        rack_commands.place(uow, ANNA, 2, rack.id, 12)
        rack_commands.place(uow, ANNA, 3, rack.id, 42, 1)
    found = fleet.fetch(lambda c: elevation(c, rack.id))
    assert found is not None
    assert sum(s.height for s in found.slots) == 42
    assert [(s.unit, s.height, s.server_id) for s in found.slots] == [
        (42, 1, 3), (13, 29, None), (12, 1, 2), (10, 2, 1), (1, 9, None),
    ]  # fmt: skip
    assert found.watts == 3 * 312.0
    for unit, height in ((11, 1), (9, 2), (10, 2), (8, 9)):
        with pytest.raises(rack_commands.PlaceTaken) as taken, fleet.write() as uow:
            rack_commands.place(uow, ANNA, 4, rack.id, unit, height)
        assert taken.value.server_id == 1
    for unit, height in ((0, 1), (42, 2), (43, 1)):
        with pytest.raises(BadInput), fleet.write() as uow:
            rack_commands.place(uow, ANNA, 4, rack.id, unit, height)
    with pytest.raises(BadInput, match="cannot have 20"), fleet.write() as uow:
        rack_commands.edit_rack(uow, ANNA, rack.id, "A3", room="Hall 1", units=20)
    with fleet.write() as uow:
        rack_commands.place(uow, ANNA, 1, rack.id, 9)  # over its own units
        rack_commands.unplace(uow, ANNA, 2)
    assert [i for i, _, _ in fleet.fetch(unplaced)] == [4, 2]
    with fleet.write() as uow:
        rack_commands.remove_rack(uow, ANNA, rack.id)
    assert len(fleet.fetch(unplaced)) == 4


@pytest.mark.parametrize(
    ("model", "units"),
    [
        ("PowerEdge R750", 2),
        ("PowerEdge R640", 1),
        ("PowerEdge R7625", 2),
        ("PowerEdge R940", 3),
        ("PowerEdge R930", 4),
        ("PowerEdge C6420", 2),
        ("Other", 1),
        ("", 1),
    ],
)
def test_usual_heights(model: str, units: int) -> None:
    assert rack_commands.usual_height(model) == units


def test_readings_in_few_points_keep_their_extremes(fleet: Store) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        {
            "server_id": 1 + n % 2,
            "sensor": "volts",
            "at": start + timedelta(minutes=n),
            "value": 200.0 + n % 50,
        }
        for n in range(1_000)
    ]
    rows[501]["value"] = 999.0
    with fleet.write() as uow:
        uow.session.execute(insert(Reading), rows)
    end = start + timedelta(minutes=1_000)
    with fleet.read() as connection:
        points = series(connection, [2], "volts", start, end, 10)[2]
        lines = series(connection, [1, 2, 3], "volts", start, end, 5)
        seen = extremes(connection, 2, start)
    assert [p.at for p in points] == [start + timedelta(minutes=100 * n) for n in range(10)]
    assert sum(p.count for p in points) == 500
    assert max(p.high for p in points) == 999.0
    assert all(p.low <= p.mean <= p.high for p in points)
    assert {i: len(p) for i, p in lines.items()} == {1: 5, 2: 5}
    assert (seen["volts"].high, seen["volts"].last) == (999.0, 249.0)


def test_messages_are_explained_by_the_devices_own_registry(fleet: Store) -> None:
    def registry(resolution: str) -> dict[str, object]:
        return {"Id": "EEMI", "Messages": {
            "PSU0001": {"Message": "Power supply %1 failed.", "Severity": "Critical", "Resolution": resolution, "NumberOfArgs": 1},
            "bad": "not an object",
        }}  # fmt: skip

    with fleet.write() as uow:
        assert load_registry(uow, registry("Old advice."), "EEMI 1.2, iDRAC8") == 1
    with fleet.write() as uow:
        load_registry(uow, registry("Replace it."), "EEMI 2.7, iDRAC9")
        load_registry(uow, registry("Replace it now."), "EEMI 2.7, iDRAC9")
    with fleet.read() as connection:
        for spelling in ("PSU0001", "psu0001", "IDRAC.2.7.PSU0001"):
            newest = explain(connection, spelling)
            assert newest is not None
            assert (newest.severity, newest.resolution) == ("critical", "Replace it now.")
        older = explain(connection, "PSU0001", "EEMI 1.2, iDRAC8")
        assert older is not None
        assert older.resolution == "Old advice."
        assert explain(connection, "XYZ1") is None
        assert known_messages(connection, ["IDRAC.2.7.PSU0001", "XYZ1"]) == {"IDRAC.2.7.PSU0001"}
        assert message_sources(connection) == {"EEMI 1.2, iDRAC8": 1, "EEMI 2.7, iDRAC9": 1}
    with pytest.raises(BadInput), fleet.write() as uow:
        load_registry(uow, {"Messages": []}, "x")


def test_audit_pages_filters_and_a_changed_entry_is_found(fleet: Store) -> None:
    with fleet.read() as connection:
        whole = audit_page(connection, AuditFilter(), limit=1_000)
        paged = []
        before = None
        while page := audit_page(connection, AuditFilter(), before=before, limit=3):
            paged += page
            before = page[-1].id
        assert paged == whole
        assert {r.action for r in audit_page(connection, AuditFilter(action="racks."))} == {
            "racks.add",
            "racks.place",
        }
        assert [r.action for r in audit_page(connection, AuditFilter(words="production"))] == ["tags.add"]
        assert audit_page(connection, AuditFilter(actor="nobody")) == []
        assert audit_page(connection, AuditFilter(until=datetime(2020, 1, 1, tzinfo=UTC))) == []
        assert "tags.add" in audit_actions(connection)
        assert audit_state(connection).whole
    with fleet.write() as uow:
        uow.session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(actor="mallory"))
    assert fleet.fetch(audit_state).broken == 3


def test_every_number_of_the_dashboard_leads_to_as_many_rows(fleet: Store) -> None:
    with fleet.write() as uow:
        finished_job(uow, 1)
        uow.session.execute(
            update(Server)
            .where(Server.id == 2)
            .values(facts_at=uow.now - timedelta(days=3), health="critical")
        )
        uow.session.execute(update(Server).where(Server.id == 3).values(access="no_login"))
    with fleet.read() as connection:
        page = dashboard(connection)
        for group in (page.health, page.access, page.ages, page.models):
            assert sum(n.value for n in group) <= 4
            for number in group:
                assert len(matching(connection, number.filter)) == number.value, number
    assert sum(n.value for n in page.ages) == sum(n.value for n in page.health) == 4
    assert {n.key: n.value for n in page.ages} == {
        "age.1h": 2,
        "age.1d": 0,
        "age.7d": 1,
        "age.older": 0,
        "age.never": 1,
    }


def test_parts_of_an_older_store_are_found_after_its_migration(
    database_url: str, open_store: Callable[[str], Store]
) -> None:
    upgrade(database_url)
    fill(open_store(database_url))
    downgrade(database_url, "0004")
    upgrade(database_url)
    assert [h[:3] for h in hits(open_store(database_url), "S1 bay 0")] == [
        ("part", n, "drive") for n in (1, 2, 3)
    ]
