"""Event, certificate, telemetry and licence services, and what is served empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import (
    ROOT,
    Action,
    Resource,
    collection,
    link,
    listed,
    status,
)

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_TELEMETRY = f"{ROOT}/TelemetryService"


def resources(persona: Persona) -> Iterable[Resource]:
    """What the root lists besides systems, chassis and managers."""
    events, events_build = collection(
        "EventDestination", "Event Subscriptions Collection", "List of Event subscriptions", lambda d: []
    )
    fabrics, fabrics_build = collection("Fabric", "Fabric Collection", "Collection of Fabrics", lambda d: [])
    yield from (
        Resource(f"{ROOT}/EventService", "EventService", _event_service),
        Resource(f"{ROOT}/EventService/Subscriptions", events, events_build),
        Resource(f"{ROOT}/Fabrics", fabrics, fabrics_build),
        Resource(_TELEMETRY, "TelemetryService", _telemetry, since=IDRAC9_4),
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
