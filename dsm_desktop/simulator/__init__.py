"""The simulated site: many iDRACs over real sockets and TLS in one process, for demo, training and tests."""

from __future__ import annotations

from dsm_desktop.simulator.errors import BadSite, CannotListen, SimulatorError, UnknownFault, UnknownIdrac
from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.plan import Plot, SiteSpec
from dsm_desktop.simulator.site import Site

__all__ = [
    "BadSite",
    "CannotListen",
    "Plot",
    "SimulatedIdrac",
    "SimulatorError",
    "Site",
    "SiteSpec",
    "UnknownFault",
    "UnknownIdrac",
]
