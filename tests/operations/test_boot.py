"""boot_configuration: read and kept as history, set once, ordered, verified after the restart."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs import Danger
from dsm_desktop.operations.boot_configuration import boot_configuration, wanted_order
from dsm_desktop.queries.configuration import BootRow, boot_history
from dsm_desktop.queries.jobs import TaskRow, restore_list
from dsm_desktop.simulator import SimulatedIdrac
from tests.operations.conftest import Program
from tests.operations.killing import until

pytestmark = pytest.mark.shared_program


def run(program: Program, idracs: list[SimulatedIdrac], **params: Any) -> list[TaskRow]:
    job = program.run("boot_configuration", params, [program.server(i).id for i in idracs])
    return program.tasks(job.id)


def history(program: Program, idrac: SimulatedIdrac) -> list[BootRow]:
    server_id = program.server(idrac).id
    return program.app.store.fetch(lambda c: boot_history(c, server_id))


def patches(idrac: SimulatedIdrac) -> int:
    return sum(e.verb == "PATCH" and "Bios" not in e.uri and "Boot" in str(e.body) for e in idrac.journal)


def armed(idrac: SimulatedIdrac) -> str:
    """What the server starts from once, as the device has it."""
    return str(idrac._device.boot.target)


def left(program: Program, idrac: SimulatedIdrac) -> None:
    """Only an iDRAC8's stop may stand on the restore list: its server may go off late."""
    rows = program.app.store.fetch(lambda c: restore_list(c, standing_only=True))
    assert all("again" in row.what and idrac.generation == "idrac8" for row in rows), rows
    for row in rows:
        program.app.commands.abandon_restore(row.id, "it runs on")


def test_every_generation_is_read_and_kept_as_history(ready: Program) -> None:
    before = [len(i.journal) for i in ready.site.idracs]
    tasks = run(ready, ready.site.idracs)
    assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
    assert all(t.result and t.result["proven"] for t in tasks)
    assert [len(i.journal) for i in ready.site.idracs] == before
    for idrac in ready.site.idracs:
        rows = history(ready, idrac)
        assert rows
        assert rows[0].mode in ("UEFI", "Legacy")


def test_a_one_time_source_is_set_once_shown_and_taken_back(ready: Program) -> None:
    idracs = ready.site.idracs
    before = [patches(i) for i in idracs]
    tasks = run(ready, idracs, once="PXE")
    assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
    assert {t.result and t.result["once"] for t in tasks} == {"Pxe"}
    assert [patches(i) - b for i, b in zip(idracs, before, strict=True)] == [1] * 6
    tasks = run(ready, idracs, once="none")
    assert {t.result and t.result["once"] for t in tasks} == {""}, [t.outcome for t in tasks]
    rows = history(ready, idracs[3])
    assert [r.override.get("target", "") for r in rows[:3]] == ["", "Pxe", ""]


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_an_order_is_verified_after_the_restart(ready: Program, number: int) -> None:
    idrac = ready.site.idracs[number]
    run(ready, [idrac])
    row = history(ready, idrac)[0]
    last = row.options[-1]["id"]
    task = run(ready, [idrac], order=[last], restart="graceful", minutes=60)[0]
    assert task.state == "completed", task.outcome
    assert task.result is not None
    assert task.result["order"][0].startswith(last)
    assert task.result["proven"] is True


def test_a_one_time_source_is_proven_when_the_server_has_used_it(ready: Program) -> None:
    idrac = ready.site.idracs[3]
    boots = idrac.boots
    (task,) = run(ready, [idrac], once="PXE", restart="graceful")
    assert task.state == "completed", task.outcome
    assert task.result
    assert (task.result["once"], task.result["proven"], idrac.boots) == ("", True, boots + 1)


@pytest.mark.parametrize("number", [0, 3, 5])
def test_a_one_time_source_that_the_restart_did_not_use_is_taken_back(
    ready: Program, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The operating system does not follow: the next restart of anybody would start from it."""
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 0.2)
    idrac = ready.site.idracs[number]
    idrac.set_os_obeys(False)
    (task,) = run(ready, [idrac], once="PXE", restart="graceful", minutes=5)
    idrac.set_os_obeys()
    assert "did not follow" in task.outcome
    assert armed(idrac) == "None"
    left(ready, idrac)


def test_cancelled_before_the_restart_the_source_is_as_it_was(ready: Program) -> None:
    idrac = ready.site.idracs[3]
    run(ready, [idrac], once="hard disk")
    before = patches(idrac)
    idrac.set_os_obeys(False)
    job_id = ready.app.commands.submit(
        "boot_configuration", [ready.server(idrac).id], {"once": "PXE", "restart": "graceful"}
    )
    until(lambda: patches(idrac) > before, "the source to be set")
    ready.app.commands.cancel(job_id, CancelGrade.NOW)
    assert ready.wait(job_id).state == "cancelled"
    idrac.set_os_obeys()
    assert armed(idrac) == "Hdd"
    left(ready, idrac)
    run(ready, [idrac], once="none")


def test_a_mode_takes_one_restart_and_it_is_the_chosen_one(ready: Program) -> None:
    idrac = ready.site.idracs[4]
    (task,) = run(ready, [idrac])
    assert task.result
    mode, boots, sent = ("BIOS" if task.result["mode"] == "UEFI" else "UEFI"), idrac.boots, len(idrac.journal)
    idrac.set_os_obeys(False)
    (task,) = run(ready, [idrac], mode=mode, restart="graceful, then forced")
    idrac.set_os_obeys(True)
    assert task.state == "completed", task.outcome
    assert task.result
    assert (task.result["proven"], idrac.boots) == (True, boots + 1)
    bodies = [str(e.body) for e in list(idrac.journal)[sent:]]
    assert any("GracefulRebootWithForcedShutdown" in body for body in bodies)


def test_an_address_for_http_boot_alone_waits_and_says_so(ready: Program) -> None:
    idrac = ready.site.idracs[2]
    (task,) = run(ready, [idrac], http_uri="http://10.0.0.1/boot.efi")
    assert task.state == "completed", task.outcome
    assert task.result
    assert (task.result["proven"], "waits for the next restart" in task.outcome) == (False, True)
    ids = [ready.server(idrac).id]
    assert ready.run("bios_config_write", {"action": "withdraw what waits"}, ids).failed == 0


def test_what_a_server_does_not_have_is_refused_with_what_it_has(ready: Program) -> None:
    idrac = ready.site.idracs[3]
    before = len(idrac.journal)
    task = run(ready, [idrac], order=["Floppy from 1999"])[0]
    assert task.state == "failed"
    assert "no boot option" in task.outcome
    assert len(idrac.journal) == before


def test_an_order_is_given_by_id_or_part_of_a_name() -> None:
    options = [{"id": "Boot0000", "name": "PXE Device 1"}, {"id": "Boot0001", "name": "Windows"}, {"id": "Boot0002", "name": "PXE Device 2"}]  # fmt: skip
    assert wanted_order(options, ["windows", "boot0002"]) == ["Boot0001", "Boot0002", "Boot0000"]
    with pytest.raises(BadInput, match="more than one"):
        wanted_order(options, ["pxe"])


@pytest.mark.parametrize(
    ("params", "danger"),
    [
        ({}, Danger.NONE),
        ({"once": "PXE"}, Danger.DISRUPTIVE),
        ({"http_uri": "http://10.0.0.1/boot.efi"}, Danger.DISRUPTIVE),
        ({"restart": "graceful"}, Danger.DISRUPTIVE),
        ({"restart": "graceful, then forced"}, Danger.DESTRUCTIVE),
    ],
)  # fmt: skip
def test_what_is_forced_is_typed(params: dict[str, Any], danger: Danger) -> None:
    assert boot_configuration.danger_for(boot_configuration.validate(params)) is danger


@pytest.mark.parametrize("params", [{"once": "UEFI target"}, {"once": "HTTP", "http_uri": "ftp://x"}])
def test_what_is_incomplete_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        boot_configuration.validate(params)
