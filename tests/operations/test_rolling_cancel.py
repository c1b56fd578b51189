"""A rolling update that is told to stop: its settings and its lock stand until the last host is in service again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import list_jobs
from tests.kit.agents import end, start_agent
from tests.operations.vsphere_site import RollSite, roll_site

pytestmark = pytest.mark.shared_program


def slow_to_leave(site: RollSite) -> None:
    """Hosts need three tries to leave maintenance mode, so that there is a time in which one waits for it."""
    site.site.faults.set("exit_fails", times=2)


def at_work(site: RollSite, job_id: int) -> list[str]:
    """Kinds of the child jobs that have not ended."""
    rows = site.app.store.fetch(list_jobs)
    return [r.kind for r in rows if r.parent_id == job_id and not JobState(r.state).final]


def begin(site: RollSite, packages: list[str]) -> int:
    """A run whose first host is in maintenance mode; DPM is off for its time."""
    site.site.run(lambda: setattr(site.cluster.dpm, "enabled", True))
    job_id = site.roll(firmware="packages", packages=packages)
    site.until(lambda: any(h.maintenance for h in site.cluster.hosts), lambda: site.log(job_id))
    assert not site.cluster.dpm.enabled
    slow_to_leave(site)
    return job_id


def order_of_the_end(site: RollSite) -> tuple[float, float]:
    """When the last host was asked out of maintenance mode, and when the cluster was last reconfigured."""
    left = site.site.journal("ExitMaintenanceMode_Task")[-1].when
    set_back = site.site.journal("ReconfigureComputeResource_Task", site.cluster.name)[-1].when
    return left, set_back


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 3) as site:
        yield site


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_STEP, CancelGrade.NOW])
def test_the_run_ends_after_its_host_is_in_service_and_the_next_begins_after_that(
    site: RollSite, grade: CancelGrade
) -> None:
    packages = site.package(f"9.1.{grade.value}")
    job_id = begin(site, packages)
    site.app.commands.cancel(job_id, grade)
    second = site.roll(
        firmware="packages", packages=packages, hosts=[site.host_id(site.cluster.hosts[2].moid)]
    )

    def ended() -> bool:
        work, over = at_work(site, job_id), JobState(site.job(job_id).state).final
        out = [h.name for h in site.cluster.hosts if h.maintenance or h.evacuation]
        if work or out:
            assert not site.cluster.dpm.enabled, f"put back while {out} is out\n{site.log(job_id)}"
            assert site.job(second).state == JobState.PENDING, "the lock was given away too early"
        return over

    site.until(ended, lambda: site.log(job_id))
    assert site.job(job_id).state == JobState.CANCELLED
    assert at_work(site, job_id) == []
    assert site.cluster.dpm.enabled
    left, set_back = order_of_the_end(site)
    assert left < set_back
    (task,) = site.tasks(job_id)
    first = next(h.name for h in site.cluster.hosts if site.site.journal("ExitMaintenanceMode_Task", h.name))
    assert f"{first}: stopped and put back" in task.outcome
    assert task.outcome.count("not begun") == 2
    # "After this step" waits for the host as ever; "now" leaves that wait, and says what it still waits for.
    said = "The run ends when the work on hosts has" in site.log(job_id)
    assert said is (grade is CancelGrade.NOW)
    assert site.wait(second).state == JobState.COMPLETED
    assert site.standing() == []


def test_also_when_the_program_is_killed_in_between(tmp_path: Path) -> None:
    with roll_site(tmp_path, 3, works=False) as site:
        with site.runner():
            packages = site.package("9.2.1")
        agent = start_agent(site.app.profile)
        job_id = begin(site, packages)
        site.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
        site.until(
            lambda: bool(site.site.journal("ExitMaintenanceMode_Task")) or not at_work(site, job_id),
            lambda: site.log(job_id),
        )
        end(agent, kill=True)
        assert not site.cluster.dpm.enabled
        agent = start_agent(site.app.profile)
        site.until(lambda: JobState(site.job(job_id).state).final, lambda: site.log(job_id))
        end(agent, kill=False)
        assert site.job(job_id).state == JobState.CANCELLED
        left, set_back = order_of_the_end(site)
        assert left < set_back
        assert site.cluster.dpm.enabled
        assert site.standing() == []
        assert not any(h.maintenance for h in site.cluster.hosts)
