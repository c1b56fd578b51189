"""What can be asked of the job queue: make, order, delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Request, Response
from dsm_desktop.simulator.jobs import Job, Runs
from dsm_desktop.simulator.jobs.reboots import KINDS
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_5, IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import MANAGER, ROOT, Action

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICE: Final = f"{MANAGER}/Oem/Dell/DellJobService/Actions/DellJobService"
_NOW: Final = "TIME_NOW"
WINDOW: Final = 300.0
"""Shortest time between start and end of a job, in seconds."""


def job_actions(persona: Persona) -> Iterable[Action]:
    """The queue's own address makes and deletes jobs everywhere; the service's actions exist since iDRAC9."""
    power = "ConfigureComponents"
    yield Action("POST", persona.jobs, power, _create)
    yield Action("POST", f"{MANAGER}/Jobs", power, _create, until=IDRAC9_7)
    yield Action("DELETE", f"{persona.jobs}/{{}}", power, _delete)
    yield Action("DELETE", f"{MANAGER}/Jobs/{{}}", power, _delete, until=IDRAC9_7)
    yield Action("DELETE", f"{ROOT}/JobService/Jobs/{{}}", power, _delete, since=IDRAC9_4)
    yield Action("DELETE", f"{ROOT}/TaskService/Tasks/{{}}", power, _delete, since=IDRAC9_4)
    for name, handle in (
        ("CreateRebootJob", _create_reboot),
        ("DeleteJobQueue", _clear),
        ("SetupJobQueue", _setup),
    ):
        yield Action("POST", f"{_SERVICE}.{name}", power, handle, since=IDRAC9_4)
    yield Action(
        "POST", f"{_SERVICE}.SetDeleteOnCompletionTimeout", "ConfigureUsers", _set_timeout, since=IDRAC9_4
    )


def moment(device: Device, text: Any, compact: bool = False) -> float | None:
    """A start or end time of a request as a simulated moment; None for "now". Raises ValueError.

    Without an offset it is the iDRAC's own local time. `compact` is the form of SetupJobQueue, yyyymmddhhmmss.
    """
    if text in (None, "", _NOW):
        return None
    try:
        when = (
            dt.datetime.strptime(str(text), "%Y%m%d%H%M%S")
            if compact
            else dt.datetime.fromisoformat(str(text))
        )
    except ValueError:
        raise ValueError(f"not a time: {text!r}") from None
    if when.tzinfo is None:
        when = dt.datetime.fromisoformat(when.isoformat() + device.offset)
    return when.timestamp()


def window(device: Device, start: Any, end: Any, compact: bool = False) -> tuple[float | None, float | None]:
    """Start and end of a job as asked for; raises Refused the way the device words it."""
    now = device.now()
    try:
        begin = moment(device, start, compact)
    except ValueError:
        raise Refused(400, ("SYS436",)) from None
    if begin is not None and begin < now - 1:
        raise Refused(400, ("SYS447", str(start)))
    try:
        until = moment(device, end, compact)
    except ValueError:
        raise Refused(400, ("SYS440",)) from None
    if until is not None and until < (begin or now) + WINDOW:
        raise Refused(400, ("JCP016",) if compact else ("SYS437",))
    return begin, until


def _reboot_kind(body: Any) -> str | None:
    kind = body.get("RebootJobType")
    if kind is not None and kind not in KINDS:
        raise Refused(400, ("SYS426", str(kind), "RebootJobType"))
    return None if kind is None else str(kind)


def _known(device: Device, name: Any) -> Job:
    job = device.jobs.find(str(name))
    if job is None:
        raise Refused(400, ("JCP022", str(name)))
    return job


def _create(device: Device, request: Request, body: Any, account: Account) -> Response:
    """The job that applies staged settings."""
    uri = body.get("TargetSettingsURI")
    if not isinstance(uri, str):
        raise Refused(400, ("SYS428", "TargetSettingsURI"))
    start, until = window(device, body.get("StartTime"), body.get("EndTime"))
    kind = _reboot_kind(body)
    job = device.jobs.commit(uri.rstrip("/"), start, until)
    if kind is not None:
        device.jobs.reboot(kind, start)
    device.changed(request, body, account, f"job {job.kind} {job.component}")
    return device.jobs.accepted(job, 202 if device.persona.rank >= IDRAC9_5 else 200, device.persona.jobs)


def _delete(device: Device, request: Request, body: Any, account: Account, name: str) -> Response:
    job = device.jobs.find(name)
    if job is None:
        return device.speaker.not_found(request.path)
    device.jobs.delete(job)
    device.changed(request, body, account, "delete job")
    return device.speaker.success(200)


def _clear(device: Device, request: Request, body: Any, account: Account) -> Response:
    """One job, all that do not run, or all by force."""
    name = body.get("JobID")
    if not isinstance(name, str):
        raise Refused(400, ("SYS428", "JobID"))
    if name in ("JID_CLEARALL", "JID_CLEARALL_FORCE"):
        device.jobs.clear(force=name.endswith("FORCE"))
    else:
        device.jobs.delete(_known(device, name))
    device.changed(request, body, account, f"DeleteJobQueue {name if 'CLEARALL' in name else 'JID'}")
    return device.speaker.success(200)


def _create_reboot(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = _reboot_kind(body)
    if kind is None:
        raise Refused(400, ("SYS428", "RebootJobType"))
    job = device.jobs.reboot(kind, told=True)
    device.changed(request, body, account, f"CreateRebootJob {kind}")
    return device.jobs.accepted(job, 200, device.persona.jobs)


def _setup(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Put jobs into an order with a start time; a reboot job among them restarts the host then."""
    names = body.get("JobArray")
    if not isinstance(names, list) or not names:
        raise Refused(400, ("SYS428", "JobArray"))
    start, until = window(device, body.get("StartTimeInterval"), body.get("UntilTime"), compact=True)
    jobs = [_known(device, name) for name in names]
    for job in jobs:
        if job.is_over or job.is_running:
            raise Refused(400, ("JCP022", job.id))
    for job in jobs:
        device.jobs.retime(job, start, until, Runs.AT_ONCE if job.id.startswith("RID") else job.runs)
    device.changed(request, body, account, "SetupJobQueue")
    return device.speaker.success(200)


def _set_timeout(device: Device, request: Request, body: Any, account: Account) -> Response:
    minutes = body.get("DeleteOnCompletionTimeoutMinutes")
    if not isinstance(minutes, int) or minutes < 0:
        raise Refused(400, ("SYS424", str(minutes), "DeleteOnCompletionTimeoutMinutes"))
    device.jobs.delete_after = minutes
    device.changed(request, body, account, "SetDeleteOnCompletionTimeout")
    return device.speaker.success(200)
