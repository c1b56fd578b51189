"""After work that does not go well a host is opened to VMs only when nothing can happen to it any more and nothing of it is
missing; else it stays in maintenance mode, with one question."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from dsm_desktop.commands import jobs
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.jobs import task_steps
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.esxi_site import FAST, NEW, SMALL, EsxiSite, esxi_site
from tests.operations.test_esxi_upgrade import failed, host, untouched, upgrade

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    spec = dataclasses.replace(SMALL, clusters=(dataclasses.replace(SMALL.clusters[0], hosts=8),))
    with esxi_site(tmp_path_factory.mktemp("kept"), spec) as site:
        yield site


@pytest.fixture
def site(shared: EsxiSite) -> Iterator[EsxiSite]:
    """Every host as before, and none ever went down while VMs could run on it."""
    yield shared
    shared.rest()
    assert shared.questions() == []
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance] == []
    assert shared.site.counters["hosts_down_outside_maintenance"] == 0


@pytest.fixture
def starts_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host has two seconds to restart."""
    monkeypatch.setattr("dsm_desktop.workflows.esxi_restart.STARTS_SECONDS", 2.0)


def restarts(site: EsxiSite, target: Host) -> int:
    return len(site.site.journal("RebootHost_Task", target.name))


def names(site: EsxiSite) -> list[str]:
    return [entry.what for entry in site.standing()]


@pytest.mark.usefixtures("starts_soon")
def test_a_restart_that_comes_late_is_waited_for_and_the_work_goes_on(site: EsxiSite) -> None:
    target = host(site, 0)
    target.esxi.faults.set("reboot_late", times=1, seconds=1000.0)
    job_id = upgrade(site, target)
    asked = site.question(job_id)
    assert f"{target.name} was asked to restart and has not gone" in asked.question
    assert [o["value"] for o in asked.options] == ["wait", "go_on", "keep"]
    assert asked.default == "keep"
    assert target.maintenance
    while not site.job(job_id).finished_at:
        if site.questions():
            site.answer("wait")
        site.until(
            lambda: bool(site.questions() or site.job(job_id).finished_at), lambda: site.log(job_id), 120
        )
    (task,) = site.tasks(job_id)
    assert (task.result or {}).get("after") == f"8.0.3 build {NEW}", f"{task.outcome}\n{site.log(job_id)}"
    assert (restarts(site, target), site.effects(target)["reboot"]) == (1, 1)
    untouched(site, target)


@pytest.mark.usefixtures("starts_soon")
def test_a_restart_that_does_not_happen_keeps_the_host_until_somebody_has_looked(site: EsxiSite) -> None:
    target = host(site, 1)
    target.esxi.faults.set("reboot_ignored", times=1)
    job_id = upgrade(site, target)
    site.answer("keep")
    error = failed(site, job_id)
    assert error["code"] == "NotRestarted"
    assert "other boot bank" in error["hint"]
    assert target.maintenance
    assert site.ssh(target) == (False, "off")
    assert set(names(site)) == {
        f"Take {target.name} out of maintenance mode",
        f"Let {target.name} restart as it was asked to, before it carries VMs",
    }
    site.press_put_back(job_id)
    again = site.question(job_id)
    assert "has not gone" in again.question, "it is asked anew, for nothing has changed"
    site.answer("go_on")
    site.wait(job_id)
    assert restarts(site, target) == 1
    untouched(site, target)
    refused = failed(site, upgrade(site, target))
    assert refused["code"] == "UpdateRefused"
    assert "waits for a restart" in refused["message"], "a second update would overwrite the bank"


def test_somebody_elses_restart_that_comes_first_is_waited_for(site: EsxiSite) -> None:
    """Ours is refused; the host must not be opened to VMs, for it goes down all the same."""
    target = host(site, 7)
    boots = target.esxi.boots
    job_id = upgrade(site, target)
    site.until(lambda: target.maintenance, lambda: site.log(job_id), 180)
    target.esxi.faults.set("reboot_late", times=1, seconds=1e9)
    site.site.run(lambda: target.esxi.reboot(force=False, user="anna", via="console"))
    site.until(lambda: restarts(site, target) == 1, lambda: site.log(job_id), 180)
    (task,) = site.tasks(job_id)

    def waits() -> bool:
        steps = site.app.store.fetch(lambda c: task_steps(c, task.id))
        return any(step.kind == "wait" and f"{target.name} to restart" in step.name for step in steps)

    site.until(waits, lambda: site.log(job_id), 180)
    assert target.maintenance
    target.esxi.reset()
    job = site.wait(job_id, 120)
    assert job.state == "completed", f"{site.tasks(job_id)}\n{site.log(job_id)}"
    assert target.esxi.boots == boots + 1
    untouched(site, target)


def test_a_cancel_right_after_the_restart_waits_until_the_host_is_back(site: EsxiSite) -> None:
    target = host(site, 2)
    before = target.esxi.boots
    target.esxi.faults.set("reboot_late", times=1, seconds=300.0)
    job_id = upgrade(site, target)
    site.until(lambda: site.effects(target).get("reboot", 0) == 1, lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id).state == "cancelled"
    assert target.esxi.boots == before + 1, "it had restarted when it was opened to VMs"
    assert restarts(site, target) == 1
    untouched(site, target)


def test_a_host_that_misses_a_datastore_after_failed_work_is_asked_about(site: EsxiSite) -> None:
    target = host(site, 3)
    store = site.site.store("prod-iso")
    mount = store.mounts[target]
    target.esxi.faults.set("boot_falls_back", times=1)
    target.esxi.on_reboot.append(lambda news: setattr(mount, "accessible", False))
    job_id = upgrade(site, target, settle_minutes=0.05)
    site.until(lambda: not mount.accessible, lambda: site.log(job_id), 180)
    asked = site.question(job_id, 120)
    assert f"{target.name} is in maintenance mode" in asked.question
    assert "datastore prod-iso" in asked.question
    assert target.maintenance
    site.answer("keep")
    error = failed(site, job_id)
    assert error["code"] == "FellBack"
    assert "maintenance mode" not in error["message"]
    assert "Not put back" in error["hint"]
    assert target.maintenance
    target.esxi.on_reboot.pop()
    site.site.run(lambda: setattr(mount, "accessible", True))
    job, task = site.run("verify_host", [site.host_id(target.moid)], look_seconds=0.1)
    assert job.state == "completed", task.outcome
    untouched(site, target)


def test_an_update_that_is_given_up_is_not_left_running_on_an_open_host(site: EsxiSite) -> None:
    target = host(site, 4)
    target.esxi.faults.set("update_slow", factor=60.0)
    job_id = upgrade(site, target, update_minutes=0.05)
    asked = site.answer("go_on")
    assert "has not ended within 0.05 minutes" in asked.question
    assert "log" in asked.question
    again = site.question(job_id)
    assert again.id != asked.id, "it still runs, so that it was given up does not open the host"
    assert target.esxi.transaction is not None
    assert target.esxi.transaction.state == "running"
    assert target.maintenance
    assert site.ssh(target)[0], "SSH is needed to look at it"
    site.answer("keep")
    assert failed(site, job_id)["code"] == "UpdateLost"
    assert (target.maintenance, site.ssh(target)[0]) == (True, True)
    assert len(names(site)) == 3
    site.press_put_back(job_id)
    site.until(lambda: target.esxi.reboot_required or bool(site.questions()), lambda: site.log(job_id))
    while site.standing():
        if site.questions():
            site.answer("wait")
        site.until(lambda: bool(site.questions()) or not site.standing(), lambda: site.log(job_id))
    site.wait(job_id)
    assert site.effects(target)[f"update_started:{NEW}"] >= 1
    untouched(site, target)


def test_a_host_that_comes_back_disconnected_is_reconnected(
    site: EsxiSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.return_host._PATIENCE_SECONDS", 0.3)
    target = host(site, 5)
    site.site.run(lambda: setattr(target, "comes_back_disconnected", True))
    site.site.faults.set("reconnect_fails")
    job_id = upgrade(site, target, boot_minutes=0.15)
    asked = site.question(job_id, 120)
    assert f"{target.name} is not back" in asked.question
    assert len(site.site.journal("ReconnectHost_Task", target.name)) == 3, (
        "and then it is a person's to look at"
    )
    site.site.run(lambda: setattr(target, "comes_back_disconnected", False))
    site.site.faults.clear()
    site.site.faults.set("refused", method="ReconnectHost_Task", times=1)
    site.answer("wait")
    job = site.wait(job_id, 120)
    (task,) = site.tasks(job_id)
    assert (task.result or {}).get("after") == f"8.0.3 build {NEW}", f"{task.outcome}\n{site.log(job.id)}"
    assert len(site.site.journal("ReconnectHost_Task", target.name)) == 5
    untouched(site, target)


def test_a_guest_is_not_stopped_again_for_the_next_host_where_it_can_move(site: EsxiSite) -> None:
    first, second = host(site, 6), host(site, 7)
    vm = next(v for v in first.running() if not v.by_vcenter)
    ids = [site.host_id(first.moid), site.host_id(second.moid)]
    params = FAST | {"decisions": [f"{vm.name} = shut_down"]}
    app = site.app
    with app.store.write() as uow:
        job_id = jobs.submit(
            uow,
            app.principal,
            app.catalogue,
            "esxi_upgrade",
            ids,
            params,
            max_parallel=1,
            stagger_seconds=20.0,
        )

    def started_again() -> bool:
        return bool(site.site.journal("PowerOnVM_Task", vm.name)) and vm.on

    site.until(started_again, lambda: site.log(job_id))
    site.site.run(lambda: vm.go_to(second))
    assert site.wait(job_id, 120).done == 2, site.log(job_id)
    assert len(site.site.journal("ShutdownGuest", vm.name)) == 1, site.log(job_id)
    assert vm.on
    untouched(site, second)
