"""Sensors of the newer tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Psu
from dsm_desktop.simulator.personas import IDRAC9_5, IDRAC9_7, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    SYSTEM,
    Action,
    Resource,
    links,
    listed,
    status,
)
from dsm_desktop.simulator.tree.power import consumed, supply_load
from dsm_desktop.simulator.tree.thermal import fan_rpm, probes

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_SENSORS = f"{CHASSIS}/Sensors"
_DELL = f"{SYSTEM}/Oem/Dell"
STATES = [
    "Unknown",
    "Fatal",
    "Normal",
    "Upper Fatal",
    "Upper Critical",
    "Upper Non-Critical",
    "Lower Non-Critical",
    "Lower Critical",
    "Lower Fatal",
]


Limits = tuple[float | None, float | None, float | None, float | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A sensor; thresholds are (upper critical, upper caution, lower caution, lower critical)."""

    id: str
    name: str
    kind: str
    units: str
    context: str
    value: float | None
    health: str | None = "OK"
    thresholds: Limits = (None, None, None, None)


def resources(persona: Persona) -> Iterable[Resource]:
    """Sensors since 5.10, EnvironmentMetrics since 7.x."""
    yield Resource(_SENSORS, "SensorCollection", _collection, since=IDRAC9_5)
    yield Resource(f"{_SENSORS}/{{}}", "Sensor", _sensor, fresh=5, since=IDRAC9_5)
    yield Resource(
        f"{CHASSIS}/EnvironmentMetrics", "EnvironmentMetrics", _environment, fresh=5, since=IDRAC9_7
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def readings(device: Device) -> list[Reading]:
    """All sensors with a number."""
    on = device.power.is_on
    limits: Limits
    health: str | None
    rows = [
        Reading(
            p.id,
            p.name,
            "Temperature",
            "Cel",
            p.context,
            p.reading,
            p.health,
            (p.high_critical, p.high, p.low, p.low_critical),
        )
        for p in probes(device)
    ]
    for fan in device.hw.fans:
        health, limits = "OK" if on else None, (None, None, 840, 480)
        rows.append(
            Reading(
                fan.id, fan.name, "Rotational", "RPM", "SystemBoard", fan_rpm(device, fan), health, limits
            )
        )
    for psu in device.hw.psus:
        rows += _supply_readings(device, psu)
    name, limits = "System Board Pwr Consumption", (5790, 5250, None, None)
    rows.append(
        Reading(
            "SystemBoardPwrConsumption",
            name,
            "Power",
            "W",
            "SystemBoard",
            float(consumed(device)),
            "OK",
            limits,
        )
    )
    for part in ("CPU", "MEM", "IO", "SYS"):
        value = float(round(max(0.0, device.sensor(f"use{part}", 22, 18)))) if on else 0.0
        name, limits = f"System Board {part} Usage", (None, 101, None, None)
        rows.append(
            Reading(f"SystemBoard{part}Usage", name, "Percent", "%", "SystemBoard", value, "OK", limits)
        )
    return rows


def _supply_readings(device: Device, psu: Psu) -> list[Reading]:
    into, out = supply_load(device, psu)
    health, n = "Critical" if psu.lost else "OK", psu.number
    volts = 0.0 if psu.lost else float(psu.volts)
    amps = round(into / psu.volts, 1)
    return [
        Reading(f"PS{n}Voltage", f"PS{n} Voltage {n}", "Voltage", "V", "PowerSupply", volts, health),
        Reading(f"PS{n}Current{n}", f"PS{n} Current {n}", "Current", "A", "PowerSupply", amps, health),
        Reading(f"{psu.id}_InputPower", "InputPowerSensor", "Power", "W", "PowerSupply", into, health),
        Reading(f"{psu.id}_OutputPower", "OutputPowerSensor", "Power", "W", "PowerSupply", out, health),
    ]


def _collection(device: Device) -> Doc:
    return {
        "Name": "SensorCollection",
        "Description": "Collection of Sensors",
        **links("Members", [f"{_SENSORS}/{r.id}" for r in readings(device)]),
    }


def _sensor(device: Device, name: str) -> Doc | None:
    row = next((r for r in readings(device) if r.id == name), None)
    if row is None:
        return None
    keys = ("UpperCritical", "UpperCaution", "LowerCaution", "LowerCritical")
    doc: Doc = {
        "Name": row.name,
        "Id": row.id,
        "Description": "Instance of Sensor Id",
        "ReadingType": row.kind,
        "ReadingUnits": row.units,
        "Status": status(row.health) if row.value is not None else {"Health": None, "State": "Absent"},
        "Reading": None if row.value is None else float(row.value),
        "PhysicalContext": row.context,
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOemSensor.v1_0_0.DellOemSensor",
                "CurrentState": "Normal" if row.health == "OK" else "Unknown",
                "DeviceID": f"iDRAC.Embedded.1#{row.id}",
                **listed("PossibleStates", STATES),
                "RequestedState": "NotApplicable",
            }
        },
        "Thresholds": {key: {"Reading": value} for key, value in zip(keys, row.thresholds, strict=True)},
    }
    if row.kind == "Rotational":
        doc["SpeedRPM"] = row.value
    return doc


def _environment(device: Device) -> Doc:
    by_id = {r.id: r for r in readings(device)}

    def excerpt(name: str) -> Doc:
        return {"DataSourceUri": f"{_SENSORS}/{name}", "Reading": by_id[name].value}

    return {
        "Id": "EnvironmentMetrics",
        "Name": "Environment Metrics",
        "Description": "Environment metrics of the chassis",
        "TemperatureCelsius": excerpt("SystemBoardInletTemp"),
        "PowerWatts": excerpt("SystemBoardPwrConsumption"),
        "FanSpeedsPercent": [
            {"DataSourceUri": f"{_SENSORS}/{f.id}", "DeviceName": f.name, "SpeedRPM": fan_rpm(device, f)}
            for f in device.hw.fans
        ],
    }
