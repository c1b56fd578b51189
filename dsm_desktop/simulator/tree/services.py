"""Event, certificate, telemetry and licence services, and what is served empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_4, IDRAC9_7, Persona
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

_TELEMETRY = f"{ROOT}/TelemetryService"
_LICENSES = f"{MANAGER}/Oem/Dell/DellLicenses"


def resources(persona: Persona) -> Iterable[Resource]:
    """What the root lists besides systems, chassis and managers."""
    events, events_build = collection(
        "EventDestination", "Event Subscriptions Collection", "List of Event subscriptions", lambda d: []
    )
    fabrics, fabrics_build = collection("Fabric", "Fabric Collection", "Collection of Fabrics", lambda d: [])
    licenses, licenses_build = collection(
        "License",
        "License Collection",
        "Collection of Licenses",
        lambda d: [f"{ROOT}/LicenseService/Licenses/{x.id}" for x in d.hw.licenses],
    )
    yield from (
        Resource(f"{ROOT}/EventService", "EventService", _event_service),
        Resource(f"{ROOT}/EventService/Subscriptions", events, events_build),
        Resource(f"{ROOT}/Fabrics", fabrics, fabrics_build),
        Resource(_TELEMETRY, "TelemetryService", _telemetry, since=IDRAC9_4),
        Resource(f"{ROOT}/LicenseService", "LicenseService", _license_service, since=IDRAC9_7),
        Resource(f"{ROOT}/LicenseService/Licenses", licenses, licenses_build, since=IDRAC9_7),
        Resource(f"{ROOT}/LicenseService/Licenses/{{}}", "License", _license, since=IDRAC9_7),
        Resource(_LICENSES, "DellLicenseCollection", _dell_licenses, since=IDRAC9_4),
        Resource(f"{_LICENSES}/{{}}", "DellLicense", _dell_license, since=IDRAC9_4),
    )
    for name, kind in (
        ("MetricDefinitions", "MetricDefinition"),
        ("MetricReportDefinitions", "MetricReportDefinition"),
        ("MetricReports", "MetricReport"),
        ("Triggers", "Triggers"),
    ):
        empty, empty_build = collection(kind, f"{kind} Collection", f"Collection of {name}", lambda d: [])
        yield Resource(f"{_TELEMETRY}/{name}", empty, empty_build, since=IDRAC9_4)


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def _event_service(device: Device) -> Doc:
    old = device.persona.rank <= IDRAC8
    types = ["Alert"] if old else ["Alert", "MetricReport", "Other"]
    base = f"{ROOT}/EventService"
    doc: Doc = {
        "Actions": {
            "#EventService.SubmitTestEvent": {
                "EventType@Redfish.AllowableValues": ["Alert"],
                "target": f"{base}/Actions/EventService.SubmitTestEvent",
            }
        },
        "DeliveryRetryAttempts": 3,
        "DeliveryRetryIntervalSeconds": 5,
        "Description": "Event Service represents the properties for the service",
        **listed("EventTypesForSubscription", types),
        "Id": "EventService",
        "Name": "Event Service",
        "ServiceEnabled": True,
        "Status": status(rollup=True),
        "Subscriptions": link(f"{base}/Subscriptions"),
    }
    if not old:
        names = (
            "EventFormatType",
            "EventType",
            "MessageId",
            "MetricReportDefinition",
            "OriginResource",
            "RegistryPrefix",
            "ResourceType",
        )
        doc["SSEFilterPropertiesSupported"] = {**dict.fromkeys(names, True), "SubordinateResources": False}
        doc["ServerSentEventUri"] = f"{ROOT}/SSE"
        doc.update(listed("EventFormatTypes", ["Event", "MetricReport"]))
    return doc


def _telemetry(device: Device) -> Doc:
    return {
        "Id": "TelemetryService",
        "Name": "TelemetryService",
        "Description": "The Manager TelemetryService",
        "MaxReports": 50,
        "MinCollectionInterval": "PT0H0M5S",
        "ServiceEnabled": False,
        "SupportedCollectionFunctions": ["Average", "Maximum", "Minimum", "Summation"],
        **{
            name: link(f"{_TELEMETRY}/{name}")
            for name in ("MetricDefinitions", "MetricReportDefinitions", "MetricReports", "Triggers")
        },
    }


def _license_service(device: Device) -> Doc:
    return {
        "Id": "LicenseService",
        "Name": "License Service",
        "Description": "License Service",
        "ServiceEnabled": True,
        "Status": status(),
        "Licenses": link(f"{ROOT}/LicenseService/Licenses"),
    }


def _license(device: Device, name: str) -> Doc | None:
    row = next((x for x in device.hw.licenses if x.id == name), None)
    return (
        None
        if row is None
        else {
            "AuthorizationScope": "Service",
            "Description": row.name,
            "DownloadURI": f"{ROOT}/LicenseService/Licenses/{name}/DownloadURI",
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
    row = next((x for x in device.hw.licenses if x.id == name), None)
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
