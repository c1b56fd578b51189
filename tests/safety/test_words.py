"""The manual names every cause and every gate, so that what an operator reads at night can be looked up."""

from __future__ import annotations

import re

from dsm_desktop.core.shipped import shipped
from dsm_desktop.safety.findings import Cause
from dsm_desktop.safety.judge import judge, judge_servers
from tests.safety.small import picture
from tests.safety.test_judge import FOUR

PAGE = (shipped("docs/guide") / "cluster-safety.md").read_text(encoding="utf-8")


def test_every_cause_and_gate_stands_in_the_manual_and_nothing_else() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    gates = {gate.name for gate in judge(picture()).gates}
    assert rows == gates | set(Cause)


def test_the_gates_of_a_group_are_named() -> None:
    for gate in judge_servers(FOUR).gates:
        assert f"`{gate.name}`" in PAGE
