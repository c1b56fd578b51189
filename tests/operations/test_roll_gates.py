"""What a gate of a rolling update counts as gone, and what a person says while the run waits at it."""

from __future__ import annotations

from dataclasses import replace

from dsm_desktop.operations.roll_gates import without_stopped
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


def _shut(vm: str, host: str) -> Obstacle:
    return Obstacle(
        host=host, host_name=host, vm=vm, name=vm, cause="x", reason="", way_out="", answer="shut_down"
    )
