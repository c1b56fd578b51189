"""ESXi hosts of a simulated vCenter brought to another build over SSH, and every way in which it does not go well."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from dsm_desktop.commands.recovery_keys import open_recovery_keys
from dsm_desktop.commands.vcenters import approve_ssh_key
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store.models import ApiCall
from tests.operations.esxi_site import FAST, NEW, OLD, PROFILE, EsxiSite, esxi_site, login

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    with esxi_site(tmp_path_factory.mktemp("esxi")) as site:
        yield site


@pytest.fixture
def site(shared: EsxiSite) -> Iterator[EsxiSite]:
    yield shared
    shared.rest()
    assert shared.questions() == []


def host(site: EsxiSite, number: int) -> Host:
    return site.site.cluster("Prod").hosts[number]


def upgrade(site: EsxiSite, target: Host, **params: object) -> int:
    return site.submit("esxi_upgrade", [site.host_id(target.moid)], **(FAST | params))


def test_a_look_changes_nothing_and_keeps_the_recovery_key(site: EsxiSite) -> None:
    target = host(site, 0)
    given = {name: FAST[name] for name in ("depot", "profile")}
    job, task = site.run("esxi_preflight", [site.host_id(target.moid)], **given)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job.id)}"
    assert task.result is not None
    assert (task.result["before"], task.result["profile"]) == (f"8.0.3 build {OLD}", PROFILE)
    assert task.result["restart"]
    assert task.result["keys_saved"]
    assert site.ssh(target) == (False, "off")
    assert site.standing() == []
    assert len(site.row(target).ssh_key) == 64
    app = site.app
    with app.store.write() as uow:
        [(_, key)] = open_recovery_keys(uow, app.principal, app.vault, target.name)
    assert key.get_secret_value() == target.esxi.recovery_key
    calls = app.store.fetch(lambda c: [dict(r._mapping) for r in c.execute(select(ApiCall.__table__))])
    said = json.dumps(calls, default=str) + site.log(job.id) + json.dumps(task.result)
    assert target.esxi.recovery_key not in said
    assert site.site.spec.host_password not in said


def test_a_host_is_brought_to_the_new_build(site: EsxiSite) -> None:
    target = host(site, 0)
    job_id = upgrade(site, target)
    job = site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job_id)}"
    assert task.result is not None
    assert (task.result["before"], task.result["after"]) == (f"8.0.3 build {OLD}", f"8.0.3 build {NEW}")
    assert (task.result["restarted"], task.result["proven"]) == (True, True)
    effects = site.effects(target)
    assert (effects[f"update_started:{NEW}"], effects["reboot"]) == (1, 1)
    assert target.esxi.image.build == NEW
    assert not target.maintenance
    assert site.ssh(target) == (False, "off")
    assert site.standing() == []
    again = site.wait(upgrade(site, target))
    (task,) = site.tasks(again.id)
    assert task.result is not None
    assert "Nothing to do" in task.result["summary"]
    assert site.effects(target)["reboot"] == 1


def failed(site: EsxiSite, job_id: int) -> dict[str, str]:
    """How the only task failed; nothing is left changed that is not on the restore list."""
    job = site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert (job.state, job.failed) == ("completed", 1) or job.state == "failed", task.outcome
    assert task.error is not None
    return task.error


def untouched(site: EsxiSite, target: Host) -> None:
    """SSH as before, nothing to be put back, in service."""
    assert site.ssh(target) == (False, "off")
    assert site.standing() == []
    assert not target.maintenance


@pytest.mark.parametrize(
    ("fault", "code"),
    [("hardware_error", "HardwareRefused"), ("dependency", "VibConflict"), ("download", "DepotUnreadable")],
)
def test_what_the_dry_run_refuses_moves_no_vm(site: EsxiSite, fault: str, code: str) -> None:
    target = host(site, 1)
    target.esxi.faults.set(fault)
    error = failed(site, upgrade(site, target))
    assert error["code"] == code
    assert error["hint"]
    assert site.site.journal("EnterMaintenanceMode_Task", target.name) == []
    untouched(site, target)


@pytest.mark.parametrize(("fault", "code"), [("no_space", "NoSpace"), ("update_fails", "InstallFailed")])
def test_an_update_that_stops_half_way_leaves_the_old_image(site: EsxiSite, fault: str, code: str) -> None:
    target = host(site, 1)
    boots = site.effects(target).get("reboot", 0)
    target.esxi.faults.set(fault)
    error = failed(site, upgrade(site, target))
    assert error["code"] == code
    assert site.effects(target).get("reboot", 0) == boots, "an update that failed needs no restart"
    assert target.esxi.image.build == OLD
    untouched(site, target)


def test_lockdown_is_respected(site: EsxiSite) -> None:
    target = host(site, 1)
    started = len(site.site.journal("StartService", target.name))
    target.esxi.set_lockdown("lockdownNormal")
    try:
        error = failed(site, upgrade(site, target))
    finally:
        target.esxi.set_lockdown("lockdownDisabled")
    assert error["code"] == "InLockdown"
    assert len(site.site.journal("StartService", target.name)) == started
    untouched(site, target)


def test_a_changed_host_key_stops_before_a_password_leaves(site: EsxiSite) -> None:
    target = host(site, 1)
    known = site.row(target).ssh_key
    site.app.commands.do(approve_ssh_key, site.host_id(target.moid), "ab" * 32)
    job_id = upgrade(site, target)
    asked = site.question(job_id).question
    assert asked.startswith(f"The SSH key of the host {target.name}")
    assert f"Approved: SHA-256 {'ab' * 32}\nShown now: SHA-256 {site.row(target).shown_ssh_key}\n" in asked
    site.answer("stop")
    error = failed(site, job_id)
    assert error["code"] == "HostKeyChanged"
    shown = site.row(target).shown_ssh_key
    assert shown in error["detail"], "kept, so that a person can compare and approve it"
    assert shown not in ("", "ab" * 32)
    untouched(site, target)
    site.app.commands.do(approve_ssh_key, site.host_id(target.moid), "")
    error = failed(site, upgrade(site, target, trust_first=False))
    assert error["code"] == "HostKeyNotApproved"
    assert known in error["detail"] or not known
    assert site.row(target).ssh_key == ""
    untouched(site, target)


def test_a_changed_host_key_that_is_approved_lets_the_work_go_on(site: EsxiSite) -> None:
    target = host(site, 1)
    target.esxi.faults.set("hardware_error")
    site.app.commands.do(approve_ssh_key, site.host_id(target.moid), "ab" * 32)
    job_id = upgrade(site, target)
    site.question(job_id)
    site.answer("approve")
    assert failed(site, job_id)["code"] == "HardwareRefused", "it signed in and looked"
    assert site.row(target).ssh_key == site.row(target).shown_ssh_key
    untouched(site, target)


def test_a_port_that_stays_shut_is_named(site: EsxiSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.ssh_access.PORT_SECONDS", 1.0)
    target = host(site, 1)
    target.esxi.faults.set("ssh_refused")
    error = failed(site, upgrade(site, target))
    assert error["code"] == "SshStaysShut"
    assert "SSH Server" in error["hint"]
    untouched(site, target)


def test_a_new_image_that_does_not_start_is_no_success(site: EsxiSite) -> None:
    target = host(site, 1)
    target.esxi.faults.set("boot_falls_back", times=1)
    error = failed(site, upgrade(site, target))
    assert error["code"] == "FellBack"
    assert "fell back to the old boot bank" in error["message"]
    assert site.effects(target)["reboot"] == 1
    untouched(site, target)


def test_ssh_that_ran_before_runs_after(site: EsxiSite) -> None:
    target = host(site, 1)
    target.esxi.start_service("TSM-SSH")
    try:
        job = site.wait(upgrade(site, target))
        assert site.ssh(target) == (True, "off"), site.log(job.id)
    finally:
        target.esxi.stop_service("TSM-SSH")
    (task,) = site.tasks(job.id)
    assert (task.result or {}).get("after") == f"8.0.3 build {NEW}", f"{task.outcome}\n{site.log(job.id)}"


def test_a_login_that_is_removed_meanwhile_leaves_no_ssh_on(site: EsxiSite) -> None:
    """SSH is switched off through vCenter, for which no login of the host is needed."""
    target = host(site, 1)
    target.esxi.faults.set("ssh_refused")
    (mine,) = [row for row in site.app.reads.credentials() if row.kind == "esxi"]
    job_id = upgrade(site, target)
    site.until(lambda: site.ssh(target)[0], lambda: site.log(job_id))
    site.app.commands.remove_credential(mine.id)
    try:
        assert site.wait(job_id).state == "failed"
        (task,) = site.tasks(job_id)
        assert task.error is not None
        assert task.error["code"] == "NoCredential", site.log(job_id)
        assert site.ssh(target) == (False, "off")
        assert site.standing() == []
    finally:
        login(site.app, site.site)


def test_a_cancel_while_it_is_updated_puts_ssh_back(site: EsxiSite) -> None:
    target = host(site, 2)
    target.esxi.faults.set("update_slow", factor=10.0)
    job_id = upgrade(site, target)
    site.until(lambda: bool(target.esxi.transaction), lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id).state == "cancelled"
    left = [c for c in target.esxi.journal.changes() if c.effect == "maintenance:exit"][-1]
    ended = next(c for c in target.esxi.journal.changes() if c.effect == f"update:{NEW}")
    assert ended.when < left.when, "the host was not opened while it was updated"
    untouched(site, target)
    target.esxi.cut_power()
    target.esxi.power_on()
    site.until(lambda: target.connection == "connected", lambda: "the host did not come back")


def test_a_host_that_does_not_come_back_is_asked_about(site: EsxiSite) -> None:
    target = site.site.hosts[-1]
    assert not target.owner.moid.startswith("domain-c"), "the stand-alone one"
    for vm in target.running():
        site.site.run(lambda vm=vm: vm.set_power("poweredOff"))  # type: ignore[misc]
    target.esxi.faults.set("never_returns", times=1)
    local = target.name.split(".")[0] + "-local"
    site.site.store(local).disk.put("esxi.zip", site.bundle, site.site.clock.now())
    job_id = upgrade(site, target, boot_minutes=0.1, depot=f"[{local}] esxi.zip")
    monkey = site.question(job_id, 120)
    assert target.name in monkey.question
    assert "console" in monkey.question
    assert [entry.what for entry in site.standing()] == [f"Take {target.name} out of maintenance mode"]
    site.answer("stop")
    error = failed(site, job_id)
    assert error["code"] == "HostAway"
    assert "Not put back" in error["hint"]
    assert "is not reached" in site.log(job_id)
    target.esxi.cut_power()
    target.esxi.power_on()
    site.until(lambda: target.connection == "connected", lambda: "the host did not come back")
    site.put_back(job_id)
    assert site.effects(target)["reboot"] == 1
    untouched(site, target)
