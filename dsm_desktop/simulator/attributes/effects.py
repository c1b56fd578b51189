"""What follows when an attribute is set: most only keep their value, some change what the device does."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

HASHES = {"SHA256Password": "hash", "SHA256PasswordSalt": "salt"}
"""Attributes that set a password by its hash."""
_ROLES = {511: "Administrator", 499: "Operator", 0: "None"}


def follow(device: Device, name: str, value: Any) -> None:
    """Carry out what hangs on an attribute."""
    group, index, leaf = name.split(".", 2)
    if group == "Users":
        _user(device, int(index), leaf, value)
    elif name == "Time.1.Timezone":
        device.offset = zone_offset(str(value), device.clock.now()) or device.offset
    elif name == "WebServer.1.Timeout":
        device.access.timeout = float(value)
    elif name == "Lockdown.1.SystemLockdown":
        device.lockdown = value == "Enabled"
    elif name == "SecureDefaultPassword.1.ForceChangePassword":
        device.access.accounts[1].must_change = value == "True"
    elif name == "ServerPwr.1.PowerCapSetting":
        cap = int(device.attributes.get("ServerPwr.1.PowerCapValue", "System.Embedded.1"))
        device.power_cap = cap if value == "Enabled" else None
    elif name == "ServerPwr.1.PowerCapValue" and device.power_cap is not None:
        device.power_cap = int(value)
    elif name == "LCD.1.ChassisIdentifyDuration":
        device.identify = int(value) != 0


def _user(device: Device, slot: int, leaf: str, value: Any) -> None:
    account = device.access.accounts[slot - 1]
    if leaf == "Password":
        account.set_password(str(value))
        device.access.close_all(account)
    elif leaf in HASHES and re.fullmatch("(?:[0-9A-Fa-f]{2})*", str(value)):
        account.hashed[HASHES[leaf]] = str(value).upper()
        device.access.close_all(account)
    elif leaf == "UserName":
        account.name = str(value)
        device.access.close_all(account)
    elif leaf == "Enable":
        account.enabled = value == "Enabled"
    elif leaf == "Privilege":
        account.role = _ROLES.get(int(value), "ReadOnly")


def zone_offset(zone: str, when: float) -> str | None:
    """Offset of a named time zone at a moment, "+01:00"; None when the zone is not known."""
    try:
        offset = dt.datetime.fromtimestamp(when, zoneinfo.ZoneInfo(zone)).strftime("%z")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return f"{offset[:3]}:{offset[3:]}"
