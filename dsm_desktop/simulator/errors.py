"""What can go wrong while a simulated site is built or steered."""

from __future__ import annotations

from dsm_desktop.core.errors import Blame, DsmError


class SimulatorError(DsmError):
    """The simulated site cannot do what was asked; nothing real is touched."""

    blame = Blame.USER


class BadSite(SimulatorError):
    """The description of a site contradicts itself (addresses, number of iDRACs, generation names)."""


class CannotListen(SimulatorError):
    """An address or port of the site is taken or may not be used."""

    blame = Blame.HERE


class UnknownFault(SimulatorError):
    """No fault has this name, or it does not know this parameter."""


class UnknownIdrac(SimulatorError):
    """No simulated iDRAC of the site has this address or service tag."""
