"""What a host can start from, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import SYSTEM, Action, Resource, collection

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BOOT_NAMES = (
    "HTTP Device 1: Integrated NIC 1 Port 1",
    "PXE Device 1: Integrated NIC 1 Port 1",
    "Virtual Optical Drive",
    "Windows Boot Manager",
)


def resources(persona: Persona) -> Iterable[Resource]:
    """Boot options from iDRAC9 on."""
    kind, build = collection(
        "BootOption",
        "Boot Options Collection",
        "Collection of BootOptions",
        lambda d: [f"{SYSTEM}/BootOptions/Boot{n:04d}" for n in range(len(_BOOT_NAMES))],
    )
    certificates, certificates_build = collection(
        "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
    )
    return (
        Resource(f"{SYSTEM}/BootOptions", kind, build, since=IDRAC9_4),
        Resource(f"{SYSTEM}/BootOptions/{{}}", "BootOption", _boot_option, since=IDRAC9_4),
        Resource(f"{SYSTEM}/Boot/Certificates", certificates, certificates_build, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def _boot_option(device: Device, name: str) -> Doc | None:
    number = name.removeprefix("Boot")
    if not number.isdigit() or int(number) >= len(_BOOT_NAMES):
        return None
    return {
        "BootOptionEnabled": True,
        "BootOptionReference": name,
        "Description": "Current settings of the UEFI Boot option",
        "DisplayName": _BOOT_NAMES[int(number)],
        "Id": name,
        "Name": "Uefi Boot Option",
        "UefiDevicePath": "VenHw(986D1755-B9D0-4F8D-A0DA-D1DB18672045)",
    }
