"""A host that restarts by Quick Boot skips the server's own start, which alone applies staged firmware: its iDRAC restarts it."""

from __future__ import annotations

import pytest

from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.esxi_site import NEW
from tests.operations.test_host_both import ESXI, boots, shared, site
from tests.operations.vsphere_site import QUICK_HOST, RollSite

__all__ = ["shared", "site"]
pytestmark = pytest.mark.shared_program
ESXI_ONLY = {name: value for name, value in ESXI.items() if name != "doubt_seconds"}


def together(site: RollSite, host: Host, version: str) -> str:
    """Both in one window; the job's log."""
    params = QUICK_HOST | ESXI | {"firmware": "packages", "packages": site.package(version)}
    job = site.wait(site.submit("host_update", [site.host_id(host.moid)], **params), 120)
    (task,) = site.tasks(job.id)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job.id)}"
    assert host.esxi.image.build == NEW
    assert site.flashes(version)[host.service_tag] == 1
    assert f"→ {version}" in task.outcome
    return site.log(job.id)


def test_a_host_that_is_known_for_it_is_restarted_once_by_its_idrac(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    host.esxi.quick_boot = host.esxi.course.loaded = True
    servers, kernels = boots(site, host), host.esxi.boots
    said = together(site, host, "7.6.1")
    assert "the iDRAC restarts it" in said
    assert site.site.journal("RebootHost_Task", host.name) == []
    assert (boots(site, host) - servers, host.esxi.boots - kernels) == (1, 1), said
    assert not host.esxi.course.loaded


def test_where_it_shows_only_afterwards_the_firmware_is_not_left_staged(site: RollSite) -> None:
    host = site.cluster.hosts[1]
    host.esxi.quick_boot = True
    servers, kernels = boots(site, host), host.esxi.boots
    said = together(site, host, "7.6.2")
    assert "The restart applied no firmware" in said
    assert len(site.site.journal("RebootHost_Task", host.name)) == 1
    assert (boots(site, host) - servers, host.esxi.boots - kernels) == (1, 2), said


def test_the_pre_flight_names_it(site: RollSite) -> None:
    host = site.cluster.hosts[2]
    host.esxi.quick_boot = host.esxi.course.loaded = True
    task = site.run("esxi_preflight", [site.host_id(host.moid)], **ESXI_ONLY)[1]
    assert task.result is not None, task.outcome
    assert any("Quick Boot" in note for note in task.result["notes"])
    host.esxi.quick_boot = host.esxi.course.loaded = False
