"""Firmware and ESXi of a host in one maintenance window: together with one restart, or one after the other, each proven."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.esxi import vmware_image
from dsm_desktop.simulator.esxi.banks import Banks
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store.models import EsxiHost
from tests.operations.esxi_site import DEPOT, NEW, OLD, PROFILE, bundle_in, login
from tests.operations.vsphere_site import QUICK_HOST, QUICK_WORK, RollSite, roll_site

pytestmark = pytest.mark.shared_program
ESXI: dict[str, Any] = {"depot": DEPOT, "profile": PROFILE, "doubt_seconds": 1.0}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    folder: Path = tmp_path_factory.mktemp("both")
    with roll_site(folder, 4, prepare=login, version="8.0.3", build=OLD) as site:
        site.site.store("prod-iso").disk.put("depots/esxi.zip", bundle_in(folder), site.site.clock.now())
        with site.app.store.write() as uow:
            for host in site.site.hosts:
                row = update(EsxiHost).where(EsxiHost.moid == host.moid)
                uow.session.execute(row.values(address=host.esxi.spec.address))
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.rest()
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []
    assert [h.name for h in shared.site.hosts if h.esxi.service("TSM-SSH").running] == []


def old_again(site: RollSite, host: Host) -> None:
    """ESXi as it was before an earlier test."""
    site.site.run(lambda: setattr(host.esxi, "banks", Banks(vmware_image("8.0.3", OLD))))


def idrac_of(site: RollSite, host: Host) -> Any:
    return next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)


def boots(site: RollSite, host: Host) -> int:
    return next(i.boots for i in site.idracs.idracs if i.service_tag == host.service_tag)


def test_the_plan_names_both(site: RollSite) -> None:
    job = site.wait(
        site.roll("rolling_plan", firmware="packages", packages=site.package("7.0.0"), **ESXI), 90
    )
    (task,) = site.tasks(job.id)
    assert task.result is not None, task.outcome
    for host in task.result["plan"]["hosts"]:
        assert host["place"], host["problem"]
        assert host["restarts"] == 1
        assert any(c.startswith("ESXi 8.0.3 build") and NEW in c for c in host["changes"])
        assert any(c.endswith("→ 7.0.0") for c in host["changes"])


@pytest.mark.parametrize(
    ("number", "both", "restarts", "hasty"),
    [
        (0, "together", 1, False),
        (1, "firmware_first", 2, False),
        (2, "esxi_first", 2, False),
        (3, "together", 2, True),
    ],
)
def test_both_are_updated_in_one_window(
    site: RollSite, number: int, both: str, restarts: int, hasty: bool
) -> None:
    """`hasty`: an iDRAC that restarts the host at once although the firmware was to wait for the restart of both."""
    host, version = site.cluster.hosts[number], f"7.{number}.1"
    if hasty:
        idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
        idrac.set_fault("update_reboots_at_once")
    packages = site.package(version)
    before = boots(site, host)
    entered = len(site.site.journal("EnterMaintenanceMode_Task", host.name))
    params = QUICK_WORK | ESXI | {"firmware": "packages", "packages": packages, "both": both}
    del params["gate_minutes"], params["check_clocks"]
    job = site.wait(site.submit("host_update", [site.host_id(host.moid)], **params), 120)
    (task,) = site.tasks(job.id)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job.id)}"
    assert host.esxi.image.build == NEW
    assert site.flashes(version)[host.service_tag] == 1
    assert boots(site, host) - before == restarts, site.log(job.id)
    assert len(site.site.journal("EnterMaintenanceMode_Task", host.name)) == entered + 1
    assert task.result is not None
    assert task.result["version_after"].endswith(NEW)
    assert f"→ {version}" in task.outcome
    assert "ESXi 8.0.3" in task.outcome


def test_a_run_over_hosts_that_have_it_touches_nothing(site: RollSite) -> None:
    before = len(site.site.journal("EnterMaintenanceMode_Task"))
    job = site.wait(site.roll(firmware="none", **ESXI), 90)
    assert "Nothing is to be done" in site.tasks(job.id)[0].outcome, site.log(job.id)
    assert len(site.site.journal("EnterMaintenanceMode_Task")) == before


def firmware_on(site: RollSite, host: Host, version: str, **more: Any) -> int:
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package(version)} | more
    return site.submit("host_update", [site.host_id(host.moid)], **given)


def test_a_restart_by_the_idrac_that_does_not_happen_is_asked_about(
    site: RollSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 1.0)
    host, version = site.cluster.hosts[0], "7.8.1"
    idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
    before = boots(site, host)
    idrac.set_os_obeys(False)
    job_id = firmware_on(site, host, version, restart_minutes=2)
    asked = site.question(job_id, 90)
    assert f"{host.name} was asked to restart and has not gone" in asked.question
    assert host.maintenance
    assert host.running() == []
    site.answer("go_on")
    job = site.wait(job_id, 90)
    idrac.set_os_obeys()
    assert site.tasks(job.id)[0].error, site.log(job.id)
    assert "did not follow" in site.tasks(job.id)[0].outcome
    assert site.flashes(version)[host.service_tag] == 0, "what was staged is taken out again"
    assert boots(site, host) == before


def test_staged_firmware_whose_job_fails_says_why_at_once(site: RollSite) -> None:
    """By the iDRAC's own word, not by a version that did not change after the whole time of the proof."""
    host = site.cluster.hosts[0]
    old_again(site, host)
    idrac = idrac_of(site, host)
    idrac.set_fault("job_fails", kind="Firmware", code="RED007")
    job = site.wait(firmware_on(site, host, "7.8.3", **ESXI), 120)
    idrac.clear_faults()
    (task,) = site.tasks(job.id)
    assert task.error, site.log(job.id)
    assert task.error["code"] == "DeviceJobFailed", task.outcome
    assert "Unable to verify Update Package signature" in task.outcome


def test_firmware_that_needed_no_restart_is_not_waited_for(site: RollSite) -> None:
    host, version = site.cluster.hosts[2], "7.8.4"
    idrac, before = idrac_of(site, host), boots(site, host)
    idrac.set_fault("update_needs_no_restart")
    job = site.wait(firmware_on(site, host, version, boot_minutes=0.5), 120)
    idrac.clear_faults()
    (task,) = site.tasks(job.id)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job.id)}"
    assert f"→ {version}" in task.outcome
    assert boots(site, host) == before


def test_what_a_colleague_has_staged_is_left_to_him(site: RollSite) -> None:
    host = site.cluster.hosts[1]
    old_again(site, host)
    idrac = idrac_of(site, host)
    job_id = firmware_on(site, host, "7.7.5", **ESXI)
    site.until(lambda: "Scheduled" in idrac.jobs.values(), lambda: site.log(job_id), 60)
    others = idrac.add_job("FirmwareUpdate", "Firmware Update: Backplane 1", at_boot=True)
    site.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
    assert site.wait(job_id, 90).state == "cancelled"
    assert [job for job, state in idrac.jobs.items() if state == "Scheduled"] == [others], site.log(job_id)
    idrac.forget_jobs()


def test_a_host_is_not_restarted_for_what_a_colleague_has_staged_meanwhile(site: RollSite) -> None:
    """Put there after the restart of both, it waits for the next one, which is not ours to make."""
    host = site.cluster.hosts[1]
    old_again(site, host)
    idrac, before = idrac_of(site, host), boots(site, host)
    job_id = firmware_on(site, host, "7.7.6", **ESXI)
    site.until(lambda: boots(site, host) > before, lambda: site.log(job_id), 90)
    others = idrac.add_job("FirmwareUpdate", "Firmware Update: Backplane 1", at_boot=True)
    assert site.wait(job_id, 90).state == "completed", site.log(job_id)
    assert boots(site, host) == before + 1, site.log(job_id)
    assert idrac.jobs[others] == "Scheduled"
    idrac.forget_jobs()


def test_a_cancel_right_after_a_restart_by_the_idrac_waits_for_the_host(site: RollSite) -> None:
    host, version = site.cluster.hosts[1], "7.8.2"
    idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)

    def resets() -> int:
        return sum(n for effect, n in idrac.effects.items() if effect.startswith("ComputerSystem.Reset"))

    before, reset = boots(site, host), resets()
    job_id = firmware_on(site, host, version)
    site.until(lambda: resets() > reset, lambda: site.log(job_id), 180)
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id, 90).state == "cancelled", site.log(job_id)
    assert boots(site, host) == before + 1
    assert site.site.counters["hosts_down_outside_maintenance"] == 0, site.log(job_id)
