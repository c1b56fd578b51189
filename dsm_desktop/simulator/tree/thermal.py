"""Thermal, ThermalSubsystem, fans and temperatures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Fan
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_6, Persona
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

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_THERMAL = f"{CHASSIS}/Thermal"
_SUB = f"{CHASSIS}/ThermalSubsystem"


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """A temperature probe; `reading` is None while the host is off. Thresholds in °C."""

    id: str
    name: str
    context: str
    reading: float | None
    number: int
    low_critical: int | None
    low: int | None
    high: int | None
    high_critical: int | None
    item: str

    @property
    def health(self) -> str | None:
        """By its thresholds; None while there is no reading."""
        if self.reading is None:
            return None
        if self.high_critical is not None and self.reading > self.high_critical:
            return "Critical"
        return "Warning" if self.high is not None and self.reading > self.high else "OK"

    @property
    def status(self) -> Doc:
        """Status object; a probe without a reading is absent."""
        return status(self.health) if self.reading is not None else {"Health": None, "State": "Absent"}


def resources(persona: Persona) -> Iterable[Resource]:
    """The classic Thermal resource everywhere, ThermalSubsystem from 6.00 on."""
    kind, build = collection(
        "Fan",
        "Fans Collection",
        "The collection of Fans",
        lambda d: [f"{_SUB}/Fans/{f.id}" for f in d.hw.fans],
    )
    return (
        Resource(_THERMAL, "Thermal", _thermal, fresh=5),
        Resource(f"{CHASSIS}/Sensors/Fans/{{}}", "", _old_fan, fresh=5, until=IDRAC8),
        Resource(_SUB, "ThermalSubsystem", _subsystem, fresh=5, since=IDRAC9_6),
        Resource(f"{_SUB}/Fans", kind, build, since=IDRAC9_6),
        Resource(f"{_SUB}/Fans/{{}}", "Fan", _fan, fresh=5, since=IDRAC9_6),
        Resource(f"{_SUB}/ThermalMetrics", "ThermalMetrics", _metrics, fresh=5, since=IDRAC9_6),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def probes(device: Device) -> list[Probe]:
    """Inlet always reads; the others only while the host is on."""
    on = device.power.is_on
    inlet = round(device.sensor("inlet", device.hw.inlet, 0.6))
    result = [
        Probe(
            f"CPU{n}Temp",
            f"CPU{n} Temp",
            "CPU",
            round(device.sensor(f"cpu{n}", inlet + 17 + n, 3)) if on else None,
            n,
            3,
            None,
            None,
            99,
            f"{SYSTEM}/Processors/{cpu.id}",
        )
        for n, cpu in enumerate(device.hw.cpus, 1)
    ]
    result.append(
        Probe(
            "SystemBoardInletTemp", "System Board Inlet Temp", "SystemBoard", inlet, 5, -7, 3, 38, 42, CHASSIS
        )
    )
    exhaust = round(device.sensor("exhaust", inlet + 11, 1.5)) if on else None
    result.append(
        Probe(
            "SystemBoardExhaustTemp",
            "System Board Exhaust Temp",
            "SystemBoard",
            exhaust,
            6,
            0,
            0,
            75,
            80,
            CHASSIS,
        )
    )
    return result


def fan_rpm(device: Device, fan: Fan) -> int | None:
    """Revolutions a minute, in steps of 120 as the tachometer counts; a warm inlet speeds fans up."""
    if not device.power.is_on:
        return None
    base = fan.rpm + max(0.0, device.hw.inlet - 30) * 400
    return int(device.sensor(fan.id, base, 240) / 120) * 120


def _thermal(device: Device) -> Doc:
    version = "v1_7_1" if device.persona.oem_tree else "v1_4_0"
    redundancy = {
        "@odata.id": f"{_THERMAL}#/Redundancy/0",
        "@odata.type": "#Redundancy.v1_4_0.Redundancy",
        "MaxNumSupported": None,
        "MemberId": "0",
        "MinNumNeeded": None,
        "Mode": "N+m",
        "Name": "System Board Fan Redundancy",
        "RedundancyEnabled": True,
        **links("RedundancySet", []),
        "Status": status(),
    }
    return {
        "Description": "Represents the properties for Temperature and Cooling",
        **listed("Fans", [_classic_fan(device, version, n, f) for n, f in enumerate(device.hw.fans)]),
        "Id": "Thermal",
        "Name": "Thermal",
        **listed("Redundancy", [redundancy]),
        **listed("Temperatures", [_temperature(device, version, n, p) for n, p in enumerate(probes(device))]),
    }


def _classic_fan(device: Device, version: str, number: int, fan: Fan) -> Doc:
    rpm = fan_rpm(device, fan)
    doc = {
        "@odata.id": f"{_THERMAL}#/Fans/{number}",
        "@odata.type": f"#Thermal.{version}.Fan",
        "FanName": fan.name,
        "HotPluggable": True,
        "LowerThresholdCritical": 480,
        "LowerThresholdFatal": None,
        "LowerThresholdNonCritical": 840,
        "MaxReadingRange": None,
        "MemberId": str(number) if device.persona.oem_tree else f"0x17||{fan.id}",
        "MinReadingRange": None,
        "Name": fan.name,
        "PhysicalContext": "SystemBoard",
        "Reading": rpm,
        "ReadingUnits": "RPM",
        **listed("Redundancy", []),
        **links("RelatedItem", [CHASSIS]),
        "SensorNumber": fan.number,
        "Status": status() if rpm is not None else {"Health": None, "State": "Absent"},
        "UpperThresholdCritical": None,
        "UpperThresholdFatal": None,
        "UpperThresholdNonCritical": None,
    }
    if device.persona.oem_tree:
        doc["Assembly"] = link(f"{CHASSIS}/Assembly")
    return doc


def _old_fan(device: Device, name: str) -> Doc | None:
    for number, fan in enumerate(device.hw.fans):
        if name == f"0x17||{fan.id}":
            return {
                **_classic_fan(device, "v1_4_0", number, fan),
                "@odata.id": f"{CHASSIS}/Sensors/Fans/{name}",
            }
    return None


def _temperature(device: Device, version: str, number: int, probe: Probe) -> Doc:
    return {
        "@odata.context": "/redfish/v1/$metadata#Thermal.Thermal",
        "@odata.id": f"{_THERMAL}#/Temperatures/{number}",
        "@odata.type": f"#Thermal.{version}.Temperature",
        "LowerThresholdCritical": probe.low_critical,
        "LowerThresholdFatal": None,
        "LowerThresholdNonCritical": probe.low,
        "MaxReadingRangeTemp": None,
        "MemberId": str(number) if device.persona.oem_tree else f"iDRAC.Embedded.1#{probe.id}",
        "MinReadingRangeTemp": None,
        "Name": probe.name,
        "PhysicalContext": probe.context,
        "ReadingCelsius": probe.reading,
        **links("RelatedItem", [probe.item]),
        "SensorNumber": probe.number,
        "Status": probe.status,
        "UpperThresholdCritical": probe.high_critical,
        "UpperThresholdFatal": None,
        "UpperThresholdNonCritical": probe.high,
    }


def _subsystem(device: Device) -> Doc:
    redundancy = {
        "RedundancyType": "NPlusM",
        "MaxSupportedInGroup": None,
        "MinNeededInGroup": None,
        **links("RedundancyGroup", []),
        "Status": status(),
    }
    return {
        "Description": "Represents the properties of a Thermal Subsystem of the Chassis",
        "Name": "Thermal Subsystem for Chassis",
        "FanRedundancy": [redundancy],
        "Fans": link(f"{_SUB}/Fans"),
        "ThermalMetrics": link(f"{_SUB}/ThermalMetrics"),
        "Status": status(),
        "Id": "ThermalSubsystem",
    }


def _fan(device: Device, name: str) -> Doc | None:
    fan = next((f for f in device.hw.fans if f.id == name), None)
    if fan is None:
        return None
    rpm = fan_rpm(device, fan)
    return {
        "Id": fan.id,
        "Name": f"Fan {fan.id.rsplit('.', 1)[-1]}",
        "Description": "Represents fan properties of the chassis",
        "Status": status() if rpm is not None else {"Health": None, "State": "Absent"},
        "PhysicalContext": "SystemBoard",
        "HotPluggable": True,
        "SpeedPercent": {"SpeedRPM": rpm},
        "Location": {"PartLocation": {"ServiceLabel": fan.name, "LocationType": "Bay"}},
    }


def _metrics(device: Device) -> Doc:
    def reading(probe: Probe) -> Doc:
        value = None if probe.reading is None else float(probe.reading)
        return {"DataSourceUri": f"{CHASSIS}/Sensors/{probe.id}", "Reading": value}

    names = {"CPU": "Internal", "SystemBoardInletTemp": "Intake", "SystemBoardExhaustTemp": "Exhaust"}
    every = probes(device)
    by_id = {p.id: p for p in every}
    return {
        "Id": "ThermalMetrics",
        "Name": "Chassis Thermal Metrics",
        "Description": "Represents the properties of Thermal Metrics of the chassis",
        "TemperatureSummaryCelsius": {
            "Internal": reading(by_id["CPU1Temp"]),
            "Intake": reading(by_id["SystemBoardInletTemp"]),
            "Exhaust": reading(by_id["SystemBoardExhaustTemp"]),
        },
        **listed(
            "TemperatureReadingsCelsius",
            [{**reading(p), "DeviceName": names.get(p.id, "Internal")} for p in every],
        ),
    }
