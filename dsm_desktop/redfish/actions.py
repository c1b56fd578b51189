"""Changes to one BMC: identify light, restart of the iDRAC, and proof whether a reset was taken."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dsm_desktop.core.inventory import LogEvent, LogKind
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import Doc, link
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


_STARTED_IDS = {"SYS1000", "SYS1003"}
"""Lifecycle log (EEMI 2.7): turning on, CPU resetting."""
_RESET_IDS = _STARTED_IDS | {"SYS1001", "SYS1002", "RAC0701", "RAC0702", "RAC0703", "RAC0704", "RAC0705"}
"""And turning off, power cycling; requested power-up, power cycle, hard reset, power-down, graceful shutdown."""
_ON_IDS = _STARTED_IDS | {"RAC0701"}
"""Of these, what a server that was off says of being switched on; that it went off is logged late, too."""
_NMI_IDS = {"RAC0706"}
_ON_THE_WAY = {PowerState.ON: PowerState.POWERING_ON, PowerState.OFF: PowerState.POWERING_OFF}


def reset_mark(client: RedfishClient) -> dict[str, str]:
    """What the server says of its last reset before one is sent, in its own words: {"last_reset", "log_id", "log_time"}.

    No clock of ours is compared with the device's: BMC clocks are often wrong by days.
    """
    last = str(client.system().get("LastResetTime") or "")
    newest: LogEvent | None = None
    with contextlib.suppress(Missing):
        newest = next(iter(client.log_events(LogKind.LIFECYCLE, limit=1)), None)
    created = newest.created.isoformat() if newest and newest.created else ""
    return {"last_reset": last, "log_id": newest.entry_id if newest else "", "log_time": created}


def reset_was_taken(
    client: RedfishClient, action: PowerAction, mark: dict[str, str], ends_in: PowerState | None = None
) -> bool:
    """Whether a reset has reached the server since the mark; asked before an interrupted one is repeated.

    `ends_in` is the power state that proves it, for power-on and power-off. Restarts show in another LastResetTime, and
    what shows nowhere else yet (iDRAC8, an operating system that still shuts down, an NMI) in the lifecycle log.
    """
    server = client.system()
    if ends_in and power_state(server.get("PowerState")) in (ends_in, _ON_THE_WAY.get(ends_in)):
        return True
    if action is PowerAction.NMI:
        return logged_since(client, mark, _NMI_IDS)
    told = _ON_IDS if ends_in is PowerState.ON else _RESET_IDS
    return (not ends_in and _restarted(server, mark)) or logged_since(client, mark, told)


def reset_is_over(client: RedfishClient, action: PowerAction, mark: dict[str, str]) -> bool:
    """Whether a restart since the mark has come to its end: the host runs, and the device says that it started anew.

    A server that runs before and after a restart proves nothing by its power state. An NMI is over when it is logged.
    """
    if action is PowerAction.NMI:
        return logged_since(client, mark, _NMI_IDS)
    server = client.system()
    if power_state(server.get("PowerState")) is not PowerState.ON:
        return False
    return _restarted(server, mark) or logged_since(client, mark, _STARTED_IDS)


def _restarted(server: Doc, mark: dict[str, str]) -> bool:
    last = str(server.get("LastResetTime") or "")
    return bool(last and mark["last_reset"] and last != mark["last_reset"])


def logged_since(client: RedfishClient, mark: dict[str, str], wanted: set[str]) -> bool:
    """Whether the lifecycle log has one of these message ids since the mark; False where there was no log to mark."""
    if not mark["log_id"]:
        return False
    events = client.log_events(LogKind.LIFECYCLE, (mark["log_id"], moment(mark["log_time"])))
    return any(event.message_id.rpartition(".")[2].upper() in wanted for event in events)


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
    """Whether the iDRAC itself has restarted since the mark: another LastResetTime (iDRAC9), else the lifecycle log.

    False where neither was told before: that cannot be proven."""
    last = str(client.manager().get("LastResetTime") or "")
    if last and mark["last_reset"]:
        return last != mark["last_reset"]
    since = moment(mark["clock"])
    if since is None:
        return False  # which of the restarts in its log is ours, nobody knows
    return any(
        event.created is not None
        and event.created >= since
        and event.message_id.rpartition(".")[2].upper() == _IDRAC_RESTARTED
        for event in client.log_events(LogKind.LIFECYCLE, ("", since))
    )
