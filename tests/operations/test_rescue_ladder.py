"""The upper rungs of the rescue, on a recorded iDRAC9 whose Lifecycle Controller is stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.operations import device_queue
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.store.models import DeviceJob as KnownJob
from dsm_desktop.workers import stepping
from tests.kit.replay import Doc, Reply, error, reply
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
    monkeypatch.setattr(stepping, "retry_pause", lambda *_: 0.1)
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
    assert task.result["helped"] == "Restart the iDRAC"
    assert (bmc.resets, bmc.sent(ATTRIBUTES)) == (1, 0)


def test_a_controller_in_recovery_is_enabled_last(pair: tuple[Killable, RecordedIdrac]) -> None:
    program, bmc = pair
    Stuck(bmc, "InRecovery", "enable")
    job = program.run("lc_rescue", {"up_to": "enable", "wait_minutes": 0})
    (task,) = program.tasks(job.id)
    assert task.result, task.error
    assert task.result["helped"] == "Enable the Lifecycle Controller"
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


def no_queue(bmc: RecordedIdrac, says: Callable[[], Reply]) -> None:
    """The queue cannot be read until the iDRAC has restarted."""
    before = bmc.hook
    assert before is not None

    def hook(verb: str, path: str, handler: Any) -> Reply | None:
        if verb == "GET" and path.startswith(QUEUE) and not bmc.resets:
            return says()
        return before(verb, path, handler)

    bmc.hook = hook


def fault() -> Reply:
    return error(400, "IDRAC.2.7.SYS446", "The queue cannot be shown.")


def silence() -> Reply:
    raise ConnectionResetError


@pytest.mark.parametrize("says", [fault, silence])
def test_an_idrac_that_hides_its_queue_is_restarted_only_when_it_wrote_no_firmware(
    pair: tuple[Killable, RecordedIdrac], says: Callable[[], Reply]
) -> None:
    program, bmc = pair
    Stuck(bmc, "Ready", "")
    no_queue(bmc, says)
    flashing = DeviceJob("JID_1", "update: iDRAC", "FirmwareUpdate", "Running", 40, "Updating", "")
    with program.app.store.write() as uow:
        save_device_jobs(uow, program.server_id, [flashing])
    for kind, params in (("idrac_reset", {}), ("lc_rescue", {"up_to": "enable", "wait_minutes": 0})):
        told = program.error(program.run(kind, params))
        assert told["code"] == "FirmwareBeingWritten", (kind, told)
        assert "JID_1" in told["message"]
        assert "minutes" in told["hint"]
    assert (bmc.resets, bmc.sent(CLEAR)) == (0, 0)
    with program.app.store.write() as uow:
        long_ago = uow.now - device_queue.WRITES_AT_MOST - timedelta(minutes=1)
        uow.session.execute(update(KnownJob).values(seen_at=long_ago))
    job = program.run("lc_rescue", {"up_to": "restart", "wait_minutes": 0})
    (task,) = program.tasks(job.id)
    assert task.result, task.error
    assert (task.result["helped"], bmc.resets) == ("Restart the iDRAC", 1)


def test_a_silent_idrac_needs_the_restart_and_the_hint_says_so(
    pair: tuple[Killable, RecordedIdrac],
) -> None:
    program, bmc = pair
    Stuck(bmc, "Ready", "")
    no_queue(bmc, silence)
    told = program.error(program.run("lc_rescue", {"up_to": "clear", "wait_minutes": 0}))
    assert (told["code"], bmc.resets, bmc.sent(CLEAR)) == ("NotRescued", 0, 0)
    assert "Restart the iDRAC" in told["hint"]
