"""The depot of an ESXi update put onto a datastore: on vSAN, where there is no room, and when the runner dies on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.vsphere import ClusterSpec
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from tests.kit.agents import end, start_agent
from tests.operations.esxi_site import FAST, OLD, PROFILE, SMALL, EsxiSite, esxi_site

pytestmark = pytest.mark.shared_program
VSAN = replace(
    SMALL, clusters=(ClusterSpec("Prod", 3, vms_per_host=2, version="8.0.3", build=OLD, vsan=True),)
)
PATH = "depots/esxi.zip"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    with esxi_site(tmp_path_factory.mktemp("depots"), VSAN) as site:
        yield site


@pytest.fixture(params=["prod-vsan", "prod-iso"])
def store(site: EsxiSite, request: pytest.FixtureRequest) -> Iterator[Datastore]:
    """Empty, on vSAN and on NFS."""
    found = site.site.store(request.param)
    found.disk.empty()
    yield found
    site.rest()
    found.disk.used = found.disk.capacity * 2 // 5
    found.disk.empty()


def given(site: EsxiSite, store: Datastore) -> dict[str, Any]:
    return FAST | {"depot": "", "depot_file": str(site.bundle), "depot_store": store.name}


def lying(store: Datastore) -> dict[str, int]:
    return {f.path: f.size for f in store.disk.files()}


def size(site: EsxiSite) -> int:
    return site.bundle.stat().st_size


def refused(site: EsxiSite, job_id: int, code: str) -> str:
    """The job failed so; what it says."""
    site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert task.error is not None, task.outcome
    assert task.error["code"] == code, site.log(job_id)
    return f"{task.outcome} {task.error}"


def test_no_room_from_the_start(site: EsxiSite, store: Datastore) -> None:
    before = len(site.site.journal("PUT"))
    store.disk.used = store.disk.capacity - size(site)
    host = site.site.cluster("Prod").hosts[0]
    said = refused(
        site, site.submit("esxi_upgrade", [site.host_id(host.moid)], **given(site, store)), "NoRoom"
    )
    assert f"The datastore {store.name} has no room for esxi.zip" in said
    assert len(site.site.journal("PUT")) == before
    assert lying(store) == {}
    assert site.effects(host) == {}
    site.left_as_found()


def test_filled_on_the_way(site: EsxiSite, store: Datastore) -> None:
    site.site.faults.set("store_fills", after=size(site) // 2)
    host = site.site.cluster("Prod").hosts[0]
    said = refused(
        site, site.submit("esxi_upgrade", [site.host_id(host.moid)], **given(site, store)), "NoRoom"
    )
    assert "Free space there" in said
    assert lying(store) == {}, "no half file stays"
    assert site.effects(host) == {}
    site.left_as_found()


def test_an_older_file_of_that_name_is_not_touched(site: EsxiSite, store: Datastore) -> None:
    store.disk.make_folder("depots")
    store.disk.put(PATH, b"another bundle", 0.0)
    host = site.site.cluster("Prod").hosts[0]
    job_id = site.submit("esxi_upgrade", [site.host_id(host.moid)], **given(site, store))
    assert "with 14 bytes instead of" in refused(site, job_id, "InTheWay")
    assert lying(store) == {PATH: 14}
    site.left_as_found()


def test_killed_in_the_middle_the_next_runner_sends_it_whole(site: EsxiSite, store: Datastore) -> None:
    """A check is enough: it sends the depot too."""
    host = site.site.cluster("Prod").hosts[1]
    site.runner.stop()
    site.site.faults.set("upload_slow", pause=0.5, times=1)
    wanted = {"profile": PROFILE, "depot_file": str(site.bundle), "depot_store": store.name}
    job_id = site.submit("esxi_preflight", [site.host_id(host.moid)], **wanted)
    agent = start_agent(site.app.profile)
    try:
        site.until(lambda: bool(lying(store)), lambda: site.log(job_id))
    finally:
        end(agent, kill=True)
    assert PATH not in lying(store)
    site.runner = site.app.make_runner("next")
    site.runner.start()
    assert site.wait(job_id, 120).state == JobState.COMPLETED, f"{site.tasks(job_id)}\n{site.log(job_id)}"
    assert lying(store) == {PATH: size(site)}
    site.left_as_found()


def roll(site: EsxiSite, store: Datastore) -> dict[str, Any]:
    at = {"vcenter_id": site.vcenter_id, "cluster": site.site.cluster("Prod").moid}
    return given(site, store) | at | {"firmware": "none", "gate_minutes": 0.02, "backup": False}


def test_a_rolling_update_without_room_for_its_depot_is_a_pause(site: EsxiSite, store: Datastore) -> None:
    before = len(site.site.journal("PUT"))
    store.disk.used = store.disk.capacity - size(site)
    job_id = site.submit("rolling_update", **roll(site, store))
    asked = site.question(job_id)
    assert site.job(job_id).state == JobState.PAUSED
    assert "of Prod; no host has been touched" in asked.question
    assert f"The datastore {store.name} has no room for esxi.zip" in asked.question
    assert "Free space there" in asked.question
    assert len(site.site.journal("PUT")) == before
    store.disk.used = 0
    site.site.faults.set("store_fills", after=size(site) // 2, times=1)
    site.answer("retry")
    site.until(
        lambda: bool(site.questions()) and site.questions()[0].id != asked.id,
        lambda: site.log(job_id),
    )
    assert lying(store) == {}, "the half that had arrived is gone while it waits"
    site.answer("stop")
    assert "was full before all of esxi.zip" in refused(site, job_id, "NoRoom")
    assert site.site.journal("EnterMaintenanceMode_Task") == []
    site.left_as_found()


@pytest.mark.parametrize("store", ["prod-iso"], indirect=True)
def test_a_store_that_is_full_at_a_hosts_turn_is_asked_about(site: EsxiSite, store: Datastore) -> None:
    """The depot was there while it was planned, and is gone since."""
    host = site.site.cluster("Prod").hosts[2]
    vm = host.running()[0]
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    wanted = roll(site, store) | {"hosts": [site.host_id(host.moid)], "on_failure": "ask"}
    job_id = site.submit("rolling_update", **wanted)
    about_vm = site.question(job_id)
    assert lying(store) == {PATH: size(site)}, "sent once, for all hosts"
    store.disk.empty()
    store.disk.used = store.disk.capacity - size(site)
    site.answer("shut_down")
    site.until(
        lambda: bool(site.questions()) and site.questions()[0].id != about_vm.id, lambda: site.log(job_id)
    )
    asked = site.question(job_id).question
    assert f"{host.name} failed: [{store.name}] {PATH}: The datastore {store.name} has no room" in asked
    assert "Free space there" in asked
    site.answer("stop")
    site.wait(job_id)
    assert site.site.journal("EnterMaintenanceMode_Task") == []
    site.left_as_found()
