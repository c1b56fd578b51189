"""Dell's attributes of iDRAC, system and Lifecycle Controller: what there is, what it is set to, and what follows from it."""

from __future__ import annotations

from dsm_desktop.simulator.attributes.entry import Entry
from dsm_desktop.simulator.attributes.store import CONTROLLER, GROUPS, IDRAC, SYSTEM, Attributes, Problem

__all__ = ["CONTROLLER", "GROUPS", "IDRAC", "SYSTEM", "Attributes", "Entry", "Problem"]
