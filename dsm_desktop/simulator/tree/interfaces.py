"""The iDRAC's own network and its interfaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, IDRAC9_7, IDRAC10, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    MANAGER,
    SYSTEM,
    Action,
    Resource,
    collection,
    link,
    listed,
    status,
)
from dsm_desktop.simulator.tree.protocols import dns_name

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def resources(persona: Persona) -> Iterable[Resource]:
    """Ethernet, protocols, host and serial interfaces, certificates."""
    nics, nics_build = collection(
        "EthernetInterface",
        "Ethernet Network Interface Collection",
        "Collection of EthernetInterfaces for this Manager",
        lambda d: [f"{MANAGER}/EthernetInterfaces/NIC.1"],
    )
    hosts, hosts_build = collection(
        "HostInterface",
        "Host Interface Collection",
        "Collection of Host Interfaces for this System",
        lambda d: [f"{MANAGER}/HostInterfaces/Host.1"],
    )
    serials, serials_build = collection(
        "SerialInterface",
        "Serial Interface Collection",
        "Collection of Serial Interfaces for this System",
        lambda d: [f"{MANAGER}/SerialInterfaces/Serial.1"],
    )
    none, none_build = collection(
        "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
    )
    return (
        Resource(f"{MANAGER}/EthernetInterfaces", nics, nics_build),
        Resource(f"{MANAGER}/EthernetInterfaces/NIC.1", "EthernetInterface", _ethernet),
        Resource(f"{MANAGER}/HostInterfaces", hosts, hosts_build, since=IDRAC9_4),
        Resource(f"{MANAGER}/HostInterfaces/Host.1", "HostInterface", _host, since=IDRAC9_4),
        Resource(f"{MANAGER}/SerialInterfaces", serials, serials_build),
        Resource(f"{MANAGER}/SerialInterfaces/Serial.1", "SerialInterface", _serial),
        Resource(f"{MANAGER}/Certificates", none, none_build, since=IDRAC10),
        Resource(f"{CHASSIS}/Certificates", none, none_build, since=IDRAC9_7),
        Resource(f"{MANAGER}/Oem/Dell/RemoteSystemLogs/CA/Certificates", none, none_build, since=IDRAC9_6),
        Resource(f"{MANAGER}/Oem/Dell/RemoteSystemLogs/HTTPS/Certificates", none, none_build, since=IDRAC9_6),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def _mac(device: Device) -> str:
    mac = device.hw.idrac_mac
    return mac if device.persona.virtual_uppercase_mac else mac.lower()


def _ethernet(device: Device) -> Doc:
    address = device.plot.address
    network = address.rsplit(".", 2)[0]
    padding = {"Address": "::", "AddressOrigin": "DHCPv6", "AddressState": "Preferred", "PrefixLength": 64}
    return {
        "AutoNeg": True,
        "Description": "Management Network Interface",
        "EthernetInterfaceType": "Physical",
        "FQDN": "",
        "FullDuplex": True,
        "HostName": dns_name(device),
        **listed(
            "IPv4Addresses",
            [
                {
                    "Address": address,
                    "AddressOrigin": "Static",
                    "Gateway": f"{network}.255.254",
                    "SubnetMask": "255.255.0.0",
                }
            ],
        ),
        **listed("IPv6AddressPolicyTable", []),
        **listed("IPv6Addresses", [padding] * 16),
        "IPv6DefaultGateway": "::",
        **listed("IPv6StaticAddresses", [{"Address": "::", "PrefixLength": 64}]),
        "Id": "NIC.1",
        "InterfaceEnabled": True,
        "Links": {"Chassis": link(CHASSIS)},
        "MACAddress": _mac(device),
        "MTUSize": 1500,
        "MaxIPv6StaticAddresses": 1,
        "Name": "Manager Ethernet Interface",
        **listed("NameServers", [f"{network}.255.253", "0.0.0.0", "::", "::"]),
        "PermanentMACAddress": _mac(device),
        "SpeedMbps": 1000,
        "Status": status(),
        "VLAN": {"VLANEnable": False, "VLANId": 1},
    }


def _host(device: Device) -> Doc:
    return {
        "Description": "Management for Host Interface",
        "ExternallyAccessible": False,
        "HostEthernetInterfaces": link(f"{SYSTEM}/EthernetInterfaces"),
        "HostInterfaceType": "NetworkHostInterface",
        "Id": "Host.1",
        "InterfaceEnabled": bool(device.hw.host_name),
        "ManagerEthernetInterface": link(f"{MANAGER}/EthernetInterfaces/NIC.1"),
        "Name": "Managed Host Interface 1",
    }


def _serial(device: Device) -> Doc:
    base = f"{MANAGER}/SerialInterfaces/Serial.1/Actions/Oem"
    names = ("SerialDataClear", "SerialDataExport")
    oem = (
        {f"#DellSerialInterface.{n}": {"target": f"{base}/DellSerialInterface.{n}"} for n in names}
        if device.persona.oem_tree
        else {}
    )
    return {
        "Actions": {"Oem": oem},
        "Description": "Management for Serial Interface",
        "Id": "Serial.1",
        "Name": "Managed Serial Interface 1",
    }
