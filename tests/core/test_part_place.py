"""Where parts sit, from the names iDRAC7 to 10 give them."""

from __future__ import annotations

import pytest

from dsm_desktop.core.part_place import place


@pytest.mark.parametrize(
    ("slot", "part_id", "said"),
    [
        ("", "Disk.Bay.7:Enclosure.Internal.0-1:RAID.SL.3-1", "Bay 7"),
        ("", "Disk.Bay.7:Enclosure.Internal.0-2:RAID.SL.3-1", "Bay 7, internal shelf 0-2"),
        ("", "Disk.Bay.11:Enclosure.External.0-0:RAID.Slot.2-1", "Bay 11, external shelf 0-0"),
        ("", "Disk.Direct.1-1:AHCI.SL.6-1", "Direct slot 1-1"),
        ("", "Disk.Virtual.0:RAID.SL.3-1", ""),
        ("Video.Slot.7-1", "Video.Slot.7-1", "Slot 7"),
        ("CPU.Socket.2", "CPU.Socket.2", "CPU 2"),
        ("A10", "DIMM.Socket.A10", "A10"),
        ("", "DIMM.Socket.B3", "B3"),
        ("PSU.Slot.1", "PSU.Slot.1", "PSU 1"),
        ("NIC.Integrated.1-2-1", "NIC.Integrated.1-2-1", "Integrated 1, port 2"),
        ("NIC.Slot.3", "NIC.Slot.3", "Slot 3"),
        ("", "RAID.Integrated.1-1", "Integrated 1"),
        ("", "RAID.SL.3-1", "Slot SL 3"),
        ("Enclosure.Internal.0-1:RAID.SL.3-1", "", "Internal 0-1"),
        ("Bay 2", "Disk.Bay.2", "Bay 2"),
        ("Bay 2", "Disk.Bay.2:Enclosure.External.0-0:RAID.Slot.2-1", "Bay 2, external shelf 0-0"),
        ("", "0x17||Fan.Embedded.1A", ""),
        ("", "49-0", ""),
    ],
)
def test_a_place_is_said_as_it_is_printed_on_the_machine(slot: str, part_id: str, said: str) -> None:
    assert place(slot, part_id) == said
