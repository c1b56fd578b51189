"""What the Lifecycle Controller's service hands out: log, inventory, support collection, picture of the screen."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator import exports, screen
from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.jobs import Job, Outcome, Stage
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, Persona
from dsm_desktop.simulator.tree.base import ROOT, Action, Resource
from dsm_desktop.simulator.tree.lcservice import LC_SERVICE

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_FILES: Final = {
    "lclog.xml": "application/xml",
    "hwinv.xml": "application/xml",
    "sacollect.zip": "application/zip",
}
_SELECTORS: Final = ("HWData", "OSAppData", "TTYLogs", "DebugLogs", "TelemetryReports")
_SECONDS: Final = 240.0
"""How long a support collection takes."""


def resources(persona: Persona) -> Iterable[Resource]:
    """Files are there once they were asked for."""
    for name in _FILES:
        yield Resource(
            _place(persona, name), "", _builder(name), fresh=0, since=IDRAC9_4, answer=_sender(name)
        )


def actions(persona: Persona) -> Iterable[Action]:
    """Nothing here changes a setting, so lockdown lets it pass."""
    for name, privilege, handle in (
        ("ExportLCLog", "Login", _exporter("lclog.xml", exports.lifecycle_log)),
        ("ExportHWInventory", "Login", _exporter("hwinv.xml", exports.hardware_inventory)),
        ("ExportServerScreenShot", "ConfigureComponents", _screenshot),
        ("SupportAssistGetEULAStatus", "Login", _eula),
        ("SupportAssistAcceptEULA", "ConfigureManager", _accept),
        ("SupportAssistCollection", "ConfigureComponents", _collect),
    ):
        path = f"{LC_SERVICE}/Actions/DellLCService.{name}"
        yield Action("POST", path, privilege, handle, since=IDRAC9_4, locked=False)


def _place(persona: Persona, name: str) -> str:
    """Local files moved with Dell's branch."""
    return f"{ROOT}/{'Oem/' if persona.rank >= IDRAC9_6 else ''}Dell/{name}"


def _builder(name: str) -> Callable[[Device], Doc | None]:
    return lambda device: {} if name in device.exported else None


def _sender(name: str) -> Callable[..., Response]:
    def send(device: Device, doc: Doc) -> Response:
        return Response(200, device.exported[name], content_type=_FILES[name])

    return send


def _local(body: Any) -> None:
    """Shares are not offered: a local file is what a client without a share can take."""
    kind = body.get("ShareType")
    if kind is None:
        raise Refused(400, ("SYS428", "ShareType"))
    if kind != "Local":
        raise Refused(400, ("SYS426", str(kind), "ShareType"))


def _exporter(name: str, make: Callable[[Device], bytes]) -> Callable[..., Response]:
    def export(device: Device, request: Request, body: Any, account: Account) -> Response:
        _local(body)
        if body.get("XMLSchema", "CIM-XML") not in ("CIM-XML", "Simple"):
            raise Refused(400, ("SYS426", str(body["XMLSchema"]), "XMLSchema"))
        device.exported[name] = make(device)
        device.changed(request, body, account, f"export {name}")
        return Response(202, headers=(("Location", _place(device.persona, name)),))

    return export


# -- support collection --------------------------------------------------------------------------------------


def _eula(device: Device, request: Request, body: Any, account: Account) -> Response:
    key = ("SRV095", *device.eula) if device.eula else ("SRV104",)
    speak = device.speaker
    return json_response(200, {"@Message.ExtendedInfo": [speak.info(*key), speak.info("Success")]})


def _accept(device: Device, request: Request, body: Any, account: Account) -> Response:
    device.eula = (account.name, "REDFISH")
    device.write_lc(device.now(), "SRV074", *device.eula)
    device.changed(request, body, account, "SupportAssistAcceptEULA")
    return device.speaker.success(202)


def _collect(device: Device, request: Request, body: Any, account: Account) -> Response:
    """A job of some minutes; when it is done its task names the file."""
    _local(body)
    selected = body.get("DataSelectorArrayIn", ["HWData"])
    if not isinstance(selected, list):
        raise Refused(400, ("SYS424", str(selected), "DataSelectorArrayIn"))
    for word in selected:
        if word not in _SELECTORS:
            raise Refused(400, ("SYS426", str(word), "DataSelectorArrayIn"))
    if not device.eula:
        raise Refused(400, ("SRV085",))
    if any(job.kind.startswith("SACollect") for job in device.jobs.open_jobs()):
        raise Refused(400, ("SRV003",))

    def done(job: Job, when: float) -> Outcome:
        device.exported["sacollect.zip"] = exports.support_collection(device, selected)
        job.location = _place(device.persona, "sacollect.zip")
        return Outcome("Completed", "SRV088", ("Collection",))

    job = device.jobs.add(
        "SACollectExportHealthData",
        "SupportAssist Collection",
        stages=(Stage(_SECONDS, "Running", "PR20"),),
        on_done=done,
    )
    device.write_lc(device.now(), "SRV001", account.name)
    device.changed(request, body, account, "SupportAssistCollection")
    return device.jobs.accepted(job)


# -- the screen ----------------------------------------------------------------------------------------------


def _screenshot(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = body.get("FileType")
    if kind not in ("ServerScreenShot", "LastCrashScreenShot", "Preview"):
        raise Refused(400, ("SYS426", str(kind), "FileType"))
    if not device.power.is_on:
        raise Refused(400, ("LC099",))
    if kind == "LastCrashScreenShot":
        raise Refused(400, ("LC102",))
    picture = screen.png(device, 2 if kind == "Preview" else 1)
    speak = device.speaker
    infos = [speak.info("SYS413"), speak.info("Success")]
    content = base64.b64encode(picture).decode()
    return json_response(200, {"@Message.ExtendedInfo": infos, "ServerScreenShotFile": content})
