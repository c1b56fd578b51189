"""A click writes into the query bar what a person would have typed."""

from __future__ import annotations

import pytest

from dsm_desktop.queries.query_edit import fields_of, term_of, values_of, with_term, without_field


@pytest.mark.parametrize(
    ("values", "exclude", "term"),
    [
        (["ok"], False, "health=ok"),
        (["ok"], True, "health!=ok"),
        (["not ok", "a,b", "x"], False, 'health="not ok","a,b",x'),
        ([""], False, 'health=""'),
        (["", "ok"], False, '(health=ok OR health="")'),
        (["", "ok"], True, 'health!=ok health!=""'),
        (["ok", "ok"], False, "health=ok"),
    ],
)
def test_values_become_a_term(values: list[str], exclude: bool, term: str) -> None:
    assert term_of("health", values, exclude=exclude) == term


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", "model=R750"),
        ("health=ok", "health=ok model=R750"),
        ("a OR b", "(a OR b) model=R750"),
        ("(a | b) c", "(a | b) c model=R750"),
        ("x model=R750", "x model=R750"),
        ('"a OR b"', '"a OR b" model=R750'),
    ],
)
def test_a_term_is_added_so_that_it_counts(text: str, result: str) -> None:
    assert with_term(text, "model=R750") == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("model=R750 health=ok", "health=ok"),
        ("health=ok -model:R7 x", "health=ok x"),
        ("(model=R750) health=ok", "(model=R750) health=ok"),
        ("model=R750 OR health=ok", "model=R750 OR health=ok"),
        ("health=ok", "health=ok"),
        ('model="PowerEdge R750","x y"', ""),
    ],
)
def test_a_field_is_taken_out_where_it_stands_for_itself(text: str, result: str) -> None:
    assert without_field(text, "model") == result


def test_what_is_asked_for_is_read_back() -> None:
    assert values_of('health=ok model="PowerEdge R750",R640', "model") == ["PowerEdge R750", "R640"]
    assert values_of("model:R750 -model=R640", "model") == []
    assert fields_of('(model:R750 OR fw.bios<2) -x "a:b"') == {"model", "fw.bios"}
