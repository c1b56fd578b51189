"""Volumes, hot spares, foreign configuration, erasing: what was meant and nothing else, proven by looking again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.application import catalogue
from dsm_desktop.commands.drive_uses import note_drive_uses
from dsm_desktop.jobs import Danger
from dsm_desktop.operations import storage_change
from dsm_desktop.queries.drive_uses import Use
from dsm_desktop.queries.jobs import open_decisions
from dsm_desktop.store.models import Server
from tests.kit.replay import Doc, Reply, error
from tests.operations.killing import Killable, answered, until
from tests.operations.perc import BASE, RAID, STORAGE, TAG, VOLUMES, Perc, drive_id, mirror
from tests.operations.recorded import RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
Trio = tuple[Killable, RecordedIdrac, Perc]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_change, "EVERY", 0.2)


@pytest.fixture
def idle(tmp_path: Path, captures: Path) -> Iterator[Trio]:
    with recorded_program(tmp_path, captures) as (program, bmc):
        yield program, bmc, Perc(bmc)


@pytest.fixture
def trio(idle: Trio) -> Iterator[Trio]:
    runner = idle[0].app.make_runner("test")
    runner.start()
    try:
        assert idle[0].run("health_check").failed == 0
        yield idle
    finally:
        runner.stop()


def test_every_change_of_storage_is_typed() -> None:
    types = catalogue()
    kinds = {"volume_create", "volume_delete", "hot_spare", "foreign_config", "secure_erase"}
    assert {types[kind].danger for kind in kinds} == {Danger.DESTRUCTIVE}
    assert types["drive_identify"].danger is Danger.NONE


def test_a_volume_is_made_of_the_named_drives_and_read_back(trio: Trio) -> None:
    program, bmc, _ = trio
    job = program.run("volume_create", mirror(name="data"))
    assert job.failed == 0, program.tasks(job.id)
    (task,) = program.tasks(job.id)
    assert task.result
    assert task.result["volume"] == "Disk.Virtual.9"
    assert bmc.sent(f"{RAID}/Volumes") == 1


def test_older_firmware_gets_its_older_form(trio: Trio) -> None:
    program, bmc, perc = trio
    sent: list[Doc] = []

    def old(body: Doc) -> Reply:
        sent.append(body)
        if "RAIDType" in body:
            return error(400, "Base.1.5.PropertyUnknown", "The property RAIDType is unknown.")
        perc.add_volume("Disk.Virtual.9", "RAID1", [2, 3])
        return perc.accepted("RAIDConfiguration")

    bmc.effects[f"{RAID}/Volumes"] = old
    assert program.run("volume_create", mirror()).failed == 0
    assert sent[1]["VolumeType"] == "Mirrored"
    assert "Links" not in sent[1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (mirror(drives=["SER0", "SER2"]), "DriveInUse"),
        (mirror(drives=["SER2", "NOSUCH"]), "BadInput"),
        (mirror(drives=["SER2"]), "BadInput"),
        (mirror(controller="RAID.Slot.9-1"), "BadInput"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    trio: Trio, params: dict[str, Any], code: str
) -> None:
    program, bmc, _ = trio
    job = program.run("volume_create", params)
    assert program.error(job)["code"] == code
    assert bmc.done == []


def test_a_drive_of_a_datastore_is_never_touched(trio: Trio) -> None:
    program, bmc, perc = trio
    perc.drive(3)["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"] = "Foreign"
    with program.app.store.write() as uow:
        note_drive_uses(
            uow,
            program.server_id,
            [Use("ser3", "vsan", "cluster A"), Use("SER0", "vmfs", "ds1"), Use("SER2", "vmfs", "ds2")],
        )
    for kind, params in (
        ("volume_create", mirror()),
        ("volume_delete", {"volume": "Disk.Virtual.0"}),
        ("hot_spare", {"drive": "SER3"}),
        ("foreign_config", {"controller": RAID, "action": "clear"}),
        ("secure_erase", {"service_tag": TAG, "drives": ["SER2"]}),
    ):
        job = program.run(kind, params)
        assert program.error(job)["code"] == "DriveInUse", kind
    assert bmc.done == []


def test_a_drive_carried_into_another_server_keeps_its_datastore(trio: Trio) -> None:
    program, bmc, perc = trio
    perc.drive(3)["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"] = "Foreign"
    with program.app.store.write() as uow:
        other = Server(address="192.0.2.77", added_at=uow.now)
        uow.session.add(other)
        uow.session.flush()
        note_drive_uses(uow, other.id, [Use("SER3", "vsan", "cluster A")])
    job = program.run("foreign_config", {"controller": RAID, "action": "clear"})
    assert program.error(job)["code"] == "DriveInUse"
    assert bmc.done == []


@pytest.mark.parametrize("serial", ["", " ", None])
def test_a_drive_without_a_serial_number_may_hold_anything(trio: Trio, serial: str | None) -> None:
    program, bmc, perc = trio
    perc.drive(1)["SerialNumber"] = serial
    job = program.run("volume_delete", {"volume": "Disk.Virtual.0"})
    assert program.error(job)["code"] == "DriveInUse"
    assert "no serial number" in program.error(job)["message"]
    assert bmc.done == []


def test_a_volume_that_names_no_drives_may_stand_on_any(trio: Trio) -> None:
    program, bmc, _ = trio
    del bmc.documents[f"{VOLUMES}/Disk.Virtual.0"]["Links"]
    with program.app.store.write() as uow:
        note_drive_uses(uow, program.server_id, [Use("SER0", "vmfs", "ds1")])
    job = program.run("volume_delete", {"volume": "Disk.Virtual.0"})
    assert program.error(job)["code"] == "DriveInUse"
    assert bmc.done == []


@pytest.mark.parametrize("kind", ["volume_delete", "foreign_config"])
def test_a_controller_that_is_not_listed_proves_nothing(trio: Trio, kind: str) -> None:
    """An iDRAC that has just restarted lists no controllers for some minutes."""
    program, bmc, perc = trio
    perc.drive(3)["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"] = "Foreign"

    def vanish(body: Doc) -> Reply:
        bmc.documents[STORAGE] = {**bmc.documents[STORAGE], "Members": []}
        return perc.accepted("RealTimeNoRebootConfiguration")

    bmc.effects |= {"/Volumes/Disk.Virtual.0": vanish, "DellRaidService.ImportForeignConfig": vanish}
    params = {"volume": "Disk.Virtual.0"} if kind == "volume_delete" else {"controller": RAID}
    assert program.error(program.run(kind, params))["code"] == "NotChanged"


def test_a_volume_is_deleted_and_a_lie_is_found_out(trio: Trio) -> None:
    program, _, perc = trio
    perc.lies = True
    job = program.run("volume_delete", {"volume": "Disk.Virtual.0"})
    assert program.error(job)["code"] == "NotChanged"
    perc.lies = False
    assert program.run("volume_delete", {"volume": "Disk.Virtual.0"}).failed == 0
    perc.state = "Failed"
    job = program.run("volume_create", mirror())
    assert program.error(job)["code"] == "StorageJobFailed"


def test_a_controller_that_needs_a_restart_says_so(trio: Trio) -> None:
    program, bmc, perc = trio
    perc.times = ["OnReset"]
    perc.list_volumes()
    job = program.run("volume_create", mirror())
    assert program.error(job)["code"] == "NeedsRestart"
    assert bmc.done == []
    perc.state = "Scheduled"
    job = program.run("volume_create", mirror(at_restart=True))
    (task,) = program.tasks(job.id)
    assert "waits for a restart" in task.outcome


def test_spares_and_foreign_drives(trio: Trio) -> None:
    program, bmc, perc = trio
    assert program.run("hot_spare", {"drive": "SER2", "volume": "Disk.Virtual.0"}).failed == 0
    assert perc.drive(2)["HotspareType"] == "Dedicated"
    assert program.run("hot_spare", {"drive": "SER2", "remove": True}).failed == 0
    before = len(bmc.done)
    job = program.run("hot_spare", {"drive": "SER2", "remove": True})
    assert program.tasks(job.id)[0].outcome.startswith("It is that already")
    assert len(bmc.done) == before
    job = program.run("foreign_config", {"controller": RAID})
    assert program.tasks(job.id)[0].outcome == "No drive is foreign."
    perc.drive(3)["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"] = "Foreign"
    assert program.run("foreign_config", {"controller": RAID}).failed == 0


def test_a_spare_of_another_volume_is_not_that_already(trio: Trio) -> None:
    program, bmc, perc = trio
    perc.add_volume("Disk.Virtual.1", "RAID0", [3])
    uri = f"{VOLUMES}/Disk.Virtual.0"
    other = bmc.documents[uri]
    spare = [{"@odata.id": f"{BASE}/Drives/{drive_id(2)}"}]
    bmc.documents[uri] = {**other, "Links": {**other["Links"], "DedicatedSpareDrives": spare}}
    perc.drive(2)["HotspareType"] = "Dedicated"
    job = program.run("hot_spare", {"drive": "SER2", "volume": "disk.virtual.0"})
    assert program.tasks(job.id)[0].outcome.startswith("It is that already")
    assert bmc.done == []
    job = program.run("hot_spare", {"drive": "SER2", "volume": "disk.virtual.1"})
    assert program.error(job)["code"] == "NotChanged", "it still serves the other one"
    [(_, _, body)] = bmc.done
    assert body["VirtualDiskArray"] == ["Disk.Virtual.1"], "as the device spells it"


def test_drives_blink_and_stop(trio: Trio) -> None:
    program, _, perc = trio
    assert program.run("drive_identify", {"drives": ["SER1", drive_id(2)]}).failed == 0
    assert [perc.drive(n)["LocationIndicatorActive"] for n in range(4)] == [False, True, True, False]
    assert program.run("drive_identify", {"drives": ["SER1", "SER2"], "on": False}).failed == 0
    assert not any(perc.drive(n)["LocationIndicatorActive"] for n in range(4))


def test_erasing_needs_the_tag_and_a_second_yes(trio: Trio) -> None:
    program, bmc, _ = trio
    job = program.run("secure_erase", {"service_tag": "OTHER01", "drives": ["SER2"]})
    assert program.error(job)["code"] == "BadInput"
    job = program.run("secure_erase", {"service_tag": TAG, "drives": ["SER3"]})
    assert "cannot be erased" in program.error(job)["message"]
    job_id = program.submit("secure_erase", {"service_tag": TAG, "drives": ["SER2"]})
    answered(program.app, job_id, "no")
    until(lambda: program.job(job_id).failed == 1, "the end")
    assert bmc.done == []
    job_id = program.submit("secure_erase", {"service_tag": TAG.lower(), "drives": ["SER2"]})
    answered(program.app, job_id, "erase")
    until(lambda: program.job(job_id).done == 1, f"the end: {program.tasks(job_id)}")
    assert [path for _, path, _ in bmc.done] == [f"{BASE}/Drives/{drive_id(2)}/Actions/Drive.SecureErase"]


def test_a_drive_is_looked_at_again_before_it_is_erased(trio: Trio) -> None:
    """While the second question waits, the drive becomes part of a volume."""
    program, bmc, perc = trio
    job_id = program.submit("secure_erase", {"service_tag": TAG, "drives": ["SER2"]})
    until(lambda: bool(program.app.store.fetch(open_decisions)), "the question")
    perc.add_volume("Disk.Virtual.5", "RAID0", [2])
    answered(program.app, job_id, "erase")
    until(lambda: program.job(job_id).failed == 1, f"the end: {program.tasks(job_id)}")
    assert "Disk.Virtual.5" in program.error(program.job(job_id))["message"]
    assert bmc.done == []


def test_dry_runs_send_nothing(trio: Trio) -> None:
    program, bmc, _ = trio
    for kind, params in (
        ("volume_create", mirror()),
        ("volume_delete", {"volume": "Disk.Virtual.0"}),
        ("hot_spare", {"drive": "SER2"}),
        ("secure_erase", {"service_tag": TAG, "drives": ["SER2"]}),
        ("drive_identify", {"drives": ["SER2"]}),
    ):
        job = program.run(kind, params, dry_run=True)
        assert job.failed == 0, (kind, program.tasks(job.id))
    assert bmc.done == []
