"""What the job types that change BIOS share: when it is applied, and how the server is restarted for it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, Paced
from dsm_desktop.redfish.device_jobs import RebootKind
from dsm_desktop.workflows.bios import Timing, When


class BiosWhen(Worded):
    NOW = "now", "Now"
    RESTART = "next restart", "At the next restart"
    WINDOW = "window", "In a maintenance window"
    STAGE = "stage only", "Stage only: no job is made"


class BiosReboot(Worded):
    """How a server is restarted that must be."""

    GRACEFUL = "graceful", "Graceful"
    GRACEFUL_THEN_FORCED = "graceful, then forced", "Graceful, then forced"
    POWER_CYCLE = "power cycle", "Power cycle"


_REBOOTS = {
    BiosReboot.GRACEFUL: RebootKind.GRACEFUL,
    BiosReboot.GRACEFUL_THEN_FORCED: RebootKind.GRACEFUL_THEN_FORCED,
    BiosReboot.POWER_CYCLE: RebootKind.POWER_CYCLE,
}


class BiosTimed(Paced):
    """When a change of BIOS takes effect: the same for every job that makes one."""

    when: BiosWhen = Field(BiosWhen.NOW, title="When", description="now restarts the servers")
    reboot: BiosReboot = Field(BiosReboot.GRACEFUL, title="Restart")
    window_start: datetime | None = Field(
        None, title="Window begins", description="with its UTC offset, only for 'window'"
    )
    window_minutes: int = Field(60, ge=6, le=1440, title="Window", json_schema_extra={"unit": "minutes"})
    minutes: int = Field(60, ge=5, le=240, title="Give up after", json_schema_extra={"unit": "minutes"})

    @model_validator(mode="after")
    def _window_is_given(self) -> Self:
        if self.when is BiosWhen.WINDOW and (self.window_start is None or self.window_start.tzinfo is None):
            raise ValueError("a window needs its beginning with a UTC offset")
        return self

    @property
    def timing(self) -> Timing:
        return Timing(
            When(self.when.value),
            _REBOOTS[self.reboot],
            self.window_start,
            self.window_minutes,
            self.minutes,
        )


def timed_danger(params: BiosTimed) -> Danger:
    """What restarts a server is confirmed, what forces it is typed."""
    if params.when in (BiosWhen.NOW, BiosWhen.WINDOW) and params.reboot is not BiosReboot.GRACEFUL:
        return Danger.DESTRUCTIVE
    return Danger.NONE if params.when is BiosWhen.STAGE else Danger.DISRUPTIVE


def timed_warning(params: BiosTimed) -> str:
    """The confirmation's sentence about the restart."""
    return {
        BiosWhen.NOW: "The servers are restarted; everything that runs on them ends.",
        BiosWhen.WINDOW: "The servers are restarted by their iDRACs when the window begins.",
        BiosWhen.RESTART: "It changes at each server's next restart, whoever does it.",
        BiosWhen.STAGE: "",
    }[params.when]
