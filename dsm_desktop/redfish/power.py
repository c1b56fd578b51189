"""Which ResetType does what an operator asked for, by what the device says it allows."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dsm_desktop.core.errors import Blame
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.redfish.errors import Unsupported


class ResetOutcome(enum.StrEnum):
    """TAKEN: the device accepted it (nothing has happened yet, poll the power state). ALREADY: it was in that state."""

    TAKEN = "taken"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class ResetStep:
    """One POST, and the power state that proves it. None for a restart or an NMI: a server that runs before and after
    shows nothing in its power state, so only LastResetTime or the lifecycle log tell (see `actions.reset_is_over`)."""

    reset_type: str
    wait_for: PowerState | None = None


class ActionUnavailable(Unsupported):
    """The device does not offer this power action."""

    blame = Blame.PEER


_DIRECT: dict[PowerAction, tuple[str, ...]] = {
    PowerAction.ON: ("On", "ForceOn"),
    PowerAction.GRACEFUL_OFF: ("GracefulShutdown",),
    PowerAction.FORCE_OFF: ("ForceOff",),
    PowerAction.GRACEFUL_RESTART: ("GracefulRestart",),
    PowerAction.FORCE_RESTART: ("ForceRestart",),
    PowerAction.POWER_CYCLE: ("PowerCycle",),
    PowerAction.NMI: ("Nmi", "NMI"),
}
_ENDS: dict[PowerAction, PowerState] = {
    PowerAction.ON: PowerState.ON,
    PowerAction.GRACEFUL_OFF: PowerState.OFF,
    PowerAction.FORCE_OFF: PowerState.OFF,
}
"""A restart begins and ends in On: no power state shows that it has happened."""


def reset_plan(
    action: PowerAction, allowed: list[str], *, trust_graceful_restart: bool = True, where: str = ""
) -> list[ResetStep]:
    """The POSTs an action takes on a device that allows `allowed`.

    GracefulRestart is emulated (shut down, wait for Off, On) where it is not listed or resets hard (iDRAC8 2.60).
    PowerCycle falls back to ForceOff, On. An empty `allowed` (device does not say) is taken as the standard set.
    Raises ActionUnavailable.
    """
    names = [name for name in _DIRECT[action] if not allowed or name in allowed]
    if action is PowerAction.GRACEFUL_RESTART and not trust_graceful_restart:
        names = []
    if names:
        return [ResetStep(names[0], _ENDS.get(action))]
    stop = {PowerAction.GRACEFUL_RESTART: "GracefulShutdown", PowerAction.POWER_CYCLE: "ForceOff"}.get(action)
    if stop and (not allowed or {stop, "On"} <= set(allowed)):
        return [ResetStep(stop, PowerState.OFF), ResetStep("On", PowerState.ON)]
    raise ActionUnavailable(
        f"this server offers no “{action.value}”; it offers {', '.join(allowed) or 'nothing'}",
        hint="Choose another power action.",
        where=where,
    )
