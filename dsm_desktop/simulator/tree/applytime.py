"""When staged settings are to be applied: @Redfish.SettingsApplyTime of a request, and the job it makes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.exchange import Doc, Response
from dsm_desktop.simulator.jobs import Runs
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.tree.base import ROOT, link

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

KEY: Final = "@Redfish.SettingsApplyTime"
TIMES: Final = ("OnReset", "AtMaintenanceWindowStart", "InMaintenanceWindowOnReset")
AT_ONCE: Final = ("Immediate", "AtMaintenanceWindowStart")
"""Apply times of settings that need no boot."""


def settings_object(uri: str, times: tuple[str, ...] = TIMES) -> Doc:
    """@Redfish.Settings of a resource whose settings are staged."""
    return {
        "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
        "@odata.type": "#Settings.v1_3_3.Settings",
        "SettingsObject": link(uri),
        "SupportedApplyTimes": list(times),
    }


def wanted_time(body: Any, known: tuple[str, ...] = TIMES) -> str | None:
    """The ApplyTime of a request, None when it only stages. Raises Refused."""
    asked = body.get(KEY)
    if asked is None:
        return None
    if not isinstance(asked, dict) or "ApplyTime" not in asked:
        raise Refused(400, ("SYS428", "ApplyTime"))
    if asked["ApplyTime"] not in known:
        raise Refused(400, ("SYS426", str(asked["ApplyTime"]), "ApplyTime"))
    return str(asked["ApplyTime"])


def commit(device: Device, uri: str, body: Any) -> Response:
    """Make the job an ApplyTime asks for, and answer with its place."""
    time = wanted_time(body)
    if time in (None, "OnReset"):
        return device.jobs.accepted(device.jobs.commit(uri))
    start, end = _window(device, body[KEY])
    job = device.jobs.commit(uri, start, end, Runs.AT_BOOT)
    if time == "AtMaintenanceWindowStart":
        device.jobs.reboot("GracefulRebootWithForcedShutdown", start)
    return device.jobs.accepted(job)


def check_window(device: Device, body: Any) -> None:
    """Refuse a bad window before anything is staged."""
    if wanted_time(body) not in (None, "OnReset"):
        _window(device, body[KEY])


def window_of(device: Device, body: Any) -> tuple[float, float]:
    """Begin and end of the window a request names."""
    return _window(device, body[KEY])


def _window(device: Device, asked: Doc) -> tuple[float, float]:
    """Begin and end of a maintenance window; the time must carry the iDRAC's own offset."""
    text = str(asked.get("MaintenanceWindowStartTime"))
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, ("SYS447", text)) from None
    if moment.tzinfo is None or moment.strftime("%z") != device.offset.replace(":", ""):
        raise Refused(400, ("SYS447", text))
    start = moment.timestamp() - device.skew
    seconds = asked.get("MaintenanceWindowDurationInSeconds")
    if not isinstance(seconds, int) or not 300 <= seconds <= 86400:
        raise Refused(400, ("SYS448",))
    if start < device.now() - 1:
        raise Refused(400, ("SYS447", text))
    return start, start + seconds
