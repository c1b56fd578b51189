"""Time inside the simulated site: runs at any speed, never backwards."""

from __future__ import annotations

import datetime as dt
import time


class SimClock:
    """Wall time that runs `speed` times as fast as the real one.

    Power delays, session time-outs, log times and the iDRAC's own DateTime follow it; socket time-outs and
    the faults that delay an answer do not, because a client measures those with a real clock.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self._speed = speed
        self._sim = time.time() if start is None else start
        self._real = time.monotonic()

    def now(self) -> float:
        """Seconds since 1970 as the simulated site sees it."""
        return self._sim + (time.monotonic() - self._real) * self._speed

    @property
    def speed(self) -> float:
        """How many simulated seconds pass in a real one."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Go on from the present simulated moment at another speed."""
        self._sim, self._real = self.now(), time.monotonic()
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Jump ahead."""
        self._sim += max(0.0, seconds)


def stamp(when: float, offset: str = "+00:00") -> str:
    """Redfish date-time of a moment in an iDRAC's own zone: '2026-01-31T10:00:00-06:00'."""
    sign = -1 if offset.startswith("-") else 1
    shift = sign * (int(offset[1:3]) * 3600 + int(offset[4:6]) * 60)
    local = dt.datetime.fromtimestamp(when + shift, dt.UTC)
    return local.strftime("%Y-%m-%dT%H:%M:%S") + offset
