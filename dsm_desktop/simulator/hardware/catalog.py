"""What Dell builds into these models, as far as the simulator needs it: data only.

Names, sizes and ids are of the kind real inventories show (recorded R640, R750, R6515); serial numbers are invented.
"""

from __future__ import annotations

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """A server model."""

    generation: str
    height: int
    sockets: int
    dimm_slots: int
    pcie_slots: int
    fans: int
    memory: str
    cpus: tuple[str, ...]
    psu_watts: tuple[int, ...]
    perc: tuple[str, ...]
    boss: str | None
    bios: tuple[str, ...]
    system_id: int
    rpm: int = 7200
    gpu: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CpuType:
    """A processor type. Rates in MHz; `family` and `stepping` as ProcessorId shows them."""

    vendor: str
    cores: int
    base: int
    top: int
    family: str
    stepping: str
    microcode: str


CPUS: Final[dict[str, CpuType]] = {
    "Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz": CpuType("Intel", 8, 2600, 4000, "45", "7", "0x71A"),
    "Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz": CpuType("Intel", 8, 2600, 4000, "63", "2", "0x43"),
    "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz": CpuType("Intel", 14, 2400, 4000, "79", "1", "0xB00002E"),
    "Intel(R) Xeon(R) Gold 6138 CPU @ 2.00GHz": CpuType("Intel", 20, 2000, 4000, "85", "4", "0x2006E05"),
    "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz": CpuType("Intel", 20, 2500, 4000, "85", "7", "0x5003303"),
    "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz": CpuType("Intel", 18, 3000, 4000, "106", "6", "0xD00037B"),
    "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz": CpuType("Intel", 16, 2400, 3400, "106", "6", "0xD00037B"),
    "Intel(R) Xeon(R) Gold 6430": CpuType("Intel", 32, 2100, 3400, "143", "8", "0x2B000590"),
    "Intel(R) Xeon(R) Gold 6548Y+": CpuType("Intel", 32, 2500, 4100, "207", "2", "0x21000230"),
    "Intel(R) Xeon(R) 6740P": CpuType("Intel", 48, 2100, 4100, "173", "1", "0x1000360"),
    "AMD EPYC 7543P 32-Core Processor": CpuType("AMD", 32, 2800, 3700, "1", "1", "0xA0011D5"),
    "AMD EPYC 7763 64-Core Processor": CpuType("AMD", 64, 2450, 3500, "1", "1", "0xA0011D5"),
    "AMD EPYC 9354 32-Core Processor": CpuType("AMD", 32, 3250, 3800, "17", "1", "0xA101148"),
    "AMD EPYC 9555 64-Core Processor": CpuType("AMD", 64, 3200, 4400, "2", "1", "0xB002116"),
}

_E5_0: Final = ("Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz",)
_E5: Final = ("Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz", "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz")
_SKX: Final = ("Intel(R) Xeon(R) Gold 6138 CPU @ 2.00GHz", "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz")
_ICX: Final = ("Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz", "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz")
_SPR: Final = ("Intel(R) Xeon(R) Gold 6430", "Intel(R) Xeon(R) Gold 6548Y+")
_M12: Final = ("2.5.4", "2.9.0")
_M13: Final = ("2.12.1", "2.17.0", "2.19.0")
_M14: Final = ("2.19.1", "2.21.2", "2.23.0")
_M15: Final = ("1.8.2", "1.12.1", "1.14.1")
_M16: Final = ("1.5.6", "2.3.5", "2.5.4")
_M17: Final = ("1.3.2", "1.4.1")

MODELS: Final[dict[str, Model]] = {
    "R620": Model("12G Monolithic", 1, 2, 24, 3, 7, "DDR3", _E5_0, (750,), ("H710",), None, _M12, 1230),
    "R720": Model("12G Monolithic", 2, 2, 24, 7, 6, "DDR3", _E5_0, (750, 1100), ("H710",), None, _M12, 1231),
    "R820": Model("12G Monolithic", 2, 4, 48, 7, 6, "DDR3", _E5_0, (1100,), ("H710",), None, _M12, 1242),
    "R630": Model("13G Monolithic", 1, 2, 24, 3, 7, "DDR4", _E5, (750,), ("H730",), None, _M13, 1579),
    "R730": Model("13G Monolithic", 2, 2, 24, 7, 6, "DDR4", _E5, (750, 1100), ("H730",), None, _M13, 1571),
    "R730xd": Model("13G Monolithic", 2, 2, 24, 6, 6, "DDR4", _E5, (1100,), ("H730",), None, _M13, 1572),
    "R640": Model(
        "14G Monolithic", 1, 2, 24, 3, 8, "DDR4", _SKX, (750, 1100), ("H740",), "BOSS-S1", _M14, 1816
    ),
    "R740": Model(
        "14G Monolithic", 2, 2, 24, 8, 6, "DDR4", _SKX, (750, 1100), ("H740", "H730P"), "BOSS-S1", _M14, 1813
    ),
    "R740xd": Model(
        "14G Monolithic", 2, 2, 24, 8, 6, "DDR4", _SKX, (1100,), ("H740",), "BOSS-S1", _M14, 1814
    ),
    "R6515": Model(
        "15G Monolithic",
        1,
        1,
        16,
        2,
        6,
        "DDR4",
        ("AMD EPYC 7543P 32-Core Processor",),
        (550, 700),
        ("H745",),
        "BOSS-S1",
        ("2.6.6", "2.11.4"),
        2160,
    ),
    "R650": Model(
        "15G Monolithic", 1, 2, 32, 3, 8, "DDR4", _ICX, (1100, 1400), ("H755",), "BOSS-S2", _M15, 2319, 9800
    ),
    "R750": Model(
        "15G Monolithic", 2, 2, 32, 8, 6, "DDR4", _ICX, (1400, 2400), ("H755",), "BOSS-S2", _M15, 2318, 9200
    ),
    "R7525": Model(
        "15G Monolithic",
        2,
        2,
        32,
        8,
        6,
        "DDR4",
        ("AMD EPYC 7763 64-Core Processor",),
        (1400,),
        ("H755",),
        "BOSS-S1",
        ("2.9.3", "2.14.1"),
        2181,
    ),
    "R660": Model(
        "16G Monolithic",
        1,
        2,
        32,
        3,
        8,
        "DDR5",
        _SPR,
        (1100, 1400),
        ("H755", "H965i"),
        "BOSS-N1",
        _M16,
        2716,
        9800,
    ),
    "R760": Model(
        "16G Monolithic",
        2,
        2,
        32,
        8,
        6,
        "DDR5",
        _SPR,
        (1400, 1800),
        ("H755", "H965i"),
        "BOSS-N1",
        _M16,
        2715,
        9000,
    ),
    "R760xa": Model(
        "16G Monolithic",
        2,
        2,
        32,
        8,
        6,
        "DDR5",
        _SPR,
        (2400, 2800),
        ("H965i",),
        "BOSS-N1",
        _M16,
        2750,
        11000,
        "NVIDIA H100 PCIe",
    ),
    "R6625": Model(
        "16G Monolithic",
        1,
        2,
        24,
        3,
        8,
        "DDR5",
        ("AMD EPYC 9354 32-Core Processor",),
        (1400,),
        ("H965i",),
        "BOSS-N1",
        ("1.8.3", "1.10.6"),
        2721,
        9800,
    ),
    "R670": Model(
        "17G Monolithic",
        1,
        2,
        32,
        5,
        8,
        "DDR5",
        ("Intel(R) Xeon(R) 6740P",),
        (1500,),
        ("H975i",),
        "BOSS-N1",
        _M17,
        3240,
        9800,
    ),
    "R770": Model(
        "17G Monolithic",
        2,
        2,
        32,
        8,
        6,
        "DDR5",
        ("Intel(R) Xeon(R) 6740P",),
        (1500, 2400),
        ("H975i",),
        "BOSS-N1",
        _M17,
        3241,
        9000,
    ),
    "R7725": Model(
        "17G Monolithic",
        2,
        2,
        24,
        8,
        6,
        "DDR5",
        ("AMD EPYC 9555 64-Core Processor",),
        (2400,),
        ("H975i",),
        "BOSS-N1",
        _M17,
        3244,
        9000,
    ),
}
