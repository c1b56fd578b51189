"""The BIOS of a simulated server: registry with dependencies, staged settings, passwords."""

from __future__ import annotations

from dsm_desktop.simulator.bios.registry import PASSWORDS, Registry, Setting, Values
from dsm_desktop.simulator.bios.store import COMPONENT, SETTINGS, Bios

__all__ = ["COMPONENT", "PASSWORDS", "SETTINGS", "Bios", "Registry", "Setting", "Values"]
