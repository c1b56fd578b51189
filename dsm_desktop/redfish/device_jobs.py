"""The iDRAC's own job queue: what stands in it, how far it is, taking out, clearing, and the jobs that apply what is staged.

Functions on a client; each polls once and never waits. Times of the queue are the iDRAC's local time without an offset,
so they are kept as the device wrote them.
"""

from __future__ import annotations

import contextlib
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.services import action, job_id_of, learned, service
from dsm_desktop.redfish.values import dig, integer, objects, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

NOW = "TIME_NOW"
QUEUE_FULL = {"SUP022", "RAC034", "RAC0524", "JCP014", "JCP017"}
"""Message ids of "the job store is full"; cured by clearing the queue."""
_GOOD = {"Completed", "RebootCompleted"}
_BAD = {"CompletedWithErrors", "Failed", "RebootFailed", "ScheduledWithErrors"}
_TASK_STATES = {
    "Completed": "Completed",
    "Exception": "Failed",
    "Killed": "Failed",
    "Cancelled": "Failed",
    "Running": "Running",
    "Starting": "Scheduled",
    "New": "New",
    "Pending": "Waiting",
    "UserIntervention": "RebootPending",
}


class RebootKind(enum.StrEnum):
    """How a job restarts the host (RebootJobType)."""

    GRACEFUL = "GracefulRebootWithoutForcedShutdown"
    GRACEFUL_THEN_FORCED = "GracefulRebootWithForcedShutdown"
    POWER_CYCLE = "PowerCycle"


@dataclass(frozen=True, slots=True)
class DeviceJob:
    """One job of an iDRAC. `kind` is Dell's JobType, `state` its JobState without spaces, `message_id` without a prefix.

    `starts` and `ends` are "TIME_NOW", "TIME_NA", "" or the iDRAC's local time; `completed` likewise.
    """

    id: str
    name: str = ""
    kind: str = ""
    state: str = ""
    percent: int | None = None
    message: str = ""
    message_id: str = ""
    starts: str = ""
    ends: str = ""
    completed: str = ""
    uri: str = ""

    @property
    def succeeded(self) -> bool:
        """Ended, and the device calls it a success. No proof that anything has changed."""
        return self.state in _GOOD

    @property
    def failed(self) -> bool:
        """Ended badly, wholly or in part."""
        return self.state in _BAD

    @property
    def ended(self) -> bool:
        """Will not move any more."""
        return self.succeeded or self.failed

    @property
    def scheduled(self) -> bool:
        """Waits for its time or for the next restart of the host."""
        return self.state in ("Scheduled", "RebootPending", "PendingActivation")

    @property
    def is_reboot(self) -> bool:
        """A job that restarts the host for others."""
        return self.id.startswith("RID_")


def device_jobs(client: RedfishClient) -> list[DeviceJob]:
    """All jobs that the iDRAC lists, as it orders them. One GET per 50 jobs where $expand works, one per job elsewhere."""
    try:
        return [_of_dell(doc) for doc in client.documents.members(_queue(client))]
    finally:
        client.documents.forget()


def device_job(client: RedfishClient, job_id: str) -> DeviceJob:
    """One job. Looks in Dell's queue, then in JobService, then at the task: each of them may have dropped it already.

    Raises Missing when none knows it: ended and cleaned away, or lost by a restart of the iDRAC.
    """
    found: DeviceJob | None = None
    with contextlib.suppress(Missing):
        return _of_dell(client.get(f"{_queue(client)}/{job_id}"))
    if jobs := _linked(client, "JobService", "Jobs"):
        with contextlib.suppress(Missing):
            found = _of_dmtf(client.get(f"{jobs}/{job_id}"))
    if found is None and (tasks := _linked(client, "Tasks", "Tasks")):
        with contextlib.suppress(Missing):
            found = _task(client, f"{tasks}/{job_id}", job_id)
    if found is None:
        client.learned.clear()
        raise Missing(
            f"the iDRAC knows no job {job_id}",
            status=404,
            hint="It has ended and was cleaned away, or the iDRAC has lost it.",
            where=client.transport.name,
        )
    return found


def task_path(client: RedfishClient, job_id: str) -> str:
    """Path of a job's task. Raises Missing where this firmware has no tasks."""
    tasks = _linked(client, "Tasks", "Tasks")
    if not tasks:
        raise Missing("this iDRAC lists no tasks", status=404, where=client.transport.name)
    return f"{tasks}/{job_id}"


def delete_job(client: RedfishClient, job_id: str) -> None:
    """Takes one job out of the queue. A job that is already gone is no error; a running one is refused (JCP015)."""
    with contextlib.suppress(Missing):
        client.call("DELETE", f"{_queue(client)}/{job_id}", None)


def take_out(client: RedfishClient, job_id: str) -> bool:
    """Delete a job that was seen waiting. False where it has begun meanwhile: it runs to its end. Raises what the iDRAC refuses of a
    job that waits still."""
    try:
        delete_job(client, job_id)
    except RedfishError:
        with contextlib.suppress(Missing):
            if device_job(client, job_id).scheduled:
                raise
            return False
    return True


def clear_queue(client: RedfishClient, *, force: bool = False) -> None:
    """Deletes all jobs and with them what is staged for them.

    `force` also restarts the Lifecycle Controller's services: they do not answer for one to three minutes. Where the
    firmware has no such action (iDRAC7/8), the jobs are deleted one by one; force raises Unsupported there.
    """
    try:
        jobs = service(client, client.manager(), "DellJobService")
        target = action(client, jobs, "DeleteJobQueue")
    except Unsupported:
        if force:
            raise
        for job in device_jobs(client):
            delete_job(client, job.id)
        return
    client.call("POST", target, {"JobID": "JID_CLEARALL_FORCE" if force else "JID_CLEARALL"}, timeout=120)


def create_config_job(
    client: RedfishClient,
    settings_uri: str,
    *,
    reboot: RebootKind | None = None,
    starts: str = NOW,
    ends: str = "",
) -> str:
    """Makes the job that applies what is staged at a settings URI; returns its JID.

    Without `reboot` it waits for the next restart of the host. `starts` and `ends` are NOW or the iDRAC's local time as
    YYYY-MM-DDThh:mm:ss (`ends` at least five minutes later). Nothing staged is RedfishError SYS023.
    """
    body: dict[str, Any] = {"TargetSettingsURI": settings_uri}
    if starts != NOW or reboot is not None:
        body["StartTime"] = starts
    if ends:
        body["EndTime"] = ends
    if reboot is not None:
        body["RebootJobType"] = reboot.value
    return job_id_of(client, client.call("POST", _queue(client), body, timeout=120))


def create_reboot_job(client: RedfishClient, reboot: RebootKind) -> str:
    """Makes a job that restarts the host; returns its RID. It rests until `schedule_jobs` gives it a time."""
    jobs = service(client, client.manager(), "DellJobService")
    target = action(client, jobs, "CreateRebootJob")
    return job_id_of(client, client.call("POST", target, {"RebootJobType": reboot.value}))


def schedule_jobs(client: RedfishClient, job_ids: list[str], *, starts: str = NOW, ends: str = "") -> None:
    """Gives jobs and their reboot job a time: NOW or the iDRAC's local time as yyyymmddhhmmss."""
    jobs = service(client, client.manager(), "DellJobService")
    body: dict[str, Any] = {"JobArray": job_ids, "StartTimeInterval": starts}
    if ends:
        body["UntilTime"] = ends
    client.call("POST", action(client, jobs, "SetupJobQueue"), body)


def _queue(client: RedfishClient) -> str:
    """The collection of Dell jobs. iDRAC7/8 do not link it; it stands below the manager there (seen on 2.40 to 2.85)."""

    def find() -> str:
        manager = client.manager()
        path = link(manager, "Links", "Oem", "Dell", "Jobs") or link({"": manager}, "") + "/Jobs"
        return safe_path(path, where=client.transport.name)

    return learned(client, "jobs", find)


def _linked(client: RedfishClient, service_name: str, collection: str) -> str:
    """Path of a collection below a service of the root; "" when this firmware has none."""

    def find() -> str:
        path = link(client.root(), service_name)
        if not path:
            return ""
        try:
            found = link(client.get(safe_path(path)), collection)
        except Missing:
            return ""
        return safe_path(found) if found else ""

    return learned(client, service_name, find)


def _of_dell(doc: Doc) -> DeviceJob:
    return DeviceJob(
        id=text(doc.get("Id")),
        name=text(doc.get("Name")),
        kind=text(doc.get("JobType")),
        state=_state(doc.get("JobState")),
        percent=integer(doc.get("PercentComplete")),
        message=text(doc.get("Message")),
        message_id=_bare(doc.get("MessageId")),
        starts=text(doc.get("StartTime")),
        ends=text(doc.get("EndTime")),
        completed=text(doc.get("CompletionTime")),
        uri=text(doc.get("@odata.id")),
    )


def _of_dmtf(doc: Doc) -> DeviceJob:
    said = next(iter(objects(doc.get("Messages"))), {})
    return DeviceJob(
        id=text(doc.get("Id")),
        name=text(doc.get("Name")),
        state=_TASK_STATES.get(_state(doc.get("JobState")), _state(doc.get("JobState"))),
        percent=integer(doc.get("PercentComplete")),
        message=text(said.get("Message")),
        message_id=_bare(said.get("MessageId")),
        starts=text(doc.get("StartTime")),
        completed=text(doc.get("EndTime")),
        uri=text(doc.get("@odata.id")),
    )


def _task(client: RedfishClient, path: str, job_id: str) -> DeviceJob:
    """GET of a task answers 202 while it runs, 200 when it has ended, and 400 with the reason when it failed."""
    try:
        doc = client.get(path)
    except RedfishError as error:
        if error.status != 400:
            raise
        own = next((i for i in error.ids if re.fullmatch(r"[A-Z]{2,4}\d{2,4}", i)), "")
        return DeviceJob(job_id, state="Failed", message=error.message, message_id=own)
    embedded = dig(doc, "Oem", "Dell")
    if isinstance(embedded, dict) and embedded.get("JobState"):
        return _of_dell({"Id": job_id, **embedded})
    said = next(iter(objects(doc.get("Messages"))), {})
    return DeviceJob(
        id=job_id,
        name=text(doc.get("Name")),
        state=_TASK_STATES.get(text(doc.get("TaskState")), text(doc.get("TaskState"))),
        percent=integer(doc.get("PercentComplete")),
        message=text(said.get("Message")),
        message_id=_bare(said.get("MessageId")),
        uri=path,
    )


def _state(value: Any) -> str:
    """ "Completed with Errors" of old firmware is "CompletedWithErrors"."""
    return "".join(word[:1].upper() + word[1:] for word in text(value).split())


def _bare(value: Any) -> str:
    return text(value).rpartition(".")[2].upper()
