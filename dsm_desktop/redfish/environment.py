"""Power supplies, fans and temperatures as parts, from Power and Thermal, else from the newer subsystems."""

from __future__ import annotations

from dsm_desktop.core.inventory import Part, PartKind
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.compute import known, present
from dsm_desktop.redfish.documents import Doc, Documents, link
from dsm_desktop.redfish.values import dig, number, objects, reading, status, text


def power_supplies(power: Doc) -> list[Part]:
    """PSUs of a Power document; `reading` is the input in watts."""
    return [power_supply(item) for item in objects(power.get("PowerSupplies")) if present(item)]


def power_supply(doc: Doc) -> Part:
    """A PSU. `detail`: capacity_watts, output_watts, volts, type."""
    dell = dig(doc, "Oem", "Dell", "DellPowerSupply", "Id")
    ident = text(dell) or text(doc.get("Id")) or text(doc.get("MemberId")) or text(doc.get("Name"))
    watts = reading(doc.get("PowerInputWatts"))
    return Part(
        kind=PartKind.PSU,
        id=ident,
        name=text(doc.get("Name")).removesuffix(" Status") or ident,
        slot=ident,
        manufacturer=text(doc.get("Manufacturer")),
        model=text(doc.get("Model")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(doc.get("FirmwareVersion")),
        reading=watts if watts is not None else reading(doc.get("LastPowerOutputWatts")),
        unit="W",
        health=status(doc),
        detail=known(
            capacity_watts=number(doc.get("PowerCapacityWatts")),
            output_watts=number(doc.get("PowerOutputWatts")),
            volts=number(doc.get("LineInputVoltage")),
            type=text(doc.get("PowerSupplyType")),
        ),
    )


def fans_and_temperatures(thermal: Doc) -> list[Part]:
    """Fans (rpm or %) and temperatures (°C) of a Thermal document. With the host off many readings are null."""
    found = [fan(item) for item in objects(thermal.get("Fans")) if present(item)]
    return found + [temperature(item) for item in objects(thermal.get("Temperatures")) if present(item)]


def fan(doc: Doc) -> Part:
    """A fan; a bare number on old firmware is rpm."""
    name = text(doc.get("Name")) or text(doc.get("FanName")) or text(doc.get("MemberId"))
    ident = text(doc.get("Id")) or text(doc.get("MemberId")) or name
    percent = text(doc.get("ReadingUnits")).lower() in ("percent", "pwm", "%")
    value = reading(doc.get("Reading"))
    if value is None:
        value = reading(doc.get("ReadingRPM")) or reading(dig(doc, "SpeedPercent", "SpeedRPM"))
    if value is None:
        value, percent = reading(dig(doc, "SpeedPercent", "Reading")), True
    return Part(
        PartKind.FAN,
        ident,
        name or ident,
        reading=value,
        unit="%" if percent else "rpm",
        health=status(doc),
        detail=known(low=number(doc.get("LowerThresholdCritical"))),
    )


def temperature(doc: Doc) -> Part:
    """A temperature. `detail`: high_warning and high_critical in °C."""
    name = text(doc.get("Name")) or text(doc.get("DeviceName")) or text(doc.get("MemberId"))
    ident = text(doc.get("Id")) or text(doc.get("MemberId")) or name
    value = reading(doc.get("ReadingCelsius"))
    return Part(
        PartKind.TEMPERATURE,
        ident,
        name or ident,
        reading=value if value is not None else reading(doc.get("Reading")),
        unit="°C",
        health=status(doc),
        detail=known(
            high_warning=number(doc.get("UpperThresholdNonCritical")),
            high_critical=number(doc.get("UpperThresholdCritical")),
        ),
    )


def read_environment(documents: Documents, chassis: Doc) -> tuple[Doc, Doc, list[Part]]:
    """Power, Thermal and their parts. BMCs without them are read by PowerSubsystem and ThermalSubsystem."""
    power: Doc = {}
    thermal: Doc = {}
    parts: list[Part] = []
    with documents.gap("Power"):
        power = documents.child(chassis, "Power")
        parts += power_supplies(power)
        if not power and link(chassis, "PowerSubsystem"):
            subsystem = documents.child(chassis, "PowerSubsystem")
            path = link(subsystem, "PowerSupplies")
            parts += (
                [power_supply(doc) for doc in documents.members(safe_path(path)) if present(doc)]
                if path
                else []
            )
    with documents.gap("Thermal"):
        thermal = documents.child(chassis, "Thermal")
        parts += fans_and_temperatures(thermal)
        if not thermal and link(chassis, "ThermalSubsystem"):
            subsystem = documents.child(chassis, "ThermalSubsystem")
            parts += [fan(doc) for doc in documents.children(subsystem, "Fans") if present(doc)]
            metrics = documents.child(subsystem, "ThermalMetrics")
            parts += [temperature(item) for item in objects(metrics.get("TemperatureReadingsCelsius"))]
    return power, thermal, parts
