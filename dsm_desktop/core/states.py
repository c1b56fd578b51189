"""Words for the state of a server and of work, shared by clients, store and faces."""

from __future__ import annotations

import enum

from dsm_desktop.core.worded import Worded


class Health(enum.StrEnum):
    """Redfish Status.Health plus UNKNOWN for 'not read or not reported'. Order of badness: see `rank`."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 unknown, 1 ok, 2 warning, 3 critical: the worst of several is the largest."""
        return {"unknown": 0, "ok": 1, "warning": 2, "critical": 3}[self.value]

    @staticmethod
    def worst(values: list[Health]) -> Health:
        """The largest rank; UNKNOWN for none."""
        return max(values, key=lambda h: h.rank, default=Health.UNKNOWN)


class PowerState(enum.StrEnum):
    """Redfish PowerState; UNKNOWN when not read."""

    ON = "on"
    OFF = "off"
    POWERING_ON = "powering_on"
    POWERING_OFF = "powering_off"
    UNKNOWN = "unknown"


class PowerAction(Worded):
    """What an operator can do to a server's power. Which Redfish ResetType that is depends on the generation."""

    ON = "on", "On"
    GRACEFUL_OFF = "graceful_off", "Graceful off"
    FORCE_OFF = "force_off", "Force off"
    GRACEFUL_RESTART = "graceful_restart", "Graceful restart"
    FORCE_RESTART = "force_restart", "Force restart"
    POWER_CYCLE = "power_cycle", "Power cycle"
    NMI = "nmi", "NMI (crash dump)"


class Generation(enum.StrEnum):
    """iDRAC generation; decided by Manager.Model, never by firmware number (iDRAC10 restarted at 1.x)."""

    IDRAC7 = "iDRAC7"
    IDRAC8 = "iDRAC8"
    IDRAC9 = "iDRAC9"
    IDRAC10 = "iDRAC10"
    OTHER = "other"


class Access(enum.StrEnum):
    """How far the program gets with a server."""

    MANAGED = "managed"
    NO_LOGIN = "no_login"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    GENERIC = "generic"
    UNKNOWN = "unknown"


class JobState(enum.StrEnum):
    """State of a job (rolled up) and of a task (own)."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


class StepState(enum.StrEnum):
    """BEGUN without an end is the honest gap after a kill; its probe looks at the device."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


class CancelGrade(enum.IntEnum):
    """How soon a cancelled job stops. 0 = not asked."""

    NONE = 0
    AFTER_TARGET = 1
    AFTER_STEP = 2
    NOW = 3
