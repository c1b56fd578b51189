"""The host's power as an iDRAC sees it: it takes time, and it is told late."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Final

ON: Final = "On"
OFF: Final = "Off"
POWERING_ON: Final = "PoweringOn"
POWERING_OFF: Final = "PoweringOff"


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """Durations in simulated seconds."""

    power_on: float = 8.0
    force_off: float = 5.0
    shutdown: float = 30.0
    cycle_pause: float = 6.0
    post: float = 60.0
    inventory: float = 20.0
    os_boot: float = 40.0
    idrac_away: float = 120.0
    idrac_waking: float = 20.0
    on_after_off: float = 5.0
    """iDRAC10 answers 409 to "On" so soon after "Off" (seen by OpenStack Ironic)."""


Schedule = Callable[[float, Callable[[float], None]], None]
"""Run something after so many simulated seconds, with the moment it was due."""


class Power:
    """State machine of the host. `state` is what PowerState shows."""

    def __init__(
        self, timing: Timing, schedule: Schedule, log: Callable[[float, str], None], on: bool, now: float
    ) -> None:
        self._timing = timing
        self._schedule = schedule
        self._log = log
        self._epoch = 0
        self.state = ON if on else OFF
        self.booted_at = now - 40 * 86400.0 if on else now
        self.off_at = now - 86400.0
        self.boots = 0
        self.os_obeys = True
        """The operating system reacts to a graceful shutdown."""
        self.loaded_at = self.booted_at + timing.post
        """When the loader of the operating system had been read; far in the future while it is being read."""
        self.on_boot: list[Callable[[float], None]] = []
        """Called at the start of every boot with its moment."""
        self.on_posted: list[Callable[[float], None]] = []
        """Called when POST is over and the host looks for something to start from."""
        self.on_down: list[Callable[[float], None]] = []
        """Called when the host loses power or is reset."""
        self.boot_tasks: Callable[[float], bool] = lambda when: False
        """Asked at the start of every boot; True: there is work to do after POST, and `tasks_done` will be called."""
        self._tasks_end: float | None = None

    @property
    def is_on(self) -> bool:
        """Running, or on its way up."""
        return self.state in (ON, POWERING_ON)

    def server_status(self, now: float) -> str:
        """ServerStatus of GetRemoteServicesAPIStatus.

        PoweredOff, InPOST, AutomatedTaskExecution (followed by another InPOST), CollectingSystemInventory, OutOfPOST.
        """
        if self.state in (OFF, POWERING_OFF):
            return "PoweredOff" if self.state == OFF else "OutOfPOST"
        since, post = now - self.booted_at, self._timing.post
        if since < post:
            return "InPOST"
        if now < self._posted():
            return "AutomatedTaskExecution" if now < (self._tasks_end or 0.0) else "InPOST"
        return "CollectingSystemInventory" if now < self._posted() + self._timing.inventory else "OutOfPOST"

    def _posted(self) -> float:
        """When POST was, or will be, behind the host for good."""
        if self._tasks_end is None:
            return self.booted_at + self._timing.post
        return self._tasks_end + self._timing.post

    def tasks_done(self, when: float) -> None:
        """What the host had to run between POST and the operating system is done; it restarts by itself."""
        if self._tasks_end is not None:
            self._tasks_end = when
            self._schedule_posted()

    def _schedule_posted(self) -> None:
        boots = self.boots

        def posted(when: float) -> None:
            if self.boots == boots and self.is_on:
                self.loaded_at = when
                for tell in self.on_posted:
                    tell(when)

        self._schedule(self._timing.post, posted)

    def boot_progress(self, now: float) -> str:
        """BootProgress.LastState."""
        if not self.is_on:
            return "None"
        if now < self._posted():
            return "SystemHardwareInitializationComplete"
        return "OSRunning" if now - self.loaded_at > self._timing.os_boot else "OSBootStarted"

    def just_off(self, now: float) -> bool:
        """Switched off a moment ago."""
        return self.state == OFF and now - self.off_at < self._timing.on_after_off

    def apply(self, reset_type: str, now: float) -> None:
        """Begin what a reset type asks for; the caller has checked that it makes sense in the present state."""
        actions: dict[str, Callable[[float], None]] = {
            "On": self._turn_on,
            "ForceOff": self._force_off,
            "GracefulShutdown": self._shutdown,
            "ForceRestart": self._restart,
            "GracefulRestart": self._graceful_restart,
            "PowerCycle": self._cycle,
            "PushPowerButton": self._push,
            "Nmi": lambda t: self._log(t, "RAC0706"),
        }
        actions[reset_type](now)

    def restart_by_system(self, now: float) -> None:
        """The operating system has stopped by itself and restarts the server."""
        self._epoch += 1
        self._reboot(now)

    def halt_by_system(self, now: float) -> None:
        """The operating system has stopped by itself and switches the server off."""
        self._epoch += 1
        self._is_down(now)

    def _later(self, delay: float, then: Callable[[float], None]) -> None:
        """Schedule a step that a newer command makes void."""
        epoch = self._epoch
        self._schedule(delay, lambda when: then(when) if epoch == self._epoch else None)

    def _turn_on(self, now: float) -> None:
        self._epoch += 1
        self.state = POWERING_ON
        self._log(now, "RAC0701")
        self._later(self._timing.power_on, self._is_up)

    def _is_up(self, when: float) -> None:
        self.state = ON
        self._boot(when)
        self._log(when, "SYS1000")

    def _boot(self, when: float) -> None:
        self.booted_at = when
        self.boots += 1
        self.loaded_at = math.inf
        for tell in self.on_boot:
            tell(when)
        self._tasks_end = math.inf if self.boot_tasks(when) else None
        if self._tasks_end is None:
            self._schedule_posted()

    def _force_off(self, now: float) -> None:
        self._epoch += 1
        self.state = POWERING_OFF
        self._tell_down(now)
        self._log(now, "RAC0704")
        self._later(self._timing.force_off, self._is_down)

    def _shutdown(self, now: float) -> None:
        self._log(now, "RAC0705")
        if not self.os_obeys:
            return
        self._epoch += 1
        self._later(self._timing.shutdown, self._is_down)

    def _tell_down(self, when: float) -> None:
        for tell in self.on_down:
            tell(when)

    def _is_down(self, when: float) -> None:
        self.state = OFF
        self._tell_down(when)
        self.off_at = when
        self._log(when, "SYS1001")

    def _restart(self, now: float) -> None:
        self._epoch += 1
        self._log(now, "RAC0703")
        self._reboot(now)

    def _graceful_restart(self, now: float) -> None:
        self._log(now, "RAC0705")
        if not self.os_obeys:
            return
        self._epoch += 1
        self._later(self._timing.shutdown, self._reboot)

    def _reboot(self, when: float) -> None:
        self._tell_down(when)
        self._boot(when)
        self._log(when, "SYS1003")

    def _cycle(self, now: float) -> None:
        self._epoch += 1
        self._log(now, "RAC0702")
        self.state = POWERING_OFF
        self._tell_down(now)
        self._later(self._timing.force_off, self._cycled)

    def _cycled(self, when: float) -> None:
        self._is_down(when)
        self._later(self._timing.cycle_pause, self._turn_on)

    def _push(self, now: float) -> None:
        if self.is_on:
            self._shutdown(now)
        else:
            self._turn_on(now)
