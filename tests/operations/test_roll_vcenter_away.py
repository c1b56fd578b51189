"""A vCenter that is away, forgets sessions or is used by somebody else in the middle of a rolling update: the run waits and
finishes, or stands with one question.

Three minutes of absence are 9 seconds here: the absence, the pause between two attempts and how long a step waits are all
divided by the same number, so what outlasts what is as in the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from dsm_desktop.app.runner_parts import make_runner
from dsm_desktop.commands import roll_orders
from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.vmware.errors import RETRY_SECONDS
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workflows.maintenance import _DOUBT_SECONDS
from tests.operations.vsphere_site import RollSite, roll_site

pytestmark = pytest.mark.shared_program

FACTOR = 20
AWAY = 180 / FACTOR


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with (
        patch("dsm_desktop.vmware.errors.RETRY_SECONDS", RETRY_SECONDS / FACTOR),
        patch("dsm_desktop.workflows.maintenance._DOUBT_SECONDS", _DOUBT_SECONDS / FACTOR),
        roll_site(tmp_path_factory.mktemp("roll"), 3, works=False) as site,
    ):
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()


@contextmanager
def working(site: RollSite, patience: float = RunnerConfig().patience / FACTOR) -> Iterator[None]:
    """A runner whose steps wait so long for a vCenter that does not answer."""
    runner = make_runner(
        site.app, RunnerConfig(kind="test", patience=patience, own_feed=False), pool=None, watch=False
    )
    runner.start()
    try:
        yield
    finally:
        runner.stop()


def standings(site: RollSite, job_id: int) -> list[str]:
    return [h["standing"] for h in site.result(job_id)["hosts"]]


def begun(site: RollSite, version: str, hosts: int, **more: Any) -> int:
    """A run over the first hosts in their own order."""
    ids = [site.host_id(h.moid) for h in site.cluster.hosts[:hosts]]
    given = {"firmware": "packages", "packages": site.package(version), "order": ids, "hosts": ids}
    return site.roll(**given | more)


def test_three_minutes_away_at_three_moments_are_waited_for(site: RollSite) -> None:
    first, second, third = site.cluster.hosts
    with working(site):
        job_id = begun(site, "12.1.1", 3)
        site.until(lambda: bool(first.evacuation), lambda: site.log(job_id))
        site.site.restart(AWAY)
        site.until(lambda: second.maintenance, lambda: site.log(job_id), 180)
        site.site.restart(AWAY)
        site.until(lambda: f"{second.name} is through" in site.log(job_id), lambda: site.log(job_id), 180)
        site.site.restart(AWAY)
        site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"] * 3, site.log(job_id)
    assert [site.flashes("12.1.1")[h.service_tag] for h in (first, second, third)] == [1, 1, 1]
    entered = [a.target for a in site.site.journal("EnterMaintenanceMode_Task")]
    assert entered == [first.name, second.name, third.name]


def test_one_that_stays_away_is_asked_about_by_name_with_the_next_step(site: RollSite) -> None:
    first, second = site.cluster.hosts[:2]
    with working(site, patience=2.0):
        job_id = begun(site, "12.2.1", 2)
        site.until(lambda: first.maintenance, lambda: site.log(job_id))
        with site.app.store.write() as uow:
            roll_orders.pause(uow, site.app.principal, job_id)
        site.until(lambda: "Paused by" in site.log(job_id), lambda: site.log(job_id))
        site.site.faults.set("unavailable", seconds=600.0)
        with site.app.store.write() as uow:
            roll_orders.go_on(uow, site.app.principal, job_id)
        asked = site.question(job_id).question
        assert asked.startswith(f"{second.name} is not taken")
        assert f"vCenter {site.site.address}:{site.site.port} does not answer" in asked
        assert "its services are not up yet (503). vCenter takes some minutes after a restart" in asked
        assert len(site.questions()) == 1
        site.site.faults.clear()
        site.answer("retry")
        site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"] * 2, site.log(job_id)


def test_sessions_that_end_all_the_time_stop_nothing(site: RollSite) -> None:
    with working(site):
        job_id = begun(site, "12.3.1", 2)
        logins = site.site.counters["logins_ok"]
        moments = 0

        def over() -> bool:
            nonlocal moments
            moments += 1
            if moments % 10 == 0:
                site.site.expire_sessions()
            return JobState(site.job(job_id).state).final or bool(site.questions())

        site.until(over, lambda: site.log(job_id), 180)
    assert standings(site, job_id) == ["done"] * 2, site.log(job_id)
    assert site.site.counters["logins_ok"] > logins + 10
    assert set(site.flashes("12.3.1").values()) <= {0, 1}


def test_another_tool_at_work_is_named_and_waited_for(site: RollSite) -> None:
    first, _, third = site.cluster.hosts
    task = site.site.run(
        lambda: Task.start(site.site.world, "com.vmware.vcIntegrity.RemediateHost", third, "LAB\\berta")
    )
    with working(site):
        job_id = begun(site, "12.5.1", 1, gate_minutes=5)
        site.until(lambda: f"{first.name} waits: red" in site.log(job_id), lambda: site.log(job_id))
        assert f"RemediateHost runs on {third.name}, started by LAB\\berta" in site.log(job_id)
        assert not first.maintenance
        site.site.run(task.succeed)
        site.wait(job_id, 120)
    assert standings(site, job_id) == ["done"], site.log(job_id)
