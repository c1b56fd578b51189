"""Server Configuration Profiles over Redfish: export, preview and import, by actions whose names moved three times.

The text may hold password hashes and keys: it is handed on as it is and never recorded (ImportBuffer is masked in the list of calls).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dsm_desktop.core.states import Generation
from dsm_desktop.net.answer import Answer
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.redfish.device_jobs import device_job, device_jobs
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Conflict, Missing, RedfishError, messages
from dsm_desktop.redfish.quirks import generation_of
from dsm_desktop.redfish.services import action, allowed
from dsm_desktop.redfish.values import dig, integer, objects, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

EXPORT, IMPORT, PREVIEW = (
    "ExportSystemConfiguration",
    "ImportSystemConfiguration",
    "ImportSystemConfigurationPreview",
)
JOB_RUNS = {"RAC0679", "SYS431"}
"""Another job runs: wait."""
PENDING_STANDS = {"LC068"}
"""Pending settings or a scheduled configuration job: they must be applied or withdrawn first."""
PREVIEW_OBJECTS = {"SYS080", "SYS082"}
"""A preview that ends as Completed and says so: nothing, or only some of the profile would be taken (the R750's own registry)."""


@dataclass(frozen=True, slots=True)
class Share:
    """Where an old iDRAC puts or takes a profile when it cannot do without: `kind` NFS CIFS HTTP HTTPS. Never shown with its password."""

    kind: str
    address: str
    name: str
    file: str
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    ignore_certificate: bool = False

    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "ShareType": self.kind,
            "IPAddress": self.address,
            "ShareName": self.name,
            "FileName": self.file,
        }
        if self.port:
            found["PortNumber"] = str(self.port)
        if self.username:
            # Dell's export and import scripts spell it so; the preview script's UserName is the odd one out.
            found |= {"Username": self.username, "Password": self.password}
        if self.ignore_certificate:
            found["IgnoreCertificateWarning"] = "Enabled"
        return found


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a running or ended profile job. `text` is the exported profile, given once, when it has ended well."""

    ended: bool
    percent: int | None
    message: str
    message_id: str
    failed: bool = False
    text: str = field(default="", repr=False)
    details: tuple[str, ...] = ()


def exports_locally(client: RedfishClient) -> bool | None:
    """Whether the iDRAC hands a profile out over Redfish itself: it lists LOCAL; None where it lists nothing (then try)."""
    kinds = _share_values(client.manager(), EXPORT, "ShareType")
    return "LOCAL" in kinds if kinds else None


def pushes_by(client: RedfishClient) -> str:
    """HTTPS where the iDRAC lists it, or lists nothing; HTTP where it knows that alone; "" where it pushes to no web server
    (seen on iDRAC8 2.3x, which lists NFS and CIFS)."""
    kinds = _share_values(client.manager(), EXPORT, "ShareType")
    return next((kind for kind in ("HTTPS", "HTTP") if kind in kinds), "") if kinds else "HTTPS"


def targets(client: RedfishClient) -> tuple[str, ...]:
    """Components a profile can be limited to; () when the iDRAC does not say."""
    return _share_values(client.manager(), EXPORT, "Target")


def export(
    client: RedfishClient,
    *,
    components: Sequence[str] = ("ALL",),
    format: str = "XML",
    use: str = "Default",
    include: Sequence[str] = (),
    share: Share | None = None,
) -> str:
    """Starts an export; returns the path to look at (`look`). Without a share the profile is fetched from that path."""
    manager = client.manager()
    where: dict[str, Any] = share.parameters() if share else {}
    old = _is_old(manager)
    # iDRAC8 takes one word, or several joined by commas, where newer ones take a list.
    where["Target"] = ",".join(components) if old else list(components)
    body: dict[str, Any] = {"ExportFormat": format, "ExportUse": use, "ShareParameters": where}
    if include:
        body["IncludeInExport"] = ",".join(include) if old else list(include)
    offered = allowed(manager, EXPORT, "ExportFormat")
    if offered and format not in offered:
        body["ExportFormat"] = offered[0]
    return _started(client, client.call("POST", action(client, manager, EXPORT), body, timeout=120))


def preview(client: RedfishClient, profile: str) -> str:
    """Starts the device's own check of a profile; nothing is changed. Returns the path to look at."""
    manager = client.manager()
    body = {"ImportBuffer": profile, "ShareParameters": {"Target": "ALL" if _is_old(manager) else ["ALL"]}}
    return _started(client, client.call("POST", action(client, manager, PREVIEW), body, timeout=120))


def import_profile(
    client: RedfishClient,
    profile: str,
    *,
    components: Sequence[str] = ("ALL",),
    shutdown: str = "Graceful",
    power: str = "On",
    wait_seconds: int = 1800,
) -> str:
    """Starts an import. `shutdown` Graceful | Forced | NoReboot. Returns the path to look at."""
    manager = client.manager()
    body = {
        "ImportBuffer": profile,
        "ShareParameters": {"Target": ",".join(components) if _is_old(manager) else list(components)},
        "ShutdownType": shutdown,
        "HostPowerState": power,
        "TimeToWait": wait_seconds,
    }
    return _started(client, client.call("POST", action(client, manager, IMPORT), body, timeout=120))


def running_job(client: RedfishClient, known: Sequence[str], kinds: Sequence[str]) -> str:
    """The newest unknown job of these types in the iDRAC's queue as a task path, "" for none: was an interrupted POST taken?"""
    fresh = [job for job in device_jobs(client) if job.id not in known and job.kind in kinds]
    if not fresh:
        return ""
    return f"{_tasks(client)}/{max(fresh, key=lambda job: job.id).id}"


def look(client: RedfishClient, path: str) -> Progress:
    """One GET of a started export, preview or import.

    202 with a task while it runs; when an export has ended the same path gives the profile itself (XML, or JSON with
    SystemConfiguration). 400 is a failed job with its reason; 404 is answered from the job queue.
    """
    try:
        answer = client.call("GET", path, None, timeout=120, changing=False)
    except Missing:
        return _from_queue(client, path)
    except RedfishError as error:
        if error.status != 400:
            raise
        own = next((i for i in error.ids if i.startswith(("SYS", "LC", "RAC", "PR"))), "")
        return Progress(True, None, error.message, own, failed=True)
    if answer.data is None and not answer.raw:
        return Progress(False, None, "", "")
    if answer.data is None or (isinstance(answer.data, dict) and "SystemConfiguration" in answer.data):
        return Progress(True, 100, "", "", text=answer.raw.decode("utf-8", "replace"))
    return _of_task(answer.data, answer.status)


def job_id_of_path(path: str) -> str:
    """The JID in a task's path."""
    return path.partition("?")[0].rstrip("/").rpartition("/")[2]


def _of_task(doc: Any, status: int) -> Progress:
    dell = dig(doc, "Oem", "Dell")
    job = dell if isinstance(dell, dict) and dell.get("JobState") else {}
    entries = objects(dig(doc, "Messages"))
    said = entries[-1] if entries else {}
    message = text(job.get("Message")) or text(said.get("Message"))
    ident = (text(job.get("MessageId")) or text(said.get("MessageId"))).rpartition(".")[2].upper()
    state = text(job.get("JobState")).replace(" ", "") or text(dig(doc, "TaskState"))
    bad = state in ("Failed", "CompletedWithErrors", "Exception", "Killed", "Cancelled")
    ended = status != 202 and (bad or state in ("Completed",))
    details = tuple(text(e.get("Message")) for e in entries if text(e.get("Message")) not in ("", message))
    percent = integer(job.get("PercentComplete")) or integer(dig(doc, "PercentComplete"))
    return Progress(ended, percent, message, ident, failed=ended and bad, details=details)


def _from_queue(client: RedfishClient, path: str) -> Progress:
    job = device_job(client, job_id_of_path(path))
    return Progress(job.ended, job.percent, job.message, job.message_id, failed=job.failed)


def _started(client: RedfishClient, answer: Answer) -> str:
    location = answer.headers.get("location", "")
    if not location:
        said = next((m.text for m in messages(answer.data) if m.text), "")
        raise Conflict(
            f"the device accepted the call and named no task{': ' + said if said else ''}",
            status=answer.status,
            hint="Look at the iDRAC's job queue, then try again.",
            where=client.transport.name,
        )
    return own_path(location, client.transport.endpoint.authority, where=client.transport.name)


def _tasks(client: RedfishClient) -> str:
    service = link(client.root(), "Tasks")
    if not service:
        raise Missing("the device has no list of tasks", where=client.transport.name)
    return safe_path(link(client.get(safe_path(service)), "Tasks"), where=client.transport.name)


def _is_old(manager: Doc) -> bool:
    return generation_of(text(manager.get("Model"))) in (Generation.IDRAC7, Generation.IDRAC8)


def _share_values(manager: Doc, name: str, parameter: str) -> tuple[str, ...]:
    for key, entry in (dig(manager, "Actions", "Oem") or {}).items():
        if str(key).endswith("." + name) and isinstance(entry, dict):
            values = dig(entry, "ShareParameters", f"{parameter}@Redfish.AllowableValues")
            return tuple(text(v) for v in values) if isinstance(values, list) else ()
    return ()
