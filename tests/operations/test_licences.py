"""Licence files: to each server its own, read back, never a foreign one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.replay import Doc, Reply, error, reply
from tests.operations.killing import Killable
from tests.operations.recorded import MANAGER, RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
LICENCES = f"{MANAGER}/Oem/Dell/DellLicenses"
TAG = "F54P1G3"
FILE = f"<LicenseData><ServiceTag>{TAG}</ServiceTag><Signature>{'s' * 900}</Signature></LicenseData>".encode()
IMPORT = "DellLicenseManagementService.ImportLicense"
Pair = tuple[Killable, RecordedIdrac]


def take(bmc: RecordedIdrac, body: Doc) -> Reply:
    lines = body["LicenseFile"].split("\n")
    if max(map(len, lines)) > 64 or base64.b64decode("".join(lines)) != FILE:
        return error(400, "IDRAC.2.7.LIC017", "The license file is corrupted.")
    held = bmc.documents[LICENCES]
    one = {
        **held["Members"][0],
        "Id": "FD1",
        "EntitlementID": "FD1",
        "LicenseDescription": ["iDRAC9 Datacenter"],
    }
    bmc.documents[LICENCES] = {**held, "Members": [*held["Members"], one]}
    return reply(200, {"@Message.ExtendedInfo": [{"MessageId": "IDRAC.2.7.LIC900", "Message": "ok"}]})


@pytest.fixture
def idle(tmp_path: Path, captures: Path) -> Iterator[Pair]:
    with recorded_program(tmp_path, captures) as (program, bmc):
        bmc.effects[IMPORT] = lambda body: take(bmc, body)
        bmc.effects["DellLicenseManagementService.ExportLicense"] = lambda body: reply(
            200,
            {"LicenseFile": base64.encodebytes(b"licence " * 1000 + body["EntitlementID"].encode()).decode()},
        )
        yield program, bmc


@pytest.fixture
def pair(idle: Pair) -> Iterator[Pair]:
    runner = idle[0].app.make_runner("test")
    runner.start()
    try:
        assert idle[0].run("health_check").failed == 0
        yield idle
    finally:
        runner.stop()


def test_read_and_exported(pair: Pair, tmp_path: Path) -> None:
    program, _ = pair
    job = program.run("license_read")
    (task,) = program.tasks(job.id)
    assert task.outcome == "iDRAC9 15g Enterprise License"
    job = program.run("license_export", {"folder": str(tmp_path)})
    assert job.failed == 0, program.tasks(job.id)
    assert (tmp_path / f"{TAG} FD00000022303962.xml").read_bytes() == b"licence " * 1000 + b"FD00000022303962"


def test_the_file_with_the_right_tag_is_imported_and_read_back(pair: Pair, tmp_path: Path) -> None:
    program, bmc = pair
    (tmp_path / "other.xml").write_bytes(FILE.replace(TAG.encode(), b"OTHER01"))
    job = program.run("license_import", {"folder": str(tmp_path)})
    assert program.error(job)["code"] == "NoLicenceFile"
    assert bmc.sent(IMPORT) == 0
    (tmp_path / "ours.xml").write_bytes(FILE)
    job = program.run("license_import", {"folder": str(tmp_path)})
    assert job.failed == 0, program.tasks(job.id)
    (task,) = program.tasks(job.id)
    assert "iDRAC9 Datacenter" in task.outcome
    calls = (program.app.profile / "store.db").read_bytes()
    assert base64.b64encode(FILE)[:60] not in calls


def test_refusals_and_what_is_there_already(pair: Pair, tmp_path: Path) -> None:
    program, bmc = pair
    (tmp_path / "ours.xml").write_bytes(FILE)
    bmc.refuse(IMPORT, 400, "IDRAC.2.7.LIC018", "The license is already imported.")
    job = program.run("license_import", {"folder": str(tmp_path)})
    assert job.failed == 0
    bmc.refuse(IMPORT, 400, "IDRAC.2.7.LIC008", "The binding ID does not match.")
    job = program.run("license_import", {"folder": str(tmp_path)})
    assert "binding" in program.error(job)["message"]
    bmc.effects[IMPORT] = lambda body: reply(200, {})
    job = program.run("license_import", {"folder": str(tmp_path)})
    assert program.error(job)["code"] == "NotInstalled"


def test_killed_after_the_import_it_is_not_sent_again(idle: Pair, tmp_path: Path) -> None:
    program, bmc = idle
    runner = program.app.make_runner("test")
    runner.start()
    assert program.run("health_check").failed == 0
    runner.stop()
    (tmp_path / "ours.xml").write_bytes(FILE)
    bmc.hold(IMPORT, late=True)
    job_id = program.submit("license_import", {"folder": str(tmp_path)})
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    bmc.release()
    job = program.finish(job_id)
    assert job.failed == 0, program.tasks(job_id)
    assert bmc.sent(IMPORT) == 1
