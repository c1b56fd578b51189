"""SEL, lifecycle log and the list of present faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.logs import SEL_LIMIT, Entry, Log
from dsm_desktop.simulator.personas import IDRAC10, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    MANAGER,
    ROOT,
    SYSTEM,
    Action,
    Resource,
    collection,
    link,
    listed,
)
from dsm_desktop.simulator.tree.versions import odata_type

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SERVICES = f"{MANAGER}/LogServices"
_NAMES = {
    "Sel": "SEL Log Service",
    "Lclog": "LifeCycle Controller Log Service",
    "FaultList": "FaultList Log Service",
}
_ABOUT = {
    "Sel": "System Event Logs for this manager",
    "Lclog": "LC Logs for this manager",
    "FaultList": "Collection of Fault List",
}


def resources(persona: Persona) -> Iterable[Resource]:
    """Entries live at /Logs/Sel on iDRAC7/8 and below their service since 4.x."""
    names = list(_NAMES)
    kind, build = collection(
        "LogService",
        "Log Service Collection",
        "Collection of Log Services for this Manager",
        lambda d: [f"{_SERVICES}/{n}" for n in names],
    )
    yield Resource(_SERVICES, kind, build)
    for name in names:
        entries = persona.log_entries.format(log=name)
        yield Resource(f"{_SERVICES}/{name}", "LogService", lambda d, n=name: _service(d, n), fresh=1)
        yield Resource(entries, "LogEntryCollection", lambda d, n=name: _entries(d, n), fresh=1, paged=True)
        yield Resource(f"{entries}/{{}}", "LogEntry", lambda d, e, n=name: _entry(d, n, e))
    other, other_build = collection(
        "LogService", "Log Service Collection", "Collection of Log Services", lambda d: [f"{_SERVICES}/Sel"]
    )
    for base in (SYSTEM, CHASSIS):
        yield Resource(f"{base}/LogServices", other, other_build, since=IDRAC10)


def actions(persona: Persona) -> Iterable[Action]:
    """Only the SEL can be cleared."""
    return (Action("POST", f"{_SERVICES}/Sel/Actions/LogService.ClearLog", "ClearLogs", _clear),)


def _log(device: Device, name: str) -> list[Entry]:
    logs = device.logs
    if name == "FaultList":
        return [e for e in logs.sel.entries if e.severity != "OK" and e.asserted]
    log: Log = logs.sel if name == "Sel" else logs.lclog
    return log.entries


def _service(device: Device, name: str) -> Doc:
    doc: Doc = {
        "DateTime": device.stamp(),
        "DateTimeLocalOffset": device.offset,
        "Description": _NAMES[name],
        "Entries": link(device.persona.log_entries.format(log=name)),
        "Id": name,
        "LogEntryType": "SEL" if name == "Sel" else "OEM",
        "MaxNumberOfRecords": SEL_LIMIT if name == "Sel" else 500_000,
        "Name": _NAMES[name],
        "OverWritePolicy": "WrapsWhenFull",
        "ServiceEnabled": True,
    }
    if name == "Sel":
        doc["Actions"] = {"#LogService.ClearLog": {"target": f"{_SERVICES}/Sel/Actions/LogService.ClearLog"}}
    return doc


def _entries(device: Device, name: str) -> Doc:
    device.now()
    base = device.persona.log_entries.format(log=name)
    kind = odata_type("LogEntry", device.persona.rank)[1]
    members = [
        {"@odata.id": f"{base}/{e.number}", "@odata.type": kind, **_body(device, name, e)}
        for e in reversed(_log(device, name))
    ]
    return {"Name": "Log Entry Collection", "Description": _ABOUT[name], **listed("Members", members)}


def _entry(device: Device, name: str, number: str) -> Doc | None:
    entry = next((e for e in _log(device, name) if str(e.number) == number), None)
    return None if entry is None else _body(device, name, entry)


def _body(device: Device, name: str, entry: Entry) -> Doc:
    number = str(entry.number)
    shared: Doc = {
        "Created": device.stamp(entry.when),
        "Description": f"Log Entry {number}",
        "Id": number,
        "Message": entry.message,
        **listed("MessageArgs", list(entry.args)),
        "Name": f"Log Entry {number}",
        "Severity": entry.severity,
    }
    if name != "Lclog":
        return {
            **shared,
            "EntryCode": "Assert" if entry.asserted else "Deassert",
            "EntryType": "SEL",
            "GeneratorId": "0x0020",
            "Links": {},
            "MessageId": entry.code,
            "SensorNumber": entry.sensor_number,
            "SensorType": entry.sensor,
        }
    origin = {"OriginOfCondition": link(MANAGER)} if entry.code.startswith("USR") else {}
    doc: Doc = {
        **shared,
        "EntryType": "Oem",
        "Links": origin,
        "MessageId": device.speaker.identity(entry.code),
        "OemRecordFormat": "Dell",
    }
    if device.persona.oem_tree:
        doc["Oem"] = {
            "Dell": {
                "@odata.type": "#DellLCLogEntry.v1_1_0.DellLCLogEntry",
                "Category": entry.category,
                "Comment": None,
                "LastUpdatedByUser": None,
            }
        }
    else:
        doc["Oem"] = {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellLogEntry.DellLogEntry",
                "@odata.type": "#DellLogEntry.v1_0_0.LogEntrySummary",
                "Category": entry.category,
                "Comment": None,
                "LastUpdatedByUser": None,
            }
        }
    return doc


def _clear(device: Device, request: Request, body: Any, account: Account) -> Response:
    device.changed(request, body, account, "LogService.ClearLog:Sel")
    device.logs.sel.clear()
    device.logs.hardware(
        device.now(), "6f02ff04", "The Log has been cleared.", "OK", "Event Logging Disabled", 114
    )
    return Response(204)
