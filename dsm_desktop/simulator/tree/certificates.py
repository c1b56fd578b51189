"""Certificates of the web server: request, replacement, import and export, and back to the factory's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_5, IDRAC9_6, Persona
from dsm_desktop.simulator.tree.base import MANAGER, ROOT, Action, Resource, collection, link, links
from dsm_desktop.simulator.tree.cardservice import CARD_SERVICE
from dsm_desktop.simulator.webcert import FIELDS, BadCertificate, SigningRequest, describe, make_request

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICE = f"{ROOT}/CertificateService"
_HTTPS = f"{MANAGER}/NetworkProtocol/HTTPS/Certificates"
_LAST = f"{_SERVICE}/Actions/Oem/DellCertificateService.GetLastGeneratedCSR"
_NEEDED = ("CommonName", "Organization", "OrganizationalUnit", "City", "State", "Country")
_IMPORTS = ("Server", "CA", "CSC", "ClientTrustCertificate", "CustomCertificate")
_EXPORTS = ("Server", "CA", "CSC", "ClientTrustCertificate")


def _web(persona: Persona) -> str:
    """The web server's own certificate; 6.x numbers it differently."""
    return f"{_HTTPS}/SecurityCertificate.{2 if persona.rank == IDRAC9_6 else 1}"


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer."""
    here = _web(persona)
    web, web_build = collection(
        "Certificate", "Certificate Collection", "A Collection of HTTPS certificates", lambda d: [here]
    )
    return (
        Resource(_HTTPS, web, web_build, since=IDRAC9_4),
        Resource(here, "Certificate", _certificate, fresh=0, since=IDRAC9_4),
        Resource(_SERVICE, "CertificateService", _service, since=IDRAC9_4),
        Resource(f"{_SERVICE}/CertificateLocations", "CertificateLocations", _locations, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """All take the right to configure the iDRAC."""
    base = f"{_SERVICE}/Actions/CertificateService"
    card = f"{CARD_SERVICE}/Actions/DelliDRACCardService"
    for path, handle in (
        (f"{base}.GenerateCSR", _generate),
        (f"{base}.ReplaceCertificate", _replace),
        (_LAST, _last_request),
        (f"{card}.ImportSSLCertificate", _import),
        (f"{card}.ExportSSLCertificate", _export),
        (f"{card}.UploadSSLKey", _upload_key),
        (f"{card}.SSLResetCfg", _reset),
    ):
        yield Action("POST", path, "ConfigureManager", handle, since=IDRAC9_4)


def _certificate(device: Device) -> Doc:
    return {
        "CertificateString": None,
        "CertificateType": "PEM",
        "Description": "IDRAC Web server SSL digital certificate",
        "Id": _web(device.persona).rsplit("/", 1)[-1],
        "KeyUsage": [],
        "Name": "Server Certificates",
        **describe(device.identity),
    }


def _service(device: Device) -> Doc:
    base = f"{_SERVICE}/Actions"
    names = ("ReplaceCertificate", "GenerateCSR")
    return {
        "Name": "Certificate Service",
        "Id": "CertificateService",
        "Description": "Certificate Service",
        "Actions": {
            **{f"#CertificateService.{n}": {"target": f"{base}/CertificateService.{n}"} for n in names},
            "Oem": {
                "DellCertificateService.v1_0_0#DellCertificateService.GetLastGeneratedCSR": {"target": _LAST}
            },
        },
        "CertificateLocations": link(f"{_SERVICE}/CertificateLocations"),
    }


def _locations(device: Device) -> Doc:
    return {
        "Id": "CertificateLocations",
        "Name": "Certificate Locations",
        "Description": "Locations of certificates",
        "Links": {**links("Certificates", [_web(device.persona)])},
    }


def _text(body: Any, name: str) -> str:
    value = body.get(name)
    if value is None:
        raise Refused(400, ("SYS428", name))
    if not isinstance(value, str):
        raise Refused(400, ("SYS424", "?", name))
    return value


# -- requests ------------------------------------------------------------------------------------------------


def _generate(device: Device, request: Request, body: Any, account: Account) -> Response:
    """A new key takes a moment, so it is made in a thread; the answer may come too late, then it is fetched."""
    fields = {name: _text(body, name) for name in _NEEDED}
    fields.update({name: _text(body, name) for name in FIELDS if name in body})
    names = body.get("AlternativeNames", [])
    if not isinstance(names, list):
        raise Refused(400, ("SYS424", str(names), "AlternativeNames"))
    if len(fields["Country"]) != 2:
        raise Refused(400, ("SYS425", fields["Country"], "Country"))
    _check_collection(device, body.get("CertificateCollection"))
    late = device.faults.take("csr_slow") is not None

    def made(signing: SigningRequest) -> Response:
        device.web.keep(signing)
        device.changed(request, body, account, "GenerateCSR")
        speak = device.speaker
        return speak.error(503, speak.info("SYS537")) if late else _shown(device, signing)

    return Response(
        202,
        later=lambda send: device.errands.run(
            lambda: make_request(fields, [str(name) for name in names]),
            lambda signing: send(made(signing)),
            lambda: send(device.speaker.error(500, device.speaker.info("SYS446"))),
        ),
    )


def _check_collection(device: Device, value: Any) -> None:
    """Up to 4.x the collection is a plain string, later a reference."""
    if device.persona.rank >= IDRAC9_5:
        value = value.get("@odata.id") if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise Refused(400, ("SYS428", "CertificateCollection"))
    if value.rstrip("/") != _HTTPS:
        raise Refused(400, ("SYS425", value, "CertificateCollection"))


def _shown(device: Device, signing: SigningRequest) -> Response:
    doc = {"CSRString": signing.request, "CertificateCollection": link(_HTTPS)}
    return json_response(200, doc)


def _last_request(device: Device, request: Request, body: Any, account: Account) -> Response:
    if device.web.request is None:
        return device.speaker.not_found(_LAST)
    return _shown(device, device.web.request)


# -- installing ----------------------------------------------------------------------------------------------


def _checked(install: Callable[[], None]) -> None:
    try:
        install()
    except BadCertificate:
        raise Refused(400, ("SYS409",)) from None


def _installed(device: Device) -> Response:
    """Older firmware says that it wants a reset; newer one restarts its web server by itself."""
    return device.speaker.success(200, "LC077" if device.web.needs_reset else "SYS413")


def _replace(device: Device, request: Request, body: Any, account: Account) -> Response:
    text = _text(body, "CertificateString")
    if body.get("CertificateType", "PEM") not in ("PEM", "PKCS7"):
        raise Refused(400, ("SYS426", str(body["CertificateType"]), "CertificateType"))
    uri = body.get("CertificateUri")
    if not isinstance(uri, dict) or uri.get("@odata.id") != _web(device.persona):
        raise Refused(400, ("SYS428", "CertificateUri"))
    _checked(lambda: device.web.replace(text))
    device.changed(request, {**body, "CertificateString": "…"}, account, "ReplaceCertificate")
    return _installed(device)


def _import(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind, text = _text(body, "CertificateType"), _text(body, "SSLCertificateFile")
    if kind not in _IMPORTS:
        raise Refused(400, ("SYS426", kind, "CertificateType"))
    web = device.web
    if kind == "Server":
        _checked(lambda: web.replace(text))
    elif kind == "CustomCertificate":
        _checked(lambda: web.replace_bundle(text, str(body.get("Passphrase", ""))))
    else:
        _checked(lambda: web.add_authority(text))
    device.changed(request, {"CertificateType": kind}, account, f"ImportSSLCertificate {kind}")
    return _installed(device) if kind in ("Server", "CustomCertificate") else device.speaker.success(200)


def _export(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = _text(body, "SSLCertType")
    if kind not in _EXPORTS:
        raise Refused(400, ("SYS426", kind, "SSLCertType"))
    if kind == "Server":
        return json_response(200, {"CertificateFile": device.identity.certificate_pem.decode()})
    if not device.web.authorities:
        return device.speaker.not_found(request.path)
    return json_response(200, {"CertificateFile": device.web.authorities[-1]})


def _upload_key(device: Device, request: Request, body: Any, account: Account) -> Response:
    text = _text(body, "SSLKeyString")
    _checked(lambda: device.web.upload_key(text))
    device.changed(request, {}, account, "UploadSSLKey")
    return device.speaker.success(200)


def _reset(device: Device, request: Request, body: Any, account: Account) -> Response:
    device.web.back_to_factory()
    device.changed(request, body, account, "SSLResetCfg")
    return _installed(device)
