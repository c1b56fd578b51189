"""Dell's own data on network adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Nic, NicPort
from dsm_desktop.simulator.tree.base import CHASSIS, embedded

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def port_label(port: NicPort) -> str:
    """Name of a port as people read it."""
    place, _, _ = port.id.partition("-")
    kind, number = place.split(".")[1:3]
    return f"{kind} NIC {number} Port {port.number} Partition 1"


def port_up(device: Device, port: NicPort) -> bool:
    """There is a link; none while the host is off."""
    return port.up and device.power.is_on


def dell_nic(device: Device, nic: Nic, port: NicPort) -> Doc:
    """DellNIC of one function."""
    vendor, model, sub_vendor, sub_model = (value.lower() for value in nic.pci)
    path = f"{CHASSIS}/NetworkAdapters/{nic.id}/NetworkDeviceFunctions/{port.function}/Oem/Dell/DellNIC/{port.function}"
    return embedded(
        "DellNIC",
        "v1_4_0",
        path,
        "DellNIC",
        {
            "BusNumber": nic.bus,
            "CableLengthMetres": None,
            "ControllerBIOSVersion": None,
            "DataBusWidth": "Unknown",
            "IdentifierType": None,
            "Revision": None,
            "SNAPIState": "Disabled",
            "SNAPISupport": "NotAvailable",
            "SlotLength": "Unknown",
            "SlotType": "Unknown",
            "TransceiverPartNumber": None,
            "TransceiverSerialNumber": None,
            "TransceiverVendorName": None,
            "VPISupport": "NotAvailable",
            "iScsiOffloadMode": "Unknown",
            "DeviceDescription": port_label(port),
            "EFIVersion": nic.firmware,
            "FCoEOffloadMode": "Unknown",
            "FQDD": port.function,
            "FamilyVersion": nic.firmware,
            "InstanceID": port.function,
            "LastSystemInventoryTime": device.stamp(device.power.booted_at)[:19] + "+00:00",
            "LastUpdateTime": "2022-11-16T02:21:05+00:00",
            "LinkDuplex": "FullDuplex" if port_up(device, port) else "Unknown",
            "MediaType": "SFF_CAGE" if port.capable_mbps > 10000 else "Base T",
            "NicMode": "Unknown",
            "PCIDeviceID": model,
            "PCISubDeviceID": sub_model,
            "PCISubVendorID": sub_vendor,
            "PCIVendorID": vendor,
            "PartNumber": nic.part,
            "PermanentFCOEMACAddress": None,
            "PermanentiSCSIMACAddress": None,
            "ProductName": f"{nic.model} - {port.mac}",
            "Protocol": "NIC",
            "SerialNumber": nic.serial,
            "VendorName": nic.vendor,
        },
    )
