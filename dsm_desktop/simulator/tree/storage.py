"""Storage: controllers, disks, volumes and the plainer SimpleStorage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Controller, Drive, Volume
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_5, IDRAC9_6, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    ROOT,
    SYSTEM,
    Action,
    Resource,
    collection,
    link,
    links,
    listed,
    status,
    worst,
)
from dsm_desktop.simulator.tree.dellstorage import dell_controller, drive_oem

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_STORAGE = f"{SYSTEM}/Storage"
_SIMPLE = f"{SYSTEM}/SimpleStorage"
_OLD_TYPES = {
    "RAID0": "NonRedundant",
    "RAID1": "Mirrored",
    "RAID5": "StripedWithParity",
    "RAID6": "StripedWithParity",
    "RAID10": "SpannedMirrors",
    "None": "RawDevice",
}


def resources(persona: Persona) -> Iterable[Resource]:
    """URIs of disks and volumes moved below their controller with 4.x."""
    kind, build = collection(
        "Storage",
        "Storage Collection",
        "Collection Of Storage entities",
        lambda d: [f"{_STORAGE}/{c.id}" for c in d.hw.controllers],
    )
    simple, simple_build = collection(
        "SimpleStorage",
        "Simple Storage Collection",
        "Collection of Controllers for this system",
        lambda d: [f"{simple_storage(persona)}/{c.id}" for c in d.hw.controllers],
    )
    old = persona.rank <= IDRAC8
    yield Resource(_STORAGE, kind, build)
    yield Resource(f"{_STORAGE}/{{}}", "Storage", _storage)
    yield Resource(f"{_STORAGE}/Drives/{{}}" if old else f"{_STORAGE}/{{}}/Drives/{{}}", "Drive", _drive)
    yield Resource(f"{_STORAGE}/{{}}/Volumes", "VolumeCollection", _volumes)
    yield Resource(f"{_STORAGE}/Volumes/{{}}" if old else f"{_STORAGE}/{{}}/Volumes/{{}}", "Volume", _volume)
    yield Resource(
        f"{_STORAGE}/{{}}/Controllers", "StorageControllerCollection", _controllers, since=IDRAC9_5
    )
    yield Resource(f"{_STORAGE}/{{}}/Controllers/{{}}", "StorageController", _controller, since=IDRAC9_5)
    yield Resource(simple_storage(persona), simple, simple_build)
    yield Resource(f"{simple_storage(persona)}/{{}}", "SimpleStorage", _simple)


def actions(persona: Persona) -> Iterable[Action]:
    """They stand with the RAID service."""
    return ()


def simple_storage(persona: Persona) -> str:
    """URI of the SimpleStorage collection."""
    return f"{_SIMPLE}/Controllers" if persona.rank <= IDRAC8 else _SIMPLE


def _find(device: Device, name: str) -> Controller | None:
    return next((c for c in device.hw.controllers if c.id == name), None)


def drive_path(persona: Persona, controller: str, drive: str) -> str:
    """URI of a disk."""
    return (
        f"{_STORAGE}/Drives/{drive}" if persona.rank <= IDRAC8 else f"{_STORAGE}/{controller}/Drives/{drive}"
    )


def volume_path(persona: Persona, controller: str, volume: str) -> str:
    """URI of a volume."""
    return (
        f"{_STORAGE}/Volumes/{volume}"
        if persona.rank <= IDRAC8
        else f"{_STORAGE}/{controller}/Volumes/{volume}"
    )


def _storage(device: Device, name: str) -> Doc | None:
    controller = _find(device, name)
    if controller is None:
        return None
    persona = device.persona
    health = None if controller.kind == "ahci" else controller.health
    doc: Doc = {
        "Description": controller.name,
        **links("Drives", [drive_path(persona, name, d.id) for d in controller.drives]),
        "Id": name,
        **listed("Identifiers", [_identifier(controller)]),
        "Links": {
            **links(
                "Enclosures",
                [*([f"{ROOT}/Chassis/{controller.enclosure}"] if controller.enclosure else []), CHASSIS],
            ),
            "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemLinks", **links("CPUAffinity", [])}},
            "SimpleStorage": link(f"{simple_storage(persona)}/{name}"),
        },
        "Name": controller.name,
        "Status": {"Health": health, "HealthRollup": health, "State": "Enabled"},
        "Volumes": link(f"{_STORAGE}/{name}/Volumes"),
    }
    if controller.kind != "nvme":
        doc["Controllers"] = link(f"{_STORAGE}/{name}/Controllers")
        doc["Oem"] = {
            "Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemResources", **dell_controller(device, controller)}
        }
        doc.update(listed("StorageControllers", [_inline(device, controller)]))
        doc["StorageControllers@Redfish.Deprecated"] = "Please migrate to use Controllers"
    return doc


def _identifier(controller: Controller) -> Doc:
    return {"DurableName": controller.wwn or None, "DurableNameFormat": "NAA" if controller.wwn else None}


def _controller_core(device: Device, controller: Controller) -> Doc:
    return {
        "CacheSummary": {"TotalCacheSizeMiB": 8192 if controller.kind == "perc" else 0},
        "ControllerRates": {
            "ConsistencyCheckRatePercent": 30 if controller.kind == "perc" else None,
            "RebuildRatePercent": 30 if controller.kind == "perc" else None,
        },
        "FirmwareVersion": controller.firmware,
        **listed("Identifiers", [_identifier(controller)]),
        "Manufacturer": "DELL",
        "Model": controller.name,
        "Name": controller.name,
        "SpeedGbps": controller.speed,
        "Status": status(controller.health, rollup=True),
        **listed("SupportedControllerProtocols", ["PCIe"]),
        **listed("SupportedDeviceProtocols", controller.protocols),
        **listed("SupportedRAIDTypes", controller.raids),
    }


def _inline(device: Device, controller: Controller) -> Doc:
    """The StorageControllers array of older firmware, kept until 6.x."""
    version = "v1_10_1" if device.persona.oem_tree else "v1_5_0"
    doc = {
        "@odata.id": f"{_STORAGE}/{controller.id}#/StorageControllers/0",
        "@odata.type": f"#Storage.{version}.StorageController",
        "MemberId": "0" if device.persona.oem_tree else controller.id,
        **_controller_core(device, controller),
        "Links": {**links("PCIeFunctions", [])},
    }
    if device.persona.oem_tree:
        doc["Assembly"] = link(f"{CHASSIS}/Assembly")
    return doc


def _controllers(device: Device, name: str) -> Doc | None:
    controller = _find(device, name)
    if controller is None or controller.kind == "nvme":
        return None
    return {
        "Name": "Storage Controller Collection",
        "Description": "Collection of Storage Controllers",
        **links("Members", [f"{_STORAGE}/{name}/Controllers/{name}"]),
    }


def _controller(device: Device, name: str, same: str) -> Doc | None:
    controller = _find(device, name)
    if controller is None or controller.kind == "nvme" or name != same:
        return None
    return {
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "Description": controller.name,
        "Id": name,
        "Links": {**links("PCIeFunctions", [])},
        **_controller_core(device, controller),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOemStorageController.v1_1_0.DellOemStorageController",
                "DellStorageController": {"ControllerMode": "RAID", "PatrolReadMode": "Automatic"},
            }
        },
    }


# -- disks ----------------------------------------------------------------------------------------------------


def _drive(device: Device, *names: str) -> Doc | None:
    for controller in device.hw.controllers:
        if len(names) == 2 and controller.id != names[0]:
            continue
        for drive in controller.drives:
            if drive.id == names[-1]:
                return _drive_body(device, controller, drive)
    return None


def drive_name(controller: Controller, drive: Drive) -> str:
    """The name people see."""
    if controller.kind == "nvme":
        return f"PCIe SSD in Slot {drive.slot} in Bay 1"
    if controller.kind == "boss":
        return f"SSD {drive.slot}"
    return f"{'Solid State Disk' if drive.media == 'SSD' else 'Physical Disk'} 0:1:{drive.slot}"


def _secure_erase(base: str, persona: Persona) -> Doc:
    """Every drive of an R750 (6.00.30) names both times, PCIe SSDs too, which take only OnReset; older ones name none."""
    target = f"{base}/Actions/Drive.SecureErase"
    if persona.rank < IDRAC9_6:
        return {"target": target}
    times = {
        "@odata.type": "#Settings.v1_3_3.OperationApplyTimeSupport",
        "SupportedValues": ["Immediate", "OnReset"],
    }
    return {"@Redfish.OperationApplyTimeSupport": times, "target": target}


def _drive_body(device: Device, controller: Controller, drive: Drive) -> Doc:
    persona = device.persona
    base = drive_path(persona, controller.id, drive.id)
    name = drive_name(controller, drive)
    speed = controller.speed if controller.kind == "nvme" else (12 if drive.protocol == "SAS" else 6)
    volumes = [volume_path(persona, controller.id, v.id) for v in controller.volumes if drive.id in v.drives]
    chassis = f"{ROOT}/Chassis/{controller.enclosure}" if controller.enclosure else CHASSIS
    state = "Enabled" if drive.health != "Critical" else "Disabled"
    return {
        "Actions": {"#Drive.SecureErase": _secure_erase(base, persona)},
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "BlockSizeBytes": 0 if controller.kind == "nvme" else 512,
        "CapableSpeedGbs": speed,
        "CapacityBytes": drive.bytes,
        "Description": name,
        "EncryptionAbility": "None",
        "EncryptionStatus": "Unencrypted",
        "FailurePredicted": drive.predicted,
        "HotspareType": drive.hotspare,
        "Id": drive.id,
        **listed(
            "Identifiers",
            [
                {
                    "DurableName": drive.sas if controller.kind == "perc" else None,
                    "DurableNameFormat": "NAA" if controller.kind == "perc" else None,
                }
            ],
        ),
        "Links": {
            "Chassis": link(chassis),
            "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemLinks", **links("CPUAffinity", [])}},
            **links("PCIeFunctions", []),
            **links("Volumes", volumes),
        },
        "Location": [],
        "LocationIndicatorActive": drive.id in device.raid.blinking,
        "Manufacturer": drive.maker,
        "MediaType": drive.media,
        "Model": drive.model,
        "Name": name,
        "NegotiatedSpeedGbs": speed,
        "Oem": {"Dell": drive_oem(base, controller, drive)},
        **listed("Operations", []),
        "PartNumber": drive.part,
        "PhysicalLocation": {"PartLocation": {"LocationOrdinalValue": drive.slot, "LocationType": "Slot"}},
        "PredictedMediaLifeLeftPercent": drive.life_left,
        "Protocol": drive.protocol,
        "Revision": drive.revision,
        "RotationSpeedRPM": drive.rpm,
        "SerialNumber": drive.serial,
        "Status": {**status(drive.health, rollup=True), "State": state},
        "WriteCacheEnabled": False,
    }


# -- volumes --------------------------------------------------------------------------------------------------


def _volumes(device: Device, name: str) -> Doc | None:
    controller = _find(device, name)
    if controller is None:
        return None
    doc: Doc = {
        "Description": "Collection Of Volume",
        "Name": "Volume Collection",
        **links("Members", [volume_path(device.persona, name, v.id) for v in controller.volumes]),
    }
    if device.persona.oem_tree:
        times = ["OnReset"] if controller.kind != "perc" else ["Immediate", "OnReset"]
        doc["@Redfish.OperationApplyTimeSupport"] = {
            "@odata.type": "#Settings.v1_3_3.OperationApplyTimeSupport",
            "SupportedValues": times,
        }
    return doc


def _volume(device: Device, *names: str) -> Doc | None:
    for controller in device.hw.controllers:
        if len(names) == 2 and controller.id != names[0]:
            continue
        for volume in controller.volumes:
            if volume.id == names[-1]:
                return _volume_body(device, controller, volume)
    return None


def _volume_body(device: Device, controller: Controller, volume: Volume) -> Doc:
    persona = device.persona
    base = volume_path(persona, controller.id, volume.id)
    support = {
        "@odata.type": "#Settings.v1_3_3.OperationApplyTimeSupport",
        "SupportedValues": ["Immediate", "OnReset"],
    }
    raw = volume.raw
    return {
        "Actions": {
            "#Volume.CheckConsistency": {
                "@Redfish.OperationApplyTimeSupport": support,
                "target": f"{base}/Actions/Volume.CheckConsistency",
            },
            "#Volume.Initialize": {
                "@Redfish.OperationApplyTimeSupport": support,
                "InitializeType@Redfish.AllowableValues": ["Fast", "Slow"],
                "target": f"{base}/Actions/Volume.Initialize",
            },
        },
        "BlockSizeBytes": 0 if raw else 512,
        "CapacityBytes": volume.bytes,
        "Description": volume.name,
        "DisplayName": None if raw else volume.name,
        "Encrypted": None if raw else False,
        "EncryptionTypes": [] if raw else ["NativeDriveEncryption"],
        "Id": volume.id,
        "Identifiers": [],
        "Links": {**links("Drives", [drive_path(persona, controller.id, d) for d in volume.drives])},
        "MediaSpanCount": None if raw else 1,
        "Name": volume.name,
        "Operations": [],
        "OptimumIOSizeBytes": None if raw else volume.stripe,
        "RAIDType": None if raw else volume.raid,
        "ReadCachePolicy": None if raw else "ReadAhead",
        "Status": status(volume.health, rollup=True),
        "VolumeType": _OLD_TYPES.get(volume.raid, "Mirrored"),
        "WriteCachePolicy": None if raw else "ProtectedWriteBack",
    }


def _simple(device: Device, name: str) -> Doc | None:
    controller = _find(device, name)
    if controller is None:
        return None
    rows = [
        {
            "CapacityBytes": d.bytes,
            "Manufacturer": d.maker,
            "Model": d.model,
            "Name": drive_name(controller, d),
            "Status": status(d.health, rollup=True),
        }
        for d in controller.drives
    ]
    return {
        "Description": "Simple Storage Controller",
        **listed("Devices", rows),
        "Id": name,
        "Links": {"Chassis": link(CHASSIS), "Storage": link(f"{_STORAGE}/{name}")},
        "Name": controller.name,
        "Status": status(worst(d.health for d in controller.drives), rollup=True),
        "UefiDevicePath": "PciRoot(0x3)/Pci(0x2,0x0)/Pci(0x0,0x0)",
    }
