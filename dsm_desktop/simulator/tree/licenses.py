"""Licences: listed twice, by the standard and by Dell, and imported, exported and deleted through either."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator import licenses
from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.hardware.parts import License
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import (
    MANAGER,
    ROOT,
    Action,
    Resource,
    collection,
    link,
    listed,
    status,
)
from dsm_desktop.simulator.tree.versions import odata_type

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICE = f"{ROOT}/LicenseService"
_LICENSES = f"{MANAGER}/Oem/Dell/DellLicenses"
_MANAGEMENT = f"{MANAGER}/Oem/Dell/DellLicenseManagementService"
_LARGEST = 1024 * 1024


def resources(persona: Persona) -> Iterable[Resource]:
    """Dell's list from iDRAC9 on, the standard service from 7.x on."""
    kind, build = collection(
        "License",
        "License Collection",
        "Collection of Licenses",
        lambda d: [f"{_SERVICE}/Licenses/{x.id}" for x in d.hw.licenses],
    )
    return (
        Resource(_SERVICE, "LicenseService", _license_service, since=IDRAC9_7),
        Resource(f"{_SERVICE}/Licenses", kind, build, since=IDRAC9_7),
        Resource(f"{_SERVICE}/Licenses/{{}}", "License", _license, since=IDRAC9_7),
        Resource(
            f"{_SERVICE}/Licenses/{{}}/DownloadURI", "", _license, fresh=0, since=IDRAC9_7, answer=_download
        ),
        Resource(_LICENSES, "DellLicenseCollection", _dell_licenses, since=IDRAC9_4),
        Resource(f"{_LICENSES}/{{}}", "DellLicense", _dell_license, since=IDRAC9_4),
        Resource(_MANAGEMENT, "DellLicenseManagementService", _management, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Reading takes a sign-in, changing the right to configure."""
    base, change = f"{_MANAGEMENT}/Actions/DellLicenseManagementService", "ConfigureManager"
    yield Action("POST", f"{_SERVICE}/Licenses", change, _post, since=IDRAC9_7)
    yield Action("DELETE", f"{_SERVICE}/Licenses/{{}}", change, _delete, since=IDRAC9_7)
    yield Action("POST", f"{_SERVICE}/Actions/LicenseService.Install", change, _install_from, since=IDRAC9_7)
    yield Action("POST", f"{base}.ImportLicense", change, _import, since=IDRAC9_4)
    yield Action("POST", f"{base}.DeleteLicense", change, _delete_by_id, since=IDRAC9_4)
    yield Action("POST", f"{base}.ExportLicense", "Login", _export, since=IDRAC9_4, locked=False)


def _find(device: Device, name: object) -> License | None:
    return next((row for row in device.hw.licenses if row.id == name), None)


# -- changing ------------------------------------------------------------------------------------------------


def _post(device: Device, request: Request, body: Any, account: Account) -> Response:
    if "LicenseString" not in body:
        raise Refused(400, ("SYS428", "LicenseString"))
    row = licenses.read(device, body["LicenseString"])
    licenses.install(device, row)
    device.changed(request, {}, account, f"import licence {row.id}")
    return device.speaker.success(201, "SYS414", (("Location", f"{_SERVICE}/Licenses/{row.id}"),))


def _delete(device: Device, request: Request, body: Any, account: Account, name: str) -> Response:
    row = _find(device, name)
    if row is None:
        return device.speaker.not_found(request.path)
    licenses.remove(device, row)
    device.changed(request, body, account, f"delete licence {row.id}")
    return Response(204)


def _install_from(device: Device, request: Request, body: Any, account: Account) -> Response:
    """A file from a share; the answer waits for it."""
    url = body.get("LicenseFileURI")
    if not isinstance(url, str):
        raise Refused(400, ("SYS428", "LicenseFileURI"))
    speak = device.speaker

    def got(content: bytes | None) -> Response:
        if content is None:
            return speak.error(400, speak.info("RAC0904"))
        try:
            row = licenses.read(device, base64.b64encode(content).decode())
        except Refused as refused:
            return speak.error(refused.status, *(speak.info(*reason) for reason in refused.reasons))
        licenses.install(device, row)
        device.changed(request, body, account, f"import licence {row.id}")
        return speak.success(202)

    return Response(
        202,
        later=lambda send: device.errands.run(
            lambda: device.shares.fetch(url, _LARGEST),
            lambda content: send(got(content)),
            lambda: send(got(None)),
        ),
    )


def _import(device: Device, request: Request, body: Any, account: Account) -> Response:
    if body.get("FQDD") != "iDRAC.Embedded.1":
        raise Refused(400, ("LIC010",))
    if body.get("ImportOptions", "NoOption") not in ("All", "Force", "NoOption"):
        raise Refused(400, ("SYS426", str(body["ImportOptions"]), "ImportOptions"))
    if "LicenseFile" not in body:
        raise Refused(400, ("SYS428", "LicenseFile"))
    row = licenses.read(device, body["LicenseFile"])
    licenses.install(device, row)
    device.changed(request, {}, account, f"import licence {row.id}")
    return device.speaker.success(200, "LIC900")


def _named(device: Device, body: Any) -> License:
    row = _find(device, body.get("EntitlementID"))
    if row is None:
        raise Refused(400, ("LIC007",))
    return row


def _delete_by_id(device: Device, request: Request, body: Any, account: Account) -> Response:
    row = _named(device, body)
    licenses.remove(device, row)
    device.changed(request, body, account, f"delete licence {row.id}")
    return device.speaker.success(200, "LIC900")


def _export(device: Device, request: Request, body: Any, account: Account) -> Response:
    row = _named(device, body)
    speak = device.speaker
    device.write_lc(device.now(), "LIC209", row.id, "iDRAC.Embedded.1")
    infos = [speak.info("Success"), speak.info("LIC900")]
    content = base64.b64encode(licenses.write(device, row)).decode()
    return json_response(200, {"@Message.ExtendedInfo": infos, "LicenseFile": content})


def _download(device: Device, doc: Doc, name: str) -> Response:
    row = _find(device, name)
    if row is None:
        return device.speaker.not_found(f"{_SERVICE}/Licenses/{name}")
    return Response(200, licenses.write(device, row), content_type="application/xml")


# -- reading -------------------------------------------------------------------------------------------------


def _management(device: Device) -> Doc:
    base = f"{_MANAGEMENT}/Actions/DellLicenseManagementService"
    choices = ["All", "Force", "NoOption"]
    return {
        "Actions": {
            "#DellLicenseManagementService.DeleteLicense": {
                "DeleteOptions@Redfish.AllowableValues": choices,
                "target": f"{base}.DeleteLicense",
            },
            "#DellLicenseManagementService.ExportLicense": {"target": f"{base}.ExportLicense"},
            "#DellLicenseManagementService.ImportLicense": {
                "ImportOptions@Redfish.AllowableValues": choices,
                "target": f"{base}.ImportLicense",
            },
        },
        "Description": "The DellLicenseManagementService resource provides some actions to support License management functionality.",
        "Id": "DellLicenseManagementService",
        "Name": "DellLicenseManagementService",
    }


def _license_service(device: Device) -> Doc:
    return {
        "Id": "LicenseService",
        "Name": "License Service",
        "Description": "License Service",
        "ServiceEnabled": True,
        "Actions": {"#LicenseService.Install": {"target": f"{_SERVICE}/Actions/LicenseService.Install"}},
        "Licenses": link(f"{_SERVICE}/Licenses"),
    }


def _license(device: Device, name: str) -> Doc | None:
    row = _find(device, name)
    return (
        None
        if row is None
        else {
            "AuthorizationScope": "Service",
            "Description": row.name,
            "DownloadURI": f"{_SERVICE}/Licenses/{name}/DownloadURI",
            "EntitlementId": name,
            "ExpirationDate": None,
            "Id": name,
            "InstallDate": None,
            "LicenseInfoURI": "",
            "LicenseOrigin": "Installed",
            "LicenseType": "Production",
            "Links": {},
            "Name": name,
            "Removable": True,
            "Status": status(),
        }
    )


def _dell_license(device: Device, name: str) -> Doc | None:
    row = _find(device, name)
    return (
        None
        if row is None
        else {
            **listed("AssignedDevices", ["iDRAC.Embedded.1"]),
            "Description": "An instance of DellLicense represents a feature license installed on a system.",
            **listed("DeviceFamilyDeviceID", ["11"]),
            **listed("DeviceFamilySubsystemID", ["4"]),
            **listed("DeviceFamilySubsystemVendorID", ["4"]),
            **listed("DeviceFamilyVendorID", ["1912"]),
            "EntitlementID": name,
            "EvalLicenseTimeRemainingDays": None,
            "Id": name,
            "InstanceID": name,
            "LicenseAttributes": "ValidSubcomponent",
            **listed("LicenseDescription", [row.name]),
            "LicenseDurationDays": 0,
            "LicenseEndDate": None,
            "LicenseInstallDate": "2023-08-05T20:48:42-05:00",
            "LicensePrimaryStatus": "OK",
            "LicenseSoldDate": "2023-07-19T14:03:32-05:00",
            "LicenseStartDate": None,
            "LicenseStatusMessage": None,
            "LicenseStatusMessageID": None,
            "LicenseType": row.kind,
            "Name": "DellLicense",
        }
    )


def _dell_licenses(device: Device) -> Doc:
    names = odata_type("DellLicense", device.persona.rank)
    members = []
    for row in device.hw.licenses:
        body = _dell_license(device, row.id) or {}
        members.append(
            {
                "@odata.context": f"{ROOT}/$metadata#{names[0]}",
                "@odata.id": f"{_LICENSES}/{row.id}",
                "@odata.type": names[1],
                **body,
            }
        )
    return {
        "Name": "DellLicenseCollection",
        "Description": "A collection of DellLicense resource",
        **listed("Members", members),
    }
