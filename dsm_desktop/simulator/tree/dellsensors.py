"""Dell's sensor collections, which answer whole members, 50 a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import ROOT, SYSTEM, Action, Build, Resource, link, listed
from dsm_desktop.simulator.tree.health import power_health, storage_health, system_health, thermal_health
from dsm_desktop.simulator.tree.sensors import STATES, readings
from dsm_desktop.simulator.tree.versions import odata_type

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

Rows = Callable[..., list[Doc]]
_DELL = f"{SYSTEM}/Oem/Dell"


def resources(persona: Persona) -> Iterable[Resource]:
    """From iDRAC9 on."""
    for name, kind, rows in _FAMILIES:
        yield Resource(
            f"{_DELL}/{name}",
            f"{kind}Collection",
            _family(name, kind, rows),
            fresh=5,
            since=IDRAC9_4,
            paged=True,
        )
        yield Resource(f"{_DELL}/{name}/{{}}", kind, _member(kind, rows), fresh=5, since=IDRAC9_4)


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def _family(name: str, kind: str, rows: Rows) -> Build:
    """Builder of a collection that holds whole members."""

    def build(device: Device) -> Doc:
        version = odata_type(kind, device.persona.rank)
        members = [
            {
                "@odata.context": f"{ROOT}/$metadata#{version[0]}",
                "@odata.id": f"{_DELL}/{name}/{row['Id']}",
                "@odata.type": version[1],
                **row,
            }
            for row in rows(device)
        ]
        return {
            "Name": f"{kind}Collection",
            "Description": f"A collection of {kind} resource",
            **listed("Members", members),
        }

    return build


def _member(kind: str, rows: Rows) -> Build:
    def build(device: Device, name: str) -> Doc | None:
        return next((row for row in rows(device) if row["Id"] == name), None)

    return build


# -- Dell's collections ---------------------------------------------------------------------------------------


def _discrete(device: Device) -> list[Doc]:
    filled = {d.id.rsplit(".", 1)[-1] for d in device.hw.dimms}
    per_socket = device.hw.dimm_slots // device.hw.cpu_sockets
    rows = [
        ("SystemBoardCMOSBattery", "System Board CMOS Battery", "Good", "OK", "Other"),
        ("SystemBoardIntrusion", "System Board Intrusion", "No Breach", "OK", "Other"),
    ]
    rows += [
        (f"CPU{n}Status", f"CPU{n} Status", "Presence_Detected", "OK", "Other")
        for n in range(1, len(device.hw.cpus) + 1)
    ]
    for socket in "ABCD"[: device.hw.cpu_sockets]:
        for n in range(1, per_socket + 1):
            there = f"{socket}{n}" in filled
            rows.append(
                (
                    f"DIMMSLOT{socket}{n}",
                    f"DIMM SLOT {socket}{n}",
                    "Presence Detected" if there else "Unknown",
                    "OK" if there else "Unknown",
                    "Other",
                )
            )
    rows += [
        (f"SystemBoard{rail}PG", f"System Board {rail} PG", "Good", "OK", "Voltage")
        for rail in ("3.3V", "5VSWITCH", "BP0", "BP1", "PS1", "PS2")
    ]
    return [
        {
            "CurrentState": state,
            "Description": "An instance of DellSensor will represent a sensor.",
            "ElementName": title,
            "EnabledState": "Enabled",
            "HealthState": health,
            "Id": f"iDRAC.Embedded.1_0x23_{name}",
            "Links": {"ComputerSystem": link(SYSTEM)},
            "Name": "DellSensor",
            "SensorType": kind,
        }
        for name, title, state, health, kind in rows
    ]


_UNITS = {
    "Temperature": "Degrees C",
    "Rotational": "RPM",
    "Voltage": "Volts",
    "Current": "Amps",
    "Power": "Watts",
    "Percent": "Percentage",
}
_TYPES = {"Rotational": "Tachometer", "Power": "Power Consumption", "Percent": "Other"}


def _numeric(device: Device) -> list[Doc]:
    rows = []
    for r in readings(device):
        upper_critical, upper, lower, lower_critical = r.thresholds
        rows.append(
            {
                "CurrentReading": r.value,
                "CurrentState": "Normal",
                "Description": "An instance of DellNumericSensor will have data specific to sensor "
                "devices that returns only numeric readings.",
                "DeviceID": f"iDRAC.Embedded.1#{r.id}",
                "ElementName": r.name,
                "EnabledDefault": "Enabled",
                "EnabledState": "Enabled",
                "HealthState": r.health or "Unknown",
                "Id": f"iDRAC.Embedded.1_0x23_{r.id}",
                "Links": {"ComputerSystem": link(SYSTEM)},
                "LowerThresholdCritical": lower_critical,
                "LowerThresholdNonCritical": lower,
                "Name": "DellNumericSensor",
                **listed("OperationalStatus", ["OK"]),
                "OtherSensorTypeDescription": None,
                **listed("PossibleStates", STATES),
                "PrimaryStatus": r.health or "Unknown",
                "RateUnits": "None",
                "ReadingUnits": _UNITS[r.kind],
                "RequestedState": "NotApplicable",
                "SensorType": _TYPES.get(r.kind, r.kind),
                "SystemName": "system",
                "TransitioningToState": "NotApplicable",
                "UnitModifier": 0,
                "UpperThresholdCritical": upper_critical,
                "UpperThresholdNonCritical": upper,
                "ValueFormulation": 2,
            }
        )
    return rows


def _rollups(device: Device) -> list[Doc]:
    words = {"OK": "Ok", "Warning": "Degraded", "Critical": "Error"}
    rows = {
        "Temperature": thermal_health(device),
        "Current": "OK",
        "Voltage": "OK",
        "Fan": "OK",
        "Battery": "OK",
        "Intrusion": "OK",
        "Processor": "OK",
        "Memory": "OK",
        "PowerSupply": power_health(device),
        "Storage": storage_health(device),
        "System": system_health(device),
    }
    return [
        {
            "CollectionName": f"{name}RollupStatus",
            "Description": "Represents the subcomponent roll-up statuses.",
            "Id": f"iDRAC.Embedded.1_0x23_SubSystem.1_0x23_{name}",
            "InstanceID": f"iDRAC.Embedded.1#SubSystem.1#{name}",
            "Name": "DellRollupStatus",
            "RollupStatus": words[health],
            "SubSystem": name,
        }
        for name, health in rows.items()
    ]


def _slots(device: Device) -> list[Doc]:
    hw = device.hw
    filled = {d.id for d in hw.dimms} | {p.slot for p in hw.pci if p.slot}
    rows = [(f.id, "Fan", "Fan Slot") for f in hw.fans] + [(p.id, "PSU", "PSU Slot") for p in hw.psus]
    filled |= {row[0] for row in rows}
    per_socket = hw.dimm_slots // hw.cpu_sockets
    rows += [
        (f"DIMM.Socket.{s}{n}", "Memory", "Memory Slot")
        for s in "ABCD"[: hw.cpu_sockets]
        for n in range(1, per_socket + 1)
    ]
    rows += [(f"NIC.Slot.{n}", "PCIe", "PCIe Slot") for n in range(1, hw.pcie_slots + 1)]
    return [
        {
            "ConnectorLayout": layout,
            "Description": "DellSlot provides slot occupancy and device correlation information.",
            "DeviceFQDD": fqdd if fqdd in filled else None,
            "EmptySlot": fqdd not in filled,
            "Id": f"{fqdd}_0x23_Slot",
            "Name": name,
            "Number": n,
            "NumberDescription": fqdd.rsplit(".", 1)[-1],
            "SlotEnabledState": "Enabled",
            "Tag": f"{fqdd}#Slot",
        }
        for n, (fqdd, layout, name) in enumerate(rows, 1)
    ]


_FAMILIES = (
    ("DellSensors", "DellSensor", _discrete),
    ("DellNumericSensors", "DellNumericSensor", _numeric),
    ("DellRollupStatus", "DellRollupStatus", _rollups),
    ("DellSlots", "DellSlot", _slots),
)
