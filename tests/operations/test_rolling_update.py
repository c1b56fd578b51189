"""Rolling updates of a cluster whose hosts run on simulated servers: planned, decided once, host by host, everything put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dsm_desktop.commands import roll_orders
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.document import write
from dsm_desktop.queries.report import Report
from dsm_desktop.queries.roll_report import plan_document, report_document
from dsm_desktop.queries.run_told import told
from dsm_desktop.queries.vm_decisions import list_vm_decisions
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.kit.commandline import CommandLine
from tests.operations.vsphere_site import QUICK, QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll")) as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()


def test_a_cluster_is_brought_up_to_date_host_by_host(site: RollSite) -> None:
    packages = site.package("9.1.1")
    job = site.wait(site.roll(firmware="packages", packages=packages), 120)
    (task,) = site.tasks(job.id)
    assert job.state == "completed", f"{task.outcome}\n{site.log(job.id)}"
    assert task.result is not None
    assert [h["standing"] for h in task.result["hosts"]] == ["done"] * 4, site.log(job.id)
    tags = {h.service_tag for h in site.cluster.hosts}
    assert site.flashes("9.1.1") == {t: int(t in tags) for t in site.bios()}
    order = [h["name"] for h in task.result["hosts"]]
    assert [h["name"] for h in sorted(task.result["plan"]["hosts"], key=lambda h: h["place"])] == order
    entered = [a.target for a in site.site.journal("EnterMaintenanceMode_Task")]
    assert entered == order


def movers(site: RollSite) -> list[Vm]:
    return [v for h in site.cluster.hosts for v in h.running() if not v.by_vcenter]


def standings(site: RollSite, job_id: int) -> dict[str, str]:
    (task,) = site.tasks(job_id)
    assert task.result is not None, task.outcome
    return {h["name"].split(".")[0]: h["standing"] for h in task.result["hosts"]}


def test_nothing_to_do_touches_nothing(site: RollSite) -> None:
    before = len(site.site.journal())
    packages = site.package("9.2.1")
    with_it = site.wait(site.roll(firmware="packages", packages=packages), 120)
    assert set(standings(site, with_it.id).values()) == {"done"}
    done = len(site.site.journal())
    assert done > before
    again = site.wait(site.roll(firmware="packages", packages=packages), 60)
    assert again.message == "" or "Nothing is to be done" in site.tasks(again.id)[0].outcome
    assert set(standings(site, again.id).values()) == {"untouched"}
    assert len(site.site.journal()) == done


def test_the_plan_changes_nothing_and_prints(site: RollSite, tmp_path: Path) -> None:
    before = len(site.site.journal())
    job = site.wait(site.roll("rolling_plan", firmware="packages", packages=site.package("9.3.1")), 60)
    assert job.state == "completed", site.tasks(job.id)
    assert len(site.site.journal()) == before
    page = site.app.store.fetch(lambda c: plan_document(c, job.id))
    write(page, tmp_path / "plan.html", Report(job.submitted_at, "anna"))
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "Maintenance plan: Prod" in text
    for host in site.cluster.hosts:
        assert host.name in text
    assert "→ 9.3.1" in text
    assert "First: it is well and carries least" in text


def test_decisions_are_taken_once_kept_and_reported(site: RollSite, tmp_path: Path) -> None:
    vm = movers(site)[0]
    devices = list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    job_id = site.roll(firmware="packages", packages=site.package("9.4.1"))
    asked = site.answer("shut_down")
    assert vm.name in asked.question
    assert vm.host.name in asked.question
    job = site.wait(job_id, 120)
    assert set(standings(site, job.id).values()) == {"done"}, site.log(job.id)
    assert vm.on
    assert len(site.site.journal("ShutdownGuest", vm.name)) == 1
    (kept,) = site.app.store.fetch(list_vm_decisions)
    assert (kept.name, kept.answer, kept.decided_by) == (vm.name, "shut_down", site.app.principal.name)

    page = site.app.store.fetch(lambda c: report_document(c, job.id))
    write(page, tmp_path / "report.md", Report(job.submitted_at, "anna"))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "The restore list is empty" in text
    assert f"Shut down {vm.name}" in text.replace("\\", "")
    assert "| 9.4.1 |" in text, "each version stands before and after"

    # Next time nobody is asked.
    again = site.wait(site.roll(firmware="packages", packages=site.package("9.5.1")), 120)
    assert set(standings(site, again.id).values()) == {"done"}, site.log(again.id)
    assert len(site.site.journal("ShutdownGuest", vm.name)) == 2
    assert vm.on
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_host_is_left_out_and_a_run_pauses_and_stops_after_the_host(site: RollSite) -> None:
    order = [site.host_id(h.moid) for h in site.cluster.hosts]
    job_id = site.roll(firmware="packages", packages=site.package("9.6.1"), order=order)
    first = site.cluster.hosts[0]
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    with site.app.store.write() as uow:
        roll_orders.skip_host(uow, site.app.principal, job_id, order[1])
        roll_orders.pause(uow, site.app.principal, job_id)
    site.until(lambda: "Paused by" in site.log(job_id), lambda: site.log(job_id))
    assert not first.maintenance
    assert [h.name for h in site.cluster.hosts if h.maintenance] == []
    with site.app.store.write() as uow:
        roll_orders.go_on(uow, site.app.principal, job_id)
    third = site.cluster.hosts[2]
    site.until(lambda: third.maintenance, lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.AFTER_TARGET)
    job = site.wait(job_id, 120)
    found = standings(site, job_id)
    assert list(found.values()) == ["done", "skipped", "done", "not_begun"], site.log(job_id)
    hosts = site.app.store.fetch(lambda c: report_document(c, job_id)).tables[0]
    told = {str(row[0]).split(".")[0]: row[1] for row in hosts.rows}
    assert list(map(told.get, found)) == ["done", "left out", "done", "not begun"], hosts.rows
    assert job.state == "cancelled", "a person stopped it"


def test_what_is_said_while_the_run_waits_at_a_gate_counts(site: RollSite) -> None:
    """The gate is red when the host's turn comes; a host that is left out meanwhile is not begun when it opens."""
    first, second, third, _ = site.cluster.hosts
    ids = [site.host_id(h.moid) for h in (first, second)]
    packages = site.package("9.6.5")
    site.site.put(Blocker.IN_MAINTENANCE, third)
    job_id = site.roll(firmware="packages", packages=packages, hosts=ids, order=ids, gate_minutes=5)
    site.until(lambda: f"{first.name} waits:" in site.log(job_id), lambda: site.log(job_id))
    with site.app.store.write() as uow:
        roll_orders.skip_host(uow, site.app.principal, job_id, ids[0])
        roll_orders.skip_host(uow, site.app.principal, job_id, ids[1])
    site.site.run(third.esxi.exit_maintenance)
    site.wait(job_id, 60)
    assert list(standings(site, job_id).values()) == ["skipped", "skipped"], site.log(job_id)
    assert site.flashes("9.6.5")[first.service_tag] == 0


def test_after_the_first_failure_no_other_host_is_begun(site: RollSite) -> None:
    order = [site.host_id(h.moid) for h in site.cluster.hosts]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == site.cluster.hosts[0].service_tag)
    idrac.set_fault("job_fails", kind="Firmware", code="RED007")
    before = len(site.site.journal("EnterMaintenanceMode_Task"))
    job = site.wait(site.roll(firmware="packages", packages=site.package("9.7.1"), order=order), 120)
    idrac.clear_faults()
    (task,) = site.tasks(job.id)
    assert (job.state, job.failed) == ("failed", 1), task.outcome
    assert "0 of 4 hosts are up to date" in task.outcome
    assert "Unable to verify Update Package signature" in task.outcome
    assert "Run it again" in (task.error or {})["hint"]
    assert list(standings(site, job.id).values()) == ["failed", "not_begun", "not_begun", "not_begun"]
    assert len(site.site.journal("EnterMaintenanceMode_Task")) == before + 1
    assert not site.cluster.hosts[0].maintenance
    over = site.app.store.fetch(lambda c: told(c, job.id)).over
    assert over.startswith(f"{site.cluster.hosts[0].name} failed: "), (
        "kept for who looks while others are finished"
    )


def test_a_host_that_is_left_out_of_its_second_try_stays_failed(site: RollSite) -> None:
    hosts = site.cluster.hosts[:2]
    ids = [site.host_id(h.moid) for h in hosts]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == hosts[0].service_tag)
    idrac.set_fault("job_fails", kind="Firmware", code="RED007")
    packages = site.package("9.7.6")
    job_id = site.roll(firmware="packages", packages=packages, hosts=ids, order=ids, on_failure="ask")
    assert site.question(job_id).question.startswith(f"{hosts[0].name} failed: ")
    idrac.clear_faults()
    site.app.commands.do(roll_orders.pause, job_id)
    site.answer("retry")
    site.app.commands.do(roll_orders.skip_host, job_id, ids[0])
    site.app.commands.do(roll_orders.go_on, job_id)
    job = site.wait(job_id, 120)
    assert list(standings(site, job_id).values()) == ["failed", "done"], site.log(job_id)
    assert job.state == "failed", "nobody takes it for done"
    assert "It was not tried again: somebody asked for it" in site.tasks(job_id)[0].outcome
    assert site.flashes("9.7.6")[hosts[0].service_tag] == 0


@pytest.mark.parametrize(
    ("version", "first", "failing", "expected"),
    [
        ("9.7.7", 1, 0, ["failed", "not_begun", "not_begun"]),
        # Even without a ring the first one is a trial.
        ("9.7.8", 0, 0, ["failed", "not_begun", "not_begun"]),
        ("9.7.9", 2, 1, ["done", "failed", "not_begun"]),
        ("9.7.10", 1, 1, ["done", "failed", "done"]),
    ],
)
def test_a_failure_in_the_first_ring_ends_a_run_that_was_to_go_on(
    site: RollSite, version: str, first: int, failing: int, expected: list[str]
) -> None:
    hosts = site.cluster.hosts[:3]
    ids = [site.host_id(h.moid) for h in hosts]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == hosts[failing].service_tag)
    idrac.set_fault("job_fails", kind="Firmware", code="RED007")
    packages = site.package(version)
    job_id = site.roll(
        firmware="packages",
        packages=packages,
        hosts=ids,
        order=ids,
        first=first,
        on_failure="go_on",
        parallel=2 if first else 1,
    )
    job = site.wait(job_id, 120)
    idrac.clear_faults()
    assert job.state == "failed"
    assert list(standings(site, job_id).values()) == expected, site.log(job_id)


def test_settings_are_held_and_put_back_also_after_a_cancel(site: RollSite) -> None:
    site.site.run(lambda: setattr(site.cluster.dpm, "enabled", True))
    before = site.site.settings()
    job_id = site.roll(firmware="packages", packages=site.package("9.8.1"))
    site.until(lambda: any(h.maintenance for h in site.cluster.hosts), lambda: site.log(job_id))
    assert not site.cluster.dpm.enabled
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id, 120)
    site.until(lambda: not site.standing(), lambda: str(site.standing()))
    assert site.cluster.dpm.enabled
    assert site.site.settings() == before
    site.site.run(lambda: setattr(site.cluster.dpm, "enabled", False))


def test_a_vcenter_that_restarts_in_the_middle_is_waited_for(site: RollSite) -> None:
    job_id = site.roll(firmware="packages", packages=site.package("9.9.1"))
    site.until(
        lambda: any(h.evacuation or h.maintenance for h in site.cluster.hosts), lambda: site.log(job_id)
    )
    site.site.restart(4.0)
    site.until(lambda: any(h.maintenance for h in site.cluster.hosts), lambda: site.log(job_id))
    site.site.expire_sessions()
    site.wait(job_id, 150)
    assert set(standings(site, job_id).values()) == {"done"}, site.log(job_id)


def test_after_the_trial_two_hosts_go_at_once_and_never_more(site: RollSite) -> None:
    out: list[int] = []
    job_id = site.roll(firmware="packages", packages=site.package("9.10.1"), parallel=2)

    def over() -> bool:
        out.append(sum(h.maintenance for h in site.cluster.hosts))
        return site.job(job_id).state in ("completed", "failed", "cancelled")

    site.until(over, lambda: site.log(job_id), 150)
    assert set(standings(site, job_id).values()) == {"done"}, site.log(job_id)
    assert max(out) <= 2
    assert "job" in site.log(job_id)


@pytest.mark.parametrize("kind", ["rolling_update", "host_update", "prepare_host"])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(site: RollSite, kind: str) -> None:
    before = len(site.site.journal())
    packages = site.package("9.11.1")
    if kind == "rolling_update":
        job_id = site.roll(firmware="packages", packages=packages, dry_run=True)
    else:
        more = (
            QUICK
            if kind == "prepare_host"
            else {"firmware": "packages", "packages": packages, "poll_seconds": 0.2}
        )
        host = site.host_id(site.cluster.hosts[0].moid)
        job_id = site.submit(kind, [host], dry_run=True, **more)
    job = site.wait(job_id, 60)
    assert job.state == "completed", site.tasks(job_id)[0].outcome
    assert len(site.site.journal()) == before
    assert "would" in site.log(job_id)


def test_report_and_plan_from_the_command_line(site: RollSite, tmp_path: Path) -> None:
    job = site.wait(site.roll("rolling_plan", firmware="packages", packages=site.package("9.12.1")), 60)
    line = CommandLine(site.app.profile)
    for ending, mark in ((".html", b"<!DOCTYPE html>"), (".pdf", b"%PDF-"), (".md", b"# Maintenance plan")):
        out = tmp_path / f"plan{ending}"
        line.ok("report", "maintenance", job.id, "--plan", "--out", out)
        assert out.read_bytes().startswith(mark)
        assert out.stat().st_size > 500
    assert "rolling update" in line.run("report", "maintenance", 999_999, "--out", tmp_path / "x.html").err


def test_maintenance_mode_that_begins_after_ours_has_ended_is_left_alone(site: RollSite) -> None:
    """While the job waits for HA somebody else takes the host: its end must not take it from him."""
    host = site.cluster.hosts[1]
    packages = site.package("19.7.1")
    given = QUICK_HOST | {"firmware": "packages", "packages": packages}
    job_id = site.submit("host_update", [site.host_id(host.moid)], **given)
    site.until(lambda: "is out of maintenance mode" in site.log(job_id), lambda: site.log(job_id), 180)
    site.site.put("in_maintenance", host=host.name)
    with suppress(BadInput):  # it may end in this very moment
        site.app.commands.cancel(job_id, CancelGrade.NOW)
    site.wait(job_id, 120)
    assert host.maintenance, "his, not ours"
    assert site.standing() == []
    site.site.run(host.esxi.exit_maintenance)
    site.rest()
