"""Which version is newer; laws that hold for all versions, and the vendors' own odd ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsm_desktop.firmware.versions import Order, compare

UP, DOWN, SAME, UNKNOWN = Order.UPGRADE, Order.DOWNGRADE, Order.SAME, Order.UNKNOWN
OTHER_WAY = {UP: DOWN, DOWN: UP, SAME: SAME, UNKNOWN: UNKNOWN}

CASES = [
    ("2.9.0", "2.19.1", UP),
    ("7.00.00.171", "7.00.30.00", UP),
    ("7.10.30.05", "7.10.30.00", DOWN),
    ("KA09", "KA0A", UP),
    ("GS15", "KT37", UNKNOWN),
    ("09.2A.99", "09.2B.80", UP),
    ("00.1D.7D", "00.1D.80", UP),
    ("1.0", "1.0.0", SAME),
    ("05.1", "5.1", SAME),
    ("a05", "A05", SAME),
    ("A05", "A13", UP),
    ("A05", "A5", SAME),
    ("OSC_1.1", "4.0", UNKNOWN),
    ("A13", "6.4.0", UNKNOWN),
    ("51.15.0-5150", "51.16.0-5150", UP),
    ("51.16.0.5150", "51.16.0-5150", SAME),
    ("25.5.9.0001", "25.5.10.0001", UP),
    ("B6W1/B711", "B6W1/B711", SAME),
    ("4301A37", "4301A38", UNKNOWN),
    ("Not Available", "1.0", UNKNOWN),
    ("1.0", "", UNKNOWN),
    ("1.0 ", "1.0", SAME),
]

numbers = st.lists(st.integers(0, 9999), min_size=1, max_size=5)
anything = st.text(alphabet="0123456789ABCFKab._- /", max_size=12)


@pytest.mark.parametrize(("installed", "offered", "order"), CASES)
def test_known_pairs_in_both_directions(installed: str, offered: str, order: Order) -> None:
    assert compare(installed, offered) is order
    assert compare(offered, installed) is OTHER_WAY[order]


@given(anything, anything)
def test_the_other_way_round_is_the_opposite(a: str, b: str) -> None:
    assert compare(b, a) is OTHER_WAY[compare(a, b)]


@given(anything)
def test_a_version_is_the_same_as_itself_or_says_nothing(a: str) -> None:
    assert compare(a, a) in (SAME, UNKNOWN)
    assert compare(a, f"0{a}") in (SAME, UNKNOWN) or not a[:1].isdigit()


@given(anything, anything, anything)
def test_upgrades_of_upgrades_are_no_downgrades(a: str, b: str, c: str) -> None:
    if compare(a, b) is UP and compare(b, c) is UP:
        assert compare(a, c) in (UP, UNKNOWN)


@given(numbers, numbers)
def test_numbers_are_ordered_as_numbers(a: list[int], b: list[int]) -> None:
    def trimmed(n: list[int]) -> list[int]:
        while len(n) > 1 and n[-1] == 0:
            n = n[:-1]
        return n

    wanted = SAME if trimmed(a) == trimmed(b) else UP if trimmed(b) > trimmed(a) else DOWN
    assert compare(".".join(map(str, a)), ".".join(map(str, b))) is wanted
