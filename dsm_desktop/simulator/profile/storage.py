"""Storage controllers and volumes in a profile: they can be read, volumes deleted and controllers reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.attributes.entry import Entry, entry
from dsm_desktop.simulator.hardware.parts import Controller, Volume

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_ACTIONS: Final = {
    "RAIDresetConfig": "False|True",
    "RAIDforeignConfig": "Ignore|Import|Clear",
    "RAIDaction": "Update|Delete",
    "RAIDinitOperation": "None|Fast",
}
"""Rows that ask for something instead of saying something."""


def _row(name: str, value: object) -> tuple[Entry, str]:
    spec = _ACTIONS.get(name)
    return entry(f"RAID.1.{name}", spec or '!"" 255'), str(value)


class StoragePart:
    """A controller, or a volume of it."""

    needs_boot = True

    def __init__(self, device: Device, controller: Controller, volume: Volume | None = None) -> None:
        self._device = device
        self._controller = controller
        self._volume = volume
        self.fqdd = controller.id if volume is None else volume.id

    @staticmethod
    def all(device: Device) -> list[StoragePart]:
        """Controllers that make volumes, each followed by its volumes."""
        found = []
        for controller in device.hw.controllers:
            if controller.raids:
                found.append(StoragePart(device, controller))
                found += [StoragePart(device, controller, v) for v in controller.volumes if not v.raw]
        return found

    @property
    def is_controller(self) -> bool:
        """Stands at the top; volumes are inside."""
        return self._volume is None

    def rows(self) -> dict[str, tuple[Entry, str]]:
        """What there is to say."""
        volume = self._volume
        if volume is None:
            values = {"RAIDresetConfig": "False", "RAIDforeignConfig": "Ignore", "RAIDmode": "RAID"}
        else:
            values = {
                "RAIDaction": "Update",
                "RAIDinitOperation": "None",
                "Name": volume.name,
                "RAIDTypes": volume.raid.replace("RAID", "RAID "),
                "Size": str(volume.bytes),
                "StripeSize": str(volume.stripe // 512),
                "SpanDepth": "1",
                "SpanLength": str(len(volume.drives)),
                "IncludedPhysicalDiskID": ",".join(volume.drives),
            }
        return {name: _row(name, value) for name, value in values.items()}

    def locked(self, wanted: dict[str, Any]) -> set[str]:
        """Nothing forbids anything."""
        return set()

    def put(self, values: dict[str, Any]) -> None:
        """During a boot."""
        raid, volumes = self._device.raid, self._controller.volumes
        if values.get("RAIDresetConfig") == "True":
            raid.delete(self._controller, [v for v in volumes if not v.raw])
        if self._volume is not None and values.get("RAIDaction") == "Delete" and self._volume in volumes:
            raid.delete(self._controller, [self._volume])
        self._device.revision += 1
