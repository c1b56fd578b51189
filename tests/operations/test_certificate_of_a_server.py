"""An iDRAC shows another certificate while a job on servers alone is at work: what has changed nothing ends and says so, what has
asks once, sends nothing meanwhile, and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.commands.jobs import put_back
from dsm_desktop.commands.servers import trust_certificate
from dsm_desktop.queries.jobs import open_decisions, restore_list
from dsm_desktop.simulator import SimulatedIdrac
from tests.operations.firmware_site import BIOS, QUICK, Firmware, firmware_program
from tests.operations.killing import answered, open_question, until

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firmware]:
    folder = tmp_path_factory.mktemp("certificates")
    with firmware_program(folder, ("idrac9-7", "idrac8"), network="127.99.4.0/24") as firmware:
        yield firmware


@pytest.fixture
def site(shared: Firmware) -> Iterator[Firmware]:
    shared.rest()
    yield shared
    shared.rest()
    for idrac in shared.idracs:
        shared.program.app.commands.do(trust_certificate, server_id(shared, idrac), idrac.fingerprint)


def server_id(site: Firmware, idrac: SimulatedIdrac) -> int:
    return site.program.server(idrac).id


def in_the_middle(site: Firmware, idrac: SimulatedIdrac, version: str) -> int:
    """An update that is being written when the iDRAC shows another certificate; the job that asks about it."""
    app = site.program.app
    params = QUICK | {"packages": [site.package(idrac, BIOS, version)], "proof_minutes": 5}
    job_id = app.commands.submit("firmware_update", [server_id(site, idrac)], params)
    until(lambda: "Running" in idrac.jobs.values(), f"the update: {site.program.tasks(job_id)}")
    idrac.new_certificate()
    until(lambda: open_question(app, job_id) is not None, f"the question: {site.program.tasks(job_id)}")
    return job_id


def standing(site: Firmware) -> list[str]:
    return [r.what for r in site.program.app.store.fetch(lambda c: restore_list(c, standing_only=True))]


@pytest.mark.parametrize("number", [0, 1])
def test_asked_once_and_the_update_goes_on(site: Firmware, number: int) -> None:
    idrac, app = site.idracs[number], site.program.app
    job_id = in_the_middle(site, idrac, "9.2.1")
    asked = app.store.fetch(open_decisions)
    assert len(asked) == 1
    assert "The certificate of the iDRAC of" in asked[0].question
    assert f"SHA-256 {idrac.fingerprint}" in asked[0].question
    sent = idrac.counters["requests"]
    assert any("staged firmware" in what for what in standing(site))
    answered(app, job_id, "again")
    until(
        lambda: open_question(app, job_id) not in (None, asked[0].id),
        "the question after it was looked again",
    )
    assert idrac.counters["requests"] == sent, "nothing is sent before it is approved"
    answered(app, job_id, "approve")
    job = site.program.wait(job_id)
    assert (job.state, job.failed) == ("completed", 0), site.program.tasks(job_id)
    assert (idrac.effects["flash BIOS 9.2.1"], idrac.installed[BIOS]) == (1, "9.2.1")
    assert standing(site) == []


def test_before_anything_is_changed_it_ends_and_says_so(site: Firmware) -> None:
    idrac = site.idracs[0]
    name = site.package(idrac, BIOS, "9.2.2")
    idrac.new_certificate()
    _, (task,) = site.run("firmware_update", [server_id(site, idrac)], packages=[name])
    assert (task.error["code"], bool(task.error["hint"])) == ("CertificateChanged", True)
    assert idrac.installed[BIOS] != "9.2.2"


def test_what_only_reads_never_asks(site: Firmware) -> None:
    idrac = site.idracs[0]
    idrac.new_certificate()
    job = site.program.run("inventory_refresh", {}, [server_id(site, idrac)])
    (task,) = site.program.tasks(job.id)
    assert task.error is not None
    assert task.error["code"] == "CertificateChanged"


def test_ended_there_it_stands_on_the_list_and_putting_back_asks_again(site: Firmware) -> None:
    idrac, app = site.idracs[0], site.program.app
    job_id = in_the_middle(site, idrac, "9.2.3")
    answered(app, job_id, "stop")
    assert site.program.wait(job_id).failed == 1
    (task,) = site.program.tasks(job_id)
    assert task.error is not None
    assert task.error["code"] == "CertificateChanged"
    assert len(standing(site)) == 1
    app.commands.do(put_back, task.id)
    answered(app, job_id, "approve")
    until(lambda: standing(site) == [], "it to be put back")


def test_a_question_outlives_its_runner(site: Firmware) -> None:
    idrac, program = site.idracs[0], site.program
    job_id = in_the_middle(site, idrac, "9.2.4")
    asked = open_question(program.app, job_id)
    program.runner.stop()
    assert open_question(program.app, job_id) == asked
    program.runner = program.app.make_runner("another")
    program.runner.start()
    answered(program.app, job_id, "approve")
    job = program.wait(job_id)
    assert (job.state, job.failed) == ("completed", 0), program.tasks(job_id)
    assert idrac.effects["flash BIOS 9.2.4"] == 1
