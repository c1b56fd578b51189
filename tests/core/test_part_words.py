"""Parts and firmware under names that stand on the machine, never the iDRAC's own where a person has a better one."""

from __future__ import annotations

import pytest

from dsm_desktop.core.part_words import firmware_title, part_title


@pytest.mark.parametrize(
    ("kind", "slot", "part_id", "name", "said"),
    [
        ("drive", "", "Disk.Bay.3:Enclosure.Internal.0-1:RAID.SL.3-1", "MZ7L3960", "Drive Bay 3"),
        (
            "drive",
            "Bay 3",
            "Disk.Bay.3:Enclosure.Internal.0-2:RAID.SL.3-1",
            "",
            "Drive Bay 3, internal shelf 0-2",
        ),
        ("volume", "", "Disk.Virtual.0:RAID.SL.3-1", "Virtual Disk 0", "Volume Virtual Disk 0"),
        ("memory", "A4", "DIMM.Socket.A4", "", "Memory A4"),
        ("port", "NIC.Integrated.1-2-1", "NIC.Integrated.1-2-1", "", "Network port Integrated 1, port 2"),
        ("psu", "PSU.Slot.2", "PSU.Slot.2", "PWR SPLY", "Power supply PSU 2"),
        ("battery", "", "Battery.Integrated.1:RAID.SL.3-1", "Controller battery", "Battery Integrated 1"),
        ("fan", "", "0x17||Fan.Embedded.1A", "Fan 1A", "Fan 1A"),
        ("enclosure", "", "0xabc", "", "Enclosure 0xabc"),
    ],
)
def test_a_part_by_kind_and_place(kind: str, slot: str, part_id: str, name: str, said: str) -> None:
    assert part_title(kind, slot, part_id, name) == said


@pytest.mark.parametrize(
    ("name", "fqdd", "said"),
    [
        ("BIOS", "BIOS.Setup.1-1", "BIOS"),
        (
            "Integrated Dell Remote Access Controller",
            "iDRAC.Embedded.1-1",
            "Integrated Dell Remote Access Controller",
        ),
        ("Broadcom BCM57414", "NIC.Slot.3-1-1", "Broadcom BCM57414 (Slot 3, port 1)"),
        (
            "Disk 3 in Backplane 1",
            "Disk.Bay.3:Enclosure.Internal.0-1:RAID.SL.3-1",
            "Disk 3 in Backplane 1 (Bay 3)",
        ),
        ("Dell OS Driver Pack", "", "Dell OS Driver Pack"),
    ],
)
def test_firmware_by_name_and_place(name: str, fqdd: str, said: str) -> None:
    assert firmware_title(name, fqdd) == said
