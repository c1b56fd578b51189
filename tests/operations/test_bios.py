"""bios_config_read and bios_config_write on every generation: checked before, one PATCH, one job, read back after the restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.configuration import component_settings
from dsm_desktop.queries.jobs import TaskRow, task_steps
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.simulator.bios import Bios
from dsm_desktop.store.configuration import PENDING, load_settings
from dsm_desktop.workflows.bios_job import runs_at_a_restart
from tests.operations.conftest import Program
from tests.operations.killing import until
from tests.simulator.client import Client

pytestmark = pytest.mark.shared_program


@pytest.fixture
def clean(ready: Program) -> Program:
    """The shared program with nothing staged and no job waiting."""
    ids = [s.id for s in ready.servers()]
    job = ready.run("bios_config_write", {"action": "withdraw what waits"}, ids)
    assert job.failed == 0, [t.outcome for t in ready.tasks(job.id)]
    for idrac in ready.site.idracs:
        idrac.set_lockdown(False)
    return ready


def sent(idrac: SimulatedIdrac) -> tuple[int, int]:
    """(accepted PATCHes of BIOS settings, accepted configuration jobs)."""
    patches = sum(entry.uri.endswith("/Bios/Settings") and entry.verb == "PATCH" for entry in idrac.journal)
    jobs = sum(entry.uri.endswith("/Jobs") and entry.verb == "POST" for entry in idrac.journal)
    return patches, jobs


def write(program: Program, idracs: list[SimulatedIdrac], lines: list[str], **more: Any) -> list[TaskRow]:
    ids = [program.server(i).id for i in idracs]
    job = program.run("bios_config_write", {"settings": lines, **more}, ids)
    return program.tasks(job.id)


def bios_of(program: Program, idrac: SimulatedIdrac) -> dict[str, Any]:
    found = program.app.store.fetch(lambda c: load_settings(c, program.server(idrac).id, BIOS))
    assert found is not None
    return found


def other_num_lock(program: Program, idrac: SimulatedIdrac) -> str:
    """The value NumLock does not have now, whatever tests before have left."""
    program.run("bios_config_read", {}, [program.server(idrac).id])
    return "On" if bios_of(program, idrac)["NumLock"] == "Off" else "Off"


def test_every_generation_is_read_with_names_and_allowed_values(clean: Program) -> None:
    job = clean.run("bios_config_read", {}, [s.id for s in clean.servers()])
    tasks = clean.tasks(job.id)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    for idrac in clean.site.idracs:
        server_id = clean.server(idrac).id
        found = clean.app.store.fetch(partial(component_settings, server_id=server_id))
        rows = {row.name: row for row in found.rows}
        assert rows["NumLock"].value in ("On", "Off")
        assert not [name for name in rows if "Password" in name and not name.endswith("Status")]
    described = [row for row in found.rows if row.entry is not None]
    assert len(described) > 20
    assert any(row.state.read_only and row.state.because for row in described)


def test_now_means_restarted_and_read_back_on_every_generation(clean: Program) -> None:
    before = [sent(i) for i in clean.site.idracs]
    boots = [i.boots for i in clean.site.idracs]
    tasks = write(clean, clean.site.idracs, ["NumLock=Off", "ErrPrompt=Disabled"])
    assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
    assert all(t.result and t.result["changed"] == 2 for t in tasks)
    for number, idrac in enumerate(clean.site.idracs):
        assert bios_of(clean, idrac)["NumLock"] == "Off"
        assert sent(idrac) == (before[number][0] + 1, before[number][1] + 1)
        assert idrac.boots > boots[number]
    again = write(clean, clean.site.idracs, ["NumLock=Off"])
    assert all(t.result and t.result["changed"] == 0 for t in again)
    assert [sent(i)[0] for i in clean.site.idracs] == [b[0] + 1 for b in before]


def test_a_server_that_does_not_shut_down_keeps_no_job_for_its_next_restart(
    clean: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.bios_job.EVERY", 1.0)
    idrac = clean.site.idracs[3]
    value, boots = other_num_lock(clean, idrac), idrac.boots
    idrac.set_os_obeys(False)
    (task,) = write(clean, [idrac], [f"NumLock={value}"])
    idrac.set_os_obeys(True)
    assert task.error is not None
    assert task.error["code"] == "BiosNotRestarted", task.outcome
    assert "graceful, then forced" in task.error["hint"]
    assert not any("Scheduled" in str(job) for job in idrac.jobs.values()), idrac.jobs
    server = clean.server(idrac).id
    assert not clean.app.store.fetch(lambda c: load_settings(c, server, BIOS, PENDING))
    assert clean.run("power_action", {"action": "force_restart"}, [server]).failed == 0
    assert idrac.boots == boots + 1
    assert other_num_lock(clean, idrac) == value, "a later restart of somebody applied it"


def test_given_up_it_takes_its_own_restart_out_and_nobody_elses(
    clean: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.workflows.bios_job.EVERY", 1.0)
    idrac = clean.site.idracs[3]
    settings = [f"NumLock={other_num_lock(clean, idrac)}"]
    idrac.set_os_obeys(False)
    job_id = clean.app.commands.submit("bios_config_write", [clean.server(idrac).id], {"settings": settings})
    (task,) = clean.tasks(job_id)
    follows = "wait for the iDRAC's job"

    def followed() -> bool:
        return any(
            step.name.startswith(follows) for step in clean.app.store.fetch(lambda c: task_steps(c, task.id))
        )

    until(followed, "the job to be followed")
    device = idrac._device
    others = clean.site.call(lambda: device.jobs.reboot("PowerCycle", device.now() + 1e6).id)
    job = clean.wait(job_id)
    idrac.set_os_obeys(True)
    (task,) = clean.tasks(job_id)
    assert job.failed == 1
    assert task.error is not None
    assert task.error["code"] == "BiosNotRestarted", task.outcome
    assert "is under way" not in task.error["message"]
    assert idrac.jobs[others] == "Scheduled"
    assert clean.run("job_queue_clear", {}, [clean.server(idrac).id]).failed == 0


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("bios_config_write", {"settings": ["NumLock=On", "ErrPrompt=Enabled"]}),
        ("boot_configuration", {"once": "PXE", "restart": "graceful"}),
    ],
)
def test_no_restart_of_ours_runs_what_others_have_staged(
    clean: Program, kind: str, given: dict[str, Any]
) -> None:
    idrac = clean.site.idracs[4]
    server = clean.server(idrac).id
    clean.run("bios_config_write", {"settings": ["NumLock=Off"]}, [server])
    staged = idrac.add_job("FirmwareUpdate", "Firmware Update: RAID", at_boot=True)
    before, boots = len(idrac.journal), idrac.boots
    (task,) = clean.tasks(clean.run(kind, given, [server]).id)
    assert task.error is not None
    assert task.error["code"] == "OthersWait", task.outcome
    assert staged in task.error["message"]
    assert (len(idrac.journal), idrac.boots) == (before, boots)
    assert clean.run("job_queue_clear", {}, [server]).failed == 0


@pytest.mark.parametrize(
    ("job", "met"),
    [
        (DeviceJob("JID_1", kind="FirmwareUpdate", state="Scheduled", starts="TIME_NOW"), True),
        (DeviceJob("JID_1", kind="RAIDConfiguration", state="Scheduled", starts="2026-11-28T22:30:00"), True),
        (DeviceJob("JID_1", kind="FirmwareUpdate", state="Scheduled", starts="2026-12-05T22:00:00"), False),
        (
            DeviceJob("JID_1", kind="RealTimeNoRebootConfiguration", state="Scheduled", starts="TIME_NOW"),
            False,
        ),
        (DeviceJob("Auto12345", kind="RepositoryUpdate", state="Scheduled"), False),
        (DeviceJob("JID_1", kind="FirmwareUpdate", state="Running"), False),
        (DeviceJob("RID_1", kind="RebootNoForce", state="RebootPending"), True),
        (DeviceJob("RID_1", kind="RebootNoForce", state="RebootCompleted"), False),
    ],
)
def test_what_a_restart_now_would_meet(job: DeviceJob, met: bool) -> None:
    assert runs_at_a_restart(job, "2026-11-28T22:00:00-06:00") is met


def test_defaults_come_at_the_next_restart_or_not_at_all(clean: Program) -> None:
    for when in ("now", "stage only"):
        with pytest.raises(BadInput, match="next restart"):
            clean.app.catalogue["bios_config_write"].validate({"action": "reset to default", "when": when})


@pytest.mark.parametrize("late", [60.0, 10.0**7])
def test_a_bios_that_reports_late_is_waited_for(
    clean: Program, monkeypatch: pytest.MonkeyPatch, late: float
) -> None:
    """The job has ended and power is on; the new values show only later, or never."""
    idrac = clean.site.idracs[4]
    wanted = "NumLock=On" if bios_of(clean, idrac)["NumLock"] == "Off" else "NumLock=Off"

    def apply(self: Bios, values: dict[str, object], when: float) -> None:
        self._device.schedule(late, lambda _: self.put(values))

    monkeypatch.setattr(Bios, "_apply", apply)
    monkeypatch.setattr("dsm_desktop.workflows.bios.EVERY", 0.2)
    monkeypatch.setattr("dsm_desktop.workflows.bios.LATE", 30.0 if late < 100 else 1.0)
    task = write(clean, [idrac], [wanted])[0]
    if late < 100:
        assert task.state == "completed", task.outcome
        assert bios_of(clean, idrac)["NumLock"] == wanted.partition("=")[2]
    else:
        assert task.error is not None
        assert task.error["code"] == "SettingsNotApplied"
        assert "NumLock" in task.error["detail"]


def test_what_depends_is_refused_before_anything_is_sent(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    before = sent(idrac)
    task = write(clean, [idrac], ["ProcCStates=Enabled"])[0]
    assert task.state == "failed"
    assert "SysProfile" in task.outcome
    assert "Nothing was sent" in task.outcome
    unknown = write(clean, [idrac], ["NumLok=On"])[0]
    assert "meant NumLock" in unknown.outcome
    assert sent(idrac) == before
    both = write(clean, [idrac], ["SysProfile=Custom", "ProcCStates=Enabled"])[0]
    assert both.state == "completed", both.outcome
    assert bios_of(clean, idrac)["ProcCStates"] == "Enabled"


def test_staged_settings_are_shown_and_can_be_withdrawn(clean: Program) -> None:
    idrac = clean.site.idracs[4]
    value = other_num_lock(clean, idrac)
    task = write(clean, [idrac], [f"NumLock={value}"], when="stage only")[0]
    assert task.result is not None
    assert (task.result["waiting"], task.result["changed"]) == (1, 0)
    clean.run("bios_config_read", {}, [clean.server(idrac).id])
    waiting = clean.app.store.fetch(lambda c: load_settings(c, clean.server(idrac).id, BIOS, PENDING))
    assert waiting == {"NumLock": value}
    job = clean.run("bios_config_write", {"action": "withdraw what waits"}, [clean.server(idrac).id])
    assert "1 settings" in clean.tasks(job.id)[0].outcome
    assert clean.app.store.fetch(lambda c: load_settings(c, clean.server(idrac).id, BIOS, PENDING)) is None


def test_the_next_restart_applies_and_a_waiting_job_stands_in_the_way(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    value = other_num_lock(clean, idrac)
    first = write(clean, [idrac], [f"NumLock={value}"], when="next restart")[0]
    assert first.state == "completed", first.outcome
    prompt = "Enabled" if bios_of(clean, idrac)["ErrPrompt"] == "Disabled" else "Disabled"
    second = write(clean, [idrac], [f"ErrPrompt={prompt}"])[0]
    assert second.state == "failed"
    assert "waits on this server" in second.outcome
    restart = clean.run("power_action", {"action": "force_restart"}, [clean.server(idrac).id])
    assert restart.failed == 0
    third = write(clean, [idrac], [f"ErrPrompt={prompt}", f"NumLock={value}"], minutes=60)[0]
    if third.state == "failed":  # the restart's own job may still run
        assert "waits on this server" in third.outcome


def test_lockdown_refuses_and_leaves_nothing_staged(clean: Program) -> None:
    idrac = clean.site.idracs[2]
    idrac.set_lockdown(True)
    task = write(clean, [idrac], [f"NumLock={other_num_lock(clean, idrac)}"])[0]
    idrac.set_lockdown(False)
    assert task.state == "failed"
    assert "ockdown" in task.outcome
    clean.run("bios_config_read", {}, [clean.server(idrac).id])
    assert clean.app.store.fetch(lambda c: load_settings(c, clean.server(idrac).id, BIOS, PENDING)) is None


def test_a_dry_run_names_each_call_and_sends_none(clean: Program) -> None:
    idrac = clean.site.idracs[5]
    before = len(idrac.journal)
    job = clean.run("bios_config_write", {"settings": ["NumLock=On"]}, [clean.server(idrac).id], dry_run=True)
    assert job.failed == 0, clean.tasks(job.id)[0].outcome
    assert len(idrac.journal) == before


def test_cancelled_after_a_step_nothing_is_staged_without_a_job(clean: Program) -> None:
    idrac = clean.site.idracs[5]
    wanted = "NumLock=On" if bios_of(clean, idrac)["NumLock"] == "Off" else "NumLock=Off"
    before = sent(idrac)
    job_id = clean.app.commands.submit(
        "bios_config_write", [clean.server(idrac).id], {"settings": [wanted], "when": "now"}
    )
    clean.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
    row = clean.wait(job_id)
    assert row.state in ("cancelled", "completed")
    patches, jobs = sent(idrac)
    assert patches - before[0] <= 1
    assert jobs - before[1] <= 1
    # Never half: what is staged without a job was withdrawn.
    read = clean.run("bios_config_read", {}, [clean.server(idrac).id])
    assert read.failed == 0
    if jobs == before[1]:
        assert (
            clean.app.store.fetch(lambda c: load_settings(c, clean.server(idrac).id, BIOS, PENDING)) is None
        )


def test_a_window_is_put_on_the_devices_own_clock_and_can_be_withdrawn(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    wanted = "NumLock=On" if bios_of(clean, idrac)["NumLock"] == "Off" else "NumLock=Off"
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=40)
    task = write(clean, [idrac], [wanted], when="window", window_start=begins.isoformat(), window_minutes=30)[
        0
    ]
    assert task.state == "completed", task.outcome
    assert task.result is not None
    assert task.result["waiting"] == 1
    made = next(e for e in reversed(idrac.journal) if e.verb == "POST" and e.uri.endswith("/Jobs"))
    local = begins.astimezone(timezone(_offset(clean, idrac))).strftime("%Y-%m-%dT%H:%M:%S")
    assert made.body["StartTime"] == local
    job = clean.run("bios_config_write", {"action": "withdraw what waits"}, [clean.server(idrac).id])
    assert job.failed == 0, clean.tasks(job.id)[0].outcome
    assert "and the job JID_" in clean.tasks(job.id)[0].outcome
    with pytest.raises(BadInput, match="UTC offset"):
        clean.app.catalogue["bios_config_write"].validate({"settings": [wanted], "when": "window"})


def _offset(program: Program, idrac: SimulatedIdrac) -> timedelta:
    """Of the iDRAC's own clock, by its manager document."""
    with Client(idrac) as client:
        text = client.get("/redfish/v1/Managers/iDRAC.Embedded.1")["DateTimeLocalOffset"]
    hours, minutes = int(text[1:3]), int(text[4:6])
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)
