"""Two people edit the same servers: nobody writes over what he has not seen."""

from __future__ import annotations

import pytest

from dsm_desktop.commands import bulk_edit, custom_fields, servers
from dsm_desktop.commands.bulk_edit import BulkEdit, ChangedMeanwhile
from dsm_desktop.commands.custom_fields import FieldDraft
from dsm_desktop.core.access import Principal
from dsm_desktop.queries.server_row import ServerRow
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.unit_of_work import Store

ANNA = Principal("anna")


@pytest.fixture
def two(store: Store) -> tuple[int, int]:
    with store.write() as uow:
        custom_fields.add_field(uow, ANNA, FieldDraft(title="Owner"))
        return servers.add_server(uow, ANNA, "10.0.0.1"), servers.add_server(uow, ANNA, "10.0.0.2")


def edit(store: Store, ids: tuple[int, ...], wanted: BulkEdit) -> None:
    with store.write() as uow:
        bulk_edit.edit_many(uow, ANNA, ids, wanted)


def rows(store: Store) -> list[ServerRow]:
    return sorted(store.fetch(list_servers), key=lambda row: row.id)


def test_a_field_that_reads_otherwise_than_seen_keeps_everything_from_being_written(
    store: Store, two: tuple[int, int]
) -> None:
    one, other = two
    edit(store, (other,), BulkEdit(values={"notes": "ben's"}))
    seen = {one: {"notes": "", "asset_tag": ""}, other: {"notes": "", "asset_tag": ""}}
    with pytest.raises(ChangedMeanwhile, match="“ben's”") as told:
        edit(store, two, BulkEdit(values={"notes": "anna's", "asset_tag": "A1"}, seen=seen))
    assert told.value.now == {other: {"notes": "ben's"}}
    assert told.value.where == "10.0.0.2"
    assert [(row.notes, row.asset_tag) for row in rows(store)] == [("", ""), ("ben's", "")]
    edit(store, two, BulkEdit(values={"asset_tag": "A1"}, seen=seen))
    assert [(row.notes, row.asset_tag) for row in rows(store)] == [("", "A1"), ("ben's", "A1")]


def test_names_and_own_fields_are_held_against_what_was_seen_too(store: Store, two: tuple[int, int]) -> None:
    one, _ = two
    edit(store, (one,), BulkEdit(names={one: "ben's"}, custom={"owner": "ben"}))
    seen = {one: {"name": ""}}
    with pytest.raises(ChangedMeanwhile) as told:
        edit(store, (one,), BulkEdit(names={one: "anna's"}, custom={"owner": "anna"}, seen=seen))
    assert told.value.now == {one: {"name": "ben's", "field.owner": "ben"}}
    assert "owner, name" in told.value.message
    edit(store, (one,), BulkEdit(names={one: "anna's"}, custom={"owner": "anna"}, seen=told.value.now))
    named = rows(store)[0]
    assert (named.name, named.custom) == ("anna's", {"owner": "anna"})


def test_two_who_write_the_same_do_not_quarrel(store: Store, two: tuple[int, int]) -> None:
    one, _ = two
    edit(store, (one,), BulkEdit(values={"notes": "repaired"}))
    edit(store, (one,), BulkEdit(values={"notes": "repaired"}, seen={one: {"notes": ""}}))
    assert rows(store)[0].notes == "repaired"
