"""When the host restarts is decided here: nothing is handed to an iDRAC that would restart it by itself, and one that does is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.jobs import task_steps
from tests.operations.firmware_site import BIOS, QUICK, Firmware, firmware_program
from tests.operations.killing import until

pytestmark = pytest.mark.shared_program
GENERATIONS = ("idrac8", "idrac9-4", "idrac9-7", "idrac10")
"""iDRAC8 names no time to apply what it fetches, 4.40 names them and restarts at once, the others wait."""
CANNOT_WAIT, WAIT = (0, 1), (2, 3)
NOT_OURS = "the restart that applied it was not made by this job"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firmware]:
    folder = tmp_path_factory.mktemp("waits")
    with firmware_program(folder, GENERATIONS, network="127.98.0.0/24") as firmware:
        assert firmware.idracs[1].firmware.startswith("4.40.")
        yield firmware


@pytest.fixture
def site(shared: Firmware) -> Firmware:
    shared.rest()
    return shared


def run(site: Firmware, number: int, kind: str, **params: Any) -> Any:
    _, (task,) = site.run(kind, [site.program.server(site.idracs[number]).id], **params)
    return task


def sent(site: Firmware, number: int) -> list[tuple[str, Any]]:
    """What started an update, and when it is to be applied."""
    return [
        (entry.uri.rpartition(".")[2], entry.body.get("InstallUpon") or entry.body.get("@Redfish.OperationApplyTime"))
        for entry in site.idracs[number].journal
        if entry.uri.endswith(("SimpleUpdate", "DellUpdateService.Install"))
    ]  # fmt: skip


@pytest.mark.parametrize("apply", ["now", "next_restart"])
@pytest.mark.parametrize("number", CANNOT_WAIT)
def test_no_package_is_fetched_by_an_idrac_that_cannot_wait(site: Firmware, number: int, apply: str) -> None:
    name = site.package(site.idracs[number], BIOS, "9.1.1")
    boots, before = site.idracs[number].boots, sent(site, number)
    task = run(site, number, "firmware_update", packages=[name], apply=apply, way="serve")
    assert task.error, task.outcome
    assert (task.error["code"], "'push'" in task.error["hint"]) == ("Unsupported", True)
    assert sent(site, number) == before
    assert site.idracs[number].boots == boots


@pytest.mark.parametrize("number", WAIT)
def test_one_that_can_wait_fetches(site: Firmware, number: int) -> None:
    name = site.package(site.idracs[number], BIOS, "9.1.2")
    task = run(site, number, "firmware_update", packages=[name], apply="next_restart", way="serve")
    assert not task.error
    assert sent(site, number)[-1] == ("SimpleUpdate", "OnReset")


@pytest.mark.parametrize("number", [*CANNOT_WAIT, *WAIT])
def test_going_back_waits_too(site: Firmware, number: int) -> None:
    idrac = site.idracs[number]
    name = site.package(idrac, BIOS, "9.1.3")
    task = run(site, number, "firmware_update", packages=[name])
    assert not task.error
    boots = idrac.boots
    task = run(site, number, "firmware_rollback", components=["159"], apply="next_restart")
    assert not task.error
    assert "waits for the next restart" in task.outcome
    assert idrac.boots == boots
    wanted = ("Install", "NextReboot") if number in CANNOT_WAIT else ("SimpleUpdate", "OnReset")
    assert sent(site, number)[-1] == wanted


@pytest.mark.parametrize("number", [*CANNOT_WAIT, *WAIT])
def test_an_idrac_that_restarts_the_host_all_the_same_is_told(site: Firmware, number: int) -> None:
    idrac = site.idracs[number]
    idrac.set_fault("update_reboots_at_once")
    boots = idrac.boots
    name = site.package(idrac, BIOS, "9.1.4")
    task = run(site, number, "firmware_update", packages=[name], apply="next_restart", poll_seconds=1.0)
    assert not task.error
    assert NOT_OURS in task.outcome
    assert "9.1.4" in task.outcome
    assert (idrac.boots, idrac.installed[BIOS]) == (boots + 1, "9.1.4")


@pytest.mark.parametrize("number", [*CANNOT_WAIT, *WAIT])
def test_one_that_restarts_the_host_and_installs_nothing_fails(site: Firmware, number: int) -> None:
    idrac = site.idracs[number]
    idrac.set_fault("update_reboots_at_once")
    idrac.set_fault("version_unchanged")
    name = site.package(idrac, BIOS, "9.1.5")
    task = run(site, number, "firmware_update", packages=[name], apply="next_restart", poll_seconds=1.0)
    assert task.error, task.outcome
    assert task.error["code"] == "RestartedEarly", task.error
    assert "still shows" in task.error["message"]
    assert idrac.installed[BIOS] != "9.1.5"


def test_given_up_it_leaves_what_somebody_else_has_staged(site: Firmware) -> None:
    idrac, program = site.idracs[WAIT[0]], site.program
    name = site.package(idrac, BIOS, "9.1.7")
    idrac.set_os_obeys(False)
    params = QUICK | {"packages": [name]}
    job_id = program.app.commands.submit("firmware_update", [program.server(idrac).id], params)
    until(lambda: "Scheduled" in idrac.jobs.values(), "the staged update")
    others = idrac.add_job("FirmwareUpdate", "Firmware Update: Backplane 1", at_boot=True)
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    assert program.wait(job_id).state == "cancelled"
    assert [job for job, state in idrac.jobs.items() if state == "Scheduled"] == [others]


def test_what_the_operators_own_restart_has_applied_is_done(site: Firmware) -> None:
    """The runner ends while it still looks; the next one comes after the operator's restart has done the work."""
    idrac, program = site.idracs[WAIT[0]], site.program
    name = site.package(idrac, BIOS, "9.1.6")
    boots, slowly = idrac.boots, {"poll_seconds": 600, "proof_minutes": 5}
    params = QUICK | slowly | {"packages": [name], "apply": "next_restart"}
    job_id = program.app.commands.submit("firmware_update", [program.server(idrac).id], params)
    (task,) = program.tasks(job_id)
    looking = "wait for a restart that nobody asked for"
    until(
        lambda: looking in [step.name for step in program.app.store.fetch(lambda c: task_steps(c, task.id))],
        "the look",
    )
    program.runner.stop()
    assert (idrac.boots, idrac.installed[BIOS] != "9.1.6") == (boots, True)
    idrac.restart_by_system()
    until(lambda: idrac.installed[BIOS] == "9.1.6", "the operator's restart to apply it")
    program.runner = program.app.make_runner("morning")
    program.runner.start()
    job = program.wait(job_id)
    (task,) = program.tasks(job_id)
    assert (job.state, job.failed) == ("completed", 0), task.outcome
    assert NOT_OURS in task.outcome
    assert task.result is not None
    assert task.result["proven"]
    assert (idrac.boots, idrac.effects["flash BIOS 9.1.6"]) == (boots + 1, 1)
