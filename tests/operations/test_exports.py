"""Files out of an iDRAC without a share: support collection, lifecycle log, hardware inventory; streamed, complete or not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.operations import exporting, support_collection
from tests.kit.replay import Doc, Reply, error, reply
from tests.operations.killing import Killable
from tests.operations.recorded import MANAGER, RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
LC = f"{MANAGER}/Oem/Dell/DellLCService/Actions/DellLCService"
TASKS = "/redfish/v1/TaskService/Tasks"
JID = "JID_481234567890"
ZIP = b"PK\x03\x04" + bytes(range(256)) * 20_000  # five megabytes


class Exporter:
    """What the recorded iDRAC does when it is asked for a file."""

    def __init__(self, bmc: RecordedIdrac) -> None:
        self.bmc = bmc
        self.accepted = False
        self.polls = 0
        self.state = "Completed"
        bmc.effects |= {
            "DellLCService.ExportLCLog": lambda body: self._file(body, "lclog.xml", b"<LCLog/>" * 1000),
            "DellLCService.ExportHWInventory": lambda body: self._file(body, "hwinv.xml", b"<Inventory/>"),
            "DellLCService.SupportAssistGetEULAStatus": self._status,
            "DellLCService.SupportAssistAcceptEULA": self._accept,
            "DellLCService.SupportAssistCollection": self._collect,
        }

    def _file(self, body: Doc, name: str, content: bytes) -> Reply:
        assert body["ShareType"] == "Local"
        path = f"/redfish/v1/Oem/Dell/{name}"
        self.bmc.files[path] = content
        return 202, {"Location": path}, b""

    def _status(self, body: Doc) -> Reply:
        ident = "SRV074" if self.accepted else "SRV104"
        return reply(
            200, {"@Message.ExtendedInfo": [{"MessageId": f"IDRAC.2.7.{ident}", "Message": "The EULA"}]}
        )

    def _accept(self, body: Doc) -> Reply:
        self.accepted = True
        return 202, {}, b""

    def _collect(self, body: Doc) -> Reply:
        if not self.accepted:
            return error(400, "IDRAC.2.7.SRV085", "The EULA is not accepted.")
        assert body["Transmit"] == "No"
        job: dict[str, Any] = {
            "@odata.id": f"{MANAGER}/Oem/Dell/Jobs/{JID}", "Id": JID, "JobState": self.state, "Name": "SupportAssist",
            "JobType": "SACollectHealthData", "PercentComplete": 100, "Message": "done", "MessageId": "SRV088",
        }  # fmt: skip
        queue = f"{MANAGER}/Oem/Dell/Jobs"
        self.bmc.documents[job["@odata.id"]] = job
        members = [*self.bmc.documents[queue]["Members"], {"@odata.id": job["@odata.id"]}]
        self.bmc.documents[queue] = {**self.bmc.documents[queue], "Members": members}
        self.bmc.located[f"{TASKS}/{JID}"] = "/redfish/v1/Oem/Dell/sacollect.zip"
        self.bmc.documents[f"{TASKS}/{JID}"] = {"Id": JID, "TaskState": "Completed"}
        self.bmc.files["/redfish/v1/Oem/Dell/sacollect.zip"] = ZIP
        return 202, {"Location": f"{TASKS}/{JID}"}, b""


Trio = tuple[Killable, RecordedIdrac, Exporter]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "EVERY", 0.2)
    monkeypatch.setattr(support_collection, "EVERY", 0.2)


@pytest.fixture
def idle(tmp_path: Path, captures: Path) -> Iterator[Trio]:
    with recorded_program(tmp_path, captures) as (program, bmc):
        yield program, bmc, Exporter(bmc)


@pytest.fixture
def trio(idle: Trio) -> Iterator[Trio]:
    runner = idle[0].app.make_runner("test")
    runner.start()
    try:
        yield idle
    finally:
        runner.stop()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("lifecycle_log_export", "lifecycle log.xml"), ("hardware_inventory_export", "hardware inventory.xml")],
)
def test_an_export_lies_in_the_folder_when_it_is_complete(
    trio: Trio, tmp_path: Path, kind: str, name: str
) -> None:
    program, bmc, _ = trio
    job = program.run(kind, {"folder": str(tmp_path)})
    assert job.failed == 0, program.tasks(job.id)
    (file,) = [f for f in tmp_path.iterdir() if f.is_file()]
    assert file.name.endswith(name)
    assert file.read_bytes() in bmc.files.values()
    (task,) = program.tasks(job.id)
    assert task.result
    assert task.result["size"] == file.stat().st_size


def test_a_support_collection_needs_the_terms_accepted(trio: Trio, tmp_path: Path) -> None:
    program, bmc, exporter = trio
    job = program.run("support_collection", {"folder": str(tmp_path)})
    assert program.error(job)["code"] == "TermsNotAccepted"
    assert bmc.sent("SupportAssistAcceptEULA") + bmc.sent("SupportAssistCollection") == 0
    assert not exporter.accepted
    job = program.run("support_collection", {"folder": str(tmp_path), "accept_terms": True})
    assert job.failed == 0, program.tasks(job.id)
    assert exporter.accepted
    (file,) = [f for f in tmp_path.iterdir() if f.is_file()]
    assert file.read_bytes() == ZIP


def test_a_collection_that_fails_leaves_no_file(trio: Trio, tmp_path: Path) -> None:
    program, _, exporter = trio
    exporter.accepted, exporter.state = True, "Failed"
    job = program.run("support_collection", {"folder": str(tmp_path)})
    assert program.error(job)["code"] == "CollectionFailed"
    assert [f for f in tmp_path.iterdir() if f.is_file()] == []


def test_a_refusal_is_told_and_a_missing_folder_asks_nothing(trio: Trio, tmp_path: Path) -> None:
    program, bmc, _ = trio
    bmc.refuse("DellLCService.ExportLCLog", 400, "IDRAC.2.7.LC068", "Another job is running.")
    job = program.run("lifecycle_log_export", {"folder": str(tmp_path)})
    assert "Another job" in program.error(job)["message"]
    job = program.run("lifecycle_log_export", {"folder": str(tmp_path / "nowhere")})
    assert program.error(job)["code"] == "BadInput"
    assert bmc.done == []


def test_killed_after_the_start_it_is_not_collected_twice(idle: Trio, tmp_path: Path) -> None:
    program, bmc, exporter = idle
    exporter.accepted = True
    bmc.hold("DellLCService.SupportAssistCollection", late=True)
    job_id = program.submit("support_collection", {"folder": str(tmp_path)})
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    bmc.release()
    job = program.finish(job_id)
    assert job.failed == 0, program.tasks(job_id)
    assert bmc.sent("DellLCService.SupportAssistCollection") == 1
    (file,) = [f for f in tmp_path.iterdir() if f.is_file()]
    assert file.read_bytes() == ZIP
