"""The Lifecycle Controller's service: whether it is ready, and what it offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import MANAGER, Action, Resource

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

LC_SERVICE = f"{MANAGER}/Oem/Dell/DellLCService"
_STATUS = f"{LC_SERVICE}/Actions/DellLCService.GetRemoteServicesAPIStatus"
OFFERED = (
    "ExportHWInventory",
    "ExportLCLog",
    "ExportServerScreenShot",
    "GetRemoteServicesAPIStatus",
    "SupportAssistAcceptEULA",
    "SupportAssistCollection",
    "SupportAssistGetEULAStatus",
    "TestNetworkShare",
)
"""Actions the service lists; whoever adds one to the tree adds its name here."""
_BUSY = ("InPOST", "CollectingSystemInventory", "AutomatedTaskExecution")


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer."""
    return (Resource(LC_SERVICE, "DellLCService", _service, since=IDRAC9_4),)


def actions(persona: Persona) -> Iterable[Action]:
    """iDRAC7/8 know the address but not the method (405)."""
    return (
        Action("POST", _STATUS, "Login", _api_status, since=IDRAC9_4, locked=False),
        Action("POST", _STATUS, "Login", _not_allowed, until=IDRAC8, locked=False),
    )


def _service(device: Device) -> Doc:
    return {
        "Actions": {
            f"#DellLCService.{name}": {"target": f"{LC_SERVICE}/Actions/DellLCService.{name}"}
            for name in OFFERED
        },
        "Description": "The DellLCService resource provides some actions to support Lifecycle Controller functionality.",
        "Id": "DellLCService",
        "Name": "DellLCService",
    }


def _not_allowed(device: Device, request: Request, body: Any, account: Account) -> Response:
    return device.speaker.error(405, device.speaker.info("SYS402"))


def _api_status(device: Device, request: Request, body: Any, account: Account) -> Response:
    now = device.now()
    server = device.power.server_status(now)
    busy = server in _BUSY
    waking = now < device.waking_until
    reloading = device.jobs.restarting(now)
    away = waking or reloading
    controller = (
        "NotInitialized" if waking else "ReloadingData" if reloading else "InUse" if busy else "Ready"
    )
    speak = device.speaker
    return json_response(
        200,
        {
            "@Message.ExtendedInfo": [speak.info("SYS413"), speak.info("Success")],
            "LCStatus": controller,
            "RTStatus": "NotReady" if away else "Ready",
            "ServerStatus": server,
            "Status": "NotReady" if away or busy else "Ready",
        },
    )
