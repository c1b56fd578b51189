"""Export, import and preview of configuration profiles; names and addresses of the actions moved three times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_6, Persona
from dsm_desktop.simulator.profile import KINDS, Import, profile, start_export, start_preview
from dsm_desktop.simulator.tree.base import Action, Resource

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_TARGETS = [
    "ALL",
    "IDRAC",
    "BIOS",
    "NIC",
    "RAID",
    "FC",
    "InfiniBand",
    "SupportAssist",
    "EventFilters",
    "System",
    "LifecycleController",
    "AHCI",
    "PCIeSSD",
]
_INCLUDE = ["Default", "IncludeReadOnly", "IncludePasswordHashValues"]
_SHARES = ["LOCAL", "NFS", "CIFS", "HTTP", "HTTPS"]
_USES = ["Default", "Clone", "Replace"]
_SHUTDOWNS = ["Graceful", "Forced", "NoReboot"]
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a profile the device takes from a share."""


def resources(persona: Persona) -> Iterable[Resource]:
    """None: the actions belong to the manager."""
    return ()


def actions(persona: Persona) -> Iterable[Action]:
    """They take all rights there are."""
    verbs = (
        ("ExportSystemConfiguration", _export, False),
        ("ImportSystemConfiguration", _import, True),
        ("ImportSystemConfigurationPreview", _preview, False),
    )
    for verb, handle, locked in verbs:
        path = persona.scp_target.format(verb=verb)
        yield Action("POST", path, "ConfigureUsers", handle, locked=locked)


def oem_actions(persona: Persona) -> Doc:
    """Actions.Oem of the manager."""
    share: dict[str, Any] = {
        "IgnoreCertificateWarning@Redfish.AllowableValues": ["Disabled", "Enabled"],
        "ShareType@Redfish.AllowableValues": _SHARES,
        "Target@Redfish.AllowableValues": _known_targets(persona),
    }
    details: dict[str, dict[str, Any]] = {
        "ExportSystemConfiguration": {
            "ExportFormat@Redfish.AllowableValues": ["XML", "JSON"],
            "ExportUse@Redfish.AllowableValues": _USES,
            "IncludeInExport@Redfish.AllowableValues": _includes(persona),
        },
        "ImportSystemConfiguration": {
            "HostPowerState@Redfish.AllowableValues": ["On", "Off"],
            "ImportSystemConfiguration@Redfish.AllowableValues": ["TimeToWait", "ImportBuffer"],
            "ShutdownType@Redfish.AllowableValues": _SHUTDOWNS,
        },
        "ImportSystemConfigurationPreview": {
            "ImportSystemConfigurationPreview@Redfish.AllowableValues": ["ImportBuffer"]
        },
    }
    return {
        persona.scp_key.format(verb=name): {
            **detail,
            "ShareParameters": share,
            "target": persona.scp_target.format(verb=name),
        }
        for name, detail in details.items()
    }


def _known_targets(persona: Persona) -> list[str]:
    return _TARGETS if persona.oem_tree else _TARGETS[:6]


def _includes(persona: Persona) -> list[str]:
    return [*_INCLUDE, "IncludeCustomTelemetry"] if persona.rank >= IDRAC9_6 else _INCLUDE


# -- what a request says -------------------------------------------------------------------------------------


def _one_of(body: Any, name: str, values: list[str], default: str) -> str:
    value = body.get(name, default)
    if value not in values:
        raise Refused(400, ("SYS426", str(value), name))
    return str(value)


def _several(device: Device, value: Any, name: str, values: list[str]) -> list[str]:
    """A list of words: iDRAC9 takes an array or a string, iDRAC7/8 one comma-joined string only."""
    if isinstance(value, list) and device.persona.oem_tree:
        words = [str(word) for word in value]
    elif isinstance(value, str):
        words = [word.strip() for word in value.split(",")]
    else:
        raise Refused(400, ("SYS424", str(value), name))
    known = {word.upper(): word for word in values}
    for word in words:
        if word.upper() not in known:
            raise Refused(400, ("SYS426", word, name))
    return [known[word.upper()] for word in words]


def _share(device: Device, body: Any) -> tuple[Doc, list[str]]:
    share = body.get("ShareParameters")
    if not isinstance(share, dict):
        raise Refused(400, ("SYS428", "ShareParameters"))
    targets = _several(device, share.get("Target", "ALL"), "Target", _known_targets(device.persona))
    _one_of(share, "ShareType", _SHARES, "LOCAL")
    return share, targets


def _url(share: Doc) -> str:
    """Where a file is on a share; NFS and CIFS in the form images have."""
    kind, host = str(share["ShareType"]), str(share.get("IPAddress", ""))
    for name in ("IPAddress", "FileName"):
        if not isinstance(share.get(name), str) or not share[name]:
            raise Refused(400, ("SYS428", name))
    folder = str(share.get("ShareName", "")).strip("/")
    path = "/".join(part for part in (folder, str(share["FileName"])) if part)
    port = f":{share['PortNumber']}" if share.get("PortNumber") else ""
    return f"{kind.lower()}://{host}{port}/{path}"


def _check_free(device: Device) -> Response | None:
    """One profile job at a time; a running job and settings that wait block each in their own way."""
    jobs = device.jobs
    if any(job.kind in KINDS for job in jobs.open_jobs()) or jobs.running():
        if not device.persona.oem_tree:
            return Response(503)
        raise Refused(400, ("RAC0679",))
    waits = jobs.waiting() or any(job.kind.endswith("Configuration") for job in jobs.open_jobs())
    if waits:
        raise Refused(400, ("LC068",))
    return None


# -- the actions ---------------------------------------------------------------------------------------------


def _export(device: Device, request: Request, body: Any, account: Account) -> Response:
    share, targets = _share(device, body)
    form = _one_of(body, "ExportFormat", ["XML", "JSON"], "XML")
    use = _one_of(body, "ExportUse", _USES, "Default")
    asked = body.get("IncludeInExport", "Default")
    options = set(_several(device, asked, "IncludeInExport", _includes(device.persona)))
    busy = _check_free(device)
    if busy is not None:
        return busy
    send = _sender(device, share, form) if share.get("ShareType", "LOCAL") != "LOCAL" else None
    job = start_export(device, form, lambda: profile(device, form, targets, options, use), send)
    device.changed(request, body, account, "ExportSystemConfiguration")
    return device.jobs.accepted(job)


def _sender(device: Device, share: Doc, form: str) -> Callable[[bytes], bool]:
    """Takes the file to the share; iDRAC7/8 post it, later ones put it."""
    url, shares = _url(share), device.shares
    if device.faults.take("share_unreachable") is not None:
        return lambda content: False
    kind = "application/xml" if form == "XML" else "application/json"
    verb = "PUT" if device.persona.oem_tree else "POST"
    if share["ShareType"] in ("HTTP", "HTTPS"):
        return lambda content: shares.send(url, verb, content, kind)
    return lambda content: shares.store(url, str(share["ShareType"]).lower(), content)


def _source(device: Device, body: Any, share: Doc) -> Callable[[], str] | str:
    """The profile itself when it stands in the request, else what fetches it from a share."""
    if share.get("ShareType", "LOCAL") == "LOCAL":
        text = body.get("ImportBuffer")
        if text is None:
            raise Refused(400, ("SYS428", "ImportBuffer"))
        if not isinstance(text, str):
            raise Refused(400, ("SYS424", "", "ImportBuffer"))
        return text
    url, shares = _url(share), device.shares
    if device.faults.take("share_unreachable") is not None or not url.startswith("http"):
        return lambda: ""
    return lambda: (shares.fetch(url, LARGEST) or b"").decode("utf-8", "replace")


def _with_text(device: Device, source: Callable[[], str] | str, go: Callable[[str], Response]) -> Response:
    """Answer at once, or when the file has come from its share."""
    if isinstance(source, str):
        return go(source)

    def guarded(text: str) -> Response:
        try:
            return go(text)
        except Refused as refused:
            speak = device.speaker
            return speak.error(refused.status, *(speak.info(*reason) for reason in refused.reasons))

    return Response(
        202,
        later=lambda send: device.errands.run(
            source, lambda text: send(guarded(text)), lambda: send(guarded(""))
        ),
    )


def _import(device: Device, request: Request, body: Any, account: Account) -> Response:
    share, targets = _share(device, body)
    _one_of(body, "ShutdownType", _SHUTDOWNS, "Graceful")
    _one_of(body, "HostPowerState", ["On", "Off"], "On")
    wait = body.get("TimeToWait", 300)
    if not isinstance(wait, int):
        raise Refused(400, ("SYS424", str(wait), "TimeToWait"))
    if not 300 <= wait <= 3600:
        raise Refused(400, ("SYS425", str(wait), "TimeToWait"))
    busy = _check_free(device)
    if busy is not None:
        return busy

    def go(text: str) -> Response:
        job = Import(device, text, targets, body).start()
        device.changed(request, body, account, "ImportSystemConfiguration")
        return device.jobs.accepted(job)

    return _with_text(device, _source(device, body, share), go)


def _preview(device: Device, request: Request, body: Any, account: Account) -> Response:
    share, targets = _share(device, body)
    if targets != ["ALL"]:
        raise Refused(400, ("SYS426", ",".join(targets), "Target"))
    busy = _check_free(device)
    if busy is not None:
        return busy

    def go(text: str) -> Response:
        job = start_preview(device, text, targets)
        device.changed(request, body, account, "ImportSystemConfigurationPreview")
        return device.jobs.accepted(job)

    return _with_text(device, _source(device, body, share), go)
