"""What a server is made of, as read on one day, in words of no protocol."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from dsm_desktop.core.states import Generation, Health, PowerState

Scalar = str | int | float | bool | None


class PartKind(enum.StrEnum):
    """Kinds of part an operator looks for by name."""

    PROCESSOR = "processor"
    MEMORY = "memory"
    CONTROLLER = "controller"
    DRIVE = "drive"
    VOLUME = "volume"
    NIC = "nic"
    PORT = "port"
    PSU = "psu"
    FAN = "fan"
    TEMPERATURE = "temperature"
    PCIE = "pcie"
    GPU = "gpu"
    BATTERY = "battery"
    ENCLOSURE = "enclosure"
    LICENCE = "licence"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a BMC says before any login (service root). `service_tag` and `bmc_mac` only from Dell's."""

    is_dell: bool
    redfish_version: str
    service_tag: str = ""
    bmc_mac: str = ""
    vendor: str = ""
    product: str = ""
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `id` is the FQDD (Dell) or Redfish Id; `slot` what is printed on the machine ("Bay 7", "A3").

    `capacity_bytes` for memory, drives, volumes; `reading` and `unit` for fans (rpm), temperatures (°C), PSUs (W);
    `detail` holds the rest by standard name (speed_mhz, media, protocol, wear_percent_left, mac, link, expires …).
    """

    kind: PartKind
    id: str
    name: str
    slot: str = ""
    manufacturer: str = ""
    model: str = ""
    part_number: str = ""
    serial_number: str = ""
    firmware: str = ""
    capacity_bytes: int | None = None
    reading: float | None = None
    unit: str = ""
    health: Health = Health.UNKNOWN
    detail: dict[str, Scalar] = field(default_factory=dict)


class FirmwareState(enum.StrEnum):
    """What the iDRAC holds: running now, kept for rollback, or pushed and not applied."""

    INSTALLED = "installed"
    PREVIOUS = "previous"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class Firmware:
    """One entry of the firmware inventory, once per FQDD and state. `component_id` is Dell's (159 = BIOS, 25227 = iDRAC)."""

    id: str
    fqdd: str
    name: str
    version: str
    state: FirmwareState
    component_id: str = ""
    component_type: str = ""
    updateable: bool = False
    installed_at: str = ""
    pci_ids: str = ""


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """The server as one row. Memory in GiB, power in watts, inlet in °C; None = not read or not reported.

    `system_id` is Dell's number of the model in four hex digits ("0716" = R640), which packages name."""

    manufacturer: str = ""
    model: str = ""
    system_id: str = ""
    service_tag: str = ""
    board_serial: str = ""
    uuid: str = ""
    host_name: str = ""
    asset_tag: str = ""
    generation: Generation = Generation.OTHER
    idrac_model: str = ""
    idrac_version: str = ""
    bios_version: str = ""
    bmc_mac: str = ""
    licence: str = ""
    processor_summary: str = ""
    memory_gib: float | None = None
    power_state: PowerState = PowerState.UNKNOWN
    health: Health = Health.UNKNOWN
    subsystem_health: dict[str, Health] = field(default_factory=dict)
    power_watts: float | None = None
    inlet_celsius: float | None = None
    led_blinking: bool | None = None
    lockdown: bool | None = None
    bmc_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything one full read gave. `settings` are flat "Group.Name" -> value (BIOS and iDRAC attributes without secrets).

    `gaps` names what could not be read and why ("Memory: 503 not ready"), so that an incomplete read never looks complete.
    `requests` is how many the read took.
    """

    facts: SystemFacts
    parts: tuple[Part, ...] = ()
    firmware: tuple[Firmware, ...] = ()
    settings: dict[str, Scalar] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    requests: int = 0


class LogKind(enum.StrEnum):
    SEL = "sel"
    LIFECYCLE = "lifecycle"
    FAULTS = "faults"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One entry of a device's log; `entry_id` is the device's own (unique together with `created`)."""

    log: LogKind
    entry_id: str
    created: datetime | None
    severity: Health
    message_id: str
    message: str
    category: str = ""
