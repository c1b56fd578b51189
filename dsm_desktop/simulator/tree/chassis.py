"""The main chassis and the enclosures disks sit in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.hardware.parts import Controller
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    MANAGER,
    ROOT,
    SYSTEM,
    Action,
    Resource,
    collection,
    embedded,
    link,
    links,
    pick,
    status,
)
from dsm_desktop.simulator.tree.health import system_health
from dsm_desktop.simulator.tree.pcie import device_paths
from dsm_desktop.simulator.tree.storage import drive_path
from dsm_desktop.simulator.tree.system import led, reset, set_led

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_DESCRIPTION = (
    "It represents the properties for physical components for any system.It represent racks, rackmount servers, blades, "
    "standalone, modular systems,enclosures, and all other containers.The non-cpu/device centric parts of the schema are all "
    "accessed either directly or indirectly through this resource."
)


def resources(persona: Persona) -> Iterable[Resource]:
    """Chassis collection, main chassis, enclosures."""
    kind, build = collection("Chassis", "Chassis Collection", "Collection of Chassis", chassis_paths)
    return (
        Resource(f"{ROOT}/Chassis", kind, build),
        Resource(CHASSIS, "Chassis", _main, fresh=1),
        Resource(f"{ROOT}/Chassis/{{}}", "Chassis", _enclosure),
        Resource(f"{CHASSIS}/Oem/Dell/DellChassis", "DellChassisCollection", _dell_chassis, since=IDRAC9_4),
        Resource(
            f"{CHASSIS}/Oem/Dell/DellChassis/mainsystemchassis",
            "DellChassis",
            _dell_chassis_one,
            since=IDRAC9_4,
        ),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """LED, asset tag and the chassis form of reset."""
    return (
        Action("PATCH", CHASSIS, "ConfigureComponents", _patch, locked=False),
        Action("POST", f"{CHASSIS}/Actions/Chassis.Reset", "ConfigureComponents", _reset, locked=False),
    )


def enclosure_controllers(device: Device) -> dict[str, Controller]:
    """Enclosure id -> the controller whose disks sit in it."""
    return {c.enclosure: c for c in device.hw.controllers if c.enclosure}


def chassis_paths(device: Device) -> list[str]:
    """All chassis URIs."""
    return [CHASSIS, *(f"{ROOT}/Chassis/{name}" for name in enclosure_controllers(device))]


def _main(device: Device) -> Doc:
    hw = device.hw
    return {
        "Actions": {
            "#Chassis.Reset": {
                "ResetType@Redfish.AllowableValues": ["On", "ForceOff"],
                "target": f"{CHASSIS}/Actions/Chassis.Reset",
            }
        },
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "AssetTag": hw.asset_tag if device.asset_tag is None else device.asset_tag,
        "Certificates": link(f"{CHASSIS}/Certificates"),
        "ChassisType": "RackMount",
        "Description": _DESCRIPTION,
        "EnvironmentMetrics": link(f"{CHASSIS}/EnvironmentMetrics"),
        "EnvironmentalClass": "A2",
        "Id": "System.Embedded.1",
        "IndicatorLED": led(device),
        "Links": _links(device),
        "Location": {
            "Info": f"DC1;Hall 1;;{hw.rack};1",
            "InfoFormat": "DataCenter;RoomName;Aisle;RackName;RackSlot",
            "Placement": {"Rack": hw.rack, "Row": ""},
            "PostalAddress": {"Building": "DC1", "Room": "Hall 1"},
        },
        "LocationIndicatorActive": device.identify,
        "LogServices": link(f"{CHASSIS}/LogServices"),
        "Manufacturer": "Dell Inc.",
        "Memory": link(f"{SYSTEM}/Memory"),
        "Model": hw.model,
        "Name": "Computer System Chassis",
        "NetworkAdapters": link(f"{CHASSIS}/NetworkAdapters"),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellChassis": _embedded_chassis(device),
            }
        },
        "PCIeDevices": link(f"{CHASSIS}/PCIeDevices"),
        "PCIeSlots": link(f"{CHASSIS}/PCIeSlots"),
        "PartNumber": hw.board_part,
        "PhysicalSecurity": {
            "IntrusionSensor": "Normal",
            "IntrusionSensorNumber": 115,
            "IntrusionSensorReArm": "Manual",
        },
        "Power": link(f"{CHASSIS}/Power"),
        "Power@Redfish.Deprecated": f"Please migrate to use {CHASSIS}/PowerSubsystem",
        "PowerState": device.power.state,
        "PowerSubsystem": link(f"{CHASSIS}/PowerSubsystem"),
        "SKU": hw.tag,
        "Sensors": link(f"{CHASSIS}/Sensors"),
        "SerialNumber": hw.board_serial,
        "Status": status(system_health(device), rollup=True),
        "Thermal": link(f"{CHASSIS}/Thermal"),
        "Thermal@Redfish.Deprecated": f"Please migrate to use {CHASSIS}/ThermalSubsystem",
        "ThermalSubsystem": link(f"{CHASSIS}/ThermalSubsystem"),
        "UUID": hw.uuid,
    }


def _links(device: Device) -> Doc:
    hw, persona = device.hw, device.persona
    new = persona.oem_tree
    cooled = [
        f"{CHASSIS}/Thermal#/Fans/{n}" if new else f"{CHASSIS}/Sensors/Fans/0x17||{f.id}"
        for n, f in enumerate(hw.fans)
    ]
    powered = [
        f"{CHASSIS}/Power#/PowerSupplies/{n}" if new else f"{CHASSIS}/Power/PowerSupplies/{p.id}"
        for n, p in enumerate(hw.psus)
    ]
    processors = [g.id for g in hw.gpus] + [c.id for c in hw.cpus]
    return {
        **links("ComputerSystems", [SYSTEM]),
        **links("Contains", chassis_paths(device)[1:]),
        **links("CooledBy", cooled),
        **links("Drives", []),
        **links("ManagedBy", [MANAGER]),
        **links("ManagersInChassis", [MANAGER]),
        **links("PCIeDevices", sorted(set(device_paths(device)))),
        "PCIeDevices@Redfish.Deprecated": f"Please migrate to use {CHASSIS}/PCIeDevices",
        **links("PoweredBy", powered),
        **links("Processors", [f"{SYSTEM}/Processors/{p}" for p in processors]),
        **links("Storage", [f"{SYSTEM}/Storage/{c.id}" for c in hw.controllers]),
    }


def _chassis_body(device: Device) -> Doc:
    return {
        "CanBeFRUed": True,
        "Description": "This resource shall provide information about the enclosure or chassis the system is in.",
        "Links": {"ComputerSystem": link(SYSTEM)},
        "SystemID": device.hw.system_id,
    }


def _embedded_chassis(device: Device) -> Doc:
    return embedded(
        "DellChassis",
        "v1_0_0",
        f"{CHASSIS}/Oem/Dell/DellChassis/mainsystemchassis",
        "DellChassis",
        _chassis_body(device),
    )


def _dell_chassis(device: Device) -> Doc:
    path = f"{CHASSIS}/Oem/Dell/DellChassis/mainsystemchassis"
    return {
        "Name": "DellChassisCollection",
        "Description": "Collection of DellChassis",
        **links("Members", [path]),
    }


def _dell_chassis_one(device: Device) -> Doc:
    return {"Id": "mainsystemchassis", "Name": "DellChassis", **_chassis_body(device)}


def _enclosure(device: Device, name: str) -> Doc | None:
    controller = enclosure_controllers(device).get(name)
    if controller is None:
        return None
    label = "PCIe SSD Backplane 1" if controller.kind == "nvme" else "Backplane 1"
    drives = [drive_path(device.persona, controller.id, d.id) for d in controller.drives]
    return {
        "Actions": {},
        "AssetTag": "",
        "ChassisType": "StorageEnclosure",
        "Description": label,
        "Id": name,
        "Links": {
            "ContainedBy": link(CHASSIS),
            **links("Contains", []),
            **links("Drives", drives),
            **links("ManagedBy", [MANAGER]),
            **links("PCIeDevices", []),
            **links("Storage", [f"{SYSTEM}/Storage/{controller.id}"]),
        },
        "Manufacturer": "DELL",
        "Model": label,
        "Name": label,
        "PartNumber": None,
        "PowerState": "On",
        "SKU": "",
        "SerialNumber": None,
        "Status": status("OK", rollup=True),
    }


def _patch(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    unknown = pick(body, ("AssetTag", "IndicatorLED", "LocationIndicatorActive"))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    refused = set_led(device, body)
    if refused is not None:
        return refused
    if "AssetTag" in body:
        device.asset_tag = str(body["AssetTag"])
    device.changed(request, body, account, "PATCH " + ",".join(sorted(body)))
    return speak.success(200)


def _reset(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = body.get("ResetType")
    if kind not in ("On", "ForceOff"):
        speak = device.speaker
        return speak.error(
            400,
            speak.info("SYS426", str(kind), "ResetType"),
            speak.info("PropertyValueNotInList", str(kind), "ResetType"),
        )
    return reset(device, request, body, account)
