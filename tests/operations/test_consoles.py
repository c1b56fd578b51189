"""Consoles: the one-time address reaches the window sealed and once, and is written down nowhere."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.operations import console_launch
from dsm_desktop.queries.consoles import screenshot_times, screenshots
from tests.kit.replay import Doc, Reply, error, reply
from tests.operations.killing import Killable, until
from tests.operations.recorded import RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
KVM = "DelliDRACCardService.GetKVMSession"
SHOT = "DellLCService.ExportServerScreenShot"
_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PNG = _DOT + bytes(20_000)
Pair = tuple[Killable, RecordedIdrac]


def kvm(body: Doc) -> Reply:
    assert body["SessionTypeName"]
    return reply(200, {"TempUsername": "one time/user", "TempPassword": "s3cret&of+console"})


@pytest.fixture
def pair(tmp_path: Path, captures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(console_launch, "FETCHED", 4.0)
    monkeypatch.setattr(console_launch, "LOADED", 0.1)
    with recorded_program(tmp_path, captures) as (program, bmc):
        bmc.effects[KVM] = kvm
        runner = program.app.make_runner("test")
        runner.start()
        try:
            yield program, bmc
        finally:
            runner.stop()


def test_the_window_gets_the_address_once_and_it_is_kept_nowhere(pair: Pair) -> None:
    program, bmc = pair
    job_id = program.submit("console_launch")
    found: list[str] = []

    def come() -> bool:
        found.extend(program.app.commands.take_consoles(job_id))
        return bool(found)

    until(come, "the address")
    (address,) = found
    assert address == (
        f"https://127.0.0.1:{bmc.port}/console?username=root"
        "&tempUsername=one%20time%2Fuser&tempPassword=s3cret%26of%2Bconsole"
    )
    assert program.app.commands.take_consoles(job_id) == []
    until(lambda: program.job(job_id).state == "completed", "the end")
    (task,) = program.tasks(job_id)
    assert task.outcome == "Opened, signed in."
    files = b"".join(f.read_bytes() for f in program.app.profile.rglob("*") if f.is_file())
    for secret in (b"s3cret&of+console", b"s3cret%26of", b"one time/user", b"one%20time"):
        assert secret not in files


def test_an_address_nobody_takes_is_withdrawn(pair: Pair) -> None:
    program, _ = pair
    job = program.run("console_launch")
    assert program.error(job)["code"] == "NobodyCame"
    assert program.app.commands.take_consoles(job.id) == []


def test_without_a_ticket_the_console_page_is_opened(pair: Pair) -> None:
    program, bmc = pair
    path = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DelliDRACCardService"
    service = bmc.documents[path]
    actions = {k: v for k, v in service["Actions"].items() if "GetKVMSession" not in k}
    bmc.documents[path] = {**service, "Actions": actions}
    job_id = program.submit("console_launch")
    found: list[str] = []

    def come() -> bool:
        found.extend(program.app.commands.take_consoles(job_id))
        return bool(found)

    until(come, "the address")
    assert found == [f"https://127.0.0.1:{bmc.port}/console"]


def test_where_it_may_not_sign_in_by_itself_the_page_is_opened(pair: Pair) -> None:
    program, bmc = pair
    bmc.refuse(KVM, 403, "IDRAC.2.7.SYS479", "The user does not have the privilege.")
    job_id = program.submit("console_launch")
    found: list[str] = []

    def come() -> bool:
        found.extend(program.app.commands.take_consoles(job_id))
        return bool(found)

    until(come, "the address")
    assert found == [f"https://127.0.0.1:{bmc.port}/console"]
    until(lambda: program.job(job_id).state == "completed", "the end")
    assert program.tasks(job_id)[0].outcome == "Opened; sign in on the iDRAC's page."


def test_a_refusal_leaves_nothing(pair: Pair) -> None:
    program, bmc = pair
    bmc.refuse(KVM, 400, "IDRAC.2.7.SYS446", "Unable to process the request.")
    job = program.run("console_launch")
    assert program.error(job)["code"] == "RedfishError"
    assert program.app.commands.take_consoles(job.id) == []


def test_without_a_login_the_next_step_is_told(pair: Pair) -> None:
    program, bmc = pair
    for view in program.app.reads.credentials():
        program.app.commands.remove_credential(view.id)
    job = program.run("console_launch")
    assert program.error(job)["code"] == "NoCredential"
    assert bmc.sent(KVM) == 0


def test_screenshots_are_kept_and_a_dark_screen_is_told(pair: Pair) -> None:
    program, bmc = pair
    turns = threading.Semaphore(0)

    def shoot(body: Doc) -> Reply:
        if not turns.acquire(blocking=False):
            turns.release()
            return error(503, "IDRAC.2.7.LC098", "The iDRAC is busy in capturing the current screen shot.")
        return reply(200, {"ServerScreenShotFile": base64.encodebytes(PNG).decode()})

    bmc.effects[SHOT] = shoot
    turns.release()
    job = program.run("console_screenshot")
    assert job.failed == 0, program.tasks(job.id)
    (picture,) = program.app.store.fetch(lambda c: screenshots(c, [program.server_id]))
    assert picture.png == PNG
    assert set(program.app.store.fetch(screenshot_times)) == {program.server_id}
    bmc.refuse(SHOT, 400, "IDRAC.2.7.LC099", "The video signal is not detected.")
    job = program.run("console_screenshot")
    assert program.error(job)["code"] == "NoPicture"
    bmc.effects[SHOT] = lambda body: reply(200, {"ServerScreenShotFile": "bm8gcG5n"})
    job = program.run("console_screenshot")
    assert program.error(job)["code"] == "BadAnswer"
