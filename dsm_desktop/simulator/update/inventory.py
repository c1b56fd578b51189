"""Which parts of a server a package is for, and what changes when it is flashed."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.clock import stamp
from dsm_desktop.simulator.hardware.parts import Server, Software
from dsm_desktop.simulator.update.package import IDRAC, PackageInfo, Unusable

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

BIOS: Final = "159"
CONTROLLER: Final = "28897"
CPLD: Final = "27763"
_KEEPS_OLD: Final = ("BIOS.", "iDRAC.", "NIC.", "RAID.", "FC.", "BOSS.", "AHCI.")
"""FQDDs whose former firmware the iDRAC keeps for a rollback."""


class Applied(enum.Enum):
    """How firmware of a part gets into it."""

    DIRECT = "direct"
    """At once, nobody notices."""
    RESETS_IDRAC = "iDRAC"
    """At once, and the iDRAC restarts."""
    AT_BOOT = "host"
    """While the host boots."""
    POWER_CYCLE = "power cycle"
    """While the host boots; then power is cut once."""


def applied(row: Software) -> Applied:
    """By the kind of part."""
    if row.component == IDRAC:
        return Applied.RESETS_IDRAC
    if row.component == CPLD:
        return Applied.POWER_CYCLE
    return Applied.DIRECT if row.kind == "APAC" else Applied.AT_BOOT


def label(row: Software) -> str:
    """Short name for job titles and the journal: BIOS, iDRAC, or the FQDD."""
    return {BIOS: "BIOS", IDRAC: "iDRAC", CONTROLLER: "Lifecycle Controller"}.get(row.component, row.fqdd)


def targets(hw: Server, package: PackageInfo, old: bool = False) -> list[Software]:
    """Installed rows a package is for, all cards of its kind.

    Raises Unusable: RED098 (RED017 on iDRAC7/8, `old`) for another model, RED097 (RED013) for a part that is not there.
    """
    if package.kind == "DRVR":
        raise Unusable("RED097" if not old else "RED013")
    if package.image:
        if package.image != image_generation(hw):
            raise Unusable("RED017" if old else "RED098")
        return [row for row in hw.software if row.state == "Installed" and row.component == IDRAC]
    needs_system = any(device.component in (BIOS, IDRAC) for device in package.devices)
    if hw.system_id not in package.systems and (package.systems or needs_system):
        raise Unusable("RED017" if old else "RED098")
    rows = [row for row in hw.software if row.state == "Installed" and _fits(row, package)]
    if not rows:
        raise Unusable("RED013" if old else "RED097")
    return rows


def image_generation(hw: Server) -> str:
    """Which bare images the iDRAC takes, by the generation of its server: 7 for 12G and 13G, 10 for 17G, else 9."""
    return {"12G": "7", "13G": "7", "17G": "10"}.get(hw.generation_number, "9")


def _fits(row: Software, package: PackageInfo) -> bool:
    for device in package.devices:
        if row.pci is not None and row.pci in device.pci:
            return True
        if device.component not in ("", "0"):
            if device.component == row.component:
                return True
        elif not device.pci and device.name == row.name:
            return True
    return False


def install(device: Device, fqdds: set[str], component: str, version: str, when: float) -> None:
    """Bring these parts to a version; what was there becomes the one to roll back to."""
    hw = device.hw
    day = stamp(when)[:19] + "Z"
    rows: list[Software] = []
    former: list[Software] = []
    for row in hw.software:
        mine = row.fqdd in fqdds and row.component == component
        if mine and row.state == "Installed" and row.version != version and row.fqdd.startswith(_KEEPS_OLD):
            former.append(dataclasses.replace(row, state="Previous"))
        beside = row.component == CONTROLLER and component == IDRAC  # the iDRAC's package brings both
        changes = (mine or beside) and row.state in ("Installed", "Current")
        rows.append(dataclasses.replace(row, version=version, installed=day) if changes else row)
    replaced = {row.fqdd for row in former}
    hw.software[:] = [r for r in rows if r.state != "Previous" or r.fqdd not in replaced] + former
    _elsewhere(hw, fqdds, component, version)
    device.revision += 1


def _elsewhere(hw: Server, fqdds: set[str], component: str, version: str) -> None:
    """The same versions where other documents show them."""
    if component == BIOS:
        hw.bios_version = version
    elif component == IDRAC:
        hw.idrac_version = version
    for nic in hw.nics:
        if any(port.function in fqdds for port in nic.ports):
            nic.firmware = version
    for controller in hw.controllers:
        if controller.id in fqdds:
            controller.firmware = version
        for drive in controller.drives:
            if drive.id in fqdds:
                drive.revision = version
    for psu in hw.psus:
        if psu.id in fqdds:
            psu.firmware = version
