"""What is still to happen in the simulated vSphere, by simulated time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from dsm_desktop.simulator.clock import SimClock


class Agenda:
    """Things due later. Not thread-safe: the world's lock guards it."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._moment: float | None = None

    def now(self) -> float:
        """Simulated time; while something is carried out, the moment it was due."""
        return self.clock.now() if self._moment is None else self._moment

    def later(self, delay: float, then: Callable[[], None]) -> None:
        """Let something happen after so many simulated seconds."""
        heapq.heappush(self._due, (self.now() + delay, next(self._order), then))

    def settle(self) -> None:
        """Carry out all that is due by now, each at its own moment."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            self._moment, _, then = heapq.heappop(self._due)
            try:
                then()
            finally:
                self._moment = None

    def seconds_to_next(self) -> float | None:
        """Real seconds until the next thing is due; None when nothing is planned."""
        if not self._due:
            return None
        return max(0.0, (self._due[0][0] - self.clock.now()) / max(self.clock.speed, 1e-9))
