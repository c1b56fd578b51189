"""Fault tolerance suspended for the time of a run: killed on the way down and up again, and an answer that never came. Each is
asked for once, and the pair is whole at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.workflows.maintenance import _DOUBT_SECONDS
from tests.operations.test_esxi_kills import agent
from tests.operations.test_roll_settle import begun, paired, standings, unpair
from tests.operations.vsphere_site import RollSite, roll_site

pytestmark = pytest.mark.shared_program

SECONDS = 8.0
"""So long vCenter takes here for each half: longer than a new runner needs to look."""
FACTOR = 20
SPEED = 300.0
"""Of the one clock of hosts, iDRACs and vCenter."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with (
        patch("dsm_desktop.workflows.maintenance._DOUBT_SECONDS", _DOUBT_SECONDS / FACTOR),
        roll_site(tmp_path_factory.mktemp("roll"), 2, works=False, speed=SPEED, drs="manual") as site,
        patch("dsm_desktop.simulator.vsphere.methods.vms.SWITCHING", SECONDS * SPEED),
    ):
        yield site


def sent(site: RollSite, vm: Vm, method: str) -> int:
    return len(site.site.journal(f"{method}SecondaryVM_Task", vm.name))


def whole(site: RollSite, vm: Vm, job_id: int) -> None:
    assert standings(site, job_id) == ["done"], site.log(job_id)
    assert (sent(site, vm, "Disable"), sent(site, vm, "Enable")) == (1, 1)
    assert vm.ft_state == "running"
    assert site.standing() == []
    unpair(site)


def test_killed_at_every_turn(site: RollSite) -> None:
    vm = paired(site)
    first = site.cluster.hosts[0]
    points: dict[str, Callable[[], bool]] = {
        "it is promised to resume it": lambda: any("Resume" in r.what for r in site.standing()),
        "suspending was asked for": lambda: sent(site, vm, "Disable") > 0,
        "it is suspended": lambda: vm.ft_state == "disabled",
        "the host is empty": lambda: first.maintenance,
        "resuming was asked for": lambda: sent(site, vm, "Enable") > 0,
        "it is resumed": lambda: vm.ft_state == "running" and sent(site, vm, "Enable") > 0,
    }
    with site.runner():
        packages = site.package("15.1.1")
    ids = [site.host_id(first.moid)]
    # The first runner dies without an answer: only the task that still runs tells that it was asked for.
    site.site.faults.set("drop_after", method="DisableSecondaryVM_Task", times=1)
    job_id = site.roll(firmware="packages", packages=packages, order=ids, hosts=ids)
    for what, seen in points.items():
        with agent(site):  # type: ignore[arg-type]
            site.until(seen, lambda what=what: f"{what}: {site.log(job_id)}", 90)  # type: ignore[misc]
    with agent(site):  # type: ignore[arg-type]
        site.until(
            lambda: JobState(site.job(job_id).state).final,
            lambda: f"{site.tasks(job_id)}{site.log(job_id)}",
            180,
        )
    whole(site, vm, job_id)


def test_an_answer_that_never_came_is_looked_for(site: RollSite) -> None:
    vm = paired(site)
    with site.runner():
        before = sent(site, vm, "Disable"), sent(site, vm, "Enable")
        for method in ("DisableSecondaryVM_Task", "EnableSecondaryVM_Task"):
            site.site.faults.set("drop_after", method=method, times=1)
        job_id = begun(site, "15.2.1", 1)
        site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"], site.log(job_id)
    assert (sent(site, vm, "Disable"), sent(site, vm, "Enable")) == (before[0] + 1, before[1] + 1)
    assert vm.ft_state == "running"
    assert site.standing() == []
    site.rest()
    unpair(site)
