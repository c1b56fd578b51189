"""The iDRAC's job queue and the Lifecycle Controller's state, read from recorded and made-up documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsm_desktop.redfish.device_jobs import (
    DeviceJob,
    RebootKind,
    clear_queue,
    create_config_job,
    create_reboot_job,
    delete_job,
    device_job,
    device_jobs,
    schedule_jobs,
    take_out,
)
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.lifecycle import lifecycle_status, ready_for_configuration
from dsm_desktop.redfish.services import allowed, offers, service
from tests.kit.replay import ReplayServer, error, reply
from tests.redfish.conftest import Connect
from tests.redfish.small import MANAGER, V1, Doc, collection, ref, small_tree

JOBS = f"{MANAGER}/Oem/Dell/Jobs"
SERVICE = f"{MANAGER}/Oem/Dell/DellJobService"
LIFECYCLE = f"{MANAGER}/Oem/Dell/DellLCService"
ONE, TWO = "JID_000000000001", "JID_000000000002"


def job(ident: str, state: str = "Running", **more: Any) -> Doc:
    return {
        "@odata.id": f"{JOBS}/{ident}", "Id": ident, "Name": "Firmware Update: BIOS", "JobType": "FirmwareUpdate",
        "JobState": state, "PercentComplete": 40, "Message": "Job in progress.", "MessageId": "PR20",
        "StartTime": "TIME_NOW", "EndTime": "TIME_NA", "CompletionTime": None, **more,
    }  # fmt: skip


def tree() -> dict[str, Doc]:
    """The small iDRAC9 with two jobs and Dell's services."""
    docs = small_tree()
    docs[V1] |= {"JobService": ref(f"{V1}/JobService"), "Tasks": ref(f"{V1}/TaskService")}
    docs[MANAGER]["Links"] = {
        "Oem": {"Dell": {"Jobs": ref(JOBS), "DellJobService": ref(SERVICE), "DellLCService": ref(LIFECYCLE)}}
    }
    names = ("CreateRebootJob", "DeleteJobQueue", "SetupJobQueue")
    more: list[Doc] = [
        collection(JOBS, f"{JOBS}/{ONE}", f"{JOBS}/{TWO}"),
        job(ONE),
        job(TWO, "Completed with Errors", PercentComplete=100, MessageId="PR21"),
        {"@odata.id": f"{V1}/JobService", "Jobs": ref(f"{V1}/JobService/Jobs")},
        {"@odata.id": f"{V1}/TaskService", "Tasks": ref(f"{V1}/TaskService/Tasks")},
        {"@odata.id": SERVICE, "Actions": {f"#DellJobService.{n}": {"target": f"{SERVICE}/Moved/{n}"} for n in names}},
        {"@odata.id": LIFECYCLE, "Actions": {"#DellLCService.GetRemoteServicesAPIStatus": {"target": f"{LIFECYCLE}/Moved/Status"}}},
    ]  # fmt: skip
    return docs | {doc["@odata.id"]: doc for doc in more}


def accepted(ident: str) -> tuple[int, dict[str, str], bytes]:
    return 202, {"Location": f"{JOBS}/{ident}"}, b""


def posts(server: ReplayServer) -> list[tuple[str, Any]]:
    """(path, body) of every POST but the login."""
    return [(p, json.loads(b)) for verb, p, b in server.log if verb == "POST" and "Session" not in p]


def test_the_queue_of_a_recorded_r750(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        [found] = [j for j in device_jobs(client) if j.id == "JID_102241909559"]
        assert device_job(client, found.id) == found
    assert (found.name, found.kind, found.state) == (
        "Configure: BIOS.Setup.1-1",
        "BIOSConfiguration",
        "Completed",
    )
    assert found.succeeded
    assert found.ended
    assert not found.failed
    assert (found.message_id, found.percent, found.ends) == ("PR19", 100, "TIME_NA")


def test_states_are_read_whatever_way_they_are_written(connect: Connect) -> None:
    with ReplayServer(tree()) as server, connect(server) as client:
        first, second = device_jobs(client)
    assert (first.state, first.ended, first.completed) == ("Running", False, "")
    assert (second.state, second.failed) == ("CompletedWithErrors", True)
    assert DeviceJob("RID_000000000001", state="RebootCompleted").succeeded
    assert DeviceJob("RID_000000000001").is_reboot
    assert DeviceJob(ONE, state="Scheduled").scheduled


def test_a_job_that_left_the_queue_is_found_elsewhere(connect: Connect) -> None:
    docs = tree()
    docs[f"{V1}/JobService/Jobs/{ONE}"] = {
        "Id": ONE, "Name": "x", "JobState": "Completed", "PercentComplete": 100,
        "Messages": [{"Message": "done", "MessageId": "IDRAC.2.7.PR19"}],
    }  # fmt: skip
    docs[f"{V1}/TaskService/Tasks/{TWO}"] = {"Id": TWO, "TaskState": "Exception", "Messages": []}
    del docs[f"{JOBS}/{ONE}"], docs[f"{JOBS}/{TWO}"]
    with ReplayServer(docs) as server, connect(server) as client:
        assert (device_job(client, ONE).state, device_job(client, ONE).message_id) == ("Completed", "PR19")
        assert device_job(client, TWO).failed
        with pytest.raises(Missing, match="knows no job"):
            device_job(client, "JID_000000000003")


def test_a_task_that_answers_400_is_a_failed_job(connect: Connect) -> None:
    docs = tree()
    del docs[f"{JOBS}/{ONE}"]

    def hook(verb: str, path: str, handler: Any) -> Any:
        return (
            error(400, "IDRAC.2.7.RED007", "Unable to verify Update Package signature.")
            if "Tasks/" in path
            else None
        )

    with ReplayServer(docs, hook=hook) as server, connect(server) as client:
        found = device_job(client, ONE)
    assert (found.state, found.message_id) == ("Failed", "RED007")
    assert "signature" in found.message


def test_the_queue_of_an_idrac8_stands_where_no_link_leads(connect: Connect) -> None:
    docs = tree()
    docs[V1]["RedfishVersion"] = "1.4.0"
    del docs[MANAGER]["Links"]
    docs[f"{MANAGER}/Jobs"] = collection(f"{MANAGER}/Jobs", f"{JOBS}/{ONE}")
    with ReplayServer(docs, expand=False) as server, connect(server) as client:
        assert [j.id for j in device_jobs(client)] == [ONE]
        assert lifecycle_status(client) is None
        assert ready_for_configuration(client) is None
        with pytest.raises(Unsupported, match="DellJobService"):
            clear_queue(client, force=True)
        clear_queue(client)  # the job is gone meanwhile (404): nobody minds
        assert ("DELETE", f"{MANAGER}/Jobs/{ONE}", b"") in server.log


def test_calls_go_to_the_targets_the_device_names(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        if verb == "DELETE" and path.startswith(JOBS):
            return 200, {}, b""
        return accepted(TWO) if verb == "POST" and ("Moved" in path or path == JOBS) else None

    with ReplayServer(tree(), hook=hook) as server, connect(server) as client:
        assert create_config_job(client, f"{V1}/x/Settings") == TWO
        assert (
            create_config_job(
                client, "/s", reboot=RebootKind.GRACEFUL, starts="2026-01-01T01:00:00", ends="TIME_NA"
            )
            == TWO
        )
        assert create_reboot_job(client, RebootKind.POWER_CYCLE) == TWO
        schedule_jobs(client, [ONE, TWO], ends="20260101020000")
        clear_queue(client)
        clear_queue(client, force=True)
        delete_job(client, ONE)
    assert posts(server) == [
        (JOBS, {"TargetSettingsURI": f"{V1}/x/Settings"}),
        (JOBS, {"TargetSettingsURI": "/s", "StartTime": "2026-01-01T01:00:00", "EndTime": "TIME_NA",
                "RebootJobType": "GracefulRebootWithoutForcedShutdown"}),
        (f"{SERVICE}/Moved/CreateRebootJob", {"RebootJobType": "PowerCycle"}),
        (f"{SERVICE}/Moved/SetupJobQueue", {"JobArray": [ONE, TWO], "StartTimeInterval": "TIME_NOW", "UntilTime": "20260101020000"}),
        (f"{SERVICE}/Moved/DeleteJobQueue", {"JobID": "JID_CLEARALL"}),
        (f"{SERVICE}/Moved/DeleteJobQueue", {"JobID": "JID_CLEARALL_FORCE"}),
    ]  # fmt: skip
    assert ("DELETE", f"{JOBS}/{ONE}", b"") in server.log


@pytest.mark.parametrize(("state", "begun"), [("Running", True), ("Completed", True), ("Scheduled", False)])
def test_a_job_that_begins_between_the_look_and_the_delete_runs_to_its_end(
    connect: Connect, state: str, begun: bool
) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return (
            error(400, "IDRAC.2.8.JCP015", "A running job cannot be deleted.")
            if verb == "DELETE" and ONE in path
            else None
        )

    with (
        ReplayServer(tree() | {f"{JOBS}/{ONE}": job(ONE, state)}, hook=hook) as server,
        connect(server) as client,
    ):
        if begun:
            assert not take_out(client, ONE)
        else:
            with pytest.raises(RedfishError, match="cannot be deleted"):
                take_out(client, ONE)


def test_an_acceptance_that_names_no_job_is_an_error(connect: Connect) -> None:
    with (
        ReplayServer(tree()) as server,
        connect(server) as client,
        pytest.raises(RedfishError, match="named no job"),
    ):
        create_config_job(client, "/s")


@pytest.mark.parametrize(
    ("status", "ready", "why"),
    [
        ({"LCStatus": "Ready", "Status": "Ready", "ServerStatus": "OutOfPOST", "RTStatus": "Ready"}, True, ""),
        ({"LCStatus": "Ready", "Status": "Ready", "ServerStatus": "PoweredOff", "RTStatus": "Ready"}, True, ""),
        ({"LCStatus": "Ready", "Status": "Ready", "ServerStatus": "InPOST"}, False, "self-test"),
        ({"LCStatus": "InUse", "Status": "InUse", "ServerStatus": "AutomatedTaskExecution"}, False, "applying a job"),
        ({"LCStatus": "InUse", "Status": "InUse", "ServerStatus": "OutOfPOST"}, False, "InUse"),
        ({"LCStatus": "Ready", "Status": "NotReady", "ServerStatus": "OutOfPOST"}, False, "remote services"),
        ({"LCStatus": "Disabled", "Status": "Disabled"}, False, "switched off"),
        ({"LCStatus": "InRecovery", "Status": "InRecovery"}, False, "recovery"),
    ],
)  # fmt: skip
def test_readiness(status: Doc, ready: bool, why: str, connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return reply(200, status) if path == f"{LIFECYCLE}/Moved/Status" else None

    with ReplayServer(tree(), hook=hook) as server, connect(server) as client:
        found = lifecycle_status(client)
        assert found is not None
        assert found.ready is ready
        assert why in found.why
        assert bool(found.why) is not ready
        recorded = [start for start, _ in client.transport._recorder.calls if "Moved/Status" in start.path]  # type: ignore[attr-defined]
        assert [start.changing for start in recorded] == [False]


def test_what_a_recorded_service_offers(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        jobs = service(client, client.manager(), "DellJobService")
        assert offers(jobs, "CreateRebootJob")
        assert offers(jobs, "DellJobService.CreateRebootJob")
        assert not offers(jobs, "RebootJob")
        assert set(allowed(jobs, "CreateRebootJob", "RebootJobType")) == {kind.value for kind in RebootKind}
        update = client.get("/redfish/v1/UpdateService")
        assert allowed(update, "DellUpdateService.Install", "InstallUpon") == (
            "Now",
            "NowAndReboot",
            "NextReboot",
        )
        with pytest.raises(Unsupported, match="no DellNothing"):
            service(client, client.manager(), "DellNothing")
