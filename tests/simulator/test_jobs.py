"""The job queue: states and times, three views of one job, deleting, reboots, accidents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from dsm_desktop.simulator.jobs import Staged
from tests.simulator.client import MANAGER, RESET, SYSTEM, Client, links
from tests.simulator.shapes import Shape, collect, compare, recorded

SERVICE = f"{MANAGER}/Oem/Dell/DellJobService/Actions/DellJobService"
STATUS = f"{MANAGER}/Oem/Dell/DellLCService/Actions/DellLCService.GetRemoteServicesAPIStatus"
TASKS = "/redfish/v1/TaskService/Tasks"
SETTINGS = f"{SYSTEM}/Bios/Settings"


def queue_of(idrac: SimulatedIdrac) -> str:
    """Where this generation lists its jobs."""
    return f"{MANAGER}/Jobs" if idrac.generation in ("idrac7", "idrac8") else f"{MANAGER}/Oem/Dell/Jobs"


def stage(site: Site, idrac: SimulatedIdrac, **values: object) -> list[dict[str, object]]:
    """Stage BIOS settings as a PATCH of them would; the list fills when they are applied."""
    applied: list[dict[str, object]] = []
    staged = Staged(
        SETTINGS,
        "BIOS.Setup.1-1",
        "BIOSConfiguration",
        "Configure: BIOS.Setup.1-1",
        lambda settings, when: applied.append(settings),
        dict(values),
        title="ConfigBIOS:BIOS.Setup.1-1",
    )
    site.call(lambda: idrac._device.jobs.stage(staged))
    return applied


def test_a_job_at_once_shows_the_same_in_all_views(site: Site) -> None:
    for idrac in site.idracs:
        job = idrac.add_job("RealTimeNoRebootConfiguration", "Configure: RAID.Slot.7-1", seconds=100)
        with Client(idrac) as client:
            site.set_clock(advance=50)
            task = client.send("GET", f"{TASKS}/{job}")
            assert (task.status, task.json["TaskState"]) == (202, "Running")
            dell = client.get(f"{queue_of(idrac)}/{job}")
            assert 45 <= dell["PercentComplete"] <= 60
            assert (dell["JobState"], dell["MessageId"]) == ("Running", "PR20")
            assert task.json["Oem"]["Dell"]["MessageId"].endswith(".PR20")
            assert client.send("DELETE", f"{queue_of(idrac)}/{job}").message_ids == ["JCP015"]
            site.set_clock(advance=60)
            task = client.send("GET", f"{TASKS}/{job}")
            assert (task.status, task.json["TaskState"], task.json["PercentComplete"]) == (
                200,
                "Completed",
                100,
            )
            assert client.get(f"{queue_of(idrac)}/{job}")["CompletionTime"]
            listed = client.get(queue_of(idrac) + "?$expand=*($levels=1)")["Members"]
            assert [row["Id"] for row in listed] == [job]
            if idrac.generation not in ("idrac7", "idrac8"):
                assert client.get(f"/redfish/v1/JobService/Jobs/{job}")["JobState"] == "Completed"
            assert client.send("DELETE", f"{queue_of(idrac)}/{job}").status == 200
            assert client.send("GET", f"{TASKS}/{job}").status == 404


def test_staged_settings_wait_for_a_job_and_the_job_for_a_boot(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        body = {"TargetSettingsURI": SETTINGS}
        assert client.post(queue_of(nine), body).message_ids == ["SYS023"]
        applied = stage(site, nine, LogicalProc="Disabled")
        made = client.post(queue_of(nine), body)
        assert made.status == 202
        job = made.headers["Location"]
        assert client.get(job)["JobState"] == "Scheduled"
        assert client.send("GET", f"{TASKS}/{job.rsplit('/', 1)[-1]}").json["TaskState"] == "Starting"
        assert client.post(queue_of(nine), body).message_ids == ["SYS011"]
        site.set_clock(advance=3600)
        assert applied == []
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=61)
        assert client.get(job)["JobState"] == "Running"
        status = client.post(STATUS).json
        assert (status["ServerStatus"], status["LCStatus"]) == ("AutomatedTaskExecution", "InUse")
        site.set_clock(advance=90)
        assert applied == [{"LogicalProc": "Disabled"}]
        assert client.get(job)["MessageId"] == "PR19"
        assert client.post(STATUS).json["ServerStatus"] == "InPOST"
        site.set_clock(advance=100)
        assert client.post(STATUS).json["ServerStatus"] == "OutOfPOST"
        assert client.post(queue_of(nine), body).message_ids == ["SYS023"]
    assert nine.boots == 1


def test_a_config_job_can_bring_its_own_reboot(site: Site, ten: SimulatedIdrac) -> None:
    applied = stage(site, ten, NumLock="Off")
    with Client(ten) as client:
        body = {"TargetSettingsURI": SETTINGS, "RebootJobType": "GracefulRebootWithForcedShutdown"}
        job = client.post(queue_of(ten), body).headers["Location"]
        reboot = next(name for name in ten.jobs if name.startswith("RID_"))
        site.set_clock(advance=41)
        assert client.get(f"{queue_of(ten)}/{reboot}")["JobState"] == "RebootCompleted"
        site.set_clock(advance=160)
        assert client.get(job)["JobState"] == "Completed"
    assert applied
    assert ten.boots == 1


@pytest.mark.parametrize(
    ("kind", "state", "boots"),
    [
        ("GracefulRebootWithForcedShutdown", "RebootCompleted", 1),
        ("GracefulRebootWithoutForcedShutdown", "RebootFailed", 0),
        ("PowerCycle", "RebootCompleted", 1),
    ],
)
def test_an_operating_system_that_does_not_react(
    site: Site, nine: SimulatedIdrac, kind: str, state: str, boots: int
) -> None:
    nine.set_os_obeys(False)
    with Client(nine) as client:
        made = client.post(f"{SERVICE}.CreateRebootJob", {"RebootJobType": kind})
        name = made.headers["Location"].rsplit("/", 1)[-1]
        assert nine.jobs == {name: "New"}
        setup = {"JobArray": [name], "StartTimeInterval": "TIME_NOW"}
        assert client.post(f"{SERVICE}.SetupJobQueue", setup).status == 200
        site.set_clock(advance=400)
    assert (nine.jobs[name], nine.boots) == (state, boots)


def test_a_window_that_passes_fails_the_job(site: Site, nine: SimulatedIdrac) -> None:
    applied = stage(site, nine, NumLock="Off")
    with Client(nine) as client:
        now = client.get(MANAGER)["DateTime"][:19]
        bad = {"TargetSettingsURI": SETTINGS, "StartTime": "tomorrow"}
        assert client.post(queue_of(nine), bad).message_ids == ["SYS436"]
        bad = {"TargetSettingsURI": SETTINGS, "StartTime": "2019-01-01T00:00:00"}
        assert client.post(queue_of(nine), bad).message_ids == ["SYS447"]
        bad = {"TargetSettingsURI": SETTINGS, "EndTime": now}
        assert client.post(queue_of(nine), bad).message_ids == ["SYS437"]
        day = 86400
        end = site.call(lambda: nine._device.stamp(nine._device.now() + day)[:19])
        job = client.post(queue_of(nine), {"TargetSettingsURI": SETTINGS, "EndTime": end}).headers["Location"]
        site.set_clock(advance=day + 5)
        failed = client.get(job)
        assert (failed["JobState"], failed["MessageId"]) == ("Failed", "JCP004")
        assert client.send("GET", f"{TASKS}/{failed['Id']}").status == 400
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=300)
    assert applied == []


def test_clearing_the_queue_normally_and_by_force(site: Site, nine: SimulatedIdrac) -> None:
    applied = stage(site, nine, NumLock="Off")
    clear = f"{SERVICE}.DeleteJobQueue"
    with Client(nine) as client:
        client.post(queue_of(nine), {"TargetSettingsURI": SETTINGS})
        running = nine.add_job("FirmwareUpdate", "Firmware Update: iDRAC", seconds=10_000)
        assert client.post(clear, {"JobID": "JID_000000000001"}).message_ids == ["JCP022"]
        assert client.post(clear, {"JobID": "JID_CLEARALL"}).message_ids == ["JCP015"]
        assert len(nine.jobs) == 2
        assert client.post(clear, {"JobID": "JID_CLEARALL_FORCE"}).status == 200
        assert nine.jobs == {}
        assert client.send("GET", f"{TASKS}/{running}").status == 404
        status = client.post(STATUS).json
        assert (status["LCStatus"], status["RTStatus"]) == ("ReloadingData", "NotReady")
        assert client.get("/redfish/v1/Systems")["Members"] == []
        site.set_clock(advance=121)
        assert client.post(STATUS).json["Status"] == "Ready"
        assert client.get("/redfish/v1/Systems")["Members@odata.count"] == 1
        assert client.post(queue_of(nine), {"TargetSettingsURI": SETTINGS}).message_ids == ["SYS023"]
        nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
        assert client.post(clear, {"JobID": "JID_CLEARALL"}).status == 200
        assert nine.jobs == {}
    assert applied == []


def test_jobs_outlive_a_reset_of_the_idrac(site: Site, nine: SimulatedIdrac) -> None:
    waiting = nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    running = nine.add_job("RAIDConfiguration", "Configure: RAID.Slot.7-1", seconds=500)
    nine.reset_idrac()
    site.set_clock(advance=200)
    assert nine.jobs == {waiting: "Scheduled", running: "Running"}
    site.set_clock(advance=400)
    assert nine.jobs[running] == "Completed"


def test_a_store_of_open_jobs_is_full_at_256(nine: SimulatedIdrac, eight: SimulatedIdrac, site: Site) -> None:
    for idrac, key in ((nine, "JCP017"), (eight, "SUP022")):
        for _ in range(256):
            idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
        stage(site, idrac, NumLock="Off")
        with Client(idrac) as client:
            full = client.post(queue_of(idrac), {"TargetSettingsURI": SETTINGS})
            assert (full.status, full.message_ids) == (400, [key])
            page = client.get(queue_of(idrac) + "?$expand=*($levels=1)")
            assert (len(page["Members"]), page["Members@odata.count"]) == (50, 256)
            assert "Members@odata.nextLink" in page


def test_ended_jobs_make_room(site: Site, nine: SimulatedIdrac) -> None:
    names = [nine.add_job("ExportConfiguration", "Export", seconds=1) for _ in range(128)]
    site.set_clock(advance=5)
    last = nine.add_job("ExportConfiguration", "Export", seconds=1)
    left = nine.jobs
    assert names[0] not in left
    assert names[-1] in left
    assert last in left


def test_lockdown_refuses_changes_but_not_power(site: Site, nine: SimulatedIdrac) -> None:
    waiting = nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    nine.set_lockdown()
    with Client(nine) as client:
        refused = client.patch(SYSTEM, {"AssetTag": "X"})
        assert (refused.status, refused.message_ids) == (403, ["SYS406"])
        assert client.send("DELETE", f"{queue_of(nine)}/{waiting}").message_ids == ["SYS406"]
        attributes = client.get(f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1")["Attributes"]
        assert attributes["Lockdown.1.SystemLockdown"] == "Enabled"
        assert client.post(STATUS).status == 200
        assert client.post(RESET, {"ResetType": "ForceRestart"}).status == 204
        site.set_clock(advance=70)
        assert client.get(f"{queue_of(nine)}/{waiting}")["MessageId"] == "JCP041"
        nine.set_lockdown(False)
        assert client.patch(SYSTEM, {"AssetTag": "X"}).status == 200


def test_lockdown_and_errors_inside_by_name(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        nine.set_fault("lockdown")
        assert client.patch(SYSTEM, {"AssetTag": "X"}).message_ids == ["SYS406"]
        nine.clear_faults()
        nine.set_fault("error_inside", key="SYS411", times=1)
        answer = client.patch(SYSTEM, {"AssetTag": "X"})
        assert (answer.status, answer.message_ids) == (200, ["Success", "SYS446"])
        assert client.get(SYSTEM)["AssetTag"] != "X"
        assert client.patch(SYSTEM, {"AssetTag": "X"}).status == 200
        assert client.get(SYSTEM)["AssetTag"] == "X"


def test_accidents_by_name(site: Site, nine: SimulatedIdrac) -> None:
    nine.set_fault("job_stuck", percent=42)
    stuck = nine.add_job("FirmwareUpdate", "Firmware Update: BIOS", seconds=100)
    with Client(nine) as client:
        site.set_clock(advance=3000)
        assert client.get(f"{queue_of(nine)}/{stuck}")["PercentComplete"] == 42
    nine.clear_faults()
    nine.set_fault("job_fails", code="PR21", kind="Firmware", times=1)
    other = nine.add_job("RAIDConfiguration", "Configure: RAID", seconds=10)
    failing = nine.add_job("FirmwareUpdate", "Firmware Update: NIC", seconds=10)
    site.set_clock(advance=11)
    assert (nine.jobs[other], nine.jobs[failing]) == ("Completed", "Failed")
    nine.set_fault("job_vanishes", percent=50)
    gone = nine.add_job("FirmwareUpdate", "Firmware Update: PSU", seconds=10)
    site.set_clock(advance=6)
    assert gone not in nine.jobs
    nine.clear_faults()
    nine.set_fault("idrac_resets_in_job", percent=50, then="goes_on")
    resets = nine.add_job("FirmwareUpdate", "Firmware Update: BIOS", seconds=300)
    site.set_clock(advance=152)
    with Client(nine) as client, pytest.raises(OSError, match=r"reset|EOF|refused|closed|pipe"):
        client.send("GET", "/redfish/v1")
    site.set_clock(advance=200)
    assert nine.jobs[resets] == "Completed"
    nine.set_fault("queue_full")
    stage(site, nine, NumLock="Off")
    with Client(nine) as client:
        assert client.post(queue_of(nine), {"TargetSettingsURI": SETTINGS}).message_ids == ["JCP017"]


def test_shapes_are_those_of_recorded_documents(site: Site, captures: Path) -> None:
    """R750 with iDRAC9 6.00.30; a task of iDRAC9 4.x; a queue of iDRAC8."""
    recordings = {
        "idrac9-6": (captures / "NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00", "**/*.json"),
        "idrac9-4": (captures / "openstack-sushy/oem-dell-json_samples", "task.json"),
    }
    for generation, (folder, pattern) in recordings.items():
        idrac = next(i for i in site.idracs if i.generation == generation)
        idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1")
        site.set_clock(advance=100)
        simulated: dict[str, Shape] = {}
        with Client(idrac) as client:
            for uri in [
                *(link for link in links(client.get(queue_of(idrac)))),
                *(link for link in links(client.get(TASKS))),
                *(link for link in links(client.get("/redfish/v1/JobService/Jobs"))),
                "/redfish/v1/JobService",
                "/redfish/v1/TaskService",
                "/redfish/v1/UpdateService",
                f"{MANAGER}/Oem/Dell/DellJobService",
                f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService",
            ]:
                collect(simulated, uri, client.get(uri))
        real = recorded(folder, pattern)
        result = compare({name: real[name] for name in real.keys() & simulated.keys()}, simulated)
        assert result.resources >= (8 if generation == "idrac9-6" else 1), str(result)
        assert result.wrong_type == []
        assert result.missing == []
    eight = next(i for i in site.idracs if i.generation == "idrac8")
    eight.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1")
    sample = captures / "openstack-sushy/oem-dell-json_samples/job_collection_expanded.json"
    member = json.loads(sample.read_text())["Members"][0]
    with Client(eight) as client:
        ours = client.get(f"{queue_of(eight)}?$expand=*($levels=1)")["Members"][0]
    assert ours.keys() == member.keys()


def test_a_long_jump_of_the_clock_keeps_every_moment(site: Site, nine: SimulatedIdrac) -> None:
    """Each thing happens when it was due, although the clock jumped over all of them at once."""
    nine.set_fault("job_vanishes", percent=50, times=1)
    gone = nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", seconds=100, at_boot=True)
    second = nine.add_job("NICConfiguration", "Configure: NIC.Slot.3-1-1", seconds=100, at_boot=True)
    begun = site.clock.now()
    with Client(nine) as client:
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=5000)
    job = site.call(lambda: nine._device.jobs.find(second))
    assert gone not in nine.jobs
    assert 60 + 50 + 100 <= job.ended - begun <= 60 + 50 + 100 + 5


def test_power_cut_in_the_middle_of_tasks_fails_them(site: Site, nine: SimulatedIdrac) -> None:
    first = nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", seconds=100, at_boot=True)
    second = nine.add_job("NICConfiguration", "Configure: NIC.Slot.3-1-1", seconds=100, at_boot=True)
    with Client(nine) as client:
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=100)
        client.post(RESET, {"ResetType": "ForceOff"})
        site.set_clock(advance=600)
        assert nine.jobs == {first: "Failed", second: "Scheduled"}
        client.post(RESET, {"ResetType": "On"})
        site.set_clock(advance=200)
        assert nine.jobs[second] == "Completed"
