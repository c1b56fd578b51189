"""What a gate of a rolling update counts as gone, and what a person says while the run waits at it."""

from __future__ import annotations

from dataclasses import replace

from dsm_desktop.operations.roll_gates import Gate, without_stopped
from dsm_desktop.workflows.obstacles import Obstacle
from dsm_desktop.workflows.roll_plan import RollPlan
from tests.safety.small import picture as small_picture


def test_only_vms_of_the_hosts_that_are_out_are_counted_as_shut_down() -> None:
    picture = small_picture()
    here, there = picture.vms[0], next(v for v in picture.vms if v.host != picture.vms[0].host)
    plan = RollPlan(subject="Prod", obstacles=[_shut(here.moid, here.host), _shut(there.moid, there.host)])
    left = without_stopped(picture, [here.host], plan)
    assert here not in left.vms
    assert there in left.vms  # It runs where it is, and needs its room, until its own host's turn.
    assert replace(left, vms=picture.vms) == picture


def test_a_gate_says_more_than_before_by_another_reason_and_not_by_another_figure() -> None:
    seen = _amber(
        "Memory 812 MB of 1,000 MB = 81.2%; CPU 3 MHz.", "Datastore 'ds 3' cannot be reached; and so on."
    )
    assert _amber("Memory 833 MB of 1,000 MB = 83.3%; CPU 4 MHz.").within(seen)
    assert _amber("Datastore 'ds 3' cannot be reached.").within(seen)
    assert not _amber("Datastore 'ds 4' cannot be reached.").within(seen)
    assert not _amber("Memory 833 MB of 1,000 MB = 83.3%; CPU 4 MHz.", "vSAN copies.").within(seen)
    assert not _amber("The clock of host 'esx-02' is off.").within(
        _amber("The clock of host 'esx-01' is off.")
    )
    assert not Gate(colour="red", reasons=seen.reasons).within(seen)
    assert Gate(colour="green").within(seen)


def _amber(*reasons: str) -> Gate:
    return Gate(colour="amber", reasons=list(reasons))


def _shut(vm: str, host: str) -> Obstacle:
    return Obstacle(
        host=host, host_name=host, vm=vm, name=vm, cause="x", reason="", way_out="", answer="shut_down"
    )
