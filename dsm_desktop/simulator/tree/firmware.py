"""UpdateService and the firmware inventory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC10, Persona
from dsm_desktop.simulator.tree.base import (
    UPDATE,
    Action,
    Resource,
    collection,
    embedded,
    link,
    listed,
    status,
)
from dsm_desktop.simulator.tree.software import software_id, software_path
from dsm_desktop.simulator.tree.updates import INVENTORY, update_actions

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_PROTOCOLS = ["HTTP", "NFS", "CIFS", "TFTP", "HTTPS"]


def resources(persona: Persona) -> Iterable[Resource]:
    """Ids end in `__FQDD` from iDRAC9 on."""
    kind, build = collection(
        "SoftwareInventory", "Firmware Inventory Collection", "Collection of Firmware Inventory", _paths
    )
    other, other_build = collection(
        "SoftwareInventory", "Software Inventory Collection", "Collection of Software Inventory", lambda d: []
    )
    return (
        Resource(UPDATE, "UpdateService", _service),
        Resource(INVENTORY, kind, build, etag=_etag),
        Resource(f"{INVENTORY}/{{}}", "SoftwareInventory", _row),
        Resource(f"{UPDATE}/SoftwareInventory", other, other_build, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Updates and rollbacks."""
    return update_actions(persona)


def _paths(device: Device) -> list[str]:
    paths = (software_path(device.persona, row) for row in device.hw.software)
    return sorted(dict.fromkeys(paths))


def _etag(device: Device) -> str | None:
    """What If-Match of a push must say, where pushing is offered."""
    return device.updates.etag if device.persona.rank < IDRAC10 else None


def _find(device: Device, name: str) -> Software | None:
    return next((r for r in device.hw.software if software_id(device.persona, r) == name), None)


def _service(device: Device) -> Doc:
    times = {
        "@odata.type": "#Settings.v1_3_3.OperationApplyTimeSupport",
        "SupportedValues": ["Immediate", "OnReset", "OnStartUpdateRequest"],
    }
    update: Doc = {
        "TransferProtocol@Redfish.AllowableValues": _PROTOCOLS
        if device.persona.oem_tree
        else ["HTTP", "NFS", "CIFS"],
        "target": f"{UPDATE}/Actions/UpdateService.SimpleUpdate",
    }
    offered: Doc = {"#UpdateService.SimpleUpdate": update}
    if device.persona.oem_tree:
        update["@Redfish.OperationApplyTimeSupport"] = times
        offered["#UpdateService.StartUpdate"] = {"target": f"{UPDATE}/Actions/UpdateService.StartUpdate"}
    if device.persona.rank < IDRAC10:
        offered["Oem"] = {
            "DellUpdateService.v1_1_0#DellUpdateService.Install": {
                "InstallUpon@Redfish.AllowableValues": ["Now", "NowAndReboot", "NextReboot"],
                "target": f"{UPDATE}/Actions/Oem/DellUpdateService.Install",
            }
        }
    return {
        "Actions": offered,
        "Description": "Represents the properties for the Update Service",
        "FirmwareInventory": link(INVENTORY),
        "HttpPushUri": INVENTORY,
        "HttpPushUri@Redfish.Deprecated": "Please migrate to use MultipartHttpPushUri",
        "Id": "UpdateService",
        "MaxImageSizeBytes": None,
        "MultipartHttpPushUri": f"{UPDATE}/MultipartUpload",
        "Name": "Update Service",
        "ServiceEnabled": True,
        "SoftwareInventory": link(f"{UPDATE}/SoftwareInventory"),
        "Status": status(),
    }


def _row(device: Device, name: str) -> Doc | None:
    row = _find(device, name)
    if row is None:
        return None
    return {
        "Description": "Represents Firmware Inventory",
        "Id": name,
        "Name": row.name,
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellSoftwareInventory": _dell(device, row),
            }
        },
        **listed("RelatedItem", []),
        "ReleaseDate": "2024-03-16T00:00:00Z",
        "SoftwareId": row.component,
        "Status": status(),
        "Updateable": row.updateable,
        "Version": row.version,
    }


def _dell_id(row: Software) -> str:
    return f"DCIM:{row.state.upper()}_0x23_802__{row.fqdd}"


def _dell(device: Device, row: Software) -> Doc:
    numbers = [int(part) for part in row.version.split(".") if part.isdigit()]
    numbers += [0] * (4 - len(numbers))
    vendor, model, sub_vendor, sub_model = row.pci or (None, None, None, None)
    path = f"{software_path(device.persona, row)}/Oem/Dell/DellSoftwareInventory/{_dell_id(row)}"
    identity = (
        f"DCIM:{row.kind.lower() if row.kind != 'BIOS' else 'BIOS'}:{row.component}"
        if row.component != "0"
        else "DCIM:0"
    )
    return embedded(
        "DellSoftwareInventory",
        "v1_2_0",
        path,
        "DellSoftwareInventory",
        {
            "BuildNumber": numbers[3],
            **listed("Classifications", ["BIOS/FCode" if row.kind == "BIOS" else "Firmware"]),
            "ComponentID": row.component if row.component != "0" else None,
            "ComponentType": row.kind,
            "Description": "The DellSoftwareInventory resource is a representation of an available device firmware in the managed system.",
            "DeviceID": model,
            "ElementName": row.name,
            "HashValue": hashlib.sha256(f"{row.component}/{row.version}".encode()).hexdigest(),
            **listed("IdentityInfoType", ["OrgID:ComponentType:ComponentID"]),
            **listed("IdentityInfoValue", [identity]),
            "InstallationDate": "NA" if row.state == "Available" else row.installed,
            "IsEntity": True,
            "MajorVersion": numbers[0],
            "MinorVersion": numbers[1],
            "RevisionNumber": numbers[2],
            "RevisionString": None,
            "Status": "AvailableForInstallation" if row.state in ("Previous", "Available") else "Installed",
            "SubDeviceID": sub_model,
            "SubVendorID": sub_vendor,
            "VendorID": vendor,
            "impactsTPMmeasurements": row.kind == "BIOS",
        },
    )
