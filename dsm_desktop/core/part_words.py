"""Parts of a server as an operator names them: "Drive Bay 3", "Memory A4", "Power supply PSU 1"."""

from __future__ import annotations

import re

from dsm_desktop.core.part_place import place

_KIND = {
    "psu": "Power supply",
    "nic": "Network adapter",
    "port": "Network port",
    "pcie": "PCIe card",
    "gpu": "GPU",
}
_NOWHERE = re.compile(r"(BIOS|iDRAC|LC|USC|CPLD|Diagnostics|OSCollector|DriverPack|System)\.")
"""Firmware that sits in no place a person could point at; its name says all."""


def part_kind(kind: str) -> str:
    return _KIND.get(kind, kind[:1].upper() + kind[1:].replace("_", " "))


def part_title(kind: str, slot: str, part_id: str, name: str) -> str:
    """Its kind and its place; where it sits in none, its `name` (model or what the iDRAC calls it), and only then its id."""
    where = place(slot, part_id) or name or part_id
    title = part_kind(kind)
    return where if where.lower().startswith(title.lower()) else f"{title} {where}"


def firmware_title(name: str, fqdd: str) -> str:
    """The name of the firmware and the place of what it runs on: "Broadcom BCM57414 (Slot 3, port 1)"."""
    where = "" if _NOWHERE.match(fqdd) else place("", fqdd)
    return f"{name} ({where})" if where else name
