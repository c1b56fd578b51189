"""The query bar's language over a real store."""

from __future__ import annotations

import pytest

from dsm_desktop.commands import groups as group_commands
from dsm_desktop.queries.groups import group_tree, pasted_tags
from dsm_desktop.queries.query_completion import complete, query_context
from dsm_desktop.queries.query_values import FilterError
from dsm_desktop.queries.server_query import matching, parse_query
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.unit_of_work import Store
from tests.queries.fleet import ANNA

QUERIES = {
    "": [1, 2, 3, 4],
    "model:R750": [1, 3],
    "model:R750 OR model:R640": [1, 2, 3],
    "model:R640 | tag:TAG0004": [2, 4],
    "model:R750 AND bios>=2.19": [1],
    "(model:R750 OR model:R640) -bios>=2.19": [2, 3],
    "NOT (model:R750 | model:R640)": [4],
    "-(model:R750 OR model:R640)": [4],
    "fw.bios<2.19": [2, 3],
    "fw.hba355i<52": [3],
    "fw.hba355i!=52.26.0-5179": [3],
    "fw.bcm5720=22.31.6": [1, 2, 3],
    "part:HBA355i": [1, 2, 3],
    "part:e4-43-4b-11-22-02": [2],
    "part:E4434B112203": [3],
    "part:*0002xyz": [2],
    "part:SN0001XYZ": [],  # exchanged since
    "-part:HBA355i": [4],
    "part!=HBA355i": [4],
    "pn:0FPF7R": [1, 2, 3],
    "serial=PSU2": [2],
    "tag:production": [1, 2],
    "tag:TAG0003": [3],
    "tag:TAG*": [1, 2, 3, 4],
    "tag!=TAG0003": [1, 2, 4],
    "tag!=legacy": [1, 4],
    "tags:legacy,production": [1, 2, 3],
    'tags:""': [4],
    "field.owner:team": [1, 2],
    'field.owner="team a"': [1],
    'field.owner=""': [3, 4],
    "field.warranty_end<2026-12-31": [2],
    "field.cost>1000": [1],
    "field.cost=99": [2],
    "rack:A3": [1],
    "pdu:A12": [1, 2],
    "pdu=b12": [1],
    'pdu=""': [3, 4],
    'room:"hall 1"': [1],
    "group:Berlin": [1, 2],
    'group="old bios"': [2],
    "event:PSU0001": [1, 2, 3],
    "lockdown:yes": [],
    'read=""': [4],
    "read<1h": [1, 2, 3],
    "seen>7d": [],
    '"esx-02"': [2],
}


def test_queries_name_the_servers_they_should(fleet: Store) -> None:
    with fleet.read() as connection:
        found = {text: [row.id for row in matching(connection, text)] for text in QUERIES}
    assert found == QUERIES


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("model:R750 nosuch:1", 11),
        ("model:R750 (bios>2", 11),
        ("model:R750) x", 10),
        ("model:", 6),
        ("a OR", 4),
        ("OR a", 0),
        ("a OR OR b", 4),
        ("NOT", 0),
        ("()", 1),
        ("a seen>soon", 7),
        ("watts>many", 6),
        ("a b|", 4),
    ],
)
def test_an_error_names_its_place(text: str, position: int) -> None:
    with pytest.raises(FilterError) as wrong:
        parse_query(text)
    assert wrong.value.position == position


def test_what_only_the_store_knows_is_refused_in_place(fleet: Store) -> None:
    for text, position in (("a field.nosuch:1", 15), ("group:Paris", 6), ("x part>3", 7), ("event:!!", 6)):
        with fleet.read() as connection, pytest.raises(FilterError) as wrong:
            matching(connection, text)
        assert wrong.value.position == position, text


def test_hostile_queries_end_in_an_answer_or_a_typed_error(fleet: Store) -> None:
    hostile = ["(" * 500, "-" * 100, '"' * 99, "part:" + "a" * 9_000, "part:'; DROP TABLE servers;--", "x" * 20_000, "part:\"a AND NEAR(b)\"",
               "fw.%<1", "tags:%", "field.owner:%", "event:* OR *", "part:~^", "\x00", "a:b:c", "=", ":1"]  # fmt: skip
    places = []
    for text in hostile:
        with fleet.read() as connection:
            try:
                matching(connection, text)
            except FilterError as error:
                places.append(0 <= error.position <= len(text))
    assert all(places)
    with fleet.read() as connection:
        assert len(matching(connection, "")) == 4
        assert matching(connection, "tags:%") == []


def test_groups_count_through_all_levels_and_a_circle_is_told(fleet: Store) -> None:
    with fleet.read() as connection:
        tree = {node.name: node for node in group_tree(connection, list_servers(connection))}
    assert (tree["Berlin"].count, tree["Berlin hall 2"].count, tree["Old BIOS"].count) == (2, 2, 1)
    assert tree["Berlin hall 2"].parents == (tree["Berlin"].id,)
    assert tree["Berlin"].worst == "ok"
    with fleet.write() as uow:
        group_commands.add_group(uow, ANNA, "One", kind="saved_filter", query="group:Two")
        group_commands.add_group(uow, ANNA, "Two", kind="saved_filter", query="group:One")
        group_commands.add_group(uow, ANNA, "Broken", kind="saved_filter", query="nosuch:1")
    with fleet.read() as connection:
        tree = {node.name: node for node in group_tree(connection, list_servers(connection))}
    assert "circle" in tree["One"].problem
    assert "no column 'nosuch'" in tree["Broken"].problem


def test_pasted_names_select_servers_and_name_the_unknown(fleet: Store) -> None:
    with fleet.read() as connection:
        rows = list_servers(connection)
    assert pasted_tags("TAG0003\n10.0.0.4; esx-02, nobody", rows) == ([3, 4, 2], ["nobody"])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("mo", "model:"), ("model", "model:"), ("model:r7", '"PowerEdge R750"'), ("health=ok,wa", "warning"), ("fw", "fw."),
        ("fw.hba", "fw.dell_hba355i_adp<"), ("field.ow", "field.owner:"), ("x AND tags:prod", "production"), ("pdu:b", "B12"), ("(group:ber", "Berlin"),
        ("seen>", "30min"), ("a o", "OR "), ("-pow", "power:"), ('group:"Berlin h', '"Berlin hall 2"'), ("fw.bios<2", "2.10.0"),
    ],
)  # fmt: skip
def test_completion(sqlite_fleet: Store, typed: str, expected: str) -> None:
    context = sqlite_fleet.fetch(query_context)
    found = complete(typed, len(typed), context)
    assert expected in [s.insert for s in found]
    chosen = next(s for s in found if s.insert == expected)
    text = typed[: chosen.start] + chosen.insert + typed[chosen.end :]
    if chosen.kind == "value":
        parse_query(text.replace("(", "", 1) if text.startswith("(") else text)


def test_completion_replaces_the_word_the_cursor_is_in(sqlite_fleet: Store) -> None:
    context = sqlite_fleet.fetch(query_context)
    text = "heal model:R750"
    first = complete(text, 3, context)[0]
    assert (first.start, first.end) == (0, 4)
    assert text[: first.start] + first.insert + text[first.end :] == "health: model:R750"
