"""An iDRAC8 offers no graceful restart: the server is stopped, and switched on when it is off, however late that is. Killed at
either request: see the outcomes of every job type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.jobs import restore_list
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.conftest import Program
from tests.operations.killing import until
from tests.operations.vsphere_site import QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program
RESET = "ComputerSystem.Reset:"
ON, STOP = "On", "GracefulShutdown"


def sent(idrac: SimulatedIdrac) -> dict[str, int]:
    """Accepted reset requests by their kind."""
    effects = idrac.effects.items()
    return {effect.removeprefix(RESET): n for effect, n in effects if effect.startswith(RESET)}


def since(idrac: SimulatedIdrac, before: dict[str, int]) -> dict[str, int]:
    now = sent(idrac)
    return {kind: n - before.get(kind, 0) for kind, n in now.items() if n > before.get(kind, 0)}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("old"), 3, generation="idrac8") as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.rest()
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []
    assert shared.site.counters["hosts_down_outside_maintenance"] == 0


def server_of(site: RollSite, host: Host) -> SimulatedIdrac:
    return next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)


def update(site: RollSite, host: Host, version: str, **more: Any) -> int:
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package(version)} | more
    return site.submit("host_update", [site.host_id(host.moid)], **given)


def test_a_host_that_stops_late_is_switched_on_and_the_work_goes_on(
    site: RollSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 1.0)
    host, version = site.cluster.hosts[0], "8.1.1"
    idrac = server_of(site, host)
    before = sent(idrac)
    idrac.set_os_obeys(False)
    job_id = update(site, host, version, restart_minutes=2)
    asked = site.question(job_id, 90)
    assert f"{host.name} was asked to restart and has not gone" in asked.question
    assert [entry.what for entry in site.standing()].count(f"Switch {host.name} on again") == 1
    idrac.set_os_obeys()
    idrac.halt_by_system()
    site.answer("wait")
    job = site.wait(job_id, 90)
    assert job.state == "completed", f"{site.tasks(job_id)[0].outcome}\n{site.log(job_id)}"
    assert site.flashes(version)[host.service_tag] == 1
    assert since(idrac, before) == {STOP: 1, ON: 1}


def test_a_host_that_stops_after_the_job_was_left_is_switched_on_by_put_back(
    site: RollSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 1.0)
    host = site.cluster.hosts[1]
    idrac = server_of(site, host)
    before = sent(idrac)
    idrac.set_os_obeys(False)
    job_id = update(site, host, "8.1.2", restart_minutes=2)
    site.question(job_id, 90)
    site.answer("keep")
    job = site.wait(job_id, 90)
    assert job.failed == 1
    assert host.maintenance
    assert f"Switch {host.name} on again" in [entry.what for entry in site.standing()]
    idrac.set_os_obeys()
    idrac.halt_by_system()
    site.press_put_back(job_id)
    site.until(lambda: site.standing() == [], lambda: f"{site.questions()} {site.log(job_id)}", 180)
    assert (idrac.power_state, host.maintenance) == ("On", False)
    assert since(idrac, before) == {STOP: 1, ON: 1}


def test_a_cancel_right_after_the_stop_waits_until_the_host_is_on_again(site: RollSite) -> None:
    host = site.cluster.hosts[2]
    idrac = server_of(site, host)
    before = sent(idrac)
    job_id = update(site, host, "8.1.3")
    site.until(lambda: since(idrac, before) != {}, lambda: site.log(job_id), 180)
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id, 90).state == "cancelled", site.log(job_id)
    assert idrac.power_state == "On"
    assert since(idrac, before) == {STOP: 1, ON: 1}


# --- servers that are no known host ------------------------------------------------------------------------------


def standing(program: Program) -> list[str]:
    return [row.what for row in program.app.store.fetch(lambda c: restore_list(c, standing_only=True))]


@pytest.fixture
def old(ready: Program) -> SimulatedIdrac:
    return next(i for i in ready.site.idracs if i.generation == "idrac8")


def test_a_server_that_stops_late_stands_on_the_list(
    ready: Program, old: SimulatedIdrac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 2.0)
    before = sent(old)
    old.set_os_obeys(False)
    params = {"action": "graceful_restart", "minutes": 1}
    job = ready.run("power_action", params, [ready.server(old).id])
    old.set_os_obeys()
    (task,) = ready.tasks(job.id)
    assert "did not follow GracefulShutdown" in task.outcome
    assert "Not put back" in str(task.error)
    (entry,) = standing(ready)
    assert entry.startswith("Switch")
    ready.app.commands.put_back(task.id)
    until(lambda: ready.tasks(job.id)[0].finished_at not in (None, task.finished_at), "put back, too early")
    assert standing(ready) == [entry], "it runs, and may stop still"
    old.halt_by_system()
    ready.app.commands.put_back(task.id)
    until(lambda: standing(ready) == [], "put back")
    assert old.power_state == "On"
    assert since(old, before) == {STOP: 1, ON: 1}


def test_a_cancelled_restart_leaves_no_server_off(ready: Program, old: SimulatedIdrac) -> None:
    before = sent(old)
    job_id = ready.app.commands.submit("power_action", [ready.server(old).id], {"action": "power_cycle"})
    until(lambda: since(old, before) != {}, "the stop")
    ready.app.commands.cancel(job_id, CancelGrade.NOW)
    assert ready.wait(job_id).state == "cancelled"
    assert old.power_state in ("On", "PoweringOn")
    assert since(old, before) == {"ForceOff": 1, ON: 1}


def test_a_server_that_is_forced_after_its_time_is_not_switched_on_as_well(
    ready: Program, old: SimulatedIdrac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 0.4)
    before = sent(old)
    old.set_os_obeys(False)
    params = {"once": "PXE", "restart": "graceful, then forced", "minutes": 5}
    job = ready.run("boot_configuration", params, [ready.server(old).id])
    old.set_os_obeys()
    assert (job.state, standing(ready)) == ("completed", []), ready.tasks(job.id)
    assert since(old, before) == {STOP: 1, "ForceRestart": 1}


def test_a_stop_that_the_device_refuses_is_not_waited_for(ready: Program, old: SimulatedIdrac) -> None:
    old.set_fault("fail_next", uri="ComputerSystem.Reset$", verbs=["POST"], status=400, times=1)
    job = ready.run("power_action", {"action": "graceful_restart"}, [ready.server(old).id])
    assert job.failed == 1
    assert standing(ready) == []
