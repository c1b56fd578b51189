"""Roll-up of a server's health, the same for every place that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.simulator.tree.base import worst

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def storage_health(device: Device) -> str:
    """A failed disk makes storage critical, a degraded volume a warning."""
    drives = worst(d.health for c in device.hw.controllers for d in c.drives)
    volumes = worst(v.health for c in device.hw.controllers for v in c.volumes)
    return worst((drives, volumes))


def power_health(device: Device) -> str:
    """A lost supply is critical."""
    return "Critical" if any(p.lost for p in device.hw.psus) else "OK"


def thermal_health(device: Device) -> str:
    """A warm inlet is a warning (threshold 38 °C, recorded on an R750)."""
    return "Warning" if device.hw.inlet > 38 else "OK"


def system_health(device: Device) -> str:
    """Worst of all."""
    return worst((storage_health(device), power_health(device), thermal_health(device)))
