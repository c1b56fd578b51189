"""An ESXi host that refuses SSH in a rolling update: named before anything moves, asked about in mid-run, waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.esxi_site import NEW, OLD, EsxiSite, esxi_site
from tests.operations.test_roll_esxi import ROLL

pytestmark = pytest.mark.shared_program


@pytest.fixture
def site(tmp_path: Path) -> Iterator[EsxiSite]:
    with esxi_site(tmp_path) as site:
        yield site


def hosts(site: EsxiSite) -> list[Host]:
    return site.site.cluster("Prod").hosts[:2]


def begin(site: EsxiSite) -> int:
    ids = [site.host_id(h.moid) for h in hosts(site)]
    cluster = site.site.cluster("Prod").moid
    given = {
        "vcenter_id": site.vcenter_id,
        "cluster": cluster,
        "hosts": ids,
        "order": ids,
        "on_failure": "ask",
    }
    return site.submit("rolling_update", **ROLL | given)


def emptied(site: EsxiSite, host: Host) -> int:
    return len(site.site.journal("EnterMaintenanceMode_Task", host.name))


def builds(site: EsxiSite) -> list[str]:
    return [h.esxi.image.build for h in hosts(site)]


def test_refused_from_the_start_nothing_is_touched(site: EsxiSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.ssh_access.PORT_SECONDS", 1.0)
    for host in hosts(site):
        host.esxi.faults.set("ssh_refused")
    job = site.wait(begin(site), 90)
    (task,) = site.tasks(job.id)
    assert job.state == "failed", task.outcome
    assert all(host.name in task.outcome for host in hosts(site))
    assert "its port does not answer" in task.outcome
    assert "firewall rule 'SSH Server'" in task.outcome
    assert [emptied(site, host) for host in hosts(site)] == [0, 0]
    assert [site.ssh(host)[0] for host in hosts(site)] == [False, False]
    assert site.standing() == []


def test_refused_at_the_second_host_it_is_asked_about_before_it_is_emptied(
    site: EsxiSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hosts(site)
    job_id = begin(site)
    site.until(lambda: first.maintenance, lambda: site.log(job_id), 180)
    monkeypatch.setattr("dsm_desktop.workflows.ssh_access.PORT_SECONDS", 1.0)
    second.esxi.faults.set("ssh_refused")
    asked = site.question(job_id, 120)
    assert second.name in asked.question
    assert "its port does not answer" in asked.question
    assert "firewall rule 'SSH Server'" in asked.question
    assert len(site.questions()) == 1
    assert (emptied(site, second), site.ssh(second)[0], builds(site)) == (0, False, [NEW, OLD])
    second.esxi.faults.clear("ssh_refused")
    monkeypatch.undo()
    site.answer("retry")
    job = site.wait(job_id, 120)
    assert job.state == "completed", site.log(job_id)
    assert (builds(site), emptied(site, second)) == ([NEW, NEW], 1)
    assert [site.ssh(host)[0] for host in hosts(site)] == [False, False]
    assert site.standing() == []


def test_refused_for_a_while_it_is_waited_for(site: EsxiSite) -> None:
    first, second = hosts(site)
    job_id = begin(site)
    site.until(lambda: first.maintenance, lambda: site.log(job_id), 180)
    second.esxi.faults.set("ssh_refused")
    site.until(lambda: site.ssh(second)[0], lambda: site.log(job_id), 180)
    second.esxi.faults.clear("ssh_refused")
    job = site.wait(job_id, 120)
    assert job.state == "completed", site.log(job_id)
    assert builds(site) == [NEW, NEW]
    assert [site.ssh(host)[0] for host in hosts(site)] == [False, False]
    assert site.standing() == []
