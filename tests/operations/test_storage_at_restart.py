"""Storage that changes only while the server restarts: nothing is left armed for whoever restarts it next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.operations import storage_change
from dsm_desktop.queries.jobs import TaskRow, restore_list
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.simulator.hardware.parts import Drive
from tests.operations.conftest import Program, working_program
from tests.operations.killing import answered, until

pytestmark = pytest.mark.shared_program
WITH_BOSS = (1, 3, 5)
"""iDRAC9 4.x, whose drives name no apply times, 6.x, whose name Immediate and refuse it, and iDRAC10."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program of this module's own: its BOSS cards lose their volumes."""
    with working_program(tmp_path_factory.mktemp("restart")) as program:
        assert program.scan().state == "completed"
        yield program


@pytest.fixture(params=WITH_BOSS)
def idrac(own: Program, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedIdrac:
    monkeypatch.setattr(storage_change, "EVERY", 0.1)
    monkeypatch.setattr(storage_change, "BEGINS_WITHIN", 0.3)
    number: int = request.param
    return own.site.idracs[number]


def free_drives(own: Program, idrac: SimulatedIdrac) -> list[Drive]:
    """The drives of the BOSS card, belonging to no volume."""
    raid, boss = idrac._device.raid, next(c for c in idrac._device.hw.controllers if c.kind == "boss")

    def free() -> None:
        raid.delete(boss, [v for v in boss.volumes if not v.raw])
        idrac._device.revision += 1

    own.site.call(free)
    return list(boss.drives)


def erase(own: Program, idrac: SimulatedIdrac, drives: list[Drive], **more: Any) -> int:
    server = own.server(idrac)
    params = {"service_tag": server.service_tag, "drives": [d.serial for d in drives], **more}
    job_id = own.app.commands.submit("secure_erase", [server.id], params)
    answered(own.app, job_id, "erase")
    return job_id


def ended(own: Program, job_id: int) -> TaskRow:
    own.wait(job_id)
    (task,) = own.tasks(job_id)
    return task


def waiting(idrac: SimulatedIdrac) -> list[str]:
    return [job_id for job_id, state in idrac.jobs.items() if state == "Scheduled"]


def promised(own: Program) -> list[str]:
    return [item.what for item in own.app.store.fetch(lambda c: restore_list(c, standing_only=True))]


def test_what_waits_for_a_restart_is_not_called_timed_out_and_is_taken_out(
    own: Program, idrac: SimulatedIdrac
) -> None:
    drives = free_drives(own, idrac)
    task = ended(own, erase(own, idrac, drives[:1]))
    assert task.error
    assert task.error["code"] == "NeedsRestart", task.error
    assert "At the next restart" in task.error["hint"]
    assert waiting(idrac) == []
    spare = own.run("hot_spare", {"drive": drives[0].serial}, [own.server(idrac).id])
    (task,) = own.tasks(spare.id)
    assert task.error
    assert task.error["code"] == "NeedsRestart", task.error
    assert waiting(idrac) == []
    assert promised(own) == []


def test_at_the_next_restart_it_waits_and_is_done_then(own: Program, idrac: SimulatedIdrac) -> None:
    drive = free_drives(own, idrac)[-1]
    task = ended(own, erase(own, idrac, [drive], at_restart=True))
    assert task.result, task.error
    assert (task.result["erased"], task.result["waiting"]) == ([], [drive.serial])
    (job_id,) = waiting(idrac)
    assert job_id in task.outcome
    assert drive.id not in idrac.erased
    own.run("power_action", {"action": "force_restart"}, [own.server(idrac).id])
    until(lambda: drive.id in idrac.erased, "the restart")
    until(lambda: waiting(idrac) == [], "the job's end")


def test_of_several_drives_all_wait_or_none(own: Program, idrac: SimulatedIdrac) -> None:
    """The iDRAC takes one job for a controller; the second drive is refused, and the first is not left armed."""
    task = ended(own, erase(own, idrac, free_drives(own, idrac), at_restart=True))
    assert task.error, task.outcome
    assert waiting(idrac) == []
    assert promised(own) == []


def test_a_cancel_takes_out_what_has_not_begun(
    own: Program, idrac: SimulatedIdrac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_change, "BEGINS_WITHIN", 1000)
    drive = free_drives(own, idrac)[0]
    job_id = own.app.commands.submit("hot_spare", [own.server(idrac).id], {"drive": drive.serial})
    until(lambda: bool(waiting(idrac)), "the job on the device")
    assert any("storage job" in what for what in promised(own)), "it stands on the restore list meanwhile"
    own.app.commands.cancel(job_id, CancelGrade.NOW)
    ended(own, job_id)
    assert waiting(idrac) == []
    assert promised(own) == []
