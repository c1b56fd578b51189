"""Firmware jobs on every generation: done means that the version was read back, and each flash happens once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dsm_desktop.commands.firmware_exclusions import add_exclusion, remove_exclusion
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.firmware.plan import Impact
from dsm_desktop.jobs import Danger
from dsm_desktop.operations.firmware import FirmwareOptions
from dsm_desktop.queries.jobs import restore_list, task_steps
from dsm_desktop.workflows.gate import pass_gate
from tests.operations.firmware_site import BIOS, IDRAC, QUICK, Firmware, firmware_program
from tests.simulator.webserver import Files

pytestmark = pytest.mark.shared_program
CPLD = "CPLD.Embedded.1"
DRIVERS = "DriverPack.Embedded.1:LC.Embedded.1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firmware]:
    with firmware_program(tmp_path_factory.mktemp("firmware")) as firmware:
        yield firmware


@pytest.fixture
def site(shared: Firmware) -> Firmware:
    shared.rest()
    return shared


def one(site: Firmware, place: int = 2) -> list[int]:
    """The server in the middle of it all: iDRAC9 with 7.x."""
    return [site.program.server(site.idracs[place]).id]


def outcome(tasks: list[Any]) -> str:
    [task] = tasks
    return str(task.outcome)


def test_every_generation_gets_its_package_once_and_proves_it(site: Firmware) -> None:
    names = [site.package(idrac, BIOS, "9.9.1") for idrac in site.idracs]
    before = site.flashes()
    job, tasks = site.run("firmware_update", packages=names)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    for idrac, earlier, after in zip(site.idracs, before, site.flashes(), strict=True):
        assert idrac.installed[BIOS] == "9.9.1"
        assert after["BIOS 9.9.1"] - earlier.get("BIOS 9.9.1", 0) == 1
    assert all(t.result["proven"] and t.result["restarts"] == 1 for t in tasks)
    assert all(t.result["done"][0]["after"] == "9.9.1" for t in tasks)

    # The same once more: nothing to update is a result, and nothing is sent.
    changes = [len(i.journal) for i in site.idracs]
    job, tasks = site.run("firmware_update", packages=names)
    assert (job.state, job.failed) == ("completed", 0)
    assert all("Nothing to update" in t.outcome and "9.9.1 is installed already" in t.outcome for t in tasks)
    assert [len(i.journal) for i in site.idracs] == changes


def test_the_idrac_goes_first_and_alone_for_a_jump(site: Firmware) -> None:
    names = [site.package(site.idracs[2], fqdd, version) for fqdd, version in
             ((BIOS, "9.9.2"), (IDRAC, "8.10.00.00"), (CPLD, "9.0.1"), (DRIVERS, "25.01.01"))]  # fmt: skip
    job, tasks = site.run("firmware_update", one(site), packages=names, restart="power_cycle")
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    order = [e.effect for e in site.idracs[2].journal if e.effect.startswith("flash ")][-4:]
    assert [line.split()[1] for line in order][::3] == ["iDRAC", "CPLD"] or order[0].startswith("flash iDRAC")
    assert order[0] == "flash iDRAC 8.10.00.00"
    assert order[-1].endswith("9.0.1")
    assert site.idracs[2].installed[IDRAC] == "8.10.00.00"
    [task] = tasks
    assert task.result["restarts"] == 2
    server = site.program.server(site.idracs[2])
    assert server.idrac_version == "8.10.00.00", "the list shows what was read back"


def test_a_package_for_another_model_is_refused_before_anything_is_sent(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.3", systems=("0999",), models=("R990",))
    changes = [len(i.journal) for i in site.idracs]
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert job.failed == 1
    assert "made for R990" in outcome(tasks)
    assert [len(i.journal) for i in site.idracs] == changes


def test_a_package_with_a_broken_signature_is_refused_before_anything_is_sent(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.31", signature="bad")
    changes = [len(i.journal) for i in site.idracs]
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert job.failed == 1
    assert "signature is broken" in outcome(tasks)
    assert [len(i.journal) for i in site.idracs] == changes


def test_a_job_that_says_ok_over_an_unchanged_version_is_a_failure(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.4")
    site.idracs[2].set_fault("version_unchanged")
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert job.failed == 1
    assert "still shows" in outcome(tasks)


def test_a_failed_job_is_told_in_the_devices_words(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.5")
    site.idracs[2].set_fault("job_fails", kind="Firmware", code="RED007")
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert job.failed == 1
    assert "signature" in outcome(tasks).lower()


@pytest.mark.parametrize("then", ["goes_on", "vanishes"])
def test_an_idrac_that_restarts_in_the_middle(site: Firmware, then: str) -> None:
    version = {"goes_on": "9.9.6", "vanishes": "9.9.7"}[then]
    name = site.package(site.idracs[2], BIOS, version)
    site.idracs[2].set_fault("idrac_resets_in_job", kind="Firmware", then=then)
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    if then == "goes_on":
        assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
        assert site.idracs[2].installed[BIOS] == version
    else:
        assert job.failed == 1, "the job is gone and the version is as it was"
        assert "still shows" in outcome(tasks)


def test_a_lost_reinstall_is_not_proven_by_the_version_that_ran_before(site: Firmware) -> None:
    idrac = site.idracs[2]
    name = site.package(idrac, BIOS, idrac.installed[BIOS])
    idrac.set_fault("idrac_resets_in_job", kind="Firmware", then="vanishes")
    job, tasks = site.run("firmware_update", one(site), packages=[name], reinstall=True)
    assert job.failed == 1, outcome(tasks)
    assert "ran before it too" in outcome(tasks)
    idrac.clear_faults()
    job, tasks = site.run("firmware_update", one(site), packages=[name], reinstall=True)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)


@pytest.mark.parametrize("apply", ["now", "next_restart"])
def test_the_host_restarts_only_for_what_waits_for_it(
    site: Firmware, monkeypatch: pytest.MonkeyPatch, apply: str
) -> None:
    """A part that is thought to need a restart, and whose job ends without one."""
    monkeypatch.setattr("dsm_desktop.firmware.plan.impact_of", lambda *_: Impact.HOST)
    version = {"now": "98.1.01", "next_restart": "98.1.02"}[apply]
    name = site.package(site.idracs[2], DRIVERS, version)
    boots = site.idracs[2].boots
    job, tasks = site.run("firmware_update", one(site), packages=[name], apply=apply)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert tasks[0].result["proven"]
    assert (site.idracs[2].installed[DRIVERS], site.idracs[2].boots) == (version, boots)


def test_an_idrac8_takes_its_own_update_by_the_push_of_old(site: Firmware) -> None:
    name = site.package(site.idracs[0], IDRAC, "2.89.89.89")
    job, tasks = site.run("firmware_update", one(site, 0), packages=[name])
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[0].effects["flash iDRAC 2.89.89.89"] == 1


def test_the_media_server_serves_where_that_is_wanted(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.8")
    job, tasks = site.run("firmware_update", one(site), packages=[name], way="serve")
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[2].effects["flash BIOS 9.9.8"] == 1
    assert any("SimpleUpdate" in c.effect for c in site.idracs[2].journal)


def test_a_share_that_holds_the_same_files(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.8.1")
    with Files() as share:
        share.content[name] = (site.folder / name).read_bytes()
        job, tasks = site.run("firmware_update", one(site), packages=[name], way="share", share=share.url)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[2].effects["flash BIOS 9.9.8.1"] == 1
    # Nobody is there any more: the iDRAC's own words, and nothing flashed.
    name = site.package(site.idracs[2], BIOS, "9.9.8.2")
    job, tasks = site.run("firmware_update", one(site), packages=[name], way="share", share=share.url)
    assert job.failed == 1
    assert "flash BIOS 9.9.8.2" not in site.idracs[2].effects


def test_waiting_for_the_next_restart_is_no_proof(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.9")
    boots = site.idracs[2].boots
    job, tasks = site.run("firmware_update", one(site), packages=[name], apply="next_restart")
    [task] = tasks
    assert (job.state, task.result["proven"]) == ("completed", False)
    assert "waits for the next restart" in task.outcome
    assert site.idracs[2].boots == boots
    assert "Scheduled" in site.idracs[2].jobs.values()


def test_a_dry_run_names_every_call_and_makes_none(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.9.10")
    changes = len(site.idracs[2].journal)
    job, tasks = site.run("firmware_update", one(site), packages=[name], dry_run=True)
    assert job.state == "completed"
    assert "Would do: " in outcome(tasks)
    assert len(site.idracs[2].journal) == changes


@pytest.mark.parametrize("graceful", [True, False])
def test_an_operating_system_that_does_not_stop(
    site: Firmware, graceful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 2.0)
    version = "9.10.1" if graceful else "9.10.2"
    name = site.package(site.idracs[2], BIOS, version)
    site.idracs[2].set_os_obeys(False)
    how = "graceful" if graceful else "graceful_then_forced"
    job, tasks = site.run("firmware_update", one(site), packages=[name], restart=how, restart_minutes=1)
    if graceful:
        assert job.failed == 1
        assert "did not follow" in outcome(tasks)
        assert "Scheduled" not in site.idracs[2].jobs.values(), "what was staged is taken out again"
        assert site.idracs[2].installed[BIOS] != version
    else:
        assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
        assert site.idracs[2].installed[BIOS] == version


def test_the_gate_names_what_stands_in_the_way(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.3")
    changes = len(site.idracs[2].journal)
    site.idracs[2].set_lockdown()
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert "lockdown" in outcome(tasks)
    site.idracs[2].set_lockdown(False)
    waiting = site.idracs[2].add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert job.failed == 1
    assert waiting in outcome(tasks)
    assert len(site.idracs[2].journal) == changes


def test_a_package_that_changed_at_the_gate_is_not_sent(
    site: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.31")

    async def long(*args: Any, **more: Any) -> list[str]:
        known = await pass_gate(*args, **more)
        with (site.folder / name).open("ab") as file:
            file.write(b"more")
        return known

    monkeypatch.setattr("dsm_desktop.operations.firmware_update.pass_gate", long)
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    (site.folder / name).unlink()
    site.scan()
    assert job.failed == 1
    assert "has changed since it was scanned" in outcome(tasks)
    assert not any(effect.endswith("9.10.31") for effect in site.idracs[2].effects)


def test_windows_and_exclusions(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.4")
    long_ago = datetime.now(UTC) - timedelta(hours=5)
    params = {"apply": "window", "window_from": long_ago.isoformat(), "window_minutes": 60}
    job, tasks = site.run("firmware_update", one(site), packages=[name], **params)
    assert job.failed == 1
    assert "window ended" in outcome(tasks)

    app = site.program.app
    with app.store.write() as uow:
        rule = add_exclusion(
            uow, app.principal, component="159", version="9.10.*", reason="hangs at POST", model="r*"
        )
    try:
        job, tasks = site.run("firmware_update", one(site), packages=[name])
        assert job.state == "completed"
        assert "excluded at this site: hangs at POST" in outcome(tasks)
    finally:
        with app.store.write() as uow:
            remove_exclusion(uow, app.principal, rule)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    params = {"apply": "window", "window_from": soon.isoformat(), "window_minutes": 60}
    job, tasks = site.run("firmware_update", one(site), packages=[name], **params)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[2].installed[BIOS] == "9.10.4"


def test_a_cancelled_job_leaves_nothing_staged(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.5")
    idrac, program = site.idracs[2], site.program
    idrac.set_os_obeys(False)
    job_id = program.app.commands.submit("firmware_update", one(site), QUICK | {"packages": [name]})
    _until(lambda: "Scheduled" in idrac.jobs.values())
    program.app.commands.cancel(job_id, CancelGrade.NOW)
    job = program.wait(job_id)
    assert job.state == "cancelled"
    assert "Scheduled" not in idrac.jobs.values()
    assert idrac.installed[BIOS] != "9.10.5"


def test_a_host_that_is_off_is_off_again_at_the_end(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.6")
    site.idracs[2].set_power("Off")
    job, tasks = site.run("firmware_update", one(site), packages=[name])
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[2].installed[BIOS] == "9.10.6"
    _until(lambda: site.idracs[2].power_state == "Off")


def test_a_host_that_does_not_go_off_again_stays_on_the_restore_list(
    site: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an operating system that listens: it was asked to stop once, and that is no proof that it did."""
    monkeypatch.setattr("dsm_desktop.workflows.reset.MINUTE", 2.0)
    idrac, app = site.idracs[2], site.program.app
    asked = idrac.effects.get("ComputerSystem.Reset:GracefulShutdown", 0)
    name = site.package(idrac, BIOS, "9.10.6.1")
    idrac.set_power("Off")
    idrac.set_os_obeys(False)
    job, (task,) = site.run("firmware_update", one(site), packages=[name], restart_minutes=1)
    assert job.failed == 1
    assert "did not stop within 1 minutes" in task.outcome
    assert (idrac.installed[BIOS], idrac.power_state) == ("9.10.6.1", "On")
    assert idrac.effects["ComputerSystem.Reset:GracefulShutdown"] == asked + 1
    (entry,) = app.store.fetch(lambda c: restore_list(c, standing_only=True))
    assert entry.state == "failed"
    assert "Switch it off" in entry.message
    idrac.set_power("Off")
    app.commands.put_back(task.id)
    _until(lambda: not app.store.fetch(lambda c: restore_list(c, standing_only=True)))


def test_the_configuration_is_saved_before_anything_is_sent(site: Firmware) -> None:
    name = site.package(site.idracs[2], BIOS, "9.10.7")
    job, tasks = site.run("firmware_update", one(site), packages=[name], backup=True)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert tasks[0].result["backup_id"]
    effects = [change.effect for change in site.idracs[2].journal]
    exported = max(n for n, effect in enumerate(effects) if "Export" in effect)
    assert exported < next(n for n, effect in enumerate(effects) if effect == "MultipartUpload BIOS 9.10.7")


def test_taken_up_again_after_its_window_what_is_staged_is_still_taken_out(
    site: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner ends in the middle of the work, the next one begins in the morning: nothing may stay staged and forgotten."""
    name = site.package(site.idracs[2], BIOS, "9.10.8")
    idrac, program = site.idracs[2], site.program
    idrac.set_os_obeys(False)
    began = datetime.now(UTC) - timedelta(minutes=1)
    params = QUICK | {"packages": [name], "apply": "window", "window_from": began.isoformat()}
    job_id = program.app.commands.submit("firmware_update", one(site), params)
    _until(lambda: "Scheduled" in idrac.jobs.values())
    program.runner.stop()
    how_to = vars(FirmwareOptions)["how_to"].fget
    over = property(lambda options: replace(how_to(options), window_until=began))
    monkeypatch.setattr(FirmwareOptions, "how_to", over)
    program.runner = program.app.make_runner("morning")
    program.runner.start()
    try:
        program.app.commands.cancel(job_id, CancelGrade.NOW)
        job = program.wait(job_id)
        assert job.state == "cancelled", outcome(program.tasks(job_id))
        assert "Scheduled" not in idrac.jobs.values()
    finally:
        program.runner.stop()
        program.runner = program.app.make_runner("test")
        program.runner.start()


@pytest.mark.parametrize(
    ("step", "uri"), [("send package", "MultipartUpload"), ("reset", "ComputerSystem.Reset")]
)
def test_taken_up_again_after_its_window_nothing_is_begun(
    site: Firmware, monkeypatch: pytest.MonkeyPatch, step: str, uri: str
) -> None:
    """Stopped right before a request, when the window had been looked at already."""
    idrac, program = site.idracs[2], site.program
    version = {"reset": "9.10.9", "send package": "9.10.10"}[step]
    name = site.package(idrac, BIOS, version)
    idrac.set_fault("sys518", uri=uri, verbs=["POST"])
    began, boots = datetime.now(UTC) - timedelta(minutes=1), idrac.boots
    params = QUICK | {"packages": [name], "apply": "window", "window_from": began.isoformat()}
    job_id = program.app.commands.submit("firmware_update", one(site), params)
    (task,) = program.tasks(job_id)
    _until(
        lambda: any(
            (s.name, s.state) == (step, "begun")
            for s in program.app.store.fetch(lambda c: task_steps(c, task.id))
        )
    )
    program.runner.stop()
    idrac.clear_faults()
    how_to = vars(FirmwareOptions)["how_to"].fget
    monkeypatch.setattr(
        FirmwareOptions, "how_to", property(lambda options: replace(how_to(options), window_until=began))
    )
    program.runner = program.app.make_runner("morning")
    program.runner.start()
    try:
        assert program.wait(job_id).failed == 1
        assert "window ended" in outcome(program.tasks(job_id))
        sent = f"MultipartUpload BIOS {version}" in idrac.effects
        assert (sent, idrac.boots) == (step == "reset", boots)
        assert f"flash BIOS {version}" not in idrac.effects
        assert "Scheduled" not in idrac.jobs.values()
    finally:
        program.runner.stop()
        program.runner = program.app.make_runner("test")
        program.runner.start()


def test_an_idrac_far_behind_goes_over_the_versions_between(site: Firmware) -> None:
    """A 4.x is refused 7.x while the library has no step, and climbs when it has them; each version is read back."""
    idrac, ids = site.idracs[1], one(site, 1)
    assert idrac.generation == "idrac9-4"
    running = idrac.installed[IDRAC]
    assert running.startswith("4.")
    wanted = site.package(idrac, IDRAC, "7.00.60.00")
    job, tasks = site.run("firmware_update", ids, packages=[wanted])
    assert (job.failed, tasks[0].error["code"]) == (1, "StepMissing")
    assert "has to run first" in outcome(tasks)
    site.package(idrac, IDRAC, "6.10.80.00")
    job, tasks = site.run("firmware_update", ids, packages=[wanted])
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert [(d["before"], d["after"]) for d in tasks[0].result["done"]][-1] == ("6.10.80.00", "7.00.60.00")
    assert tasks[0].result["proven"]
    assert idrac.installed[IDRAC] == "7.00.60.00"


def test_going_back_and_undoing_a_night(site: Firmware) -> None:
    idrac, ids = site.idracs[2], one(site)
    before = idrac.installed[BIOS]
    name = site.package(idrac, BIOS, "9.11.1")
    update, tasks = site.run("firmware_update", ids, packages=[name])
    assert update.failed == 0, outcome(tasks)
    job, tasks = site.run("firmware_rollback", ids, undo_job=update.id)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert idrac.installed[BIOS] == before
    assert tasks[0].result["done"][0]["after"] == before

    job, tasks = site.run("firmware_rollback", ids, undo_job=update.id)
    assert "runs " + before + " already" in outcome(tasks)
    job, tasks = site.run("firmware_rollback", ids, components=["BIOS"], dry_run=True)
    assert "9.11.1" in outcome(tasks)
    job, tasks = site.run("firmware_rollback", ids, components=["no such part"])
    assert "keeps no earlier version" in outcome(tasks)


def test_an_older_version_needs_to_be_allowed(site: Firmware) -> None:
    name = site.package(site.idracs[1], BIOS, "0.0.1")
    job, tasks = site.run("firmware_update", one(site, 1), packages=[name])
    assert "going back was not allowed" in outcome(tasks)
    job, tasks = site.run("firmware_update", one(site, 1), packages=[name], downgrade=True)
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert site.idracs[1].installed[BIOS] == "0.0.1"


def test_everything_the_library_has_in_one_go(site: Firmware) -> None:
    idrac = site.idracs[3]
    for fqdd, version in ((BIOS, "9.12.1"), (BIOS, "9.12.0"), (DRIVERS, "26.01.01"), (IDRAC, "1.99.00.00")):
        site.package(idrac, fqdd, version)
    boots = idrac.boots
    job, tasks = site.run("full_server_update", one(site, 3))
    assert (job.state, job.failed) == ("completed", 0), outcome(tasks)
    assert (idrac.installed[BIOS], idrac.installed[DRIVERS]) == ("9.12.1", "26.01.01")
    assert idrac.installed[IDRAC] == "1.99.00.00"
    assert idrac.boots == boots + 1
    job, tasks = site.run("full_server_update", one(site, 3), only=["25227"])
    assert "Nothing to update" in outcome(tasks)


def test_what_is_forced_is_typed_and_bad_input_is_refused() -> None:
    from dsm_desktop.app.application import catalogue

    update = catalogue()["firmware_update"]
    dangers = {
        r: update.danger_for(update.validate({"packages": ["x"], "restart": r}))
        for r in ("graceful", "graceful_then_forced", "power_cycle")
    }
    assert dangers == {
        "graceful": Danger.DISRUPTIVE,
        "graceful_then_forced": Danger.DESTRUCTIVE,
        "power_cycle": Danger.DESTRUCTIVE,
    }
    cases: list[dict[str, Any]] = [
        {"packages": []},
        {"packages": ["x"], "apply": "window"},
        {"packages": ["x"], "way": "fax"},
    ]
    for wrong in cases:
        with pytest.raises(BadInput):
            update.validate(wrong)
    with pytest.raises(BadInput, match="not both"):
        catalogue()["firmware_rollback"].validate({"components": ["BIOS"], "undo_job": 4})


def _until(true: Any, seconds: float = 90) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
