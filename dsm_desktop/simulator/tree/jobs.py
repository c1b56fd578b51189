"""Jobs and tasks: three views of one queue, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc, Response, json_response
from dsm_desktop.simulator.jobs import Job
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import (
    MANAGER,
    ROOT,
    Action,
    Build,
    Resource,
    collection,
    link,
    listed,
    status,
)
from dsm_desktop.simulator.tree.jobactions import job_actions
from dsm_desktop.simulator.tree.versions import odata_type

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICE = f"{MANAGER}/Oem/Dell/DellJobService"
_REBOOTS = ["GracefulRebootWithForcedShutdown", "GracefulRebootWithoutForcedShutdown", "PowerCycle"]
_TASKS = f"{ROOT}/TaskService/Tasks"
_JOBS = f"{ROOT}/JobService/Jobs"


def resources(persona: Persona) -> Iterable[Resource]:
    """The queue moved from /Jobs to /Oem/Dell/Jobs (the old address stays till iDRAC10); JobService since 4.40."""
    queue, queue_build = _listing("DellJob", "JobQueue", "Collection of Job Instances", persona.jobs)
    old, old_build = _listing("DellJob", "JobQueue", "Collection of Job Instances", f"{MANAGER}/Jobs")
    jobs, jobs_build = _listing("Job", "Job Collection", "Collection of Jobs", _JOBS)
    tasks, tasks_build = collection("Task", "Task Collection", "Collection of Tasks", _task_paths)
    return (
        Resource(persona.jobs, queue, queue_build, fresh=0),
        Resource(f"{persona.jobs}/{{}}", "DellJob", _dell_job, fresh=0),
        Resource(f"{MANAGER}/Jobs", old, old_build, fresh=0, until=IDRAC9_7),
        Resource(f"{MANAGER}/Jobs/{{}}", "DellJob", _dell_job, fresh=0, until=IDRAC9_7),
        Resource(f"{ROOT}/TaskService", "TaskService", _task_service, fresh=1),
        Resource(_TASKS, tasks, tasks_build, fresh=0),
        Resource(f"{_TASKS}/{{}}", "Task", _task, fresh=0, answer=_answer_task),
        Resource(f"{ROOT}/JobService", "JobService", _job_service, fresh=1, since=IDRAC9_4),
        Resource(_JOBS, jobs, jobs_build, fresh=0, since=IDRAC9_4),
        Resource(f"{_JOBS}/{{}}", "Job", _job, fresh=0, since=IDRAC9_4),
        Resource(_SERVICE, "DellJobService", _dell_service, fresh=1, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Making, ordering and deleting jobs."""
    return job_actions(persona)


def _listing(kind: str, name: str, description: str, base: str) -> tuple[str, Build]:
    return collection(kind, name, description, lambda d: [f"{base}/{job.id}" for job in d.jobs.all()])


def _task_paths(device: Device) -> list[str]:
    return [f"{_TASKS}/{job.id}" for job in device.jobs.all() if not job.task_gone]


# -- one job, seen three ways ---------------------------------------------------------------------------------


def _local(device: Device, when: float | None) -> str | None:
    """A moment as DellJob writes it: local time of the iDRAC without its offset."""
    return None if when is None else device.stamp(when)[:19]


def _message(device: Device, job: Job, prefix: bool) -> Doc:
    return {
        "Message": device.jobs.wording(job),
        "MessageArgs": list(job.args),
        "MessageArgs@odata.count": len(job.args),
        "MessageId": device.speaker.identity(job.code) if prefix else job.code,
    }


def _body(device: Device, job: Job, prefix: bool) -> Doc:
    """A DellJob; ids of its message carry the registry's prefix only inside a task."""
    until = _local(device, job.until) or "TIME_NA"
    start = _local(device, job.start or job.created) if job.began or job.start else "TIME_NOW"
    return {
        "ActualRunningStartTime": _local(device, job.began),
        "ActualRunningStopTime": _local(device, job.ended) if job.began else None,
        "CompletionTime": _local(device, job.ended),
        "Description": "Job Instance",
        "EndTime": until,
        "Id": job.id,
        "JobState": job.state,
        "JobType": job.kind,
        **_message(device, job, prefix),
        "Name": job.name,
        "PercentComplete": job.percent(device.now()),
        "StartTime": start,
        "TargetSettingsURI": job.target,
    }


def _dell_job(device: Device, name: str) -> Doc | None:
    job = device.jobs.find(name)
    return None if job is None else _body(device, job, prefix=False)


def _job(device: Device, name: str) -> Doc | None:
    job = device.jobs.find(name)
    if job is None:
        return None
    return {
        "Description": "Represent a job in Redfish",
        "Id": job.id,
        "Name": job.title,
        "JobState": job.task_state,
        "JobStatus": job.task_status,
        "PercentComplete": job.percent(device.now()),
        "StartTime": device.stamp(job.start or job.created),
        "EndTime": None if job.ended is None else device.stamp(job.ended),
        "Messages": [_message(device, job, prefix=True)],
        "Messages@odata.count": 1,
    }


def _task(device: Device, name: str) -> Doc | None:
    job = device.jobs.find(name)
    if job is None or job.task_gone:
        return None
    kind = odata_type("DellJob", device.persona.rank)[1]
    return {
        "Description": "Server Configuration and other Tasks running on iDRAC are listed here",
        "EndTime": device.stamp(job.ended) if job.ended else "",
        "Id": job.id,
        **listed("Messages", [_message(device, job, prefix=True), *job.messages]),
        "Name": job.name,
        "Oem": {"Dell": {"@odata.type": kind, **_body(device, job, prefix=True)}},
        "PercentComplete": job.percent(device.now()),
        "StartTime": device.stamp(job.began or job.created),
        "TaskState": job.task_state,
        "TaskStatus": job.task_status,
    }


def _answer_task(device: Device, doc: Doc, name: str) -> Response:
    """202 while it goes on, 200 when done, 400 when failed; a local export answers what it exported."""
    job = device.jobs.find(name)
    assert job is not None
    if job.output is not None and job.http_status == 200:
        body, content_type = job.output
        return Response(200, body, content_type=content_type)
    headers = (("Location", job.location),) if job.location and job.is_over else ()
    return json_response(job.http_status, doc, headers)


# -- services -------------------------------------------------------------------------------------------------


def _task_service(device: Device) -> Doc:
    return {
        "DateTime": device.stamp(),
        "Description": "Represents the properties for the Task Service",
        "Id": "TaskService",
        "Name": "Task Service",
        "ServiceEnabled": True,
        "Status": status(),
        "Tasks": link(_TASKS),
    }


def _job_service(device: Device) -> Doc:
    return {
        "DateTime": device.stamp(),
        "Description": "Represents the properties for the Job Service",
        "Id": "JobService",
        "Jobs": link(_JOBS),
        "Log": link(f"{MANAGER}/LogServices/Lclog"),
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
        "CurrentNumberOfJobs": len(device.jobs.all()),
        "DeleteOnCompletionTimeoutMinutes": device.jobs.delete_after,
        "Description": "The DellJobService resource provides some actions to support Job management functionality.",
        "Id": "Job Service",
        "MaximumNumberOfJobs": 256,
        "Name": "DellJobService",
        "StartAutoDeleteAtThreshold": 128,
    }
