"""A small made-up iDRAC9: enough documents for every call of the client, to be twisted by hostile tests."""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]
V1 = "/redfish/v1"
SYSTEM = f"{V1}/Systems/System.Embedded.1"
MANAGER = f"{V1}/Managers/iDRAC.Embedded.1"
CHASSIS = f"{V1}/Chassis/System.Embedded.1"


def ref(path: str) -> Doc:
    """A link."""
    return {"@odata.id": path}


def collection(path: str, *members: str) -> Doc:
    """A collection of links."""
    return {
        "@odata.id": path,
        "Members": [ref(member) for member in members],
        "Members@odata.count": len(members),
    }


def small_tree() -> dict[str, Doc]:
    """Path → document."""
    ok = {"Health": "OK", "HealthRollup": "OK", "State": "Enabled"}
    cpu, drive = f"{SYSTEM}/Processors/CPU.Socket.1", f"{SYSTEM}/Storage/RAID.1/Drives/Disk.Bay.0"
    raid, entries = f"{SYSTEM}/Storage/RAID.1", f"{MANAGER}/LogServices/Lclog/Entries"
    bios = f"{V1}/UpdateService/FirmwareInventory/Installed-159-1.0__BIOS.Setup.1-1"
    docs: list[Doc] = [
        {
            "@odata.id": V1, "RedfishVersion": "1.13.1", "Systems": ref(f"{V1}/Systems"), "Chassis": ref(f"{V1}/Chassis"),
            "Managers": ref(f"{V1}/Managers"), "UpdateService": ref(f"{V1}/UpdateService"),
            "Links": {"Sessions": ref(f"{V1}/SessionService/Sessions")},
            "Oem": {"Dell": {"ServiceTag": "ABC1234", "ManagerMACAddress": "00:11:22:33:44:55"}},
        },
        collection(f"{V1}/Systems", SYSTEM),
        {
            "@odata.id": SYSTEM, "Id": "System.Embedded.1", "Model": "PowerEdge R750", "SKU": "ABC1234", "PowerState": "On",
            "Manufacturer": "Dell Inc.", "Status": ok, "LastResetTime": "2026-01-01T00:00:00+00:00",
            "Processors": ref(f"{SYSTEM}/Processors"), "Storage": ref(f"{SYSTEM}/Storage"), "Bios": ref(f"{SYSTEM}/Bios"),
            "Actions": {"#ComputerSystem.Reset": {
                "target": f"{SYSTEM}/Actions/ComputerSystem.Reset",
                "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "ForceRestart", "GracefulRestart", "GracefulShutdown"],
            }},
        },
        collection(f"{SYSTEM}/Processors", cpu),
        {"@odata.id": cpu, "Id": "CPU.Socket.1", "Model": "Xeon", "TotalCores": 16, "Status": ok},
        collection(f"{SYSTEM}/Storage", raid),
        {"@odata.id": raid, "Id": "RAID.1", "Drives": [ref(drive)], "Volumes": ref(f"{raid}/Volumes"), "Status": ok},
        {"@odata.id": drive, "Id": "Disk.Bay.0", "CapacityBytes": 10**12, "Status": ok},
        collection(f"{raid}/Volumes"),
        {"@odata.id": f"{SYSTEM}/Bios", "Id": "Bios", "Attributes": {"BootMode": "Uefi"}},
        collection(f"{V1}/Managers", MANAGER),
        {
            "@odata.id": MANAGER, "Id": "iDRAC.Embedded.1", "Model": "15G Monolithic", "FirmwareVersion": "6.00.30.00",
            "DateTime": "2026-01-01T00:00:00+00:00", "LogServices": ref(f"{MANAGER}/LogServices"),
            "Actions": {"#Manager.Reset": {"target": f"{MANAGER}/Actions/Manager.Reset",
                                           "ResetType@Redfish.AllowableValues": ["GracefulRestart"]}},
        },
        collection(f"{MANAGER}/LogServices", f"{MANAGER}/LogServices/Lclog"),
        {"@odata.id": f"{MANAGER}/LogServices/Lclog", "Id": "Lclog", "Entries": ref(entries)},
        {"@odata.id": entries, "Members": [{"@odata.id": f"{entries}/1", "Id": "1", "Message": "hello", "Severity": "OK",
                                            "Created": "2026-01-01T00:00:00+00:00"}]},
        collection(f"{V1}/Chassis", CHASSIS),
        {"@odata.id": CHASSIS, "Id": "System.Embedded.1", "IndicatorLED": "Lit", "Power": ref(f"{CHASSIS}/Power"),
         "Thermal": ref(f"{CHASSIS}/Thermal")},
        {"@odata.id": f"{CHASSIS}/Power", "PowerControl": [{"PowerConsumedWatts": 300}], "PowerSupplies": []},
        {"@odata.id": f"{CHASSIS}/Thermal", "Temperatures": [{"Name": "System Board Inlet Temp", "ReadingCelsius": 22}]},
        collection(f"{V1}/UpdateService/FirmwareInventory", bios),
        {"@odata.id": bios, "Id": bios.rpartition("/")[2], "Name": "BIOS", "Version": "1.0", "SoftwareId": "159"},
    ]  # fmt: skip
    return {doc["@odata.id"]: doc for doc in docs}
