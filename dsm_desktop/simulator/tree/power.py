"""Power, PowerSubsystem and the supplies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.hardware.parts import Psu
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_6, Persona
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

_POWER = f"{CHASSIS}/Power"
_SUB = f"{CHASSIS}/PowerSubsystem"


def resources(persona: Persona) -> Iterable[Resource]:
    """The classic Power resource everywhere, PowerSubsystem from 6.00 on."""
    kind, build = collection(
        "PowerSupply", "PowerSupplies Collection", "The collection of Power supplies", supply_paths
    )
    return (
        Resource(_POWER, "Power", _power, fresh=5),
        Resource(f"{_POWER}/PowerSupplies/{{}}", "", _old_supply, fresh=5, until=IDRAC8),
        Resource(_SUB, "PowerSubsystem", _subsystem, fresh=5, since=IDRAC9_6),
        Resource(f"{_SUB}/PowerSupplies", kind, build, since=IDRAC9_6),
        Resource(f"{_SUB}/PowerSupplies/{{}}", "PowerSupply", _supply, fresh=5, since=IDRAC9_6),
        Resource(
            f"{_SUB}/PowerSupplies/{{}}/Metrics", "PowerSupplyMetrics", _metrics, fresh=5, since=IDRAC9_6
        ),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """The power cap."""
    return (Action("PATCH", _POWER, "ConfigureManager", _patch, locked=False),)


def supply_paths(device: Device) -> list[str]:
    """Supplies of the newer tree."""
    return [f"{_SUB}/PowerSupplies/{p.id}" for p in device.hw.psus]


def consumed(device: Device) -> int:
    """Watts drawn now."""
    if not device.power.is_on:
        return 14
    watts = device.sensor("watts", device.hw.watts, 18)
    cap = device.power_cap
    return int(min(watts, cap) if cap else watts)


def supply_load(device: Device, psu: Psu) -> tuple[float, float]:
    """Input and output watts of one supply."""
    if psu.lost:
        return 0.0, 0.0
    working = sum(1 for p in device.hw.psus if not p.lost)
    share = consumed(device) / working
    return round(share, 1), round(share * 0.91, 1)


def _find(device: Device, name: str) -> Psu | None:
    return next((p for p in device.hw.psus if p.id == name), None)


def _power(device: Device) -> Doc:
    hw = device.hw
    version = "v1_7_1" if device.persona.oem_tree else "v1_5_0"
    capacity = float(sum(p.watts for p in hw.psus if not p.lost))
    watts = consumed(device)
    control = {
        **_member("PowerControl", "PowerControl", version, 0),
        "Name": "System Power Control",
        "MemberId": "0" if device.persona.oem_tree else "PowerControl",
        "PowerAllocatedWatts": capacity,
        "PowerAvailableWatts": 0,
        "PowerCapacityWatts": capacity,
        "PowerConsumedWatts": watts,
        "PowerLimit": {
            "CorrectionInMs": 0,
            "LimitException": "HardPowerOff",
            "LimitInWatts": device.power_cap or int(hw.watts * 2.4),
        },
        "PowerMetrics": {
            "AverageConsumedWatts": hw.watts,
            "IntervalInMin": 1,
            "MaxConsumedWatts": hw.watts + 22,
            "MinConsumedWatts": hw.watts - 19,
        },
        "PowerRequestedWatts": float(hw.watts * 2),
        **links("RelatedItem", [CHASSIS, SYSTEM]),
    }
    voltages = [
        _rail(version, n, name)
        for n, name in enumerate(("CPU1 VCORE PG", "System Board 5V SWITCH PG", "System Board 3.3V PG"))
    ]
    voltages += [_line(device, version, len(voltages) + n, p) for n, p in enumerate(hw.psus)]
    return {
        "Name": "Power",
        "Id": "Power",
        "Description": "Power",
        **listed("PowerControl", [control]),
        **listed("PowerSupplies", [_classic(device, version, n, p) for n, p in enumerate(hw.psus)]),
        **listed("Redundancy", []),
        **listed("Voltages", voltages),
    }


def _member(array: str, kind: str, version: str, number: int) -> Doc:
    return {
        "@odata.context": "/redfish/v1/$metadata#Power.Power",
        "@odata.id": f"{_POWER}#/{array}/{number}",
        "@odata.type": f"#Power.{version}.{kind}",
    }


def _classic(device: Device, version: str, number: int, psu: Psu) -> Doc:
    into, out = supply_load(device, psu)
    doc = {
        **_member("PowerSupplies", "PowerSupply", version, number),
        "Name": f"PS{psu.number} Status",
        "MemberId": str(number) if device.persona.oem_tree else psu.id,
        "FirmwareVersion": psu.firmware,
        "EfficiencyPercent": 91.0,
        "HotPluggable": True,
        **_supply_ranges(psu),
        "PowerOutputWatts": out,
        "PowerInputWatts": into,
        "LastPowerOutputWatts": out,
        "LineInputVoltage": 0 if psu.lost else psu.volts,
        "LineInputVoltageType": "Unknown" if psu.lost else "AC240V",
        "Manufacturer": "DELL",
        "Model": psu.model,
        "PartNumber": psu.part,
        "PowerCapacityWatts": psu.watts,
        "PowerSupplyType": "AC",
        "SerialNumber": psu.serial,
        "SparePartNumber": psu.part,
        **listed("Redundancy", []),
        **links("RelatedItem", [CHASSIS]),
        "Status": supply_status(psu),
    }
    if device.persona.oem_tree:
        doc["Assembly"] = link(f"{CHASSIS}/Assembly")
        doc["Oem"] = {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellPowerSupply": _dell_embedded(psu),
                "DellPowerSupplyView": _view_embedded(device, psu),
            }
        }
    return doc


def _supply_ranges(psu: Psu) -> Doc:
    return {
        "InputRanges": [
            {
                "InputType": "AC",
                "MaximumFrequencyHz": 63,
                "MaximumVoltage": 264,
                "MinimumFrequencyHz": 47,
                "MinimumVoltage": 90,
                "OutputWattage": psu.watts,
            }
        ]
    }


def supply_status(psu: Psu) -> Doc:
    """A supply without input power is critical."""
    return {"Health": "Critical", "State": "UnavailableOffline"} if psu.lost else status()


def _dell_embedded(psu: Psu) -> Doc:
    return embedded(
        "DellPowerSupply",
        "v1_1_0",
        f"{_POWER}/Oem/Dell/DellPowerSupply/{psu.id}",
        "DellPowerSupply",
        {
            "ActiveInputVoltage": "Unknown",
            "IsSwitchingSupply": True,
            **listed("OperationalStatus", ["OK"]),
            "RequestedState": "NotApplicable",
            "Links": {**links("DellPSNumericSensorCollection", [])},
        },
    )


def _view_embedded(device: Device, psu: Psu) -> Doc:
    booted = device.stamp(device.power.booted_at)[:19] + "+00:00"
    return embedded(
        "DellPowerSupplyView",
        "v1_3_0",
        f"{_POWER}/Oem/Dell/DellPowerSupplyInventory/{psu.id}",
        "DellPowerSupplyView",
        {
            "DetailedState": "Power Supply AC Lost" if psu.lost else "Presence Detected",
            "DeviceDescription": f"Power Supply {psu.number}",
            "LastSystemInventoryTime": booted,
            "LastUpdateTime": booted,
            "PMBusMonitoring": "Capable",
            "Range1MaxInputPowerWatts": int(psu.watts * 1.1),
            "RedMinNumberNeeded": 1,
            **listed("RedTypeOfSet", ["N+1", "Sparing"]),
            "RedundancyStatus": "Unknown",
        },
    )


def _old_supply(device: Device, name: str) -> Doc | None:
    psu = _find(device, name)
    if psu is None:
        return None
    return {
        **_classic(device, "v1_5_0", psu.number - 1, psu),
        "@odata.id": f"{_POWER}/PowerSupplies/{psu.id}",
    }


def _rail(version: str, number: int, name: str) -> Doc:
    return _voltage(version, number, name, "SystemBoard", None, number + 3, CHASSIS, "OK")


def _line(device: Device, version: str, number: int, psu: Psu) -> Doc:
    volts = 0.0 if psu.lost else round(device.sensor(f"volts{psu.number}", psu.volts, 2) / 2) * 2.0
    item = f"{_POWER}#/PowerSupplies/{psu.number - 1}"
    return _voltage(
        version,
        number,
        f"PS{psu.number} Voltage {psu.number}",
        "PowerSupply",
        volts,
        107 + psu.number,
        item,
        "Critical" if psu.lost else "OK",
    )


def _voltage(
    version: str,
    number: int,
    name: str,
    context: str,
    volts: float | None,
    sensor: int,
    item: str,
    health: str,
) -> Doc:
    return {
        **_member("Voltages", "Voltage", version, number),
        "Name": name,
        "MemberId": str(number),
        "LowerThresholdCritical": None,
        "LowerThresholdFatal": None,
        "LowerThresholdNonCritical": None,
        "PhysicalContext": context,
        "ReadingVolts": volts,
        "SensorNumber": sensor,
        **links("RelatedItem", [item]),
        "Status": status(health),
        "UpperThresholdCritical": None,
        "UpperThresholdFatal": None,
        "UpperThresholdNonCritical": None,
    }


def _subsystem(device: Device) -> Doc:
    capacity = float(sum(p.watts for p in device.hw.psus if not p.lost))
    health = "Critical" if any(p.lost for p in device.hw.psus) else "OK"
    return {
        "Description": "Represents the properties of a Power Subsystem of the Chassis",
        "Name": "Power Subsystem for Chassis",
        "PowerSupplies": link(f"{_SUB}/PowerSupplies"),
        "PowerSupplyRedundancy": [],
        "Status": status(health),
        "CapacityWatts": capacity,
        "Allocation": {"RequestedWatts": float(device.hw.watts * 2), "AllocatedWatts": capacity},
        "Id": "PowerSubsystem",
    }


def _supply(device: Device, name: str) -> Doc | None:
    psu = _find(device, name)
    if psu is None:
        return None
    view = _view_embedded(device, psu)
    dell = _dell_embedded(psu)
    plain = ("@odata.context", "@odata.id", "@odata.type", "Id", "Name", "Links")
    return {
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "Description": "An instance of PowerSupply",
        "FirmwareVersion": psu.firmware,
        "HotPluggable": True,
        "Id": psu.id,
        "InputNominalVoltageType": "AC240V",
        "Manufacturer": "DELL",
        "Metrics": link(f"{_SUB}/PowerSupplies/{psu.id}/Metrics"),
        "Model": psu.model,
        "Name": f"PS{psu.number} Status",
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOemPower.v1_0_0.DellOemPower",
                "DellPowerSupply": {k: v for k, v in dell.items() if k not in plain},
                "DellPowerSupplyView": {k: v for k, v in view.items() if k not in plain},
            }
        },
        "PartNumber": psu.part,
        "PowerCapacityWatts": psu.watts,
        "PowerSupplyType": "AC",
        "SerialNumber": psu.serial,
        "SparePartNumber": psu.part,
        "Status": supply_status(psu),
    }


def _metrics(device: Device, name: str) -> Doc | None:
    psu = _find(device, name)
    if psu is None:
        return None
    into, out = supply_load(device, psu)
    sensors = f"{CHASSIS}/Sensors"
    return {
        "Description": "Represents the properties of Power supply Metrics",
        "Id": "Metrics",
        "InputVoltage": {
            "DataSourceUri": f"{sensors}/PS{psu.number}Voltage",
            "Reading": 0.0 if psu.lost else float(psu.volts),
        },
        "InputCurrentAmps": {
            "DataSourceUri": f"{sensors}/PS{psu.number}Current{psu.number}",
            "Reading": round(into / psu.volts, 1),
        },
        "InputPowerWatts": {"DataSourceUri": f"{sensors}/{psu.id}_InputPower", "Reading": into},
        "OutputPowerWatts": {"DataSourceUri": f"{sensors}/{psu.id}_OutputPower", "Reading": out},
        "Name": f"Metrics for Power Supply {psu.number}",
        "Status": supply_status(psu),
    }


def _patch(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    try:
        watts = body["PowerControl"][0]["PowerLimit"]["LimitInWatts"]
    except (KeyError, IndexError, TypeError):
        return speak.error(400, speak.info("SYS428", "PowerLimit"))
    if watts is not None and not isinstance(watts, int):
        return speak.error(400, speak.info("SYS424", str(watts), "LimitInWatts"))
    device.power_cap = watts
    device.changed(request, body, account, "PATCH PowerLimit")
    return speak.success(200)
