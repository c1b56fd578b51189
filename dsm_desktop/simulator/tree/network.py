"""The host's network: Ethernet interfaces, adapters, ports and functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Nic, NicPort
from dsm_desktop.simulator.personas import IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    SYSTEM,
    Action,
    Resource,
    collection,
    link,
    links,
    listed,
    status,
)
from dsm_desktop.simulator.tree.dellnetwork import dell_nic, port_label, port_up
from dsm_desktop.simulator.tree.nicattributes import attributes_path

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_ETH = f"{SYSTEM}/EthernetInterfaces"
_IFS = f"{SYSTEM}/NetworkInterfaces"
_ADAPTERS = f"{CHASSIS}/NetworkAdapters"


def resources(persona: Persona) -> Iterable[Resource]:
    """NetworkPorts became Ports with 7.x; 7.x still serves both."""
    eth, eth_build = collection(
        "EthernetInterface",
        "System Ethernet Interface Collection",
        "Collection of Ethernet Interfaces for this System",
        lambda d: [f"{_ETH}/{p.function}" for n in d.hw.nics for p in n.ports],
    )
    ifs, ifs_build = collection(
        "NetworkInterface",
        "Network Interface Collection",
        "Collection Of Network Interfaces",
        lambda d: [f"{_IFS}/{n.id}" for n in d.hw.nics],
    )
    ads, ads_build = collection(
        "NetworkAdapter",
        "Network Adapter Collection",
        "Collection Of Network Adapter",
        lambda d: [f"{_ADAPTERS}/{n.id}" for n in d.hw.nics],
    )
    return (
        Resource(_ETH, eth, eth_build),
        Resource(f"{_ETH}/{{}}", "EthernetInterface", _ethernet),
        Resource(_IFS, ifs, ifs_build),
        Resource(f"{_IFS}/{{}}", "NetworkInterface", _interface),
        Resource(_ADAPTERS, ads, ads_build),
        Resource(f"{_ADAPTERS}/{{}}", "NetworkAdapter", _adapter),
        Resource(f"{_ADAPTERS}/{{}}/NetworkPorts", "NetworkPortCollection", _ports, until=IDRAC9_7),
        Resource(f"{_ADAPTERS}/{{}}/NetworkPorts/{{}}", "NetworkPort", _network_port, until=IDRAC9_7),
        Resource(f"{_ADAPTERS}/{{}}/Ports", "PortCollection", _new_ports, since=IDRAC9_7),
        Resource(f"{_ADAPTERS}/{{}}/Ports/{{}}", "Port", _port, since=IDRAC9_7),
        Resource(f"{_ADAPTERS}/{{}}/NetworkDeviceFunctions", "NetworkDeviceFunctionCollection", _functions),
        Resource(f"{_ADAPTERS}/{{}}/NetworkDeviceFunctions/{{}}", "NetworkDeviceFunction", _function),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def _nic(device: Device, name: str) -> Nic | None:
    return next((n for n in device.hw.nics if n.id == name), None)


def _nic_port(device: Device, nic: str, port: str) -> tuple[Nic, NicPort] | None:
    found = _nic(device, nic)
    for candidate in found.ports if found else ():
        if port in (candidate.id, candidate.function):
            return (found, candidate) if found else None
    return None


def _ethernet(device: Device, name: str) -> Doc | None:
    for nic in device.hw.nics:
        for port in nic.ports:
            if port.function == name:
                up = port_up(device, port)
                return {
                    "AutoNeg": True,
                    "Description": port_label(port),
                    "EthernetInterfaceType": "Physical",
                    "FQDN": None,
                    "FullDuplex": up,
                    "HostName": None,
                    **listed("IPv4Addresses", []),
                    **listed("IPv6AddressPolicyTable", []),
                    **listed("IPv6Addresses", []),
                    "IPv6DefaultGateway": None,
                    **listed("IPv6StaticAddresses", []),
                    "Id": name,
                    "InterfaceEnabled": True,
                    "LinkStatus": "LinkUp" if up else "LinkDown",
                    "Links": {"Chassis": link(CHASSIS)},
                    "MACAddress": port.mac,
                    "MTUSize": None,
                    "MaxIPv6StaticAddresses": None,
                    "Name": "System Ethernet Interface",
                    **listed("NameServers", []),
                    "PermanentMACAddress": port.mac,
                    "SpeedMbps": port.mbps if up else 0,
                    "Status": status(),
                    "UefiDevicePath": "PciRoot(0x2)/Pci(0x4,0x0)/Pci(0x0,0x0)",
                    "VLAN": {},
                }
    return None


def _interface(device: Device, name: str) -> Doc | None:
    if _nic(device, name) is None:
        return None
    base = f"{_ADAPTERS}/{name}"
    doc = {
        "Description": "Network Device View",
        "Id": name,
        "Links": {"NetworkAdapter": link(base)},
        "Name": "Network Device View",
        "NetworkDeviceFunctions": link(f"{base}/NetworkDeviceFunctions"),
        "Status": status(rollup=True),
    }
    return {**doc, **_port_links(device, base)}


def _port_links(device: Device, base: str) -> Doc:
    rank = device.persona.rank
    doc: Doc = {}
    if rank <= IDRAC9_7:
        doc["NetworkPorts"] = link(f"{base}/NetworkPorts")
    if rank >= IDRAC9_7:
        doc["Ports"] = link(f"{base}/Ports")
    return doc


def _adapter(device: Device, name: str) -> Doc | None:
    nic = _nic(device, name)
    if nic is None:
        return None
    base = f"{_ADAPTERS}/{name}"
    ports = "Ports" if device.persona.rank > IDRAC9_7 else "NetworkPorts"
    controller: Doc = {
        "ControllerCapabilities": {
            "DataCenterBridging": {"Capable": True},
            "NPAR": {"NparCapable": True, "NparEnabled": False},
            "NPIV": {"MaxDeviceLogins": 0, "MaxPortLogins": 0},
            "NetworkDeviceFunctionCount": len(nic.ports),
            "NetworkPortCount": len(nic.ports),
            "VirtualizationOffload": {
                "SRIOV": {"SRIOVVEPACapable": True},
                "VirtualFunction": {
                    "DeviceMaxCount": 128,
                    "MinAssignmentGroupSize": 8,
                    "NetworkPortMaxCount": 64,
                },
            },
        },
        "FirmwarePackageVersion": nic.firmware,
        "Links": {
            **links(
                "NetworkDeviceFunctions", [f"{base}/NetworkDeviceFunctions/{p.function}" for p in nic.ports]
            ),
            **links(ports, [f"{base}/{ports}/{p.id}" for p in nic.ports]),
        },
    }
    if device.persona.oem_tree:
        controller["Links"]["Oem"] = _affinity()
    return {
        "Assembly": link(f"{CHASSIS}/Assembly"),
        **listed("Controllers", [controller]),
        "Description": "Network Adapter View",
        "Id": name,
        "Manufacturer": nic.vendor,
        "Model": nic.model if nic.part else "",
        "Name": "Network Adapter View",
        "NetworkDeviceFunctions": link(f"{base}/NetworkDeviceFunctions"),
        "PartNumber": nic.part,
        "SerialNumber": nic.serial,
        "Status": status(rollup=True),
        **_port_links(device, base),
    }


def _affinity() -> Doc:
    return {
        "Dell": {
            "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
            **links("CPUAffinity", [f"{SYSTEM}/Processors/CPU.Socket.1"]),
        }
    }


def _ports(device: Device, name: str) -> Doc | None:
    nic = _nic(device, name)
    return (
        None
        if nic is None
        else {
            "Name": "Network Port Collection",
            "Description": "Collection Of Network Port entities",
            **links("Members", [f"{_ADAPTERS}/{name}/NetworkPorts/{p.id}" for p in nic.ports]),
        }
    )


def _new_ports(device: Device, name: str) -> Doc | None:
    nic = _nic(device, name)
    return (
        None
        if nic is None
        else {
            "Name": "Port Collection",
            "Description": "Collection Of Port entities",
            **links("Members", [f"{_ADAPTERS}/{name}/Ports/{p.id}" for p in nic.ports]),
        }
    )


def _network_port(device: Device, name: str, port_name: str) -> Doc | None:
    found = _nic_port(device, name, port_name)
    if found is None:
        return None
    nic, port = found
    up = port_up(device, port)
    function = link(f"{_ADAPTERS}/{name}/NetworkDeviceFunctions/{port.function}")
    return {
        "ActiveLinkTechnology": "Ethernet",
        "AssociatedNetworkAddresses": [port.mac],
        "CurrentLinkSpeedMbps": port.mbps if up else 0,
        "Description": "Network Port View",
        "EEEEnabled": None,
        "FlowControlConfiguration": "TX_RX",
        "FlowControlStatus": "TX_RX",
        "Id": port.id,
        "LinkStatus": "Up" if up else "Down",
        "Name": "Network Port View",
        **listed("NetDevFuncMaxBWAlloc", [{"MaxBWAllocPercent": None, "NetworkDeviceFunction": function}]),
        **listed("NetDevFuncMinBWAlloc", [{"MinBWAllocPercent": None, "NetworkDeviceFunction": function}]),
        "Oem": {},
        "PhysicalPortNumber": str(port.number),
        "Status": status(rollup=True),
        **listed("SupportedEthernetCapabilities", ["WakeOnLAN"]),
        **listed(
            "SupportedLinkCapabilities",
            [
                {
                    "AutoSpeedNegotiation": True,
                    "LinkNetworkTechnology": "Ethernet",
                    "LinkSpeedMbps": port.capable_mbps if up else 0,
                }
            ],
        ),
        "VendorId": nic.pci[0].lower(),
        "WakeOnLANEnabled": False,
    }


def _port(device: Device, name: str, port_name: str) -> Doc | None:
    found = _nic_port(device, name, port_name)
    if found is None:
        return None
    port = found[1]
    up = port_up(device, port)
    return {
        "Description": "Port View",
        "Id": port.id,
        "Name": "Port View",
        "PortId": str(port.number),
        "PortProtocol": "Ethernet",
        "PortType": "BidirectionalPort",
        "CurrentSpeedGbps": port.mbps / 1000 if up else None,
        "MaxSpeedGbps": port.capable_mbps / 1000,
        "LinkNetworkTechnology": "Ethernet",
        "LinkStatus": "LinkUp" if up else "LinkDown",
        "LinkState": "Enabled",
        "Ethernet": {
            "AssociatedMACAddresses": [port.mac],
            "FlowControlConfiguration": "TX_RX",
            "FlowControlStatus": "TX_RX",
            "WakeOnLANEnabled": False,
        },
        "Status": status(rollup=True),
    }


def _functions(device: Device, name: str) -> Doc | None:
    nic = _nic(device, name)
    return (
        None
        if nic is None
        else {
            "Name": "Network Device Function Collection",
            "Description": "Collection Of Network Device Function entities",
            **links(
                "Members", [f"{_ADAPTERS}/{name}/NetworkDeviceFunctions/{p.function}" for p in nic.ports]
            ),
        }
    )


def _function(device: Device, name: str, function: str) -> Doc | None:
    found = _nic_port(device, name, function)
    if found is None or function != found[1].function:
        return None
    nic, port = found
    ports = "Ports" if device.persona.rank > IDRAC9_7 else "NetworkPorts"
    assigned = f"{_ADAPTERS}/{name}/{ports}/{port.id}"
    doc: Doc = {
        **links("AssignablePhysicalPorts", [assigned]),
        "Description": "NetworkDeviceFunction",
        "Ethernet": {
            "MACAddress": port.mac,
            "MTUSize": None,
            "PermanentMACAddress": port.mac,
            "VLAN": {"VLANEnable": False, "VLANId": 1},
        },
        "FibreChannel": {
            **listed("BootTargets", [{"LUNID": None, "WWPN": None}]),
            "FCoEActiveVLANId": None,
            "FCoELocalVLANId": None,
            "PermanentWWNN": None,
            "PermanentWWPN": None,
            "WWNN": None,
            "WWNSource": None,
            "WWPN": None,
        },
        "Id": function,
        "Links": {"PhysicalPortAssignment": link(assigned)},
        "MaxVirtualFunctions": 64,
        "Name": "NetworkDeviceFunction",
        **listed("NetDevFuncCapabilities", ["Disabled", "Ethernet"]),
        "NetDevFuncType": "Ethernet",
        "Status": status(rollup=True),
    }
    if device.persona.oem_tree:
        dell = {"DellNetworkAttributes": link(attributes_path(name, function)), **_affinity()["Dell"]}
        doc["Links"]["Oem"] = {"Dell": dell}
        doc["Oem"] = {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellNIC": dell_nic(device, nic, port),
            }
        }
    return doc
