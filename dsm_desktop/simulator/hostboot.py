"""What the host starts from. An image in a virtual drive is really read, block by block, while the host boots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device
    from dsm_desktop.simulator.shares import Trip
    from dsm_desktop.simulator.vmedia import Drive

READ_AT_BOOT: Final = 16 * 1024 * 1024
"""Bytes of an image that loader, kernel and initial disk take."""
FIRST_DEVICES: Final = {
    "VCD-DVD": "Cd",
    "RFS": "Cd",
    "CD-DVD": "Cd",
    "PXE": "Pxe",
    "HDD": "Hdd",
    "BIOS": "BiosSetup",
    "F10": "Utilities",
    "SD": "SDCard",
    "UEFIHttp": "UefiHttp",
}
"""ServerBoot.1.FirstBootDevice in the words of the boot override."""
_NEVER: Final = float("inf")


class Host:
    """The boot of one server. `started_from` names the source of the last boot: "Hdd", "Pxe", "Cd <image>", …"""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.started_from = "Hdd"
        self.read_bytes = 0
        """Bytes of images read at boots so far."""
        device.power.on_posted.append(self._load)

    def _load(self, when: float) -> None:
        """Power-on self test is over: choose a source and start from it."""
        device = self._device
        target = self._take_target()
        attached = device.attributes.get("VirtualMedia.1.Attached") != "Detached"
        drive = device.vmedia.first_image() if target == "Cd" and attached else None
        if drive is not None and drive.via == "URI":
            device.power.loaded_at = _NEVER
            self._read(drive, device.power.boots)
        else:
            held = drive is not None and drive.via == "Applet"
            self.started_from = f"Cd {drive.image}" if held and drive is not None else _plain(target)

    def _take_target(self) -> str:
        """What the host boots from this time; a one-time choice is used up."""
        device, attributes = self._device, self._device.attributes
        target = str(device.boot["target"])
        device.boot = {"enabled": "Disabled", "target": "None"}
        first = str(attributes.get("ServerBoot.1.FirstBootDevice"))
        if target == "None" and first in FIRST_DEVICES:
            target = FIRST_DEVICES[first]
            if attributes.get("ServerBoot.1.BootOnce") == "Enabled":
                attributes.put("ServerBoot.1.FirstBootDevice", "Normal")
        return "Hdd" if target == "None" else target

    def _read(self, drive: Drive, boots: int) -> None:
        device = self._device
        image, scheme = drive.image or "", drive.scheme

        def over(trip: Trip | None) -> None:
            if trip is not None:
                self.read_bytes += trip.received
            if device.power.boots != boots:
                return  # the host has been restarted meanwhile
            good = trip is not None and not trip.problem
            self.started_from = f"Cd {image}" if good else "Hdd"
            device.power.loaded_at = device.now()
            device.revision += 1

        device.errands.run(
            lambda: device.shares.boot_from(image, scheme, READ_AT_BOOT), over, lambda: over(None)
        )


def _plain(target: str) -> str:
    """A source that is there on every server: without a medium in the drive the disk is next."""
    return target if target in ("Pxe", "BiosSetup", "Utilities", "UefiHttp", "SDCard") else "Hdd"
