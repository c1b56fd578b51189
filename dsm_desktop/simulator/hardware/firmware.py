"""The firmware inventory of a simulated server, consistent with its parts."""

from __future__ import annotations

import random
from typing import Final

from dsm_desktop.simulator.hardware import components
from dsm_desktop.simulator.hardware.parts import Controller, Nic, Psu, Software

_OLDER_BIOS: Final = {
    "12G": "2.2.2",
    "13G": "2.8.0",
    "14G": "2.12.2",
    "15G": "1.2.4",
    "16G": "1.3.2",
    "17G": "1.1.3",
}
_OLDER_IDRAC: Final = {
    "2": "2.52.52.52",
    "4": "4.22.00.00",
    "5": "4.40.29.00",
    "6": "4.40.29.00",
    "7": "6.10.80.00",
    "1": "1.10.17.00",
}
_COMPONENTS: Final = {item.name: item.component for item in components.CONTROLLERS.values()}


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
    lc_tools = "LC.Embedded.1"
    rows = [
        Software("Installed", "159", bios, "BIOS.Setup.1-1", "BIOS", "BIOS", installed=day),
        Software(
            "Installed",
            "25227",
            idrac,
            "iDRAC.Embedded.1-1",
            "Integrated Dell Remote Access Controller",
            "FRMW",
            installed=day,
        ),
        Software(
            "Installed",
            "28897",
            idrac,
            f"USC.Embedded.1:{lc_tools}",
            "Lifecycle Controller",
            "APAC",
            installed=day,
        ),
        Software(
            "Installed",
            "18981",
            "22.11.05",
            f"DriverPack.Embedded.1:{lc_tools}",
            "OS Drivers Pack, 22.11.05, A00",
            "APAC",
        ),
        Software(
            "Installed",
            "25806",
            "4301A73",
            f"Diagnostics.Embedded.1:{lc_tools}",
            "Dell 64 bit uEFI Diagnostics, version 4301, 4301A73, 4301.74",
            "APAC",
        ),
        Software("Installed", "27763", f"1.0.{rng.randint(2, 9)}", "CPLD.Embedded.1", "System CPLD", "FRMW"),
        Software(
            "Previous",
            "159",
            _OLDER_BIOS[generation],
            "BIOS.Setup.1-1",
            "BIOS",
            "BIOS",
            installed="2023-02-03T10:00:00Z",
        ),
        Software(
            "Previous",
            "25227",
            _OLDER_IDRAC[idrac.split(".", 1)[0]],
            "iDRAC.Embedded.1-1",
            "Integrated Dell Remote Access Controller",
            "FRMW",
            installed="2023-02-03T09:40:00Z",
        ),
    ]
    for nic in nics:
        for port in nic.ports:
            rows.append(
                Software(
                    "Installed",
                    nic.software_id,
                    nic.firmware,
                    port.function,
                    f"{nic.model} - {port.mac}",
                    "FRMW",
                    installed=day,
                    pci=nic.pci,
                )
            )
    for controller in controllers:
        rows.extend(_storage_rows(controller, day))
    rows.extend(
        Software(
            "Installed",
            "108076",
            psu.firmware,
            psu.id,
            f"Power Supply.Slot.{psu.number}",
            "FRMW",
            installed=day,
        )
        for psu in psus
    )
    doubles = ("BIOS.Setup", "NIC.", "RAID.", "Disk.")
    rows.extend(
        Software(
            "Current",
            row.component,
            row.version,
            row.fqdd,
            row.name,
            row.kind,
            row.updateable,
            row.installed,
            row.pci,
        )
        for row in list(rows)
        if row.state == "Installed" and row.fqdd.startswith(doubles)
    )
    return rows


def _storage_rows(controller: Controller, day: str) -> list[Software]:
    rows = []
    if controller.firmware:
        component = _COMPONENTS[controller.name]
        rows.append(
            Software(
                "Installed",
                component,
                controller.firmware,
                controller.id,
                controller.name,
                "FRMW",
                installed=day,
                pci=("1000", controller.device, "1028", "1F4D"),
            )
        )
    if controller.kind == "perc":
        rows.append(
            Software(
                "Installed",
                "107649",
                "4.35",
                f"Enclosure.Internal.0-1:{controller.id}",
                "BP14G+EXP 0:1",
                "FRMW",
                installed=day,
            )
        )
    rows.extend(
        Software(
            "Installed",
            "0",
            drive.revision,
            drive.id,
            f"{drive.protocol} {drive.media} {drive.model}",
            "FRMW",
            installed=day,
        )
        for drive in controller.drives
    )
    return rows
