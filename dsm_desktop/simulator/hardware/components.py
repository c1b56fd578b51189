"""Controllers, disks, memory modules, network adapters and licences Dell builds in: data only."""

from __future__ import annotations

import dataclasses
from typing import Final

GIB: Final = 1024


@dataclasses.dataclass(frozen=True, slots=True)
class ControllerType:
    """A storage controller: FQDD, name, firmware versions, link speed in Gb/s, component id in the catalogue."""

    fqdd: str
    name: str
    firmware: tuple[str, ...]
    speed: float
    component: str
    device: str
    raids: tuple[str, ...] = ("RAID0", "RAID1", "RAID5", "RAID6", "RAID10", "RAID50", "RAID60")


CONTROLLERS: Final[dict[str, ControllerType]] = {
    "H710": ControllerType("RAID.Integrated.1-1", "PERC H710 Mini", ("21.3.5-0002",), 6, "28352", "005B"),
    "H730": ControllerType(
        "RAID.Integrated.1-1", "PERC H730 Mini", ("25.5.9.0001", "25.5.8.0001"), 12, "101560", "005D"
    ),
    "H730P": ControllerType("RAID.Integrated.1-1", "PERC H730P Mini", ("25.5.9.0001",), 12, "101560", "005D"),
    "H740": ControllerType(
        "RAID.Integrated.1-1", "PERC H740P Mini", ("51.16.0-4076", "51.13.2-3714"), 12, "103735", "0016"
    ),
    "H745": ControllerType("RAID.Integrated.1-1", "PERC H745 Frnt", ("51.16.0-4076",), 12, "106881", "0016"),
    "H755": ControllerType(
        "RAID.SL.3-1", "PERC H755 Front", ("52.26.0-5179", "52.21.0-4606"), 12, "107856", "10E2"
    ),
    "H965i": ControllerType(
        "RAID.SL.3-1", "PERC H965i Front", ("8.8.0.0.18-26", "8.4.0.0.18-29"), 24, "111021", "00A5"
    ),
    "H975i": ControllerType("RAID.SL.3-1", "PERC H975i Front", ("9.2.0.0.12-18",), 24, "116540", "00B5"),
    "BOSS-S1": ControllerType("AHCI.Slot.6-1", "BOSS-S1", ("2.5.13.3024",), 6, "104298", "9230", ("RAID1",)),
    "BOSS-S2": ControllerType("AHCI.SL.6-1", "BOSS-S2", ("2.5.14.2009",), 6, "109235", "9230", ("RAID1",)),
    "BOSS-N1": ControllerType(
        "BOSS.SL.14-1", "BOSS-N1 Monolithic", ("2.1.13.2025",), 8, "109879", "2241", ("RAID1",)
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class DriveType:
    """A disk model."""

    maker: str
    model: str
    bytes: int
    media: str
    protocol: str
    revision: str
    rpm: int | None


SAS_HDD: Final = (
    DriveType("SEAGATE", "ST1200MM0099", 1_200_243_695_616, "HDD", "SAS", "ST33", 10000),
    DriveType("TOSHIBA", "AL15SEB24EQY", 2_400_476_553_216, "HDD", "SAS", "EF0A", 10000),
)
SATA_SSD: Final = (
    DriveType("INTEL", "SSDSC2KG960G8R", 960_197_124_096, "SSD", "SATA", "XCV1DL69", None),
    DriveType("SAMSUNG", "MZ7L3960HBLTAD3", 960_197_124_096, "SSD", "SATA", "HG58", None),
)
SAS_SSD: Final = (
    DriveType("KIOXIA", "KPM6XRUG3T84", 3_840_755_982_336, "SSD", "SAS", "B029", None),
    DriveType("SAMSUNG", "MZILG1T9HCJRAD3", 1_920_383_410_176, "SSD", "SAS", "DWF9", None),
)
NVME: Final = (
    DriveType(
        "KIOXIA Corporation", "Dell Ent NVMe CM6 RI 1.92TB", 1_920_383_410_176, "SSD", "PCIe", "2.1.3", None
    ),
    DriveType("SAMSUNG", "Dell Ent NVMe PM1735a MU 3.2TB", 3_200_631_791_616, "SSD", "PCIe", "2.3.0", None),
)
M2: Final = DriveType("MICRON", "MTFDDAV480TDS", 480_103_981_056, "SSD", "SATA", "D3DJ004", None)

DRIVES_BY_GENERATION: Final = {
    "12G": SAS_HDD,
    "13G": SAS_HDD + SATA_SSD,
    "14G": SATA_SSD + SAS_SSD,
    "15G": SAS_SSD + SATA_SSD,
    "16G": SAS_SSD,
    "17G": SAS_SSD,
}


@dataclasses.dataclass(frozen=True, slots=True)
class DimmType:
    """A memory module: size in MiB, transfer rate in MT/s."""

    maker: str
    maker_id: str
    mib: int
    mhz: int
    part: str
    ranks: int = 2


DIMMS: Final[dict[str, tuple[DimmType, ...]]] = {
    "DDR3": (DimmType("Samsung", "0xce80", 16 * GIB, 1600, "M393B2G70BH0-CK0"),),
    "DDR4": (
        DimmType("Micron Technology", "0x2c80", 32 * GIB, 3200, "18ASF4G72PDZ-3G2E1"),
        DimmType("Samsung", "0xce80", 32 * GIB, 2933, "M393A4K40CB2-CVF"),
        DimmType("Hynix Semiconductor", "0xad80", 64 * GIB, 3200, "HMAA8GR7AJR4N-XN"),
    ),
    "DDR5": (
        DimmType("Hynix Semiconductor", "0xad80", 64 * GIB, 4800, "HMCG94MEBRA123N"),
        DimmType("Samsung", "0xce80", 32 * GIB, 5600, "M321R4GA3PB0-CWMCH"),
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class NicType:
    """A network adapter: ports, rate in Mb/s, PCI ids (vendor, device, subvendor, subdevice)."""

    vendor: str
    model: str
    part: str
    ports: int
    mbps: int
    firmware: tuple[str, ...]
    software_id: str
    pci: tuple[str, str, str, str]


NIC_EMBEDDED: Final = NicType(
    "Broadcom Inc. and subsidiaries",
    "Broadcom Gigabit Ethernet BCM5720",
    "",
    2,
    1000,
    ("21.80.9", "22.31.6"),
    "108255",
    ("14E4", "165F", "1028", "0A6B"),
)
NIC_INTEGRATED: Final = {
    "12G": NicType(
        "Broadcom Corp",
        "Broadcom NetXtreme II 10 GbE",
        "0MT09V",
        4,
        10000,
        ("7.16.58",),
        "28330",
        ("14E4", "168E", "1028", "1F67"),
    ),
    "13G": NicType(
        "Intel Corp",
        "Intel(R) 10GbE 4P X710 rNDC",
        "068M95",
        4,
        10000,
        ("18.8.9", "20.5.13"),
        "103750",
        ("8086", "1572", "1028", "1F9C"),
    ),
    "14G": NicType(
        "Intel Corp",
        "Intel(R) Ethernet 10G 4P X550 rNDC",
        "064PJ8",
        4,
        10000,
        ("20.5.13", "22.0.6"),
        "105250",
        ("8086", "1563", "1028", "1FA8"),
    ),
    "15G": NicType(
        "Broadcom Inc. and subsidiaries",
        "Broadcom Adv. Dual 25Gb Ethernet",
        "024GFD",
        2,
        25000,
        ("21.80.16.95", "22.31.13.70"),
        "108089",
        ("14E4", "16D7", "14E4", "4148"),
    ),
    "16G": NicType(
        "Intel Corporation",
        "Intel(R) Ethernet 25G 2P E810-XXV OCP",
        "0YJPV6",
        2,
        25000,
        ("22.5.7", "23.31.1"),
        "108828",
        ("8086", "159B", "8086", "0003"),
    ),
    "17G": NicType(
        "NVIDIA",
        "NVIDIA ConnectX-6 Lx Dual Port 25 GbE SFP28 OCP3.0",
        "0F6FXM",
        2,
        25000,
        ("26.41.10.00",),
        "110113",
        ("15B3", "101F", "15B3", "0023"),
    ),
}
NIC_SLOT: Final = NicType(
    "Mellanox Technologies",
    "Mellanox ConnectX-5 EN 25GbE Dual-port SFP28 Adapter",
    "0V5DG9",
    2,
    25000,
    ("16.32.20.04", "16.35.30.06"),
    "104640",
    ("15B3", "1017", "15B3", "0020"),
)

OUIS: Final = ("B0:7B:25", "D0:8E:79", "E4:43:4B", "F4:02:70", "54:48:10", "2C:EA:7F")
"""Address blocks of Dell."""

LICENSES: Final = {
    "12G": ("iDRAC7 Enterprise License",),
    "13G": ("iDRAC8 Enterprise License",),
    "14G": ("iDRAC9 14G Enterprise License", "iDRAC9 x4 Enterprise License"),
    "15G": ("iDRAC9 15G Enterprise License", "iDRAC9 15G Datacenter License"),
    "16G": ("iDRAC9 16G Enterprise License", "iDRAC9 16G Datacenter License"),
    "17G": ("iDRAC10 17G Enterprise License", "iDRAC10 17G Datacenter License"),
}
