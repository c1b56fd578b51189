"""What was just asked for and has not happened yet is put back all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.vsphere.blockers import Blocker
from tests.operations.test_roll_settle import begun, paired, unpair
from tests.operations.vsphere_site import QUICK, Datacentre, RollSite, datacentre, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 2, drs="manual") as site:
        yield site


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("vsphere")) as site:
        yield site


def test_a_suspended_pair(shared: RollSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = shared
    monkeypatch.setattr("dsm_desktop.simulator.vsphere.methods.vms.SWITCHING", 400.0)
    vm = paired(site)
    job_id = begun(site, "12.5.1", 1)
    site.until(lambda: bool(site.site.journal("DisableSecondaryVM_Task", vm.name)), lambda: site.log(job_id))
    assert vm.ft_state == "running"
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id, 120)
    site.until(lambda: not [t for t in vm.tasks if t.running], lambda: "runs")
    assert (vm.ft_state, site.standing()) == ("running", [])
    unpair(site)


def test_a_setting_of_the_cluster(shared: RollSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = shared
    monkeypatch.setattr("dsm_desktop.simulator.vsphere.methods.clusters.SECONDS", 400.0)
    before = site.cluster.drs.defaultVmBehavior
    job_id = begun(site, "12.6.1", 1, drs_automatic=True)
    site.until(lambda: bool(site.site.journal("ReconfigureComputeResource_Task")), lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id, 120)
    site.until(lambda: not [t for t in site.cluster.tasks if t.running], lambda: "runs")
    assert (site.cluster.drs.defaultVmBehavior, site.standing()) == (before, [])


def test_a_medium(centre: Datacentre, monkeypatch: pytest.MonkeyPatch) -> None:
    site = centre
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host = vm.host
    site.site.put(Blocker.CDROM_LOCAL_ISO, vm)
    later = type(site.site.world).later
    monkeypatch.setattr(
        type(site.site.world), "later", lambda self, s, do: later(self, 400.0 if s == 1.0 else s, do)
    )
    params = QUICK | {"decisions": [f"{vm.moid} = disconnect"], "minutes_to_empty": 600}
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **params)
    site.until(lambda: bool(site.site.journal("ReconfigVM_Task", vm.name)), lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id)
    site.until(lambda: not [t for t in vm.tasks if t.running], lambda: "runs")
    (drive,) = (d for d in vm.devices if d.key == 3000)
    assert (drive.connectable.connected, site.standing()) == (True, [])
