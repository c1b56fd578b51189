"""Servers out of files and pasted cells: nothing half, every bad row with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from dsm_desktop.commands import custom_fields, server_import
from dsm_desktop.commands.import_text import IGNORE, guess_mapping, read_file, read_table
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput, Denied
from dsm_desktop.queries.custom_fields import custom_values
from dsm_desktop.queries.racks import elevation, list_racks
from dsm_desktop.queries.servers import list_groups, list_servers
from dsm_desktop.queries.tags import tags_by_server
from dsm_desktop.store.models import CredentialSet, Server, ServerAddress
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

ANNA = Principal("anna")
CSV = """iDRAC IP;Hostname;Cluster;Owner;Tags;Rack;Rack U;Login;Comment
10.0.0.1;esx-01;Berlin;Team A;prod,gold;A3;10;root;"first; of many"
https://10.0.0.2:8443/restgui;esx-02;Berlin;Team B;;A3;U 12;ROOT;
fe80::1;esx-03;;;;;;;"two
lines"
"""


def planned(
    uow: UnitOfWork, text: str, mapping: tuple[str, ...] | None = None, *, update_known: bool = False
) -> server_import.ImportPlan:
    table = read_table(text)
    fields = {key: f.title for key, f in custom_fields.fields_by_key(uow).items()}
    return server_import.plan(
        uow,
        table,
        mapping or guess_mapping(table, fields, server_import.remembered(uow)),
        update_known=update_known,
    )


def imported(store: Store, text: str, *, update_known: bool = False) -> server_import.Imported:
    with store.write() as uow:
        return server_import.apply(uow, ANNA, planned(uow, text, update_known=update_known))


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as uow:
        uow.session.execute(
            insert(CredentialSet), [{"name": "root", "username": "root", "changed_at": uow.now}]
        )
        custom_fields.add_field(uow, ANNA, custom_fields.FieldDraft(title="Owner"))
        custom_fields.add_field(uow, ANNA, custom_fields.FieldDraft(title="Bought", kind="date"))
    return store


def count(store: Store) -> int:
    return store.fetch(lambda c: c.scalar(select(func.count(Server.id)))) or 0


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiters_are_found(delimiter: str) -> None:
    text = "\ufeff" + "\r\n".join(
        delimiter.join(row) for row in (("BMC IP", "Name"), ("10.0.0.1", "a"), ("10.0.0.2", "b"))
    )
    table = read_table(text)
    assert (table.delimiter, table.headings, table.lines) == (delimiter, ("BMC IP", "Name"), (2, 3))
    assert guess_mapping(table, {}) == ("address", "name")


def test_a_bare_list_of_addresses_needs_no_heading() -> None:
    table = read_table("# my rack\n10.0.0.1\n\n10.0.0.2\n")
    assert (table.headings, table.rows, table.lines) == ((), (("10.0.0.1",), ("10.0.0.2",)), (2, 4))
    assert guess_mapping(table, {}) == ("address",)
    assert guess_mapping(read_table("x\t10.0.0.1\tesx\n"), {}) == (IGNORE, "address", "name")


def test_a_whole_list_with_everything_is_taken_in_one_go(ready: Store) -> None:
    done = imported(ready, CSV)
    assert len(done.added) == 3
    rows = {r.name: r for r in ready.fetch(list_servers)}
    assert (rows["esx-02"].address, rows["esx-02"].port) == ("10.0.0.2", 8443)
    assert rows["esx-03"].address == "fe80::1"
    assert (rows["esx-01"].notes, rows["esx-03"].notes) == ("first; of many", "two\nlines")
    assert rows["esx-01"].assigned_credential_id == rows["esx-02"].assigned_credential_id is not None
    with ready.read() as connection:
        assert custom_values(connection)[rows["esx-01"].id] == {"owner": "Team A"}
        assert tags_by_server(connection)[rows["esx-01"].id] == ("gold", "prod")
        assert [(g.name, len(g.members)) for g in list_groups(connection)] == [("Berlin", 2)]
        rack = elevation(connection, list_racks(connection)[0].id)
        assert rack is not None
        assert [s.unit for s in rack.slots if s.server_id] == [12, 10]


BAD = [
    ("10.0.0.300,,", "not an address"), ("10.0.0,,", "not an address"), (",name only,", "missing"), ("10.0.0.1/24,,", ""),
    ("10.0.0.9,,soon", "is no date"), ("a b,,", "not an address"), ("http://,,", "not an address"), ("10.0.0.9:99999,,", "Port"),
    ("10.0.0.9," + "x" * 256 + ",", "longer than 255"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reason"), BAD, ids=[row[:20] for row, _ in BAD])
def test_bad_rows_say_why(ready: Store, row: str, reason: str) -> None:
    with ready.write() as uow:
        found = planned(uow, f"address,name,bought\n{row}\n")
    if not reason:
        assert found.adds[0].values["address"] == "10.0.0.1"  # the rest of a link
        return
    assert reason in found.bad[0].problems[0]
    heads, rows = server_import.bad_rows(found)
    assert heads == ("Line", "Reason", "address", "name", "bought")
    assert rows[0][0] == "2"
    assert reason in rows[0][1]


def test_duplicates_in_the_file_and_in_the_store_are_told_and_not_taken(ready: Store) -> None:
    imported(ready, "address,name,service tag\n10.0.0.1,one,ABC1234\n")
    text = "address,name,service tag\n10.0.0.1,again,\n10.0.0.2,two,\nTEN.example,three,\nten.example.,four,\n10.0.0.5,five,abc1234\n"
    with ready.write() as uow:
        found = planned(uow, text)
        assert [r.values["name"] for r in found.adds] == ["two", "three"]
        assert [r.line for r in found.rows if not r.good] == [2, 5, 6]
        assert "line 4" in found.rows[3].problems[0]
        done = server_import.apply(uow, ANNA, found)
    assert len(done.added) == 2
    changed = imported(ready, "address,name\n10.0.0.1,renamed\n10.0.0.7,new\n", update_known=True)
    assert (len(changed.added), len(changed.updated)) == (1, 1)
    assert {r.name for r in ready.fetch(list_servers)} == {"renamed", "two", "three", "new"}


def test_a_listed_server_with_a_new_address_moves_there_or_says_why_not(ready: Store) -> None:
    head = "address,name,service tag\n"
    imported(ready, f"{head}10.0.0.1:8443,one,ABC1234\n10.0.0.2:8443,two,DEF1234\n10.0.0.4,four,\n")
    with ready.write() as uow:
        text = f"{head}10.0.0.2,one,ABC1234\n10.0.0.4:443,two,DEF1234\n10.0.0.2:8443,again,\n"
        taken = planned(uow, text, update_known=True)
        assert [r.problems[:1] for r in taken.rows] == [
            ("10.0.0.2 is another server's address.",),
            ("DEF1234 is another server's service tag.",),
            (),
        ]
        twice = planned(uow, f"{head}10.0.0.9,one,abc1234\n10.0.0.1:8443,x,NEW1234\n", update_known=True)
        assert len(twice.updates) == 1
        assert "line 2" in twice.rows[1].problems[0]
    with ready.write() as uow:
        early = planned(uow, f"{head}10.0.0.9:8443,one,ABC1234\n", update_known=True)
    changed = imported(ready, f"{head}10.0.0.9,uno,abc1234\n10.0.0.8:444,two,DEF1234\n", update_known=True)
    assert len(changed.updated) == 2
    listed = {r.name: (r.address, r.port) for r in ready.fetch(list_servers)}
    assert listed == {"uno": ("10.0.0.9", 8443), "two": ("10.0.0.8", 444), "four": ("10.0.0.4", 443)}
    before = ready.fetch(lambda c: c.execute(select(ServerAddress.address, ServerAddress.port)).all())
    assert sorted(map(tuple, before)) == [("10.0.0.1", 8443), ("10.0.0.2", 8443)]
    with ready.write() as uow:  # what was planned before somebody else moved it is still true
        assert server_import.apply(uow, ANNA, early).updated
    with ready.write() as uow:
        late = planned(uow, f"{head}10.0.0.7,uno,ABC1234\n", update_known=True)
    imported(ready, "address\n10.0.0.7:8443\n")
    with pytest.raises(BadInput, match="meanwhile"), ready.write() as uow:
        server_import.apply(uow, ANNA, late)


def test_a_collision_in_the_last_row_undoes_all(ready: Store) -> None:
    text = "address,rack,unit,height\n10.0.0.1,A1,1,2\n10.0.0.2,A1,5,1\n10.0.0.3,A1,2,1\n"
    with pytest.raises(BadInput, match="taken") as refused, ready.write() as uow:
        server_import.apply(uow, ANNA, planned(uow, text))
    assert refused.value.where == "line 4"
    assert count(ready) == 0
    assert ready.fetch(list_racks) == []


def test_a_server_added_between_preview_and_import_undoes_all(ready: Store) -> None:
    text = "address\n10.0.0.1\n10.0.0.2\n"
    with ready.write() as uow:
        seen = planned(uow, text)
    imported(ready, "address\n10.0.0.2\n")
    with pytest.raises(BadInput, match="meanwhile"), ready.write() as uow:
        server_import.apply(uow, ANNA, seen)
    assert count(ready) == 1


def test_the_chosen_mapping_is_remembered(ready: Store) -> None:
    text = "Box,Where\nalpha,10.0.0.1\n"
    with ready.write() as uow:
        assert guess_mapping(read_table(text), {}) == (IGNORE, "address")
        server_import.apply(uow, ANNA, planned(uow, text, ("name", "address")))
    with ready.write() as uow:
        assert guess_mapping(read_table(text), {}, server_import.remembered(uow)) == ("name", "address")


def test_mappings_that_cannot_be(ready: Store) -> None:
    for mapping in (
        ("name", IGNORE),
        ("address", "address"),
        ("address", "field.nosuch"),
        ("address", "nosuch"),
    ):
        with pytest.raises(BadInput), ready.write() as uow:
            planned(uow, "a,b\n1,2\n", mapping)
    with pytest.raises(Denied), ready.write() as uow:
        server_import.apply(uow, Principal("bob", Role.OPERATOR), planned(uow, "10.0.0.1\n"))
    with pytest.raises(BadInput):
        read_table(" \n\n")


def test_files_of_any_encoding_are_read_and_a_workbook_is_named(tmp_path: Path) -> None:
    for name, data in (
        ("utf16", "Größe".encode("utf-16")),
        ("bom", "Größe".encode("utf-8-sig")),
        ("win", "Größe".encode("cp1252")),
    ):
        (tmp_path / name).write_bytes(data)
        assert read_file(tmp_path / name) == "Größe"
    (tmp_path / "x.csv").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match="workbook"):
        read_file(tmp_path / "x.csv")


def test_what_was_exported_against_formulas_comes_back_as_it_was(ready: Store) -> None:
    imported(ready, "address,notes\n10.0.0.1,'=1+1\n")
    assert ready.fetch(list_servers)[0].notes == "=1+1"
