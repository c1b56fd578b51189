"""power_action on every generation: what was done is read back; nothing is forced that was asked for gracefully."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.jobs import Danger
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


def resets(program: Program) -> list[int]:
    """Accepted reset requests per iDRAC."""
    return [sum("ComputerSystem.Reset" in entry.uri for entry in i.journal) for i in program.site.idracs]


@pytest.mark.parametrize(
    ("action", "ends"),
    [
        ("graceful_off", "Off"),
        ("force_off", "Off"),
        ("graceful_restart", "On"),
        ("force_restart", "On"),
        ("power_cycle", "On"),
    ],
)
def test_does_it_once_and_reads_it_back(ready: Program, action: str, ends: str) -> None:
    before, boots = resets(ready), [i.boots for i in ready.site.idracs]
    job = ready.run("power_action", {"action": action, "minutes": 30}, [s.id for s in ready.servers()])
    tasks = ready.tasks(job.id)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    assert {i.power_state for i in ready.site.idracs} == {ends}
    assert all(t.result and t.result["proven"] for t in tasks)
    sent = [after - earlier for earlier, after in zip(before, resets(ready), strict=True)]
    # Done means that the host has started anew, not that it runs: it ran before as well.
    began = [i.boots - earlier for i, earlier in zip(ready.site.idracs, boots, strict=True)]
    assert set(began) == ({1} if ends == "On" else {0})
    # A restart that a generation does not offer is a stop and a start; never more.
    assert set(sent) <= {1, 2}


def test_an_idrac_that_stumbles_while_the_host_stops_is_asked_again(ready: Program) -> None:
    idrac = ready.site.idracs[1]
    idrac.set_os_obeys(False)
    before = resets(ready)
    params = {"action": "graceful_off", "minutes": 30}
    job_id = ready.app.commands.submit("power_action", [ready.server(idrac).id], params)
    _until(lambda: resets(ready) != before)
    struck = idrac.struck
    idrac.set_fault("fail_next", status=500, uri=r"/Systems/[^/]+$", verbs=["GET"])
    _until(lambda: idrac.struck > struck)
    idrac.clear_faults()
    idrac.set_power("Off")
    job = ready.wait(job_id)
    idrac.set_os_obeys(True)
    assert (job.state, job.failed) == ("completed", 0), ready.tasks(job_id)


def _until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_already_in_that_state_is_a_result_and_sends_nothing(ready: Program) -> None:
    before = resets(ready)
    job = ready.run("power_action", {"action": "on"}, [s.id for s in ready.servers()])
    assert (job.state, job.failed) == ("completed", 0)
    assert resets(ready) == before


def test_a_dry_run_sends_nothing_that_changes(ready: Program) -> None:
    before = [len(i.journal) for i in ready.site.idracs]
    job = ready.run("power_action", {"action": "force_off"}, [s.id for s in ready.servers()], dry_run=True)
    assert (job.state, job.failed) == ("completed", 0)
    assert [len(i.journal) for i in ready.site.idracs] == before


def test_what_is_forced_is_typed_and_what_is_harmless_is_not() -> None:
    from dsm_desktop.app.application import catalogue

    power = catalogue()["power_action"]
    dangers = {
        a: power.danger_for(power.validate({"action": a})) for a in ("on", "graceful_off", "force_off", "nmi")
    }
    assert dangers == {
        "on": Danger.NONE,
        "graceful_off": Danger.DISRUPTIVE,
        "force_off": Danger.DESTRUCTIVE,
        "nmi": Danger.DESTRUCTIVE,
    }
    with pytest.raises(BadInput, match="action"):
        power.validate({"action": "explode"})


def test_stops_at_the_first_failure_when_told_so(program: Program) -> None:
    program.scan()
    ids = [program.server(i).id for i in program.site.idracs]
    assert program.run("power_action", {"action": "on"}, ids).failed == 0
    program.site.idracs[0].set_fault("unauthorized")
    params = {"action": "force_off", "max_parallel": 1, "stop_on_failure": True}
    job = program.run("power_action", params, ids)
    assert job.failed == 1
    assert job.cancelled == 5
    assert [i.power_state for i in program.site.idracs[1:]] == ["On"] * 5


def test_a_graceful_restart_that_was_only_heard_is_no_restart(
    ready: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lifecycle log notes the request at once; the operating system may ignore it."""
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 4.0)
    idrac = next(i for i in ready.site.idracs if i.generation == "idrac9-7")
    idrac.set_os_obeys(False)
    try:
        ids = [ready.server(idrac).id]
        job = ready.run("power_action", {"action": "graceful_restart", "minutes": 1}, ids)
        assert job.failed == 1
        assert "did not follow" in ready.tasks(job.id)[0].outcome
    finally:
        idrac.set_os_obeys()
