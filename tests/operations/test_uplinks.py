"""A host that comes back with a network port down, slower or missing is not opened to VMs unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.vsphere_site import QUICK, Datacentre, datacentre

pytestmark = pytest.mark.shared_program

PARAMS = QUICK | {"settle_minutes": 0.01}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("uplinks")) as site:
        yield site


def prepared(site: Datacentre, number: int) -> tuple[Host, int]:
    """A host in maintenance mode, and the job that put it there."""
    host = site.site.cluster("Prod").hosts[number]
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **PARAMS)
    assert job.state == "completed", task.outcome
    return host, job.id


def links(site: Datacentre, host: Host, **speeds: int) -> None:
    site.site.run(lambda: host.links.update(speeds))


def test_every_lost_uplink_is_named_and_the_host_stays_until_it_is_whole(site: Datacentre) -> None:
    host, _ = prepared(site, 0)
    links(site, host, vmnic1=0, vmnic2=10000)
    gone = site.site.run(lambda: host.links.pop("vmnic3"))
    job, task = site.run("verify_host", [site.host_id(host.moid)], **PARAMS)
    assert job.state == "failed"
    for words in (
        f"{host.name} lacks what it had before",
        "vmnic1 of vSwitch0 (25 Gb/s before, no link now)",
        "vmnic2 of vSwitch0 (25 Gb/s before, 10 Gb/s now)",
        "vmnic3 of vSwitch0 (25 Gb/s before, missing now)",
    ):
        assert words in task.outcome, task.outcome
    assert "vmnic0" not in task.outcome
    assert "Put back" in (task.error or {})["hint"]
    assert host.maintenance
    links(site, host, vmnic1=25000, vmnic2=25000, vmnic3=gone)
    job, task = site.run("verify_host", [site.host_id(host.moid)], **PARAMS)
    assert job.state == "completed", task.outcome
    assert not host.maintenance
    assert site.standing() == []


def test_put_back_asks_once_and_opens_it_only_on_a_persons_word(site: Datacentre) -> None:
    host, job_id = prepared(site, 1)
    links(site, host, vmnic1=0)
    site.press_put_back(job_id)
    asked = site.question(job_id)
    assert "lacks what it had before the work: uplink vmnic1 of vSwitch0 (25 Gb/s before" in asked.question
    assert asked.default == "keep"
    assert host.maintenance
    site.answer("go_on")
    site.wait(job_id)
    assert not host.maintenance
    assert site.standing() == []


def test_a_link_that_comes_up_late_is_waited_for(site: Datacentre) -> None:
    host, _ = prepared(site, 2)
    links(site, host, vmnic0=0)
    job_id = site.submit("verify_host", [site.host_id(host.moid)], **PARAMS | {"settle_minutes": 5})
    looks = site.site.counters["requests"]
    site.until(lambda: site.site.counters["requests"] > looks + 60, lambda: site.log(job_id))
    assert host.maintenance
    links(site, host, vmnic0=25000)
    assert site.wait(job_id).state == "completed"
    assert not host.maintenance
