"""Where a part sits in its server, as it is printed on the machine, out of the iDRAC's name for it (FQDD)."""

from __future__ import annotations

import re

_FQDD = re.compile(
    r"(?P<kind>[A-Za-z]+)\.(?P<where>Bay|Slot|SL|Socket|Integrated|Embedded|Direct|Mezzanine|ChassisSlot|Internal"
    r"|External)\.(?P<number>[A-Za-z0-9]+(?:-\d+)*)"
)
_PORTS = ("NIC", "FC", "InfiniBand")
_WORDS = {
    "ChassisSlot": "Chassis slot",
    "SL": "Slot SL",
    "Direct": "Direct slot",
    "Internal": "Internal",
    "External": "External",
}


def place(slot: str, part_id: str = "") -> str:
    """ "Bay 7", "Slot 3", "PSU 1", "A4", "Integrated 1, port 2"; other slots as they are, "" = the part sits in none.

    Drives name no slot of their own: theirs is in `part_id` ("Disk.Bay.7:Enclosure.Internal.0-1:RAID.SL.3-1"), and the shelf
    is named where it is not the server's first backplane.
    """
    name = slot or part_id
    found = _FQDD.match(name)
    if found is None:
        return f"{slot}{_shelf(part_id)}" if slot.startswith("Bay ") else slot
    kind, where, number = found["kind"], found["where"], found["number"]
    if kind in ("DIMM", "PSU", "CPU"):
        return number if kind == "DIMM" else f"{kind} {number}"
    if where == "Bay":
        return f"Bay {number}{_shelf(name)}"
    first, *more = number.split("-")
    if kind == "Enclosure" or where == "Direct":
        return f"{_WORDS[where]} {number}"
    port = f", port {more[0]}" if kind in _PORTS and more else ""
    return f"{_WORDS.get(where, where)} {first}{port}"


def _shelf(name: str) -> str:
    found = re.search(r":Enclosure\.(Internal|External)\.([0-9-]+)", name)
    if found is None or found.groups() == ("Internal", "0-1"):
        return ""
    return f", {found[1].lower()} shelf {found[2]}"
