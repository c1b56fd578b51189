"""The firmware inventory of a simulated server, consistent with its parts."""

from __future__ import annotations

import dataclasses
import random
from typing import Final

from dsm_desktop.simulator.hardware import components
from dsm_desktop.simulator.hardware.parts import Controller, Nic, Psu, Software

_OLDER_BIOS: Final = {
    "12G": "2.2.2", "13G": "2.8.0", "14G": "2.12.2", "15G": "1.2.4", "16G": "1.3.2", "17G": "1.1.3",
}  # fmt: skip
_OLDER_IDRAC: Final = {
    "2": "2.52.52.52", "4": "4.22.00.00", "5": "4.40.29.00", "6": "4.40.29.00", "7": "6.10.80.00", "1": "1.10.17.00",
}  # fmt: skip
_COMPONENTS: Final = {item.name: item.component for item in components.CONTROLLERS.values()}
_IDRAC_NAME: Final = "Integrated Dell Remote Access Controller"
_LONG_AGO: Final = "2023-02-03T10:00:00Z"
_DOUBLED: Final = ("BIOS.Setup", "NIC.", "RAID.", "Disk.")


def build_software(
    rng: random.Random,
    generation: str,
    bios: str,
    idrac: str,
    nics: list[Nic],
    controllers: list[Controller],
    psus: list[Psu],
) -> list[Software]:
    """All rows: Installed and, for what can be rolled back, Previous; Current doubles Installed as on real devices."""
    day = f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:14:22Z"
    rows = _board_rows(rng, bios, idrac)
    rows += [
        Software(
            "Installed", n.software_id, n.firmware, p.function, f"{n.model} - {p.mac}", "FRMW", pci=n.pci
        )
        for n in nics
        for p in n.ports
    ]
    for controller in controllers:
        rows += _storage_rows(controller)
    rows += [
        Software("Installed", "108076", psu.firmware, psu.id, f"Power Supply.Slot.{psu.number}", "FRMW")
        for psu in psus
    ]
    rows = [dataclasses.replace(row, installed=day) for row in rows]
    doubles = [dataclasses.replace(row, state="Current") for row in rows if row.fqdd.startswith(_DOUBLED)]
    older = _OLDER_IDRAC[idrac.split(".", 1)[0]]
    previous = [
        Software(
            "Previous", "159", _OLDER_BIOS[generation], "BIOS.Setup.1-1", "BIOS", "BIOS", installed=_LONG_AGO
        ),
        Software("Previous", "25227", older, "iDRAC.Embedded.1-1", _IDRAC_NAME, "FRMW", installed=_LONG_AGO),
    ]
    return rows + previous + doubles


def _board_rows(rng: random.Random, bios: str, idrac: str) -> list[Software]:
    tools = "LC.Embedded.1"
    drivers, diagnostics = (
        "OS Drivers Pack, 22.11.05, A00",
        "Dell 64 bit uEFI Diagnostics, version 4301, 4301A73, 4301.74",
    )
    return [
        Software("Installed", "159", bios, "BIOS.Setup.1-1", "BIOS", "BIOS"),
        Software("Installed", "25227", idrac, "iDRAC.Embedded.1-1", _IDRAC_NAME, "FRMW"),
        Software("Installed", "28897", idrac, f"USC.Embedded.1:{tools}", "Lifecycle Controller", "APAC"),
        Software("Installed", "18981", "22.11.05", f"DriverPack.Embedded.1:{tools}", drivers, "APAC"),
        Software("Installed", "25806", "4301A73", f"Diagnostics.Embedded.1:{tools}", diagnostics, "APAC"),
        Software("Installed", "27763", f"1.0.{rng.randint(2, 9)}", "CPLD.Embedded.1", "System CPLD", "FRMW"),
    ]


def _storage_rows(controller: Controller) -> list[Software]:
    rows = []
    if controller.firmware:
        component, pci = _COMPONENTS[controller.name], ("1000", controller.device, "1028", "1F4D")
        rows.append(
            Software(
                "Installed", component, controller.firmware, controller.id, controller.name, "FRMW", pci=pci
            )
        )
    if controller.kind == "perc":
        backplane = f"Enclosure.Internal.0-1:{controller.id}"
        rows.append(Software("Installed", "107649", "4.35", backplane, "BP14G+EXP 0:1", "FRMW"))
    rows += [
        Software(
            "Installed",
            "0",
            drive.revision,
            drive.id,
            f"{drive.protocol} {drive.media} {drive.model}",
            "FRMW",
        )
        for drive in controller.drives
    ]
    return rows
