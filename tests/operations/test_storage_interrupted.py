"""Changes of storage that are interrupted: sent once, and nobody else's job is taken for ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.operations import storage_change
from dsm_desktop.queries.jobs import RestoreRow, restore_list, task_steps
from tests.operations.killing import Killable, answered, open_question, until, working
from tests.operations.perc import BASE, RAID, TAG, Perc, drive_id, mirror
from tests.operations.recorded import RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
Trio = tuple[Killable, RecordedIdrac, Perc]
ERASE = "/Drive.SecureErase"


@dataclass(frozen=True)
class Change:
    """A job type, what it is given, and the end of the path it sends its request to."""

    kind: str
    params: dict[str, Any]
    end: str


CREATE = Change("volume_create", mirror(), f"{RAID}/Volumes")
SECURE = Change("secure_erase", {"service_tag": TAG, "drives": ["SER2"]}, ERASE)


def standing(program: Killable) -> list[RestoreRow]:
    return program.app.store.fetch(lambda c: restore_list(c, standing_only=True))


def wait_to_be_put_back(program: Killable, task_id: int) -> None:
    """Until it is waited for what an unanswered request may still bring."""
    waits = "wait for what became of the unanswered request"
    until(
        lambda: waits in [s.name for s in program.app.store.fetch(lambda c: task_steps(c, task_id))],
        "putting back to wait",
    )


@pytest.fixture
def idle(tmp_path: Path, captures: Path) -> Iterator[Trio]:
    with recorded_program(tmp_path, captures) as (program, bmc):
        perc = Perc(bmc)
        with working(program):
            assert program.run("health_check").failed == 0
        yield program, bmc, perc


@pytest.fixture
def trio(idle: Trio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trio]:
    monkeypatch.setattr(storage_change, "EVERY", 0.2)
    with working(idle[0]):
        yield idle


def test_an_answer_that_is_lost_is_looked_for_and_not_sent_again(trio: Trio) -> None:
    program, bmc, _ = trio
    bmc.lose(CREATE.end)
    job = program.run(CREATE.kind, CREATE.params)
    assert job.failed == 0, program.tasks(job.id)
    assert bmc.sent(CREATE.end) == 1


def test_an_answer_that_is_lost_for_good_is_not_called_done(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device has neither a job nor the change: it may still come, so nothing is repeated."""
    program, bmc, _ = trio
    monkeypatch.setattr(storage_change, "SHOWS_WITHIN", 0.5)
    bmc.effects[CREATE.end] = lambda body: (202, {}, b"")
    bmc.lose(CREATE.end)
    job = program.run(CREATE.kind, CREATE.params)
    assert program.error(job)["code"] == "NotKnown"
    assert bmc.sent(CREATE.end) == 1


def unanswered(trio: Trio) -> int:
    """A request that was taken; neither its answer nor its job has shown yet, and the job looks for them."""
    program, bmc, perc = trio
    bmc.effects[CREATE.end] = lambda body: (202, {}, b"")
    bmc.lose(CREATE.end)
    perc.state = "Scheduled"
    job_id = program.submit(CREATE.kind, CREATE.params)
    (task,) = program.tasks(job_id)
    news = "wait for news of the unanswered request"
    until(
        lambda: news in [s.name for s in program.app.store.fetch(lambda c: task_steps(c, task.id))],
        "the look for news",
    )
    return job_id


def test_an_erase_nobody_knows_of_is_waited_for_through_a_cancel_and_taken_out(trio: Trio) -> None:
    """The next restart would carry it out: whatever shows within its time, and is ours alone, is deleted."""
    program, bmc, perc = trio
    job_id = unanswered(trio)
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    perc.accepted("RAIDConfiguration")
    until(lambda: program.job(job_id).state == "cancelled", f"the end: {program.tasks(job_id)}")
    assert (perc.waiting(), standing(program), bmc.sent(CREATE.end)) == ([], [], 1)


@pytest.mark.parametrize("answer", [(202, {}, b""), (200, {}, b"<html>")], ids=["names no job", "a page"])
def test_an_answer_that_says_nothing_of_its_job_is_no_end(
    trio: Trio, answer: tuple[int, dict[str, str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for anybody's restart: the job is looked for, and taken out where the job gives up."""
    program, bmc, perc = trio
    perc.state = "Scheduled"

    def taken(body: dict[str, Any]) -> Any:
        perc.accepted("RAIDConfiguration")
        return answer

    bmc.effects[CREATE.end] = taken
    monkeypatch.setattr(storage_change, "BEGINS_WITHIN", 0.3)
    job = program.run(CREATE.kind, CREATE.params)
    assert program.error(job)["code"] == "NeedsRestart"
    assert (perc.waiting(), standing(program), bmc.sent(CREATE.end)) == ([], [], 1)


def test_where_none_comes_within_its_time_nothing_stands(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_change, "SHOWS_WITHIN", 2.0)
    program, bmc, _ = trio
    job_id = unanswered(trio)
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    until(lambda: JobState(program.job(job_id).state).final, "the end")
    assert (standing(program), bmc.sent(CREATE.end)) == ([], 1)


@pytest.mark.parametrize(
    "others", [[f"Configure: {RAID}"] * 2, ["Configure: RAID.Slot.7-1"]], ids=["two of it", "another's"]
)
def test_a_job_that_is_not_provably_ours_is_named_and_left(trio: Trio, others: list[str]) -> None:
    program, _, perc = trio
    job_id = unanswered(trio)
    perc.show(others, "RAIDConfiguration")
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    until(lambda: JobState(program.job(job_id).state).final, "the end")
    (entry,) = standing(program)
    assert "was not answered" in entry.message
    assert perc.waiting() == others


def test_the_time_in_which_it_may_show_outlives_its_runner(
    idle: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner ends right after the request; 'Put back' waits for what may come all the same."""
    monkeypatch.setattr(storage_change, "EVERY", 0.2)
    program, bmc, perc = idle
    with working(program):
        job_id = unanswered(idle)
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    (task,) = program.tasks(job_id)
    with working(program):
        wait_to_be_put_back(program, task.id)
        assert len(standing(program)) == 1
        perc.accepted("RAIDConfiguration")
        until(lambda: JobState(program.job(job_id).state).final and not standing(program), "the end")
    assert (perc.waiting(), bmc.sent(CREATE.end)) == ([], 1)


def test_killed_in_the_request_it_is_waited_for_too(idle: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it was taken when the job is cancelled: what comes yet is taken out."""
    monkeypatch.setattr(storage_change, "EVERY", 0.2)
    program, bmc, perc = idle
    bmc.hold(CREATE.end, late=False)
    job_id = program.submit(CREATE.kind, CREATE.params)
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    (task,) = program.tasks(job_id)
    with working(program):
        wait_to_be_put_back(program, task.id)
        perc.state = "Scheduled"
        perc.accepted("RAIDConfiguration")
        until(lambda: JobState(program.job(job_id).state).final and not standing(program), "the end")
    bmc.release()
    assert (perc.waiting(), bmc.done) == ([], [("DELETE", *bmc.done[0][1:])])


@pytest.mark.parametrize(
    ("about", "code"), [("RAID.Slot.7-1", "WhoseJob"), (RAID, "NotChanged")], ids=["another", "same"]
)
def test_the_job_of_a_stranger_is_never_called_ours(idle: Trio, about: str, code: str) -> None:
    """Killed before the device took the request, while somebody changes storage at the iDRAC's own page."""
    program, bmc, perc = idle
    bmc.hold(CREATE.end, late=False)
    job_id = program.submit(CREATE.kind, CREATE.params)
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    perc.stranger(about)
    bmc.release()
    job = program.finish(job_id)
    assert program.error(job)["code"] == code
    assert bmc.done == []


def test_a_waiting_job_that_may_be_ours_stays_on_the_restore_list(idle: Trio) -> None:
    """Killed in the request; the job that waits for a restart does not say for whom it is."""
    program, bmc, perc = idle
    bmc.hold(CREATE.end, late=False)
    job_id = program.submit(CREATE.kind, CREATE.params)
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    perc.state = "Scheduled"
    perc.stranger("RAID.Slot.7-1")
    bmc.release()
    assert program.error(program.finish(job_id))["code"] == "WhoseJob"
    (entry,) = standing(program)
    assert "was not answered" in entry.message


@pytest.mark.parametrize(
    ("before", "named", "done"),
    [(True, False, True), (False, True, True), (False, False, False)],
    ids=["before it was taken", "its job names the drive", "its job names the controller"],
)
def test_a_drive_is_called_erased_only_by_its_own_job(
    idle: Trio, before: bool, named: bool, done: bool
) -> None:
    """Nothing but the job tells that a drive was erased: one that may be another's is no proof, and nothing is sent twice."""
    program, bmc, perc = idle
    if named:
        perc.job_name = f"Secure erase: {drive_id(2)}"
    bmc.hold(ERASE, late=not before)
    job_id = program.submit(SECURE.kind, SECURE.params)
    with program.agent():
        answered(program.app, job_id, "erase")
        until(lambda: bmc.struck > 0, "the request")
    bmc.release()
    job = program.finish(job_id)
    assert (job.failed == 0) is done, program.tasks(job_id)
    if not done:
        assert program.error(job)["code"] == "WhoseJob"
    assert [path for _, path, _ in bmc.done] == [f"{BASE}/Drives/{drive_id(2)}/Actions/Drive.SecureErase"]


def test_erasing_is_refused_or_cancelled_without_a_second_try(trio: Trio) -> None:
    program, bmc, _ = trio
    bmc.refuse(ERASE, 400, "IDRAC.2.7.STOR006", "The drive is busy.")
    job_id = program.submit(SECURE.kind, SECURE.params)
    answered(program.app, job_id, "erase")
    until(lambda: program.job(job_id).failed == 1, f"the end: {program.tasks(job_id)}")
    assert "The drive is busy" in program.error(program.job(job_id))["message"]
    job_id = program.submit(SECURE.kind, SECURE.params)
    until(lambda: open_question(program.app, job_id) is not None, "the question")
    program.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
    until(lambda: program.job(job_id).state == "cancelled", f"the end: {program.tasks(job_id)}")
    assert bmc.done == []
