"""The virtual drives of an iDRAC: what is in them, and who put it there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.personas import IDRAC9_6

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device
    from dsm_desktop.simulator.shares import Trip

EJECT_TIME: Final = 2.0
"""Simulated seconds between the answer to an eject and the drive being empty."""
SLOTS: Final = {"CD": "1", "RemovableDisk": "2", "1": "1", "2": "2"}
"""Both generations of URIs reach the same two drives: CD is 1, RemovableDisk is 2."""


@dataclasses.dataclass(slots=True)
class Drive:
    """One virtual drive. `via` is NotConnected, URI (mounted by an API) or Applet (a console holds it)."""

    slot: str
    via: str = "NotConnected"
    image: str | None = None
    scheme: str = ""
    user: str | None = None
    protected: bool = True
    busy: bool = False
    """An insert or an eject is under way."""
    epoch: int = 0

    @property
    def inserted(self) -> bool:
        """Something is in the drive."""
        return self.via != "NotConnected"

    @property
    def image_name(self) -> str | None:
        """File name of the image."""
        return None if self.image is None else self.image.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]

    def clear(self) -> None:
        """Empty it."""
        self.via, self.image, self.user, self.scheme = "NotConnected", None, None, ""
        self.protected, self.busy = True, False
        self.epoch += 1


class VirtualMedia:
    """Both drives of one iDRAC."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.drives = {slot: Drive(slot) for slot in ("1", "2")}

    def drive(self, name: str) -> Drive | None:
        """The drive behind the last segment of either URI."""
        slot = SLOTS.get(name)
        return None if slot is None else self.drives[slot]

    def mounted(self, drive: Drive, image: str, scheme: str, user: str | None, protected: bool) -> None:
        """The share could be read: the image is in."""
        drive.via, drive.image, drive.scheme, drive.user = "URI", image, scheme, user
        drive.protected, drive.busy = protected, False
        drive.epoch += 1
        self._device.write_lc(self._device.clock.now(), "RAC0777", image, "")
        self._device.revision += 1

    def eject(self, drive: Drive) -> None:
        """Begin to empty a drive."""
        drive.busy = True
        epoch, image = drive.epoch, drive.image or ""

        def out(when: float) -> None:
            if drive.epoch == epoch:
                drive.clear()
                self._device.write_lc(when, "RAC0776", image)

        self._device.schedule(EJECT_TIME, out)

    def hold(self, name: str, image: str, user: str | None) -> None:
        """Somebody's console puts a file of his own machine into a drive."""
        drive = self.drives[SLOTS[name]]
        drive.clear()
        drive.via, drive.image, drive.user = "Applet", image, user

    def release(self, name: str) -> None:
        """That console lets go."""
        self.drives[SLOTS[name]].clear()

    def restarted(self) -> None:
        """The iDRAC has restarted: consoles have lost their drives."""
        for drive in self.drives.values():
            if drive.via == "Applet":
                drive.clear()

    def first_image(self) -> Drive | None:
        """The drive a host finds when it looks for a virtual CD."""
        return next((d for d in self.drives.values() if d.inserted), None)

    def trouble(self, trip: Trip, image: str) -> tuple[str, tuple[str, ...]]:
        """Message key and arguments for an image that could not be mounted."""
        named = self._device.persona.rank >= IDRAC9_6
        if trip.problem == "unreachable":
            return "RAC0904", ()
        if trip.problem == "missing":
            return ("RAC0779", (image,)) if named else ("RAC0715", ())
        return ("RAC0781", (image, "")) if named else ("RAC0720", (image,))
