"""What the host starts from. An image in a virtual drive is really read, block by block, while the host boots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device
    from dsm_desktop.simulator.shares import Trip

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
_ALWAYS: Final = ("BiosSetup", "Utilities", "Hdd")
"""Sources that are there on every server."""


class Host:
    """The boot of one server. `started_from` names the source of the last boot: "Hdd", "Pxe", "Cd <image>", …"""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.started_from = "Hdd"
        self.read_bytes = 0
        """Bytes of images read at boots so far."""
        device.power.on_posted.append(self._posted)

    def _posted(self, when: float) -> None:
        """Power-on self test is over: try the chosen source, then the boot order."""
        boot = self._device.boot
        chosen = boot.take() or self._first_device()
        self._device.power.loaded_at = math.inf
        self._try([chosen, *boot.kinds()] if chosen else boot.kinds(), once=chosen)

    def _try(self, kinds: list[str], once: str) -> None:
        """Start from the first source that works; a server without any stays on its disk."""
        device = self._device
        for number, kind in enumerate(kinds):
            image = self._image(kind)
            if image is not None:
                self._read(kind, image, kinds[number + 1 :])
                return
            held = device.vmedia.first_image() if kind == "Cd" else None
            if held is not None and held.via == "Applet":
                self._start(f"Cd {held.image}")
                return
            if kind in _ALWAYS or (kind == "Pxe" and kind == once):
                self._start(kind)
                return
        self._start("Hdd")

    def _start(self, source: str) -> None:
        self.started_from = source
        self._device.power.loaded_at = self._device.event_time()
        self._device.revision += 1

    def _image(self, kind: str) -> tuple[str, str] | None:
        """URL and scheme of what this kind of source would read."""
        device = self._device
        if kind == "Cd" and device.attributes.get("VirtualMedia.1.Attached") != "Detached":
            drive = device.vmedia.first_image()
            return (drive.image or "", drive.scheme) if drive is not None and drive.via == "URI" else None
        if kind == "UefiHttp":
            settings = device.bios.values()
            uri = str(settings["HttpDev1Uri"])
            if settings["HttpDev1EnDis"] == "Enabled" and uri.startswith(("http://", "https://")):
                return uri, uri.split(":", 1)[0]
        return None

    def _first_device(self) -> str:
        """The choice made by attributes instead of the standard override."""
        attributes = self._device.attributes
        kind = FIRST_DEVICES.get(str(attributes.get("ServerBoot.1.FirstBootDevice")), "")
        if kind and attributes.get("ServerBoot.1.BootOnce") == "Enabled":
            attributes.put("ServerBoot.1.FirstBootDevice", "Normal")
        return kind

    def _read(self, kind: str, image: tuple[str, str], others: list[str]) -> None:
        device, boots = self._device, self._device.power.boots
        url, scheme = image

        def over(trip: Trip | None) -> None:
            if trip is not None:
                self.read_bytes += trip.received
            if device.power.boots != boots or not device.power.is_on:
                return  # the host has been restarted meanwhile
            if trip is not None and not trip.problem:
                self._start(f"{kind} {url}")
            else:
                self._try([k for k in others if k != kind], once="")

        device.errands.run(
            lambda: device.shares.boot_from(url, scheme, READ_AT_BOOT), over, lambda: over(None)
        )
