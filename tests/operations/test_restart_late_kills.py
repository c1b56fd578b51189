"""Killed right after a restart was asked for, of a host that goes down long after vCenter's news are old: it is not asked again,
also by a vCenter that has restarted meanwhile, and whose clock is days behind."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from unittest.mock import patch

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import task_steps
from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.esxi_site import FAST, NEW, SMALL, EsxiSite, esxi_site
from tests.operations.test_esxi_kills import agent

pytestmark = pytest.mark.shared_program

FOUR = dataclasses.replace(SMALL, clusters=(dataclasses.replace(SMALL.clusters[0], hosts=4),))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    # vCenter remembers for ten minutes of the real clock, not of the fast one.
    remembered = patch("dsm_desktop.simulator.vsphere.nodes.base.RECENT", 600.0 * SMALL.clock_speed)
    behind = patch(
        "dsm_desktop.simulator.vsphere.site.SimClock", partial(SimClock, start=time.time() - 3 * 86400.0)
    )
    with remembered, behind, esxi_site(tmp_path_factory.mktemp("late"), FOUR, works=False) as site:
        yield site


def killed(site: EsxiSite, target: Host) -> int:
    """An update whose runner is killed right after the restart was asked for; the host goes down when a test wants it to."""
    target.esxi.faults.set("reboot_late", times=1, seconds=1e9)
    site.site.faults.set("drop_after", method="RebootHost_Task", times=1)  # so that it knows of no answer
    job_id = site.submit("esxi_upgrade", [site.host_id(target.moid)], **FAST)
    with agent(site):
        site.until(lambda: site.effects(target).get("reboot", 0) > 0, lambda: site.log(job_id), 180)
    return job_id


def ended(site: EsxiSite, job_id: int) -> None:
    site.until(
        lambda: JobState(site.job(job_id).state).final or bool(site.questions()),
        lambda: f"{site.tasks(job_id)}\n{site.log(job_id)}",
        180,
    )


def goes_when_waited_for(site: EsxiSite, job_id: int, target: Host) -> None:
    """The host goes down once the next runner has decided what to do and waits for that."""
    (task,) = site.tasks(job_id)

    def waits() -> bool:
        steps = site.app.store.fetch(lambda c: task_steps(c, task.id))
        return any(step.kind == "wait" and f"{target.name} to restart" in step.name for step in steps)

    site.until(waits, lambda: site.log(job_id), 180)
    target.esxi.reset()


def restarted_once(site: EsxiSite, job_id: int, target: Host) -> None:
    """The update is done, and its restart was asked for once."""
    (task,) = site.tasks(job_id)
    assert (task.result or {}).get("after") == f"8.0.3 build {NEW}", f"{task.outcome}\n{site.log(job_id)}"
    assert len(site.site.journal("RebootHost_Task", target.name)) == 1


def test_the_task_that_vcenter_still_shows_is_the_evidence(site: EsxiSite) -> None:
    target = site.site.cluster("Prod").hosts[0]
    boots = target.esxi.boots
    job_id = killed(site, target)
    with agent(site):
        goes_when_waited_for(site, job_id, target)
        ended(site, job_id)
    restarted_once(site, job_id, target)
    assert target.esxi.boots == boots + 1


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_vcenter_that_restarts_has_it_in_its_history(site: EsxiSite, interrupted: bool) -> None:
    target = site.site.cluster("Prod").hosts[3 if interrupted else 2]
    boots = target.esxi.boots
    job_id = killed(site, target)
    site.site.restart(1.0)
    reboot = next(
        t for t in site.site.world.singles["history"] if t.entity is target and "reboot" in t.description
    )
    reboot.interrupted = interrupted  # it stopped before the task had ended
    assert target.recent_tasks() == []
    with agent(site):
        goes_when_waited_for(site, job_id, target)
        ended(site, job_id)
    restarted_once(site, job_id, target)
    assert target.esxi.boots == boots + 1
    assert not target.maintenance
    assert ("the task ended with SystemError" in site.log(job_id)) is interrupted
    assert ("Nobody can say" in site.log(job_id)) is interrupted


def test_without_a_history_it_is_waited_for_and_not_asked_again(
    site: EsxiSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.simulator.vsphere.nodes.base.RECENT", 0.0)
    monkeypatch.setattr("dsm_desktop.workflows.esxi_restart._REMEMBERED", timedelta(seconds=0))
    monkeypatch.setattr("dsm_desktop.workflows.esxi_restart.STARTS_SECONDS", 2.0)
    target = site.site.cluster("Prod").hosts[1]
    job_id = killed(site, target)
    site.site.faults.set("refused", method="CreateCollectorForTasks")
    runner = site.app.make_runner("test")
    runner.start()
    try:
        ended(site, job_id)
        asked = site.question(job_id)
        assert f"{target.name} was asked to restart and has not gone" in asked.question
        assert "Nobody can say any more" in site.log(job_id)
        assert target.maintenance
        target.esxi.reset()
        while not JobState(site.job(job_id).state).final:
            if site.questions():
                site.answer("wait")
            ended(site, job_id)
    finally:
        runner.stop()
    restarted_once(site, job_id, target)
