"""What is installed on a host: VIBs, and the image profile they form."""

from __future__ import annotations

import dataclasses
import re
from typing import Final

LEVELS: Final = ("VMwareCertified", "VMwareAccepted", "PartnerSupported", "CommunitySupported")
"""Acceptance levels, strictest first."""
BASE: Final = "esx-base"
"""The VIB whose version is the version of the host."""


@dataclasses.dataclass(frozen=True, slots=True)
class Vib:
    """One package. `version` is written as on the host: '8.0.3-0.70.24674464', '1.0.3.0-13vmw.803.0.70.24674464'.

    `requires` names what must be there too: another VIB, or an interface such as 'vmkapi_2_2_0_0' that a VIB `provides`.
    `live` VIBs need no restart. `size` is bytes in a boot bank.
    """

    name: str
    version: str
    vendor: str = "VMW"
    acceptance: str = "VMwareCertified"
    created: str = "2024-06-05"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    live: bool = False
    size: int = 1_000_000
    summary: str = ""

    @property
    def vib_id(self) -> str:
        """'VMW_bootbank_nvme-pcie_1.2.4.11-1vmw.803…': as results of an update list it."""
        kind = "locker" if self.name == "tools-light" else "bootbank"
        return f"{self.vendor}_{kind}_{self.name}_{self.version}"

    def newer_than(self, other: Vib) -> bool:
        """Compares as the host does: numbers as numbers, the part before the hyphen first."""
        return version_key(self.version) > version_key(other.version)


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image profile. `version` is '8.0.3', `release` the text between the hyphen and the build ('0.70')."""

    name: str
    version: str
    build: str
    release: str
    vibs: tuple[Vib, ...]
    vendor: str = "VMware, Inc."
    acceptance: str = "PartnerSupported"
    created: str = "2025-04-10T00:00:00"
    description: str = ""

    @property
    def update(self) -> str:
        """The number of the update: '3' of '8.0.3-0.70.24674464'."""
        return self.version.split(".")[2]

    @property
    def patch(self) -> str:
        """The patch level as the host shows it: '70' of '0.70'."""
        return self.release.split(".")[-1]

    @property
    def line(self) -> tuple[int, int]:
        """(8, 0) of '8.0.3'."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    def vib(self, name: str) -> Vib | None:
        """The VIB of this name."""
        return next((v for v in self.vibs if v.name == name), None)

    def missing(self) -> list[tuple[Vib, str]]:
        """Each VIB with something it requires and nobody provides."""
        there = {v.name for v in self.vibs} | {p for v in self.vibs for p in v.provides}
        return [(v, need) for v in self.vibs for need in v.requires if need not in there]

    @property
    def size(self) -> int:
        """Bytes in a boot bank."""
        return sum(v.size for v in self.vibs)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Sort key of a VIB version."""
    return tuple(
        (int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|[A-Za-z]+", version)
    )
