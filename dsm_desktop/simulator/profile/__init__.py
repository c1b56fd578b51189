"""Server configuration profiles of a simulated iDRAC: written, read, compared with the device and carried out."""

from __future__ import annotations

from dsm_desktop.simulator.profile.course import KINDS, Import, profile, start_export, start_preview

__all__ = ["KINDS", "Import", "profile", "start_export", "start_preview"]
