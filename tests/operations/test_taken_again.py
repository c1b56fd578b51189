"""A colleague puts a host into maintenance mode again while our work, which has taken it out, still waits for HA: it is his."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.commands import jobs
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.test_roll_vcenter_away import working
from tests.operations.vsphere_site import QUICK, QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 4, works=False) as site:
        yield site


@pytest.fixture
def host(shared: RollSite) -> Iterator[Host]:
    """Not HA's master; as before afterwards."""
    host = shared.cluster.hosts[2]
    yield host
    shared.site.run(lambda: setattr(host, "ha_state", "connectedToMaster"))
    shared.site.run(host.esxi.exit_maintenance)


def waits_for_ha(site: RollSite, host: Host, version: str) -> int:
    """Work that was cancelled: the host is out of maintenance mode, and HA does not come back."""
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package(version)}
    job_id = site.submit("host_update", [site.host_id(host.moid)], **given)
    site.until(lambda: host.maintenance, lambda: site.log(job_id))
    site.site.run(lambda: setattr(host, "ha_state", "fdmUnreachable"))
    site.app.commands.do(jobs.cancel, job_id, CancelGrade.NOW)
    site.until(
        lambda: "HA does not protect it again" in site.log(job_id),
        lambda: f"{site.tasks(job_id)}{host.ha_state}{site.log(job_id)}",
    )
    assert not host.maintenance
    return job_id


def exits(site: RollSite, host: Host) -> int:
    return len(site.site.journal("ExitMaintenanceMode_Task", host.name))


def taken(site: RollSite, host: Host) -> None:
    site.site.put(Blocker.IN_MAINTENANCE, host)
    assert host.maintenance


def his(site: RollSite, job_id: int, host: Host) -> None:
    """The work ends, and the host is left to whom it belongs."""
    sent = exits(site, host)
    assert site.wait(job_id).state == "cancelled", site.log(job_id)
    assert host.maintenance
    assert exits(site, host) == sent
    assert site.standing() == []
    assert f"Somebody has put {host.name} into maintenance mode again." in site.log(job_id)


def test_while_it_waits(shared: RollSite, host: Host) -> None:
    site = shared
    with site.runner():
        job_id = waits_for_ha(site, host, "14.1.1")
        taken(site, host)
        his(site, job_id, host)


def test_while_nobody_works_on_it(shared: RollSite, host: Host) -> None:
    """The runner is gone meanwhile, and another one takes the work up."""
    site = shared
    with site.runner():
        job_id = waits_for_ha(site, host, "14.2.1")
    assert not JobState(site.job(job_id).state).final
    taken(site, host)
    with site.runner():
        his(site, job_id, host)


def test_after_the_work_gave_up_waiting(shared: RollSite, host: Host) -> None:
    """It stands on the restore list for HA; neither 'Put back' nor 'Leave maintenance mode' ends his maintenance."""
    site = shared
    with working(site, patience=3.0):
        job_id = waits_for_ha(site, host, "14.3.1")
        site.until(lambda: JobState(site.job(job_id).state).final, lambda: site.log(job_id))
        (entry,) = site.standing()
        assert "Reconfigure for vSphere HA" in entry.message or "HA does not protect" in entry.message
        taken(site, host)
        job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
        assert (task.error or {}).get("code") == "NotOurs", f"{job.state} {task.outcome}"
        site.put_back(job_id)
        assert host.maintenance
        assert site.standing() == []
