"""The servers of a simulated iDRAC site that ESXi runs on."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.site import Site

OLD: Final = ("idrac7", "idrac8")
BIOS: Final = "BIOS.Setup.1-1"


def servers_for_hosts(site: Site) -> list[SimulatedIdrac]:
    """Those that are switched on, newer ones first: the first cluster gets the better hardware."""
    running = [idrac for idrac in site.idracs if idrac.power_state == "On"]
    return sorted(running, key=lambda idrac: idrac.generation in OLD)


def bios_version(idrac: SimulatedIdrac) -> str:
    """What the last boot started with."""
    return idrac.installed.get(BIOS, "")
