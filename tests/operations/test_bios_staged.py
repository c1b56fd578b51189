"""What a job stages in BIOS and gets no job for, or leaves before it has begun, is withdrawn, or stands on the restore list; a
password is not staged beside settings of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.jobs import RestoreRow, TaskRow, restore_list, task_log
from dsm_desktop.simulator import SimulatedIdrac
from tests.operations.conftest import Program
from tests.operations.killing import until

pytestmark = pytest.mark.shared_program
NO_JOB: dict[str, Any] = {"uri": "/Jobs$", "verbs": ["POST"], "status": 400}


@pytest.fixture(scope="module")
def stocked(scanned: Program) -> Program:
    scanned.app.commands.save_credential(CredentialDraft(None, "first", "bios", "BIOS", "geheim-A1 setup"))
    return scanned


@pytest.fixture
def clean(stocked: Program, ready: Program) -> Iterator[Program]:
    yield ready
    for idrac in ready.site.idracs:
        ready.site.call(lambda i=idrac: i._device.jobs.clear(force=False))  # type: ignore[misc]
        idrac.clear_faults()
    assert standing(ready) == []


def standing(program: Program) -> list[RestoreRow]:
    return program.app.store.fetch(lambda c: restore_list(c, standing_only=True))


def run(program: Program, kind: str, idrac: SimulatedIdrac, **params: Any) -> TaskRow:
    (task,) = program.tasks(program.run(kind, params, [program.server(idrac).id]).id)
    return task


def set_password(program: Program, idrac: SimulatedIdrac) -> TaskRow:
    return run(program, "bios_password", idrac, new="first")


def withdraw(program: Program, idrac: SimulatedIdrac) -> str:
    return run(program, "bios_config_write", idrac, action="withdraw what waits").outcome


def put_back(program: Program, task: TaskRow) -> None:
    """And wait for its end."""
    before = program.tasks(task.job_id)[0].finished_at
    program.app.commands.put_back(task.id)
    until(lambda: program.tasks(task.job_id)[0].finished_at not in (None, before), "put back")


def stage(idrac: SimulatedIdrac, program: Program) -> str:
    """As somebody else does; returns the name of the setting."""
    value = "Off" if idrac._device.bios.values()["NumLock"] == "On" else "On"
    program.site.call(lambda: idrac._device.bios.stage({"NumLock": value}))
    return "NumLock"


def staged(idrac: SimulatedIdrac) -> set[str]:
    """Names of all that is staged, passwords too."""
    found = idrac._device.jobs.staged("/redfish/v1/Systems/System.Embedded.1/Bios/Settings")
    return set() if found is None else set(found.values)


def sent(idrac: SimulatedIdrac, end: str) -> int:
    return sum(entry.uri.endswith(end) for entry in idrac.journal)


def test_a_password_is_not_staged_beside_settings_of_others(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    name, before = stage(idrac, clean), sent(idrac, "Bios.ChangePassword")
    task = set_password(clean, idrac)
    assert task.error is not None
    assert task.error["code"] == "OthersStaged"
    assert name in task.outcome
    assert (sent(idrac, "Bios.ChangePassword"), staged(idrac)) == (before, {name})


def test_others_that_came_meanwhile_keep_theirs_and_the_password_stands_on_the_list(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    idrac.set_fault("slow", uri="Bios.ChangePassword$", verbs=["POST"], seconds=1.0, times=1)
    idrac.set_fault("fail_next", **NO_JOB)
    before = sent(idrac, "Bios.ChangePassword")
    job = clean.app.commands.submit("bios_password", [clean.server(idrac).id], {"new": "first"})
    until(lambda: sent(idrac, "Bios.ChangePassword") > before, "staged")
    name = stage(idrac, clean)
    assert clean.wait(job).failed == 1
    (task,) = clean.tasks(job)
    (entry,) = standing(clean)
    assert "somebody else" in entry.message, entry
    assert "Not put back" in str(task.error)
    assert staged(idrac) == {name, "SetupPassword"}
    put_back(clean, task)
    assert [row.id for row in standing(clean)] == [entry.id], "nothing has changed"
    withdraw(clean, idrac)
    assert staged(idrac) == set()
    put_back(clean, task)
    assert standing(clean) == []


def test_what_does_not_show_is_withdrawn_too(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    clean.site.call(lambda: idrac._device.bios.stage({"SetupPassword": "somebody's"}))
    assert withdraw(clean, idrac).startswith("Withdrawn: 1")
    assert staged(idrac) == set()
    assert withdraw(clean, idrac) == "Nothing was waiting."


def test_an_idrac8_cannot_withdraw_and_says_so_on_the_list(clean: Program) -> None:
    idrac = next(i for i in clean.site.idracs if i.generation == "idrac8")
    idrac.set_fault("fail_next", **NO_JOB)
    task = set_password(clean, idrac)
    assert task.state == "failed"
    (entry,) = standing(clean)
    assert "cannot withdraw" in entry.message
    assert "JID_CLEARALL" in entry.message
    assert staged(idrac) == {"SetupPassword"}
    clean.app.commands.abandon_restore(entry.id, "cleared at the iDRAC")
    clean.site.call(lambda: idrac._device.jobs.clear(force=False))
    idrac.set_fault("fail_next", uri="Bios.ChangePassword$", verbs=["POST"], status=400)
    assert set_password(clean, idrac).state == "failed"
    assert standing(clean) == [], "it was refused, so nothing is staged"


def test_settings_beside_those_of_others_stand_on_the_list(clean: Program) -> None:
    idrac = clean.site.idracs[4]
    name = stage(idrac, clean)
    idrac.set_fault("fail_next", **NO_JOB)
    wanted = "Enabled" if idrac._device.bios.values()["ErrPrompt"] == "Disabled" else "Disabled"
    task = run(clean, "bios_config_write", idrac, settings=[f"ErrPrompt={wanted}"])
    assert task.state == "failed"
    (entry,) = standing(clean)
    assert name in entry.message
    assert "Withdraw what waits" in entry.message
    assert staged(idrac) == {name, "ErrPrompt"}
    withdraw(clean, idrac)
    put_back(clean, task)
    assert standing(clean) == []


def cancelled(program: Program, idrac: SimulatedIdrac, kind: str, params: dict[str, Any], when: str) -> str:
    """Stopped at once when the iDRAC's job of this kind is in that state; the log."""
    job = program.app.commands.submit(kind, [program.server(idrac).id], params)
    until(lambda: when in opened(idrac, "JID").values(), f"a job that is {when}")
    program.app.commands.cancel(job, CancelGrade.NOW)
    assert program.wait(job).state == "cancelled"
    (task,) = program.tasks(job)
    return "\n".join(line.message for line in program.app.store.fetch(lambda c: task_log(c, task.id)))


def opened(idrac: SimulatedIdrac, kind: str) -> dict[str, str]:
    """State by id of the jobs that have not ended."""
    ends = ("Completed", "Failed", "RebootCompleted", "RebootFailed")
    return {name: state for name, state in idrac.jobs.items() if name.startswith(kind) and state not in ends}


@pytest.mark.parametrize("kind", ["bios_config_write", "bios_password"])
def test_cancelled_before_its_job_has_begun_nothing_waits_for_a_restart(clean: Program, kind: str) -> None:
    """The operating system is slow: neither the job nor the restart made with it is left for the next restart of anybody."""
    idrac = clean.site.idracs[5]
    values = idrac._device.bios.values()
    wanted = "Off" if values["NumLock"] == "On" else "On"
    params: dict[str, dict[str, Any]] = {
        "bios_config_write": {"settings": [f"NumLock={wanted}"]},
        "bios_password": {"new": "first"},
    }
    idrac.set_os_obeys(False)
    try:
        log = cancelled(clean, idrac, kind, params[kind], "Scheduled")
    finally:
        idrac.set_os_obeys()
    assert "had not begun and was taken out" in log
    assert (opened(idrac, "JID"), staged(idrac), standing(clean)) == ({}, set(), [])
    for restart in opened(idrac, "RID"):
        assert f"{restart} is under way" in log
    idrac.forget_jobs()
    boots = idrac.boots
    assert clean.run("power_action", {"action": "force_restart"}, [clean.server(idrac).id]).failed == 0
    assert (idrac.boots, idrac._device.bios.values()) == (boots + 1, values), "the next restart applied it"


def test_cancelled_when_its_job_has_begun_it_is_left_and_told(clean: Program) -> None:
    idrac = clean.site.idracs[5]
    wanted = "Off" if idrac._device.bios.values()["NumLock"] == "On" else "On"
    idrac.set_fault("job_stuck", percent=40)
    log = cancelled(clean, idrac, "bios_config_write", {"settings": [f"NumLock={wanted}"]}, "Running")
    assert "has begun and runs to its end" in log
    assert (list(opened(idrac, "JID").values()), standing(clean)) == (["Running"], [])
    idrac.forget_jobs()
