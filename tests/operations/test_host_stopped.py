"""Firmware and ESXi of a host, called off on the way: the host is in service again, and what is installed by then is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import TaskRow
from dsm_desktop.queries.step_titles import titled_steps
from dsm_desktop.simulator.dup import Package, build
from dsm_desktop.simulator.hardware.catalog import MODELS
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.ui.dialogs.calls_plan import read_plan
from tests.operations.esxi_site import NEW, OLD, rolling_esxi
from tests.operations.test_esxi_and_firmware import WANTED
from tests.operations.test_roll_settle import paired, unpair
from tests.operations.vsphere_site import QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program
NEXT_RESTART = "starts with its next restart"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with rolling_esxi(tmp_path_factory.mktemp("stopped"), 4) as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()
    assert [h.name for h in shared.site.hosts if h.esxi.service("TSM-SSH").running] == []


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    """Two hosts, each with one half."""
    with roll_site(tmp_path_factory.mktemp("pairs"), hosts=2) as site:
        yield site


def cpld(site: RollSite, version: str) -> str:
    """A package that has a restart of its own."""
    names = sorted(MODELS)
    ids = tuple(f"{MODELS[n].system_id:04X}" for n in names)
    package = Package("CPLD", "27763", version, "FRMW", ids, tuple(names))
    build(site.folder / package.file_name, package)
    return package.file_name


def begun(site: RollSite, host: Host, kind: str, packages: list[str], **more: Any) -> int:
    return site.submit(kind, [site.host_id(host.moid)], **(WANTED | {"packages": packages} | more))


def stopped(site: RollSite, job_id: int, grade: CancelGrade) -> TaskRow:
    site.app.commands.cancel(job_id, grade)
    site.until(lambda: JobState(site.job(job_id).state).final, lambda: site.log(job_id))
    assert site.job(job_id).state == "cancelled", site.log(job_id)
    (task,) = site.tasks(job_id)
    return task


def test_a_dry_run_of_a_host_whose_ssh_is_off_does_not_say_that_nothing_is_to_be_done(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    job_id = begun(site, host, "firmware_then_esxi", [], firmware="none", dry_run=True)
    site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert "Nothing to do" not in task.outcome
    assert "SSH is off" in task.outcome
    plan = site.app.store.fetch(lambda c: read_plan(c, job_id)).text
    assert "SSH is off" in plan
    for would in ("EnterMaintenanceMode_Task", "esxcli software profile update", "RebootHost_Task"):
        assert f"would: {would}" in plan, plan
    assert host.esxi.journal.effects().get("reboot", 0) == 0


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_STEP, CancelGrade.NOW])
def test_while_it_gets_empty(site: RollSite, grade: CancelGrade) -> None:
    host = site.cluster.hosts[0]
    job_id = begun(site, host, "firmware_then_esxi", site.package(f"9.3.{grade.value}"))
    site.until(lambda: bool(host.evacuation) or host.maintenance, lambda: site.log(job_id))
    task = stopped(site, job_id, grade)
    assert f"{host.name} is in service." in task.outcome
    assert "Done by then" not in task.outcome


@pytest.mark.parametrize(("number", "grade"), [(1, CancelGrade.AFTER_STEP), (2, CancelGrade.NOW)])
def test_while_it_restarts_for_both(site: RollSite, number: int, grade: CancelGrade) -> None:
    host, version = site.cluster.hosts[number], f"9.4.{number}"
    job_id = begun(site, host, "firmware_then_esxi", site.package(version))
    site.until(lambda: not host.esxi.course.answers, lambda: site.log(job_id))
    task = stopped(site, job_id, grade)
    assert host.esxi.image.build == NEW
    assert f"ESXi 8.0.3 build {OLD} → 8.0.3 build {NEW}" in task.outcome
    assert f"→ {version};" in task.outcome
    assert f"{host.name} is in service." in task.outcome
    assert NEXT_RESTART not in task.outcome, "it has started it already"
    steps = {s.state for s in site.app.store.fetch(lambda c: titled_steps(c, task.id))}
    assert steps <= {"done", "stopped"}, "what was left is not running"
    assert "together" not in task.outcome, "a name of ours says nothing to a person"


def test_a_host_that_is_given_up_is_not_said_to_wait_for_a_restart(site: RollSite) -> None:
    """It does restart, and vCenter shows what it saw before that. Afterwards it is put back from the restore list."""
    host = site.cluster.hosts[0]
    job_id = begun(site, host, "esxi_then_firmware", [], firmware="none", boot_minutes=0.1)
    host.esxi.faults.set("never_returns", times=1)
    asked = site.answer("stop")
    assert f"{host.name} is not back" in asked.question
    site.wait(job_id)
    (task,) = site.tasks(job_id)
    assert "did not come back" in task.outcome
    assert NEXT_RESTART not in task.outcome
    assert [r.what for r in site.standing()] == [f"Take {host.name} out of maintenance mode"]
    host.esxi.cut_power()
    host.esxi.power_on()
    site.until(lambda: host.connection == "connected", lambda: "the host did not come back")
    site.put_back(job_id)


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_STEP, CancelGrade.NOW])
def test_between_firmware_and_esxi(site: RollSite, grade: CancelGrade) -> None:
    """Two restarts for firmware, so ESXi comes after them."""
    host, number = site.cluster.hosts[3], grade.value
    packages = [cpld(site, f"9.0.{number}"), *site.package(f"9.5.{number}")]
    job_id = begun(site, host, "firmware_then_esxi", packages)
    site.until(lambda: f"→ 9.5.{number} (read back)" in site.log(job_id), lambda: site.log(job_id))
    task = stopped(site, job_id, grade)
    assert f"→ 9.5.{number}" in task.outcome.partition("Done by then: ")[2]
    assert f"{host.name} is in service." in task.outcome
    assert host.esxi.image.build == OLD
    assert "ESXi" not in task.outcome


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_STEP, CancelGrade.NOW])
def test_a_fault_tolerant_pair_that_holds_the_host_is_named_with_its_way_out_and_left_alone(
    pairs: RollSite, grade: CancelGrade
) -> None:
    """Work on a single host suspends no pair: that is said, and not that it will be done."""
    vm = paired(pairs)
    host = pairs.cluster.hosts[0]
    packages = pairs.package(f"9.6.{grade.value}")
    ids = [pairs.host_id(host.moid)]
    job_id = pairs.submit("host_update", ids, **(QUICK_HOST | {"firmware": "packages", "packages": packages}))
    asked = pairs.question(job_id)
    for said in (
        host.name,
        vm.name,
        "A rolling update suspends its Fault Tolerance",
        "suspend it in vCenter",
    ):
        assert said in asked.question
    assert vm.ft_state == "running"
    task = stopped(pairs, job_id, grade)
    assert f"{host.name} is in service." in task.outcome
    assert vm.ft_state == "running"
    unpair(pairs)
    pairs.left_as_found()
