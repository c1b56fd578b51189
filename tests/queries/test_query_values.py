"""The query language on rows alone: what a quick filter does in every grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.queries.query_values import Field, FilterError, quoted, version_key


@dataclass(frozen=True)
class Row:
    model: str = "PowerEdge R750"
    tag: str = "ABC1234"
    health: str = "ok"
    bios: str = "2.19.1"
    watts: float | None = 312.0
    seen: datetime | None = None


FIELDS = {
    "model": Field("model", lambda r: r.model),
    "tag": Field("tag", lambda r: r.tag),
    "health": Field("health", lambda r: r.health),
    "bios": Field("bios", lambda r: r.bios, "version"),
    "watts": Field("watts", lambda r: r.watts, "number"),
    "seen": Field("seen", lambda r: r.seen, "time"),
}


def passes(text: str, row: Row | None = None) -> bool:
    row = row or Row()
    test = Query(text, Language(FIELDS)).test()
    assert test is not None
    return test(row, f"{row.model}\n{row.tag}\n{row.health}".lower())


@pytest.mark.parametrize(
    "text",
    [
        "r750", "R750 abc", '"edge r7"', '"edge r7', "model:R750", "model:r750,r650", "tag:ABC*", "tag=abc1234", "tag:?bc1234",
        "health=ok", "health!=critical", "-health=critical", "bios<2.20", "bios>2.9", "bios>=2.19.1", "watts>300",
        "watts<=312", "watts=312", "model:R750 bios>2 -retired", "model:r650 OR tag:abc", "-(r650 | r640)", 'model="PowerEdge R650","PowerEdge R750"',
    ],
)  # fmt: skip
def test_a_row_passes(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "r650",
        "tag=ABC",
        "tag:BC*",
        "health!=ok",
        "-r750",
        "bios<2.19.1",
        "bios<2.9",
        "watts>312",
        "model:R750 r650",
        "(r750 r650) | r640",
        'model="PowerEdge R650,PowerEdge R750"',
    ],
)
def test_a_row_does_not_pass(text: str) -> None:
    assert not passes(text)


def test_ages_and_empty_cells() -> None:
    old = Row(seen=datetime.now(UTC) - timedelta(hours=3))
    assert passes("seen>2h", old)
    assert not passes("seen<90min", old)
    assert not passes("seen>1s", Row(seen=None))
    assert not passes("watts<1000", Row(watts=None))


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("modl:R750", 0, "model"),
        ("a watts>lots", 8, "number"),
        ("seen>2 parsecs", 5, "age"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        Query(text, Language(FIELDS))
    assert caught.value.position == position
    assert words in str(caught.value)


def test_an_empty_filter_is_none_and_versions_compare_by_number() -> None:
    assert Query("   ", Language(FIELDS)).test() is None
    assert version_key("2.9.0") < version_key("2.19.0") < version_key("10.0")


@pytest.mark.parametrize("value", ["PowerEdge R750", "a,b", "(x)", "a|b", "", 'say "so"', "plain"])
def test_a_value_quoted_for_the_bar_finds_itself(value: str) -> None:
    assert passes(f"model={quoted(value)}", Row(model=value))
