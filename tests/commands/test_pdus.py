"""PDUs written on servers: by an edit of many, by a list, and what is kept when two entries become one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dsm_desktop.commands import bulk_edit, server_import, servers
from dsm_desktop.commands.bulk_edit import BulkEdit
from dsm_desktop.commands.import_text import guess_mapping, read_table
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.domains import pdu_names
from dsm_desktop.core.errors import BadInput, Denied
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.discovered import merge_servers
from dsm_desktop.store.models import AuditEntry
from dsm_desktop.store.unit_of_work import Store

ANNA = Principal("anna")


def written(store: Store) -> dict[str, str]:
    return {row.address: row.pdus for row in store.fetch(list_servers)}


def imported(store: Store, text: str, *, update_known: bool = False) -> server_import.ImportPlan:
    table = read_table(text)
    with store.write() as uow:
        planned = server_import.plan(uow, table, guess_mapping(table, {}), update_known=update_known)
        server_import.apply(uow, ANNA, planned)
    return planned


@pytest.fixture
def two(store: Store) -> tuple[int, int]:
    with store.write() as uow:
        return servers.add_server(uow, ANNA, "10.0.0.1"), servers.add_server(uow, ANNA, "10.0.0.2")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" , ;\n", ()),
        ("A12, B12", ("A12", "B12")),
        ("A12;B12\nC 1", ("A12", "B12", "C 1")),
        ("B12, a12, A12,  b12", ("B12", "a12")),
        ("Row 3   left", ("Row 3 left",)),
        ("R1/A", ("R1/A",)),
    ],
)
def test_names_are_read_from_what_people_write(text: str, names: tuple[str, ...]) -> None:
    assert pdu_names(text) == names


def test_many_servers_are_given_their_pdus_at_once_and_it_is_audited(
    store: Store, two: tuple[int, int]
) -> None:
    with store.write() as uow:
        bulk_edit.edit_many(uow, ANNA, two, BulkEdit(values={"pdus": " A12;B12,a12 "}))
    assert written(store) == {"10.0.0.1": "A12, B12", "10.0.0.2": "A12, B12"}
    with store.read() as connection:
        entry = connection.execute(
            select(AuditEntry.actor, AuditEntry.subject, AuditEntry.detail).where(
                AuditEntry.action == "servers.edit"
            )
        ).one()
    assert (entry.actor, entry.subject) == ("anna", "2 servers")
    assert "pdus" in str(entry.detail)
    with store.write() as uow:
        bulk_edit.edit_many(uow, ANNA, two[:1], BulkEdit(values={"pdus": ""}))
    assert written(store)["10.0.0.1"] == ""
    with pytest.raises(Denied), store.write() as uow:
        servers.edit_servers(uow, Principal("eve", Role.VIEWER), two, pdus="A1")


def test_a_name_that_is_too_long_changes_nothing(store: Store, two: tuple[int, int]) -> None:
    long = "x" * (servers.LONGEST_PDU + 1)
    with pytest.raises(BadInput, match="longer than 80"), store.write() as uow:
        bulk_edit.edit_many(uow, ANNA, two, BulkEdit(values={"notes": "moved", "pdus": f"A1, {long}"}))
    assert {(row.notes, row.pdus) for row in store.fetch(list_servers)} == {("", "")}
    table = read_table(f"address,pdu\n10.0.0.9,{long}\n")
    with store.write() as uow:
        (bad,) = server_import.plan(uow, table, ("address", "pdu")).bad
    assert "longer than 80" in bad.problems[0]


@pytest.mark.parametrize(
    "heading", ["PDU", "pdus", "PDU(s)", "Power Feed", "Power distribution unit", "PDU-A", "Feed A", "PDU 1"]
)
def test_usual_headings_of_a_list_are_known(store: Store, heading: str) -> None:
    imported(store, f"iDRAC IP\t{heading}\n10.0.0.1\tA12, B12\n")
    assert written(store) == {"10.0.0.1": "A12, B12"}


@pytest.mark.parametrize("heads", ["PDU A,PDU B", "Feed A,Feed B", "PDU1,PDU2", "PDU B,PDU A"])
def test_a_list_with_a_column_for_each_feed_is_taken_whole(store: Store, heads: str) -> None:
    imported(store, f"iDRAC IP,{heads}\n10.0.0.1,A12,B12\n10.0.0.2,A13,\n10.0.0.3,,B14\n10.0.0.4,A15,a15\n")
    assert {k: set(v.split(", ")) for k, v in written(store).items()} == {
        "10.0.0.1": {"A12", "B12"},
        "10.0.0.2": {"A13"},
        "10.0.0.3": {"B14"},
        "10.0.0.4": {"A15"} if heads != "PDU B,PDU A" else {"a15"},
    }


def test_a_list_changes_known_servers_and_an_empty_cell_leaves_them(
    store: Store, two: tuple[int, int]
) -> None:
    with store.write() as uow:
        servers.edit_servers(uow, ANNA, two, pdus="A1")
    imported(store, "address;pdu\n10.0.0.1;\n10.0.0.2;A2,B2\n", update_known=True)
    assert written(store) == {"10.0.0.1": "A1", "10.0.0.2": "A2, B2"}


def test_two_entries_that_become_one_keep_what_is_known(store: Store, two: tuple[int, int]) -> None:
    keep, gone = two
    with store.write() as uow:
        servers.edit_servers(uow, ANNA, [gone], pdus="A1, B1")
        merge_servers(uow, keep, gone)
    assert written(store) == {"10.0.0.1": "A1, B1"}
