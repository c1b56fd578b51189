"""The services of a host and its advanced settings: tables with the few rules that matter."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

from dsm_desktop.simulator.esxi.errors import NoSuchThing

Policy = Literal["on", "off", "automatic"]
SSH: Final = "TSM-SSH"
SHELL: Final = "TSM"
SHELL_TIMEOUT: Final = "/UserVars/ESXiShellTimeOut"
LOCK_FAILURES: Final = "/Security/AccountLockFailures"
UNLOCK_TIME: Final = "/Security/AccountUnlockTime"


@dataclasses.dataclass(slots=True)
class Service:
    """A service as vSphere lists it. `key` is its name in calls; `required` ones run whatever the policy says."""

    key: str
    label: str
    policy: Policy
    running: bool = False
    required: bool = False


def make_services() -> dict[str, Service]:
    """The services of a freshly installed host: SSH and the shell are off."""
    rows = (
        Service("DCUI", "Direct Console UI", "on"),
        Service(SHELL, "ESXi Shell", "off"),
        Service(SSH, "SSH", "off"),
        Service("hostd", "hostd", "on", required=True),
        Service("lbtd", "Load-Based Teaming Daemon", "on"),
        Service("ntpd", "NTP Daemon", "on"),
        Service("sfcbd-watchdog", "CIM Server", "on"),
        Service("slpd", "slpd", "off"),
        Service("snmpd", "SNMP Server", "off"),
        Service("vmsyslogd", "Syslog Server", "on", required=True),
        Service("vpxa", "VMware vCenter Agent", "on"),
    )
    return {row.key: row for row in rows}


@dataclasses.dataclass(slots=True)
class Setting:
    """An advanced setting; `low` and `high` bound integers."""

    path: str
    value: int | str
    default: int | str
    low: int = 0
    high: int = 0
    help: str = ""


class Settings:
    """The advanced settings of a host, by path ('/UserVars/ESXiShellTimeOut')."""

    def __init__(self, scratch: str) -> None:
        rows = (
            Setting(
                SHELL_TIMEOUT,
                0,
                0,
                0,
                86400,
                "Time before automatically disabling local and remote shell access (in seconds, 0 disables).",
            ),
            Setting(
                "/UserVars/ESXiShellInteractiveTimeOut",
                0,
                0,
                0,
                86400,
                "Idle time before an interactive shell is automatically logged out (in seconds, 0 disables).",
            ),
            Setting(
                "/UserVars/SuppressShellWarning",
                0,
                0,
                0,
                1,
                "Don't show warning for enabled local and remote shell access",
            ),
            Setting(
                LOCK_FAILURES,
                5,
                5,
                0,
                100,
                "Maximum allowed failed login attempts before locking out a user's account. 0 disables account locking.",
            ),
            Setting(UNLOCK_TIME, 900, 900, 1, 86400, "Duration in seconds to lock out a user's account."),
            Setting("/Misc/HostName", "", "", help="Host name"),
            Setting(
                "/ScratchConfig/CurrentScratchLocation",
                scratch,
                "",
                help="The directory currently used for scratch space.",
            ),
            Setting(
                "/ScratchConfig/ConfiguredScratchLocation",
                scratch,
                "",
                help="The directory configured to be used for scratch space.",
            ),
            Setting(
                "/VSAN/ClomRepairDelay",
                60,
                60,
                1,
                604800,
                "Minutes to wait for absent components before repairing them",
            ),
        )
        self._rows = {row.path: row for row in rows}

    def find(self, path: str) -> Setting:
        """A setting by path. Raises NoSuchThing."""
        wanted = "/" + path.strip("/").replace(".", "/")
        for row in self._rows.values():
            if row.path.lower() == wanted.lower():
                return row
        raise NoSuchThing(f"There is no advanced setting {path}.")

    def number(self, path: str) -> int:
        """The value of an integer setting."""
        return int(self.find(path).value)

    def all(self) -> list[Setting]:
        """Every setting."""
        return list(self._rows.values())
