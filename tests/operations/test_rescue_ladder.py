"""The upper rungs of the rescue, on a recorded iDRAC9 whose Lifecycle Controller is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.operations import device_queue
from tests.kit.replay import Doc, Reply, reply
from tests.operations.killing import Killable, until
from tests.operations.recorded import MANAGER, RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
STATUS = "DellLCService.GetRemoteServicesAPIStatus"
CLEAR = "DellJobService.DeleteJobQueue"
ATTRIBUTES = f"{MANAGER}/Oem/Dell/DellAttributes/LifecycleController.Embedded.1"
ENABLED = "LCAttributes.1.LifecycleControllerState"
QUEUE = f"{MANAGER}/Oem/Dell/Jobs"


class Stuck:
    """What its Lifecycle Controller says, and what cures it: "restart", "enable" or nothing."""

    def __init__(self, bmc: RecordedIdrac, lc: str, cure: str) -> None:
        self.bmc, self.lc, self.cure = bmc, lc, cure
        bmc.documents[QUEUE] = {**bmc.documents[QUEUE], "Members": []}
        bmc.effects |= {STATUS: self._status, CLEAR: lambda body: reply(200, {}), ATTRIBUTES: self._write}

    def _status(self, body: Doc) -> Reply:
        cured = self.cure == "restart" and self.bmc.resets > 0
        lc = "Ready" if cured else self.lc
        return reply(200, {"LCStatus": lc, "RTStatus": "Ready", "ServerStatus": "OutOfPOST", "Status": lc})

    def _write(self, body: Doc) -> Reply:
        assert body["Attributes"] == {ENABLED: "Enabled"}
        if self.cure == "enable":
            self.lc = "Ready"
        return reply(200, {"@Message.ExtendedInfo": []})


@pytest.fixture
def pair(
    tmp_path: Path, captures: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Killable, RecordedIdrac]]:
    for name, value in (("SETTLE", 0.1), ("EVERY", 0.2), ("SERVICES_BACK", 1.0)):
        monkeypatch.setattr(device_queue, name, value)
    with recorded_program(tmp_path, captures) as (program, bmc):
        runner = program.app.make_runner("test")
        runner.start()
        try:
            yield program, bmc
        finally:
            runner.stop()


def test_a_restart_is_the_rung_after_the_force(pair: tuple[Killable, RecordedIdrac]) -> None:
    program, bmc = pair
    Stuck(bmc, "InUse", "restart")
    job = program.run("lc_rescue", {"up_to": "clear", "wait_minutes": 0})
    assert program.error(job)["code"] == "NotRescued"
    assert bmc.resets == 0
    job = program.run("lc_rescue", {"up_to": "enable", "wait_minutes": 0})
    assert job.failed == 0, program.tasks(job.id)
    (task,) = program.tasks(job.id)
    assert task.result
    assert task.result["helped"] == "restart"
    assert (bmc.resets, bmc.sent(ATTRIBUTES)) == (1, 0)


def test_a_controller_in_recovery_is_enabled_last(pair: tuple[Killable, RecordedIdrac]) -> None:
    program, bmc = pair
    Stuck(bmc, "InRecovery", "enable")
    job = program.run("lc_rescue", {"up_to": "enable", "wait_minutes": 0})
    (task,) = program.tasks(job.id)
    assert task.result, task.error
    assert task.result["helped"] == "enable"
    assert bmc.sent(ATTRIBUTES) == 1


def test_when_nothing_helps_the_next_step_is_said(pair: tuple[Killable, RecordedIdrac]) -> None:
    program, bmc = pair
    Stuck(bmc, "Disabled", "")
    job = program.run("lc_rescue", {"up_to": "enable", "wait_minutes": 0})
    error = program.error(job)
    assert error["code"] == "NotRescued"
    assert "mains" in error["hint"]
    assert (bmc.resets, bmc.sent(ATTRIBUTES)) == (1, 1)


def test_cancelled_between_two_rungs_it_climbs_no_further(pair: tuple[Killable, RecordedIdrac]) -> None:
    program, bmc = pair
    Stuck(bmc, "InUse", "")
    bmc.hold(CLEAR, late=True)
    job_id = program.submit("lc_rescue", {"up_to": "enable", "wait_minutes": 0})
    until(lambda: bmc.struck > 0, "the clear")
    program.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
    bmc.release()
    until(lambda: program.job(job_id).cancelled == 1, f"the end: {program.tasks(job_id)}")
    assert bmc.resets == 0
