"""Three-way differences: what drifted, what was never set, what is left out by nature."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsm_desktop.configuration.differences import IgnoreRules, Verdict, same_value, three_way


def verdicts(golden: Any, before: Any, now: Any, **more: Any) -> dict[str, str]:
    return {d.key: d.verdict.value for d in three_way(golden, before, now, **more)}


def test_each_way_a_setting_can_stand() -> None:
    golden = {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}
    before = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "1", "f": "x", "g": "x"}
    now = {"a": "1", "b": "2", "c": "2", "d": "1", "f": "y", "h": "n"}
    assert verdicts(golden, before, now) == {
        "b": "drifted", "c": "never set", "d": "mended", "e": "gone", "f": "changed", "g": "gone", "h": "added",
    }  # fmt: skip
    assert verdicts(golden, None, now) == {"b": "never set", "c": "never set", "e": "gone"}
    assert verdicts(None, before, before) == {}
    assert len(three_way(golden, before, now, everything=True)) == 8


def test_names_of_the_machine_are_no_difference() -> None:
    before = {"iDRAC.Embedded.1#NIC.1#DNSRacName": "a", "BIOS.Setup.1-1#SystemServiceTag": "A", "x#Own": 1}
    now = {"iDRAC.Embedded.1#NIC.1#DNSRacName": "b", "BIOS.Setup.1-1#SystemServiceTag": "B", "x#Own": 2}
    assert verdicts(None, before, now) == {"x#Own": "changed"}
    assert verdicts(None, before, now, rules=IgnoreRules(["x#*"])).keys() == before.keys() - {"x#Own"}
    assert verdicts(None, before, now, rules=IgnoreRules.of_site(" x#*\n y#z ")) == {}
    named = verdicts(None, before, now, rules=IgnoreRules.of_site("x#*", identity=True))
    assert named.keys() == before.keys() - {"x#Own"}


def test_numbers_and_switches_are_compared_as_devices_write_them() -> None:
    assert same_value(5, "5")
    assert same_value(True, "Enabled")
    assert not same_value("on", "On")
    assert not same_value(None, "")


VALUES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2", 1]), max_size=6)


@given(golden=VALUES, before=VALUES, now=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_left_out_and_nothing_invented(golden: Any, before: Any, now: Any) -> None:
    found = {d.key: d for d in three_way(golden, before, now, everything=True)}
    assert found.keys() == {*golden, *before, *now}
    for key, wanted in golden.items():
        right = same_value(wanted, now.get(key))
        assert (found[key].verdict in (Verdict.SAME, Verdict.MENDED)) is right
