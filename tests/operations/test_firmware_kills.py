"""kill -9 right after the device has taken what a step sent: the next runner adopts the job and sends nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.commands.library import add_folder
from dsm_desktop.simulator import dup
from dsm_desktop.simulator.catalogs import build_repository
from tests.operations.firmware_site import BIOS, IDRAC, QUICK
from tests.operations.killing import Killable, killable_program

pytestmark = pytest.mark.shared_program
PARAMS = QUICK | {"proof_minutes": 0.5}


@pytest.fixture(scope="module", params=["idrac9-7", "idrac8"])
def killable(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    folder = tmp_path_factory.mktemp("kills")
    network = {"idrac9-7": "127.101.0.0/24", "idrac8": "127.102.0.0/24"}[request.param]
    with killable_program(folder, network, request.param, clock_speed=240, healthy=True) as killable:
        yield killable


def times(killable: Killable, effect: str) -> int:
    """How often the device has done it."""
    return killable.idrac.effects.get(effect, 0)


def update(killable: Killable, folder: Path, fqdd: str, version: str) -> int:
    """A job that brings a part to a version."""
    package = killable.idrac.package(fqdd, version)
    dup.build(folder / package.file_name, package)
    app = killable.app
    with app.store.write() as uow:
        add_folder(uow, app.principal, app.media.host, str(folder))
    runner = app.make_runner("test")
    runner.start()
    app.commands.submit("library_scan", [], {})
    assert runner.wait_idle(30)
    runner.stop()
    return killable.submit("firmware_update", PARAMS | {"packages": [package.file_name]})


def only_once(killable: Killable) -> None:
    """The ways differ by generation where packages are sent; nowhere else."""
    if killable.idrac.generation == "idrac8":
        pytest.skip("shown on iDRAC9; iDRAC8 has no repository update over Redfish")


def check(killable: Killable, job_id: int, flash: str) -> None:
    """One flash, read back."""
    job = killable.finish(job_id)
    [task] = killable.tasks(job_id)
    assert (job.state, job.failed) == ("completed", 0), task.outcome
    assert times(killable, flash) == 1
    result: dict[str, Any] = task.result or {}
    assert result["proven"]


@pytest.mark.parametrize(
    ("fqdd", "name", "version"), [(BIOS, "BIOS", "9.1.1"), (IDRAC, "iDRAC", "9.88.88.88")]
)
def test_killed_when_the_package_has_arrived(
    killable: Killable, tmp_path: Path, fqdd: str, name: str, version: str
) -> None:
    job_id = update(killable, tmp_path, fqdd, version)
    old = killable.idrac.generation == "idrac8"
    arrived = f"HttpPush {name} {version}" if old else f"MultipartUpload {name} {version}"
    killable.killed_when(job_id, lambda: times(killable, arrived) > 0, "the package to arrive")
    check(killable, job_id, f"flash {name} {version}")
    assert times(killable, arrived) == 1


def test_killed_while_it_is_flashed(killable: Killable, tmp_path: Path) -> None:
    only_once(killable)
    job_id = update(killable, tmp_path, BIOS, "9.1.2")
    boots = killable.idrac.boots
    killable.killed_when(job_id, lambda: "Running" in killable.idrac.jobs.values(), "the job to run")
    check(killable, job_id, "flash BIOS 9.1.2")
    assert killable.idrac.boots == boots + 1


def test_a_rollback_is_sent_once(killable: Killable, tmp_path: Path) -> None:
    only_once(killable)
    before = killable.idrac.installed[BIOS]
    job_id = update(killable, tmp_path, BIOS, "9.1.3")
    check(killable, job_id, "flash BIOS 9.1.3")
    flashed = times(killable, f"flash BIOS {before}")
    back = killable.submit("firmware_rollback", PARAMS | {"undo_job": job_id})
    sent = f"FirmwareRollback BIOS {before}"
    killable.killed_when(back, lambda: times(killable, sent) > 0, "the rollback to be taken")
    job = killable.finish(back)
    assert (job.state, job.failed) == ("completed", 0), killable.tasks(back)[0].outcome
    assert (times(killable, sent), times(killable, f"flash BIOS {before}")) == (1, flashed + 1)


def test_a_repository_update_is_started_once(killable: Killable, tmp_path: Path) -> None:
    only_once(killable)
    build_repository(tmp_path, [killable.idrac.package(BIOS, "99.2.0")], "Catalog.xml")
    job_id = killable.submit("repository_update", PARAMS | {"folder": str(tmp_path)})
    killable.killed_when(
        job_id, lambda: "Scheduled" in killable.idrac.jobs.values(), "the child job to be made"
    )
    check(killable, job_id, "flash BIOS 99.2.0")


def ended(killable: Killable, which: str, earlier: int) -> bool:
    """One more repository job was taken, and nothing runs any more."""
    # In this order: the device makes the job before it counts it, so a job that is counted is seen.
    taken = times(killable, f"InstallFromRepository:{which}") > earlier
    return taken and set(killable.idrac.jobs.values()) <= {"Completed", "RebootCompleted", "Failed"}


def test_killed_when_the_update_has_ended_and_made_no_job_yet(killable: Killable, tmp_path: Path) -> None:
    """Its answer never came; its own job is over, its children do not show: it was taken all the same."""
    only_once(killable)
    idrac = killable.idrac
    build_repository(tmp_path, [idrac.package(BIOS, "99.3.0")], "Catalog.xml")
    idrac.set_fault("children_late", seconds=3600)
    idrac.set_fault("slow", uri="InstallFromRepository", verbs="POST", skip=1, seconds=10**4)
    earlier = times(killable, "InstallFromRepository:apply")
    job_id = killable.submit("repository_update", PARAMS | {"folder": str(tmp_path)})
    killable.killed_when(job_id, lambda: ended(killable, "apply", earlier), "the update to be taken")
    idrac.clear_fault("slow")
    check(killable, job_id, "flash BIOS 99.3.0")
    assert times(killable, "InstallFromRepository:apply") == earlier + 1
    idrac.clear_faults()
