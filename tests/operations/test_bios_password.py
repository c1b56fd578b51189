"""bios_password on every generation: told by name, sent once, applied by a job, proven by the hash; the secret is written nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.core.errors import BadInput
from dsm_desktop.jobs import Danger
from dsm_desktop.operations.bios_password import bios_password
from dsm_desktop.queries.jobs import TaskRow
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.store.models import Base
from dsm_desktop.workflows import bios
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program
FIRST, SECOND = "geheim-A1 setup", "geheim-B2 setup"


@pytest.fixture(scope="module")
def stocked(scanned: Program) -> Program:
    for name, secret in (("first", FIRST), ("second", SECOND), ("long", "x" * 33)):
        scanned.app.commands.save_credential(CredentialDraft(None, name, "bios", "BIOS", secret))
    return scanned


@pytest.fixture
def clean(stocked: Program, ready: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.setattr(bios, "EVERY", 0.5)
    yield ready
    for idrac in ready.site.idracs:
        ready.site.call(idrac._device.bios.passwords.clear)
        idrac.clear_faults()


def run(program: Program, idracs: list[SimulatedIdrac], **params: Any) -> list[TaskRow]:
    given = {"reboot": "power cycle", **params}
    job = program.run("bios_password", given, [program.server(i).id for i in idracs])
    return program.tasks(job.id)


def held(idrac: SimulatedIdrac, name: str = "SetupPassword") -> str:
    return str(idrac._device.bios.passwords.get(name, ""))


def sent(idrac: SimulatedIdrac) -> int:
    return sum(entry.uri.endswith("Bios.ChangePassword") for entry in idrac.journal)


def test_set_changed_and_removed_on_every_generation_and_written_nowhere(clean: Program) -> None:
    idracs = clean.site.idracs
    for params, now in (
        ({"new": "first"}, FIRST),
        ({"new": "second", "old": "first"}, SECOND),
        ({"remove": True, "old": "second"}, ""),
    ):
        tasks = run(clean, idracs, **params)
        assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
        assert {t.result and t.result["proof"] for t in tasks} == {"read back"}, [t.outcome for t in tasks]
        assert {held(i) for i in idracs} == {now}
    assert [sent(i) for i in idracs] == [3] * 6
    with clean.app.store.read() as connection:
        kept = str([list(connection.execute(select(table))) for table in Base.metadata.sorted_tables])
    assert FIRST not in kept
    assert SECOND not in kept
    shown = [str(i._device.bios.values().get("SHA256SetupPasswordSalt")) for i in idracs]
    assert not [salt for salt in shown if salt and salt in kept]


def test_what_is_so_already_sends_nothing(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    clean.site.call(lambda: idrac._device.bios.passwords.update(SetupPassword=FIRST))
    before = sent(idrac)
    (task,) = run(clean, [idrac], new="first")
    assert (task.outcome, sent(idrac)) == ("It is so already.", before)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"new": "second"}, "Name the credential set"),
        ({"new": "second", "old": "nobody's"}, "Add it under Credentials"),
        ({"new": "long", "old": "first"}, "At most 32"),
    ],
)
def test_what_the_server_would_refuse_is_not_sent(clean: Program, given: dict[str, Any], words: str) -> None:
    idrac = clean.site.idracs[3]
    clean.site.call(lambda: idrac._device.bios.passwords.update(SetupPassword=FIRST))
    before = sent(idrac)
    (task,) = run(clean, [idrac], **given)
    assert task.error is not None
    assert words in task.error["hint"]
    assert sent(idrac) == before


def test_a_wrong_present_password_is_tried_once_and_stays(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    clean.site.call(lambda: idrac._device.bios.passwords.update(SetupPassword="somebody else's"))
    asked = idrac.counters["requests"]
    (task,) = run(clean, [idrac], new="second", old="first")
    assert task.state == "failed", task.outcome
    assert held(idrac) == "somebody else's"
    assert idrac._device.jobs.staged("/redfish/v1/Systems/System.Embedded.1/Bios/Settings") is None
    assert idrac.counters["requests"] > asked


def test_a_job_that_cannot_be_made_leaves_nothing_staged(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    idrac.set_fault("fail_next", uri="/Jobs$", verbs=["POST"], status=400)
    (task,) = run(clean, [idrac], new="first")
    assert task.state == "failed", task.outcome
    assert [e.effect for e in idrac.journal[-2:]] == [
        "Bios.ChangePassword SetupPassword",
        "ClearPending Bios/Settings",
    ]


def test_a_dry_run_sends_nothing(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    before = len(idrac.journal)
    job = clean.run("bios_password", {"new": "first"}, [clean.server(idrac).id], dry_run=True)
    assert job.failed == 0, clean.tasks(job.id)
    assert len(idrac.journal) == before


def test_what_stops_every_start_is_typed() -> None:
    def danger(**given: Any) -> Danger:
        return bios_password.danger_for(bios_password.validate(given))

    assert danger(new="a", password="system") is Danger.DESTRUCTIVE
    assert danger(new="a") is Danger.DISRUPTIVE
    assert danger(remove=True, old="a", password="system") is Danger.DISRUPTIVE
    for wrong in ({}, {"new": "a", "remove": True}, {"new": "a", "when": "stage only"}):
        with pytest.raises(BadInput):
            bios_password.validate(wrong)
