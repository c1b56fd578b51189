"""Custom fields, tags and saved views."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from dsm_desktop.commands import custom_fields, saved_views, servers, tags
from dsm_desktop.commands.saved_views import ViewLayout
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput, Denied
from dsm_desktop.queries.custom_fields import common_values, custom_values, list_custom_fields
from dsm_desktop.queries.saved_views import default_view, list_saved_views
from dsm_desktop.queries.tags import common_tags, tag_counts
from dsm_desktop.store.models import AuditEntry
from dsm_desktop.store.unit_of_work import Store

ANNA, BOB, EVE = Principal("anna"), Principal("bob", Role.OPERATOR), Principal("eve", Role.VIEWER)
Draft = custom_fields.FieldDraft


@pytest.fixture
def three(store: Store) -> Store:
    with store.write() as uow:
        for n in range(3):
            servers.add_server(uow, ANNA, f"10.0.0.{n + 1}")
    return store


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("text", " a ", "a"), ("number", "1,5", 1.5), ("number", 7, 7.0), ("date", "2027-03-31", "2027-03-31"), ("date", "2027-03-31T10:00", "2027-03-31"),
        ("choice", "GOLD", "Gold"), ("yes_no", "Yes", True), ("yes_no", False, False), ("text", "", None), ("number", None, None),
    ],
)  # fmt: skip
def test_values_are_kept_by_kind(three: Store, kind: str, typed: str, kept: object) -> None:
    with three.write() as uow:
        custom_fields.add_field(uow, ANNA, Draft(title="The Field", kind=kind, choices=("Gold", "Silver")))
        custom_fields.set_values(uow, ANNA, [1], {"the_field": typed})
    assert three.fetch(custom_values) == ({1: {"the_field": kept}} if kept is not None else {})


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("number", "many"),
        ("number", "nan"),
        ("number", True),
        ("date", "31.3.2027"),
        ("choice", "Lead"),
        ("yes_no", "maybe"),
        ("text", "x" * 3_000),
    ],
)
def test_values_that_do_not_fit_change_nothing(three: Store, kind: str, typed: str) -> None:
    with three.write() as uow:
        custom_fields.add_field(uow, ANNA, Draft(title="F", kind=kind, choices=("Gold",)))
    with pytest.raises(BadInput), three.write() as uow:
        custom_fields.set_values(uow, ANNA, [1, 2], {"f": typed})
    assert three.fetch(custom_values) == {}


def test_fields_are_defined_edited_and_removed_with_their_values(three: Store) -> None:
    with three.write() as uow:
        field = custom_fields.add_field(uow, ANNA, Draft(title="Owner", help="Who pays"))
        other = custom_fields.add_field(uow, ANNA, Draft(title="Rank", kind="number"))
        custom_fields.set_values(uow, ANNA, [1, 2], {"owner": "Team A", "rank": 1})
        custom_fields.set_values(uow, ANNA, [2], {"owner": "Team B"})
    with three.read() as connection:
        both = common_values(connection, [1, 2])
        assert (both["owner"].several, both["owner"].value, both["rank"].several, both["rank"].value) == (
            True,
            None,
            False,
            1.0,
        )
        assert [f.key for f in list_custom_fields(connection)] == ["owner", "rank"]
    for draft in (
        Draft(title="Owner", kind="number"),
        Draft(title="Owner", kind="choice", choices=("Team A",)),
        Draft(title="Owner", kind="rune"),
    ):
        with pytest.raises(BadInput), three.write() as uow:
            custom_fields.edit_field(uow, ANNA, field, draft)
    with three.write() as uow:
        custom_fields.edit_field(
            uow, ANNA, field, Draft(title="Owning team", kind="choice", choices=("Team A", "Team B"))
        )
        assert custom_fields.remove_field(uow, ANNA, other) == 2
    assert three.fetch(custom_values) == {1: {"owner": "Team A"}, 2: {"owner": "Team B"}}
    for title in ("Owner", "1st", "", "ßß"):
        with pytest.raises(BadInput), three.write() as uow:
            custom_fields.add_field(uow, ANNA, Draft(title=title))
    for title, who in (("X", BOB), ("X", EVE)):
        with pytest.raises(Denied), three.write() as uow:
            custom_fields.add_field(uow, who, Draft(title=title))


def test_tags(three: Store) -> None:
    with three.write() as uow:
        tags.add_tags(uow, ANNA, [1, 2, 99], ["prod", " two words "])
        tags.add_tags(uow, ANNA, [2, 3], ["prod", "gold"])
    assert three.fetch(tag_counts) == {"gold": 2, "prod": 3, "two-words": 2}
    assert three.fetch(lambda c: common_tags(c, [1, 2])) == (
        frozenset({"prod", "two-words"}),
        frozenset({"gold"}),
    )
    with three.write() as uow:
        tags.remove_tags(uow, ANNA, [1], ["prod"])
        assert tags.rename_tag(uow, ANNA, "gold", "prod") == 2
        tags.set_tags(uow, ANNA, [1], ["only"])
    assert three.fetch(tag_counts) == {"only": 1, "prod": 2, "two-words": 1}
    for bad in ("", "a,b", 'a"b', "x" * 61, "-x", "a*"):
        with pytest.raises(BadInput), three.write() as uow:
            tags.add_tags(uow, ANNA, [1], [bad])
    with pytest.raises(Denied), three.write() as uow:
        tags.add_tags(uow, EVE, [1], ["x"])
    with three.write() as uow:
        servers.remove_servers(uow, ANNA, [1])
    assert "only" not in three.fetch(tag_counts)
    actions = three.fetch(lambda c: list(c.scalars(select(AuditEntry.action).order_by(AuditEntry.id))))
    assert actions[3:] == ["tags.add", "tags.add", "tags.remove", "tags.rename", "tags.set", "servers.remove"]


def test_views_are_saved_shared_and_carried_as_a_file(store: Store) -> None:
    layout = ViewLayout(
        filter="health!=ok",
        columns=("health", "name"),
        widths={"name": 120},
        sort=(("name", True),),
        default=True,
    )
    with store.write() as uow:
        mine = saved_views.save_view(uow, ANNA, "servers", "Bad ones", layout)
        saved_views.save_view(uow, ANNA, "servers", "Bad ones", layout.model_copy(update={"pinned": 2}))
        shared = saved_views.save_view(uow, ANNA, "servers", "All", ViewLayout(default=True), shared=True)
        text = saved_views.export_view(uow, ANNA, mine)
    names = [
        (v.name, v.shared, v.layout.pinned)
        for v in store.fetch(lambda c: list_saved_views(c, "servers", "anna"))
    ]
    assert names == [("All", True, 1), ("Bad ones", False, 2)]
    assert [v.name for v in store.fetch(lambda c: list_saved_views(c, "servers", "bob"))] == ["All"]
    chosen = [store.fetch(lambda c, u=user: default_view(c, "servers", u)) for user in ("anna", "bob")]  # type: ignore[misc]
    assert [v.name for v in chosen if v] == ["Bad ones", "All"]
    with store.write() as uow:
        saved_views.import_view(uow, BOB, "servers", text)
        second = saved_views.save_view(uow, ANNA, "servers", "Second", ViewLayout())
        saved_views.make_default(uow, ANNA, second)
    copy = store.fetch(lambda c: list_saved_views(c, "servers", "bob"))[1]
    assert (copy.layout.filter, copy.layout.columns, copy.layout.default) == (
        "health!=ok",
        ("health", "name"),
        False,
    )
    assert [
        v.name
        for v in store.fetch(lambda c: list_saved_views(c, "servers", "anna"))
        if v.layout.default and v.owner
    ] == ["Second"]
    for who, view in ((BOB, mine), (BOB, shared)):
        with pytest.raises(Denied), store.write() as uow:
            saved_views.remove_view(uow, who, view)
    with store.write() as uow:
        saved_views.set_shared(uow, ANNA, mine, True)
        saved_views.remove_view(uow, ANNA, shared)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other 1"},
        {"layout": {"pinned": 99}},
        {"layout": []},
        {"view": "x" * 61},
        {"view": "jobs"},
        {"name": ""},
    ],
)
def test_files_that_are_no_views(store: Store, change: dict[str, object]) -> None:
    good = {"format": saved_views.FORMAT, "view": "servers", "name": "A", "layout": {}}
    with pytest.raises(BadInput), store.write() as uow:
        saved_views.import_view(uow, ANNA, "servers", json.dumps({**good, **change}))
    for text in ("", "[]", "{", "x" * 300_000):
        with pytest.raises(BadInput), store.write() as uow:
            saved_views.import_view(uow, ANNA, "servers", text)
