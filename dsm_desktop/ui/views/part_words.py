"""What else is known of a part of a server, in words and units."""

from __future__ import annotations

from typing import Any

from dsm_desktop.queries.inventory import PartRow
from dsm_desktop.ui import words

_DETAIL = {
    "speed_mhz": ("Speed", "MHz"),
    "speed_mbps": ("Speed", "Mb/s"),
    "speed_gbps": ("Speed", "Gb/s"),
    "cache_mib": ("Cache", "MiB"),
    "capacity_watts": ("Gives up to", "W"),
    "output_watts": ("Gives now", "W"),
    "volts": ("Input", "V"),
    "wear_percent_left": ("Life left", "%"),
    "raid": ("Level", ""),
    "raid_status": ("State in the RAID", ""),
    "rpm": ("Turns at", "rpm"),
    "ecc": ("Error correction", ""),
    "mac": ("MAC", ""),
    "ipv4": ("IPv4", ""),
    "pcie": ("PCIe", ""),
    "lanes": ("Lanes in use", ""),
    "lanes_max": ("Lanes at most", ""),
    "high_warning": ("Warns above", ""),
    "high_critical": ("Critical above", ""),
    "low": ("Critical below", ""),
}


def part_name(row: PartRow) -> str:
    """Its model, else its name. Old firmware gives a class name ("DellControllerBattery")."""
    name = row.model or row.name
    return words.spaced(name.removeprefix("Dell")) if name == "DellControllerBattery" else name


def part_detail(row: PartRow) -> str:
    """What else is known, in words and units."""
    known = {k: v for k, v in row.detail.items() if v not in (None, "", False)}
    return " · ".join(_said(name, value, row.unit) for name, value in known.items())


def _said(name: str, value: Any, unit: str) -> str:
    title, own = _DETAIL.get(name, (words.sentence(name), ""))
    if value is True:
        return title
    if name in ("low", "high_warning", "high_critical"):
        own = unit
    shown = words.number(value) if isinstance(value, float) else words.spaced(str(value))
    return f"{title} {shown} {own}".rstrip()
