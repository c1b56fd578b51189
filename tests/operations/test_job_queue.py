"""The iDRACs' own queues: read, cleared, rescued; nothing is touched while firmware is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dsm_desktop.operations import device_queue
from dsm_desktop.operations.job_queue_clear import QueueClearParams
from dsm_desktop.queries.device_jobs import DeviceJobRow, device_job_rows, queue_row
from dsm_desktop.simulator import SimulatedIdrac
from tests.operations.conftest import Program
from tests.operations.killing import killable_program

pytestmark = pytest.mark.shared_program
CLEAR = "DeleteJobQueue"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock runs thirty times faster; what is waited for besides it is shortened alike."""
    monkeypatch.setattr(device_queue, "SETTLE", 0.5)
    monkeypatch.setattr(device_queue, "EVERY", 0.5)


@pytest.fixture
def emptied(ready: Program) -> Iterator[Program]:
    yield ready
    for idrac in ready.site.idracs:
        idrac.clear_faults()
        idrac.forget_jobs()


def rows(program: Program, idrac: SimulatedIdrac | None = None) -> list[DeviceJobRow]:
    ids = [program.server(idrac).id] if idrac else None
    return program.app.store.fetch(lambda c: device_job_rows(c, ids))


def sent(idrac: SimulatedIdrac, what: str = CLEAR) -> int:
    return sum(what in entry.uri for entry in idrac.journal)


def run(program: Program, kind: str, idrac: SimulatedIdrac, **params: Any) -> tuple[Any, Any]:
    job = program.run(kind, params, [program.server(idrac).id])
    (task,) = program.tasks(job.id)
    return job, task


def test_one_grid_shows_the_queues_of_all_and_what_blocks(emptied: Program) -> None:
    for idrac in emptied.site.idracs:
        idrac.add_job(
            "BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True, component="BIOS.Setup.1-1"
        )
    job = emptied.run("job_queue_read", {}, [s.id for s in emptied.servers()])
    assert job.failed == 0, [t.outcome for t in emptied.tasks(job.id)]
    found = rows(emptied)
    assert {row.server_id for row in found} == {s.id for s in emptied.servers()}
    assert {row.state for row in found} == {"Scheduled"}
    assert all("restart" in row.blocks for row in found)
    first = {row.server_id: row.since for row in found}
    emptied.run("job_queue_read", {}, [s.id for s in emptied.servers()])
    assert {row.server_id: row.since for row in rows(emptied)} == first
    assert all("Configure: BIOS" in t.outcome for t in emptied.tasks(job.id))
    modern = emptied.server(emptied.site.idracs[4])
    queue = emptied.app.store.fetch(lambda c: queue_row(c, modern.id))
    assert queue is not None
    assert queue.lc_status == "ready"


@pytest.mark.parametrize("number", range(6))
def test_cleared_on_every_generation_and_read_back(emptied: Program, number: int) -> None:
    idrac = emptied.site.idracs[number]
    for name in ("BIOS.Setup.1-1", "NIC.Integrated.1-1"):
        idrac.add_job("BIOSConfiguration", f"Configure: {name}", at_boot=True, component=name)
    job, task = run(emptied, "job_queue_clear", idrac)
    assert job.failed == 0, task.outcome
    assert idrac.jobs == {}
    assert rows(emptied, idrac) == []
    _, again = run(emptied, "job_queue_clear", idrac)
    assert again.outcome == "There is nothing to clear."


def test_one_job_is_taken_out_and_the_others_stay(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    keep = idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True, component="a")
    gone = idrac.add_job("NICConfiguration", "Configure: NIC.Slot.1-1", at_boot=True, component="b")
    job, task = run(emptied, "job_queue_clear", idrac, job_id=gone)
    assert job.failed == 0, task.outcome
    assert list(idrac.jobs) == [keep]


@pytest.mark.parametrize("wrong", [{"job_id": "JID_1", "force": True}, {"job_id": "../../Sessions/1"}])
def test_one_job_by_force_would_take_all_and_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QueueClearParams(**wrong)


def test_a_running_job_is_refused_and_goes_by_force(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    idrac.add_job("RAIDConfiguration", "Configure: RAID.Slot.1-1", seconds=100_000)
    _, refused = run(emptied, "job_queue_clear", idrac)
    assert refused.state == "failed"
    assert "JCP015" in refused.error["detail"]
    before = sent(idrac)
    job, task = run(emptied, "job_queue_clear", idrac, force=True)
    assert job.failed == 0, task.outcome
    assert idrac.jobs == {}
    assert sent(idrac) - before == 1


@pytest.mark.parametrize("kind", ["job_queue_clear", "lc_rescue", "idrac_reset"])
def test_nothing_is_touched_while_firmware_is_written(emptied: Program, kind: str) -> None:
    idrac = emptied.site.idracs[4]
    idrac.add_job("FirmwareUpdate", "Firmware Update: BIOS", seconds=100_000)
    before = len(idrac.journal)
    choices: dict[str, dict[str, Any]] = {
        "job_queue_clear": {"force": True},
        "lc_rescue": {"up_to": "enable", "wait_minutes": 0},
        "idrac_reset": {},
    }
    job, task = run(emptied, kind, idrac, **choices[kind])
    assert job.failed == 1
    assert task.error["code"] == "FirmwareBeingWritten", task.outcome
    assert len(idrac.journal) == before


def test_in_lockdown_the_refusal_is_told_and_nothing_claimed(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    idrac.set_lockdown()
    try:
        job, task = run(emptied, "job_queue_clear", idrac)
    finally:
        idrac.set_lockdown(False)
    assert job.failed == 1
    assert task.error["code"] == "LockedDown"
    assert len(idrac.jobs) == 1


def test_the_ladder_stops_at_the_first_rung_that_helps(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    _, calm = run(emptied, "lc_rescue", idrac, up_to="enable", wait_minutes=0)
    assert calm.outcome == "Nothing is stuck."
    idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    job, task = run(emptied, "lc_rescue", idrac, up_to="enable", wait_minutes=0)
    assert job.failed == 0, task.outcome
    assert task.result["helped"] == "Delete the jobs that block"
    idrac.set_fault("job_stuck", percent=40)
    idrac.add_job("RAIDConfiguration", "Configure: RAID.Slot.1-1", seconds=5)
    before = sent(idrac)
    job, task = run(emptied, "lc_rescue", idrac, up_to="restart", wait_minutes=0)
    assert job.failed == 0, task.outcome
    assert task.result["helped"] == "Clear the queue by force"
    assert sent(idrac) - before == 1


def test_what_was_not_allowed_is_not_done_and_named(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    idrac.set_fault("job_stuck", percent=40)
    idrac.add_job("RAIDConfiguration", "Configure: RAID.Slot.1-1", seconds=5)
    job, task = run(emptied, "lc_rescue", idrac, up_to="clear", wait_minutes=0)
    assert job.failed == 1
    assert task.error["code"] == "NotRescued"
    assert "force" in task.error["hint"]
    assert len(idrac.jobs) == 1


def test_cancelled_while_it_waits_nothing_was_cleared(emptied: Program) -> None:
    from dsm_desktop.core.states import CancelGrade

    idrac = emptied.site.idracs[4]
    idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    params = {"up_to": "force", "wait_minutes": 60}
    job_id = emptied.app.commands.submit("lc_rescue", [emptied.server(idrac).id], params)
    emptied.app.commands.cancel(job_id, CancelGrade.NOW)
    job = emptied.wait(job_id)
    assert job.cancelled == 1
    assert len(idrac.jobs) == 1


def test_a_dry_run_sends_nothing_that_changes(emptied: Program) -> None:
    idrac = emptied.site.idracs[4]
    idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    before = len(idrac.journal)
    for kind, params in (
        ("job_queue_clear", {"force": True}),
        ("lc_rescue", {"up_to": "enable", "wait_minutes": 0}),
    ):
        job = emptied.run(kind, params, [emptied.server(idrac).id], dry_run=True)
        assert job.failed == 0, emptied.tasks(job.id)
    assert len(idrac.journal) == before


@pytest.mark.parametrize("fault", [("hang", {}), ("slow", {"seconds": 30})])
def test_killed_in_the_clear_it_is_sent_once(tmp_path: Path, fault: tuple[str, dict[str, Any]]) -> None:
    name, values = fault
    with killable_program(tmp_path, f"127.94.{3 if name == 'hang' else 4}.0/24") as program:
        idrac = program.idrac
        idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
        idrac.set_fault(name, uri=CLEAR, times=1, **values)
        job_id = program.submit("job_queue_clear")
        program.killed_when(job_id, lambda: idrac.struck > 0, "the request")
        idrac.clear_faults()
        idrac.drop_connections()
        job = program.finish(job_id)
        assert job.failed == 0, program.tasks(job_id)
        assert idrac.jobs == {}
        assert sent(idrac) == 1
