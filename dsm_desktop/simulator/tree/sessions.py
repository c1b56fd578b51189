"""SessionService, and signing in and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account, Session
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.tree.base import ROOT, Action, Resource, collection, link, pick, refuse

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def resources(persona: Persona) -> Iterable[Resource]:
    """Sessions live at /Sessions on iDRAC7/8 and below the service since Redfish 1.6."""
    kind, build = collection(
        "Session",
        "Session Collection",
        "Session Collection",
        lambda d: [f"{persona.sessions}/{s.id}" for s in d.access.sessions(d.now())],
    )
    return (
        Resource(f"{ROOT}/SessionService", "SessionService", _service),
        Resource(persona.sessions, kind, build, fresh=0),
        Resource(f"{persona.sessions}/{{}}", "Session", _session, fresh=0),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Signing in is handled by the service itself, because it needs no credentials."""
    return (
        Action("PATCH", f"{ROOT}/SessionService", "ConfigureManager", _patch_service),
        Action("DELETE", f"{persona.sessions}/{{}}", "Login", _delete, locked=False),
    )


def _service(device: Device) -> Doc:
    return {
        "Description": "Session Service",
        "Id": "SessionService",
        "Name": "Session Service",
        "ServiceEnabled": True,
        "SessionTimeout": int(device.access.timeout),
        "Sessions": link(device.persona.sessions),
    }


def _session(device: Device, number: str) -> Doc | None:
    session = device.access.by_id(number, device.now())
    return None if session is None else session_body(session)


def session_body(session: Session) -> Doc:
    """A session as GET shows it; the password is always null."""
    return {
        "ClientOriginIPAddress": session.client,
        "Description": "User Session",
        "Id": session.id,
        "Name": "User Session",
        "Password": None,
        "SessionType": session.kind,
        "UserName": session.account.name,
    }


def login(device: Device, request: Request) -> Response:
    """POST to the session collection."""
    speak, access, now = device.speaker, device.access, device.now()
    if "authorization" in request.headers:
        return speak.error(400, speak.info("SYS468"))
    try:
        body = request.json()
        name, password = body["UserName"], body["Password"]
    except (ValueError, KeyError, TypeError):
        return speak.error(400, speak.info("SYS405"))
    account = access.verify(str(name), str(password))
    if account is None:
        return login_failed(device, request, str(name))
    if access.full(now):
        return speak.error(503, speak.info("RAC0218"), speak.info("SessionLimitExceeded"))
    session = access.open(account, request.client, now)
    device.counters.logins_ok += 1
    device.write_lc(now, "USR0030", account.name, request.client, "REDFISH")
    path = f"{device.persona.sessions}/{session.id}"
    doc = {"@odata.id": path, "@odata.type": "#Session.v1_3_0.Session", **session_body(session)}
    doc["@Message.ExtendedInfo"] = [speak.info("SYS414"), speak.info("Created")]
    return json_response(201, doc, (("X-Auth-Token", session.token), ("Location", path)))


def login_failed(device: Device, request: Request, name: str) -> Response:
    """401, a log entry, and perhaps a block of the address."""
    now = device.now()
    device.counters.logins_failed += 1
    device.write_lc(now, "USR0031", name, request.client, "REDFISH")
    if device.access.failed(request.client, now):
        device.write_lc(now, "USR0034", name, request.client, "REDFISH", "60")
    speak = device.speaker
    headers = (
        (("WWW-Authenticate", 'Basic realm="RedfishService"'),) if device.persona.basic_advertised else ()
    )
    return speak.error(401, speak.info("SYS415"), speak.info("AccessDenied"), headers=headers)


def _delete(device: Device, request: Request, body: Any, account: Account, number: str) -> Response:
    session = device.access.by_id(number, device.now())
    if session is None:
        return device.speaker.not_found(request.path)
    if session.account is not account and not account.allows("ConfigureUsers"):
        return refuse(device, account)
    device.access.close(session)
    device.write_lc(device.now(), "USR0032", session.account.name, session.client, "REDFISH")
    return device.speaker.success(200)


def _patch_service(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    unknown = pick(body, ("SessionTimeout",))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown))
    seconds = body.get("SessionTimeout", 1800)
    if not isinstance(seconds, int) or not 60 <= seconds <= 10800:
        return speak.error(400, speak.info("SYS426", str(seconds), "SessionTimeout"))
    device.access.timeout = float(seconds)
    device.changed(request, body, account, "PATCH SessionTimeout")
    return speak.success(200)
