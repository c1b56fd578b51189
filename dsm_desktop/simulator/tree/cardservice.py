"""The iDRAC card service: reset, console sessions, and the list of what else Dell hangs on it."""

from __future__ import annotations

import html
import secrets
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import MANAGER, Action, Resource

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

CARD_SERVICE: Final = f"{MANAGER}/Oem/Dell/DelliDRACCardService"
CONSOLE: Final = "/console"
PATIENCE: Final = 60.0
"""Simulated seconds in which a console address must be opened."""
_ACTIONS: Final[dict[str, Doc]] = {
    "ExportSSLCertificate": {
        "SSLCertType@Redfish.AllowableValues": ["CA", "CSC", "ClientTrustCertificate", "Server"]
    },
    "GetKVMSession": {},
    "ImportSSLCertificate": {
        "CertificateType@Redfish.AllowableValues": [
            "CA",
            "CSC",
            "ClientTrustCertificate",
            "CustomCertificate",
            "Server",
        ]
    },
    "SSLResetCfg": {},
    "UploadSSLKey": {},
    "iDRACReset": {"Force@Redfish.AllowableValues": ["Force", "Graceful"]},
}


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer."""
    return (Resource(CARD_SERVICE, "DelliDRACCardService", _service, since=IDRAC9_4),)


def actions(persona: Persona) -> Iterable[Action]:
    """Reset and console; both go on under lockdown."""
    base = f"{CARD_SERVICE}/Actions/DelliDRACCardService"
    yield Action("POST", f"{base}.iDRACReset", "ConfigureManager", _reset_card, since=IDRAC9_4, locked=False)
    yield Action("POST", f"{base}.GetKVMSession", "ConfigureManager", _kvm, since=IDRAC9_4, locked=False)


def _service(device: Device) -> Doc:
    base = f"{CARD_SERVICE}/Actions/DelliDRACCardService"
    return {
        "Actions": {
            f"#DelliDRACCardService.{name}": {**values, "target": f"{base}.{name}"}
            for name, values in _ACTIONS.items()
        },
        "Description": "The DelliDRACCardService resource provides some actions to support iDRAC configuration functionality.",
        "Id": "DelliDRACCardService",
        "Name": "DelliDRACCardService",
    }


def _reset_card(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = body.get("Force", "Graceful")
    if kind not in ("Graceful", "Force"):
        raise Refused(400, ("SYS426", str(kind), "Force"))
    device.changed(request, body, account, f"iDRACReset:{kind}")
    device.reset_idrac("user initiated")
    return device.speaker.success(202)


# -- the console ---------------------------------------------------------------------------------------------


def _kvm(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Credentials for one opening of the console page, good for a minute."""
    if not isinstance(body.get("SessionTypeName"), str):
        raise Refused(400, ("SYS428", "SessionTypeName"))
    name, password = f"KVM{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    device.tickets[name] = (password, device.now() + PATIENCE, account)
    device.changed(request, body, account, "GetKVMSession")
    return json_response(200, {"TempPassword": password, "TempUsername": name})


def console_page(device: Device, request: Request) -> Response:
    """GET of the console: with valid temporary credentials the console, once; else the sign-in page."""
    asked = dict(urllib.parse.parse_qsl(request.query))
    password, until, account = device.tickets.pop(asked.get("tempUsername", ""), ("", 0.0, None))
    good = (
        account is not None
        and secrets.compare_digest(password, asked.get("tempPassword", ""))
        and account.name == asked.get("username")
        and device.now() <= until
    )
    if not good or account is None:
        return _page("Login", "<form>User name <input name=user> Password <input type=password></form>", 200)
    device.access.open(account, request.client, device.now()).kind = "KVM"
    device.write_lc(device.now(), "VME0001")
    device.revision += 1
    return _page(f"Virtual console {device.plot.tag}", f"<p>{html.escape(device.hw.model)}</p>", 200)


def _page(title: str, body: str, status: int) -> Response:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return Response(status, page.encode(), content_type="text/html")
