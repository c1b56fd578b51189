"""ESXi and firmware of a host in one evacuation and one restart, on hosts that run on simulated servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.states import StepState
from dsm_desktop.queries.jobs import task_steps
from tests.operations.esxi_site import DEPOT, NEW, PROFILE, rolling_esxi
from tests.operations.vsphere_site import BIOS, QUICK_WORK, RollSite

pytestmark = pytest.mark.shared_program
WANTED = QUICK_WORK | {"doubt_seconds": 1.0, "depot": DEPOT, "profile": PROFILE, "firmware": "packages"}
for _unknown in ("gate_minutes", "check_clocks"):
    WANTED.pop(_unknown)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with rolling_esxi(tmp_path_factory.mktemp("both"), 3) as site:
        yield site


@pytest.mark.parametrize(("number", "kind"), [(0, "firmware_then_esxi"), (1, "esxi_then_firmware")])
def test_one_restart_brings_both(site: RollSite, number: int, kind: str) -> None:
    target = site.cluster.hosts[number]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == target.service_tag)
    boots = idrac.boots
    packages = site.package(f"9.2.{number}")
    job_id = site.submit(kind, [site.host_id(target.moid)], **(WANTED | {"packages": packages}))
    site.wait(job_id, 150)
    (task,) = site.tasks(job_id)
    assert task.result is not None, f"{task.outcome}\n{site.log(job_id)}"
    result = task.result
    steps = site.app.store.fetch(lambda c: task_steps(c, task.id))
    assert [s.name for s in steps if s.state == StepState.FAILED] == [], (
        "what went as it should is no failure"
    )
    assert (result["version_after"], result["restarts"]) == (f"8.0.3 build {NEW}", 1)
    assert [d["outcome"] for d in result["done"]] == ["proven"]
    assert idrac.installed[BIOS] == f"9.2.{number}"
    assert idrac.effects[f"flash BIOS 9.2.{number}"] == 1
    effects = target.esxi.journal.effects()
    assert (effects[f"update_started:{NEW}"], effects["reboot"]) == (1, 1)
    assert idrac.boots == boots + 1, "one restart for both"
    assert not target.maintenance
    assert site.standing() == []
    assert not target.esxi.service("TSM-SSH").running
