"""PCI devices, their functions and slots; parts as assemblies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import PciDevice
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_4, IDRAC9_6, IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    SYSTEM,
    Action,
    Resource,
    collection,
    embedded,
    link,
    links,
    listed,
    status,
)

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_CLASSES = {
    "NetworkController": "0x000002",
    "MassStorageController": "0x000001",
    "DisplayController": "0x000003",
    "Bridge": "0x000006",
}
_CHASSIS_PCI = f"{CHASSIS}/PCIeDevices"


def resources(persona: Persona) -> Iterable[Resource]:
    """Devices hang on the system, from 6.x also and from 7.x only on the chassis."""
    kind, build = collection(
        "PCIeDevice",
        "PCIeDevice Collection",
        "Collection of PCIeDevices",
        lambda d: [f"{_CHASSIS_PCI}/{p.id}" for p in d.hw.pci],
    )
    both = {pci_root(persona), _CHASSIS_PCI} if persona.rank >= IDRAC9_6 else {pci_root(persona)}
    yield Resource(_CHASSIS_PCI, kind, build, since=IDRAC9_6)
    for root in sorted(both):
        yield Resource(f"{root}/{{}}", "PCIeDevice", _device)
        yield Resource(f"{root}/{{}}/PCIeFunctions/{{}}", "PCIeFunction", _function, since=IDRAC9_4)
    yield Resource(f"{SYSTEM}/PCIeFunctions/{{}}", "PCIeFunction", _old_function, until=IDRAC8)
    yield Resource(f"{CHASSIS}/PCIeSlots", "PCIeSlots", _slots, since=IDRAC9_6)
    yield Resource(f"{CHASSIS}/Assembly", "Assembly", _assembly, since=IDRAC9_4)


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def pci_root(persona: Persona) -> str:
    """PCIe devices moved from the system to the chassis with 7.x."""
    return f"{CHASSIS if persona.rank >= IDRAC9_7 else SYSTEM}/PCIeDevices"


def device_paths(device: Device) -> list[str]:
    """All PCIe devices. The recorded list holds doubles; one is repeated here because a client must cope."""
    paths = [f"{pci_root(device.persona)}/{d.id}" for d in device.hw.pci]
    return [*paths, paths[0]] if device.persona.oem_tree else paths


def function_paths(persona: Persona, part: PciDevice) -> list[str]:
    """Functions of one PCIe device."""
    if persona.rank <= IDRAC8:
        return [f"{SYSTEM}/PCIeFunctions/{part.id}-{n}" for n in part.functions]
    return [f"{pci_root(persona)}/{part.id}/PCIeFunctions/{part.id}-{n}" for n in part.functions]


def _find(device: Device, name: str) -> PciDevice | None:
    return next((p for p in device.hw.pci if p.id == name), None)


def _device(device: Device, name: str) -> Doc | None:
    part = _find(device, name)
    if part is None:
        return None
    nic = next((n for n in device.hw.nics if n.bus == part.bus), None)
    return {
        **({"Assembly": link(f"{CHASSIS}/Assembly")} if device.persona.oem_tree else {}),
        "AssetTag": None,
        "Description": part.name,
        "DeviceType": "MultiFunction" if len(part.functions) > 1 else "SingleFunction",
        "FirmwareVersion": nic.firmware if nic else "",
        "Id": part.id,
        "Links": {
            **links("Chassis", [CHASSIS]),
            **links("PCIeFunctions", function_paths(device.persona, part)),
        },
        "Manufacturer": part.maker,
        "Model": None,
        "Name": part.name,
        "PartNumber": nic.part if nic else None,
        "SKU": None,
        "SerialNumber": nic.serial if nic else None,
        "Status": status(rollup=True),
    }


def _old_function(device: Device, name: str) -> Doc | None:
    return _function(device, name.rpartition("-")[0], name)


def _function(device: Device, parent: str, name: str) -> Doc | None:
    part = _find(device, parent)
    number = name.rpartition("-")[2]
    if (
        part is None
        or not number.isdigit()
        or int(number) not in part.functions
        or name != f"{parent}-{number}"
    ):
        return None
    nic = next((n for n in device.hw.nics if n.bus == part.bus), None)
    port = nic.ports[int(number)] if nic else None
    path = f"{pci_root(device.persona)}/{parent}/PCIeFunctions/{name}"
    fqdd = port.function if port else name
    dell = embedded(
        "DellPCIeFunction",
        "v1_4_0",
        f"{path}/Oem/Dell/DellPCIeFunctions/{fqdd}",
        "DellPCIeFunction",
        {
            "DataBusWidth": "Unknown",
            "Description": "An instance of DellPCIeFunction will have PCI device specific data.",
            "LastSystemInventoryTime": device.stamp(device.power.booted_at)[:19] + "+00:00",
            "LastUpdateTime": "2022-11-16T02:21:05+00:00",
            "SlotLength": "Unknown",
            "SlotType": "Unknown",
        },
    )
    oem = (
        {"Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemResources", "DellPCIeFunction": dell}}}
        if device.persona.oem_tree
        else {}
    )
    vendor, model, sub_vendor, sub_model = (f"0x{value.lower()}" for value in part.ids)
    return {
        "ClassCode": _CLASSES[part.kind],
        "Description": part.name,
        "DeviceClass": part.kind,
        "DeviceId": model,
        "FunctionId": int(number),
        "FunctionType": "Physical",
        "Id": name,
        "Links": {
            **links("Drives", []),
            **links("EthernetInterfaces", [f"{SYSTEM}/EthernetInterfaces/{port.function}"] if port else []),
            "PCIeDevice": link(f"{pci_root(device.persona)}/{parent}"),
            **links("StorageControllers", []),
        },
        "Name": part.name,
        **oem,
        "RevisionId": "0x01",
        "Status": status(rollup=True),
        "SubsystemId": sub_model,
        "SubsystemVendorId": sub_vendor,
        "VendorId": vendor,
    }


def _slots(device: Device) -> Doc:
    filled = {p.slot.split(".")[2]: p for p in device.hw.pci if p.slot}
    slots = []
    for number in range(1, device.hw.pcie_slots + 1):
        part = filled.get(str(number))
        slots.append(
            {
                "HotPluggable": False,
                "Lanes": 16,
                "Links": {
                    **links("PCIeDevice", [f"{pci_root(device.persona)}/{part.id}"] if part else []),
                    "Oem": {
                        "Dell": {
                            "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
                            **links("CPUAffinity", [f"{SYSTEM}/Processors/CPU.Socket.1"]),
                        }
                    },
                },
                "Location": {"PartLocation": {"LocationOrdinalValue": number, "LocationType": "Slot"}},
                "PCIeType": "Gen4",
                "SlotType": "FullLength",
                "Status": {"State": "Enabled" if part else "Absent"},
                "Oem": {
                    "Dell": {
                        "@odata.type": "#DellPCIeSlots.v1_0_0.DellPCIeSlots",
                        "SlotKey": f"PCIe.Slot.{number}",
                    }
                },
            }
        )
    return {
        "Description": "This Resource shall represent a set of PCIe slot information.",
        "Id": "PCIeSlots",
        "Name": "PCIeSlots",
        **listed("Slots", slots),
    }


def _assembly(device: Device) -> Doc:
    hw = device.hw
    rows = [("System.Embedded.1", "System Board", "DELL", hw.board_part, hw.board_serial)]
    rows += [(d.id, f"{d.kind} DIMM", d.maker, d.part, d.serial) for d in hw.dimms]
    rows += [(p.id, p.model, "DELL", p.part, p.serial) for p in hw.psus]
    rows += [(n.id, n.model, n.vendor, n.part, n.serial) for n in hw.nics if n.part]
    version = "v1_3_0"
    parts = [
        {
            "@odata.context": "/redfish/v1/$metadata#Assembly.Assembly",
            "@odata.id": f"{CHASSIS}/Assembly#/Assemblies/{n}",
            "@odata.type": f"#Assembly.{version}.AssemblyData",
            "BinaryDataURI": None,
            "Description": name,
            "EngineeringChangeLevel": None,
            "MemberId": str(n),
            "Model": name,
            "Name": f"{fqdd}#FRU",
            "PartNumber": part,
            "Producer": maker,
            "ProductionDate": "2023-04-19T07:00:00Z",
            "SKU": None,
            "SparePartNumber": None,
            "Vendor": "DELL",
            "Version": None,
            "SerialNumber": serial,
        }
        for n, (fqdd, name, maker, part, serial) in enumerate(rows)
    ]
    return {
        **listed("Assemblies", parts),
        "Description": "Represents the properties of Assembly for the device",
        "Id": "Assembly",
        "Name": "Assembly",
    }
