"""What a simulated ESXi host refuses."""

from __future__ import annotations

from dsm_desktop.core.errors import Blame
from dsm_desktop.simulator.errors import SimulatorError


class EsxiRefused(SimulatorError):
    """The host is in no state for this: not in maintenance mode, machines still running, already rebooting."""

    blame = Blame.PEER


class EsxiAway(SimulatorError):
    """The host does not answer: it is off, starting, or stuck before its kernel."""

    blame = Blame.PEER


class NoSuchThing(SimulatorError):
    """The host has no service, setting, machine, store or file of this name."""
