"""The server as one row, from ComputerSystem, and where there is time from Manager and Chassis."""

from __future__ import annotations

import dataclasses
from typing import Any

from dsm_desktop.core.inventory import Identity, Part, PartKind, SystemFacts
from dsm_desktop.core.states import Generation, Health
from dsm_desktop.redfish.documents import Doc
from dsm_desktop.redfish.quirks import generation_of, generation_of_model
from dsm_desktop.redfish.values import (
    dig,
    health,
    integer,
    moment,
    number,
    objects,
    power_state,
    status,
    text,
)

_ROLLUPS = {
    "battery": "BatteryRollupStatus",
    "cpu": "CPURollupStatus",
    "current": "CurrentRollupStatus",
    "fan": "FanRollupStatus",
    "intrusion": "IntrusionRollupStatus",
    "licensing": "LicensingRollupStatus",
    "memory": "SysMemPrimaryStatus",
    "psu": "PSRollupStatus",
    "sel": "SELRollupStatus",
    "storage": "StorageRollupStatus",
    "temperature": "TempRollupStatus",
    "voltage": "VoltRollupStatus",
    "idsdm": "IDSDMRollupStatus",
    "cooling": "CoolingRollupStatus",
}
"""Our word → property of Oem.Dell.DellSystem (R750 6.00.30)."""


def identity(root: Doc) -> Identity:
    """What the service root says without a login. `Oem.Dell` marks an iDRAC from 2.65 up; Vendor only on newer builds."""
    dell = dig(root, "Oem", "Dell")
    is_dell = isinstance(dell, dict) or text(root.get("Vendor")).lower().startswith("dell")
    return Identity(
        is_dell=is_dell,
        redfish_version=text(root.get("RedfishVersion")),
        service_tag=text(dig(dell, "ServiceTag")),
        bmc_mac=text(dig(dell, "ManagerMACAddress")).lower(),
        vendor=text(root.get("Vendor")) or ("Dell" if is_dell else next(iter(_oem_names(root)), "")),
        product=text(root.get("Product")) or text(root.get("Name")),
        uuid=text(root.get("UUID")),
    )


def _oem_names(root: Doc) -> list[str]:
    oem = root.get("Oem")
    return [str(name) for name in oem] if isinstance(oem, dict) else []


def facts(system: Doc, ident: Identity | None = None) -> SystemFacts:
    """The row as far as ComputerSystem (and the root) tell it: model, tag, BIOS, power, health roll-ups, LED.

    SKU is the service tag on Dell's; SerialNumber there is the board's. Others have only SerialNumber.
    """
    dell = dig(system, "Oem", "Dell", "DellSystem")
    is_dell = (
        isinstance(dell, dict)
        or (ident is not None and ident.is_dell)
        or "Dell" in text(system.get("Manufacturer"))
    )
    serial = text(system.get("SerialNumber"))
    tag = text(system.get("SKU")) if is_dell else serial
    return SystemFacts(
        manufacturer=text(system.get("Manufacturer")),
        model=text(system.get("Model")),
        system_id=_system_id(integer(dig(dell, "SystemID"))),
        service_tag=tag or text(dig(dell, "NodeID")) or (ident.service_tag if ident else ""),
        board_serial=serial if is_dell else "",
        uuid=text(system.get("UUID")).lower(),
        host_name=text(system.get("HostName")),
        asset_tag=text(system.get("AssetTag")),
        generation=_generation(system) if is_dell else Generation.OTHER,
        bios_version=text(system.get("BiosVersion")),
        bmc_mac=ident.bmc_mac if ident else "",
        processor_summary=_processors(system),
        memory_gib=number(dig(system, "MemorySummary", "TotalSystemMemoryGiB")),
        power_state=power_state(system.get("PowerState")),
        health=status(system, rollup=True),
        subsystem_health=rollups(system),
        led_blinking=led(system),
    )


def _system_id(told: int | None) -> str:
    return f"{told:04X}" if told and 0 < told <= 0xFFFF else ""


def _generation(system: Doc) -> Generation:
    told = generation_of(text(dig(system, "Oem", "Dell", "DellSystem", "SystemGeneration")))
    return told if told is not Generation.OTHER else generation_of_model(text(system.get("Model")))


def _processors(system: Doc) -> str:
    count = integer(dig(system, "ProcessorSummary", "Count"))
    model = text(dig(system, "ProcessorSummary", "Model"))
    return f"{count} × {model}" if count and model else model


def rollups(system: Doc) -> dict[str, Health]:
    """Health by subsystem: Dell's roll-ups, else what the standard summaries say. Only what is reported."""
    dell = dig(system, "Oem", "Dell", "DellSystem")
    found = {word: health(dig(dell, name)) for word, name in _ROLLUPS.items()}
    if not isinstance(dell, dict):
        found = {
            "cpu": status(system.get("ProcessorSummary"), rollup=True),
            "memory": status(system.get("MemorySummary"), rollup=True),
        }
    return {word: value for word, value in found.items() if value is not Health.UNKNOWN}


def led(doc: Doc) -> bool | None:
    """True while the identify LED blinks. IndicatorLED counts on older firmware ("Lit" is the normal state on Dell's)."""
    active = doc.get("LocationIndicatorActive")
    if isinstance(active, bool):
        return active
    shown = text(doc.get("IndicatorLED"))
    return shown == "Blinking" if shown else None


def with_manager(row: SystemFacts, manager: Doc) -> SystemFacts:
    """Adds iDRAC model, firmware, clock, and the generation (Manager.Model is the authority)."""
    model = text(manager.get("Model"))
    return dataclasses.replace(
        row,
        idrac_model=model,
        idrac_version=text(manager.get("FirmwareVersion")),
        bmc_time=moment(manager.get("DateTime")),
        generation=generation_of(model) if generation_of(model) is not Generation.OTHER else row.generation,
    )


def with_chassis(row: SystemFacts, power: Doc, thermal: Doc, parts: list[Part]) -> SystemFacts:
    """Adds watts drawn and inlet temperature in °C."""
    control = next(iter(objects(power.get("PowerControl"))), {})
    inlet = next(
        (
            p.reading
            for p in parts
            if p.kind is PartKind.TEMPERATURE and ("inlet" in p.name.lower() or "ambient" in p.name.lower())
        ),
        None,
    )
    if inlet is None:
        inlet = next(
            (
                number(t.get("ReadingCelsius"))
                for t in objects(thermal.get("Temperatures"))
                if t.get("PhysicalContext") == "Intake"
            ),
            None,
        )
    return dataclasses.replace(
        row, power_watts=number(control.get("PowerConsumedWatts")), inlet_celsius=inlet
    )


def allowable_resets(resource: Doc, action: str = "#ComputerSystem.Reset") -> tuple[list[str], str]:
    """ResetType values the resource lists, and the action's target path ("" when it has none)."""
    found: Any = dig(resource, "Actions", action)
    values = dig(found, "ResetType@Redfish.AllowableValues")
    target = dig(found, "target")
    listed = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    return listed, target if isinstance(target, str) else ""
