"""Jobs and tasks: the right shapes, empty until something makes jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import MANAGER, ROOT, Action, Resource, collection, link, status

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICE = f"{MANAGER}/Oem/Dell/DellJobService"
_REBOOTS = ["GracefulRebootWithForcedShutdown", "GracefulRebootWithoutForcedShutdown", "PowerCycle"]


def resources(persona: Persona) -> Iterable[Resource]:
    """The queue moved from /Jobs to /Oem/Dell/Jobs; JobService since 4.40."""
    queue, queue_build = collection("DellJob", "JobQueue", "Collection of Job Instances", lambda d: [])
    jobs, jobs_build = collection("Job", "Job Collection", "Collection of Jobs", lambda d: [])
    tasks, tasks_build = collection("Task", "Task Collection", "Collection of Tasks", lambda d: [])
    return (
        Resource(persona.jobs, queue, queue_build),
        Resource(f"{ROOT}/TaskService", "TaskService", _task_service, fresh=1),
        Resource(f"{ROOT}/TaskService/Tasks", tasks, tasks_build),
        Resource(f"{ROOT}/JobService", "JobService", _job_service, fresh=1, since=IDRAC9_4),
        Resource(f"{ROOT}/JobService/Jobs", jobs, jobs_build, since=IDRAC9_4),
        Resource(_SERVICE, "DellJobService", _dell_service, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def _task_service(device: Device) -> Doc:
    return {
        "DateTime": device.stamp(),
        "Description": "Represents the properties for the Task Service",
        "Id": "TaskService",
        "Name": "Task Service",
        "ServiceEnabled": True,
        "Status": status(),
        "Tasks": link(f"{ROOT}/TaskService/Tasks"),
    }


def _job_service(device: Device) -> Doc:
    return {
        "DateTime": device.stamp(),
        "Description": "Represents the properties for the Job Service",
        "Id": "JobService",
        "Jobs": link(f"{ROOT}/JobService/Jobs"),
        "Name": "Job Service",
        "ServiceCapabilities": {"MaxJobs": 256, "MaxSteps": 1, "Scheduling": True},
        "ServiceEnabled": True,
        "Status": status(rollup=True),
    }


def _dell_service(device: Device) -> Doc:
    names = ("CreateRebootJob", "DeleteJobQueue", "SetDeleteOnCompletionTimeout", "SetupJobQueue")
    offered: Doc = {
        f"#DellJobService.{n}": {"target": f"{_SERVICE}/Actions/DellJobService.{n}"} for n in names
    }
    offered["#DellJobService.CreateRebootJob"]["RebootJobType@Redfish.AllowableValues"] = _REBOOTS
    return {
        "Actions": offered,
        "CurrentNumberOfJobs": 0,
        "DeleteOnCompletionTimeoutMinutes": 2880,
        "Description": "The DellJobService resource provides some actions to support Job management functionality.",
        "Id": "Job Service",
        "MaximumNumberOfJobs": 256,
        "Name": "DellJobService",
        "StartAutoDeleteAtThreshold": 128,
    }
