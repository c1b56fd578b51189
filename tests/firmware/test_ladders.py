"""Versions that have to run on the way to a newer one."""

from __future__ import annotations

import pytest

from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.fit import Component, Machine
from dsm_desktop.firmware.ladders import IDRAC, StepMissing, climb
from dsm_desktop.firmware.plan import Rules, plan_packages
from tests.firmware.test_plan import offer, shape

HAVE = ["2.40.40.40", "2.52.52.52", "3.36.36.36", "4.40.29.00", "5.10.50.00", "6.10.80.00", "7.00.60.00"]
OLD, NINE = Generation.IDRAC8, Generation.IDRAC9


@pytest.mark.parametrize(
    ("generation", "running", "wanted", "steps"),
    [
        (OLD, "2.30.30.30", "2.85.85.85", ["2.52.52.52"]),
        (OLD, "2.40.40.40", "2.85.85.85", []),
        (OLD, "2.21.21.21", "2.52.52.52", []),
        (NINE, "3.36.36.36", "7.00.60.00", ["4.40.29.00", "6.10.80.00"]),
        (NINE, "4.22.00.00", "5.10.50.00", ["4.40.29.00"]),
        (NINE, "5.00.10.20", "7.00.60.00", ["6.10.80.00"]),
        (NINE, "6.10.30.00", "7.00.60.00", []),
        (NINE, "7.00.60.00", "6.10.80.00", []),
        (Generation.IDRAC10, "1.10.17.00", "7.00.60.00", []),
        (NINE, "", "7.00.60.00", []),
    ],
)
def test_the_way_to_a_version(generation: Generation, running: str, wanted: str, steps: list[str]) -> None:
    assert climb(IDRAC, generation, running, wanted, HAVE, where="r1") == steps


def test_a_step_that_is_missing_is_named() -> None:
    with pytest.raises(StepMissing, match=r"from 4\.40\.00\.00 on and below 5\.00\.00\.00") as caught:
        climb(IDRAC, NINE, "4.10.10.10", "7.00.60.00", ["6.10.80.00", "7.00.60.00"], where="r1")
    assert "Nothing was sent" in caught.value.hint
    assert climb("159", NINE, "4.10.10.10", "7.00.60.00", [], where="r1") == [], "other parts have no rungs"


def test_steps_are_planned_alone_and_before_everything_else() -> None:
    machine = Machine(
        "rack1-7", "PowerEdge R750", "0901", NINE,
        (Component("BIOS.Setup.1-1", "BIOS", "1.8.2", "159", "BIOS"), Component("iDRAC.Embedded.1-1", "iDRAC", "4.10.10.10", IDRAC, "FRMW")),
    )  # fmt: skip
    chosen = [offer("159", "1.14.1", kind="BIOS"), offer(IDRAC, "7.00.60.00")]
    library = [
        offer(IDRAC, "4.40.29.00"),
        offer(IDRAC, "6.10.80.00"),
        offer(IDRAC, "6.10.80.00", system="0716"),
    ]
    plan = plan_packages(machine, chosen, Rules(), library)
    assert shape(plan) == [["iDRAC"], ["iDRAC"], ["iDRAC"], ["BIOS"]]
    changes = [item.changes[0] for item in plan.items]
    assert [(c.before, c.after) for c in changes[:3]] == [
        ("4.10.10.10", "4.40.29.00"),
        ("4.40.29.00", "6.10.80.00"),
        ("6.10.80.00", "7.00.60.00"),
    ]
    with pytest.raises(StepMissing):
        plan_packages(machine, chosen, Rules())
    assert shape(plan_packages(machine, chosen, Rules(skip_steps=True))) == [["iDRAC"], ["BIOS"]]
