"""Changes to one BMC: identify light, restart of the iDRAC, and proof whether a reset was taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dsm_desktop.core.inventory import LogKind
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import link
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.system import allowable_resets
from dsm_desktop.redfish.values import moment, power_state

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


def set_led(client: RedfishClient, blinking: bool) -> None:
    """PATCH of the Chassis (of the System it works too, but slowly). IndicatorLED "Lit" is Dell's word for not blinking."""
    chassis = client.chassis()
    path = safe_path(link({"": chassis}, ""))
    if "LocationIndicatorActive" in chassis:
        try:
            client.call("PATCH", path, {"LocationIndicatorActive": blinking})
            return
        except RedfishError as error:
            # Some builds list the property and refuse it; the older one is still there.
            if error.status not in (400, 405) or "IndicatorLED" not in chassis:
                raise
    client.call("PATCH", path, {"IndicatorLED": "Blinking" if blinking else "Lit"})


def reset_idrac(client: RedfishClient) -> None:
    """Manager.Reset with the only value iDRACs list, GracefulRestart."""
    manager = client.manager()
    allowed, target = allowable_resets(manager, "#Manager.Reset")
    if not target or (allowed and "GracefulRestart" not in allowed):
        raise Unsupported("this BMC offers no restart of itself", where=client.transport.name)
    client.call("POST", safe_path(target), {"ResetType": "GracefulRestart"})


_LEAVES_ON = (PowerAction.ON,)
_LEAVES_OFF = (PowerAction.GRACEFUL_OFF, PowerAction.FORCE_OFF)
_RESET_IDS = {"SYS1000", "SYS1001", "SYS1003", "RAC0701", "RAC0702", "RAC0703", "RAC0704", "RAC0705"}
"""Lifecycle log (EEMI 2.7): turning on, turning off, CPU resetting; requested power-up, power cycle, hard reset, power-down, shutdown."""
_NMI_IDS = {"RAC0706"}


def reset_was_taken(client: RedfishClient, action: PowerAction, since: datetime) -> bool:
    """Looks at the device before an interrupted reset is repeated.

    On and off are judged by the power state they lead to; restarts by LastResetTime, and where the firmware has none
    (iDRAC8) by the lifecycle log. `since` is corrected by the difference between the BMC's clock and ours.
    """
    server = client.system()
    state = power_state(server.get("PowerState"))
    if action in _LEAVES_ON:
        return state in (PowerState.ON, PowerState.POWERING_ON)
    if action in _LEAVES_OFF:
        return state in (PowerState.OFF, PowerState.POWERING_OFF)
    clock = client.clock()
    drift = clock - datetime.now(UTC) if clock else timedelta()
    moment_there = since + drift - timedelta(seconds=2)
    last = moment(server.get("LastResetTime"))
    if last is not None and action is not PowerAction.NMI:
        return last >= moment_there
    try:
        events = client.log_events(LogKind.LIFECYCLE, ("", moment_there))
    except Missing:
        return False
    wanted = _NMI_IDS if action is PowerAction.NMI else _RESET_IDS
    return any(
        event.created is not None
        and event.created >= moment_there
        and (
            event.message_id.rpartition(".")[2].upper() in wanted
            or ("NMI" in wanted and "NMI" in event.message)
        )
        for event in events
    )


_IDRAC_RESTARTED = "RAC0182"
"""Lifecycle log: "The iDRAC firmware was rebooted with the following reason: …"."""


def idrac_reset_mark(client: RedfishClient) -> dict[str, str]:
    """What the iDRAC says before it is restarted, in its own time: {"last_reset", "clock"}, ISO or ""."""
    manager = client.manager()
    return {
        "last_reset": str(manager.get("LastResetTime") or ""),
        "clock": str(manager.get("DateTime") or ""),
    }


def idrac_reset_was_taken(client: RedfishClient, mark: dict[str, str]) -> bool:
    """Whether the iDRAC itself has restarted since the mark: another LastResetTime (iDRAC9), else the lifecycle log."""
    last = str(client.manager().get("LastResetTime") or "")
    if last:
        return last != mark["last_reset"]
    since = moment(mark["clock"])
    return any(
        event.created is not None
        and (since is None or event.created >= since)
        and event.message_id.rpartition(".")[2].upper() == _IDRAC_RESTARTED
        for event in client.log_events(LogKind.LIFECYCLE, ("", since))
    )
