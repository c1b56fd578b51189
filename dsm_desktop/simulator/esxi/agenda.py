"""What will happen on a host by itself, at its simulated moment and in order, under the host's one lock."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsm_desktop.simulator.clock import SimClock

Event = Callable[[float], None]


class Agenda:
    """Events of one host. Whoever enters the lock first lets everything happen that was due.

    News (`announce`) are delivered to listeners after the lock is free again, so that a listener may take locks of its own.
    """

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        self._events: list[tuple[float, int, str, Event]] = []
        self._order = itertools.count()
        self._moment: float | None = None
        self._news: list[Callable[[], None]] = []

    @contextmanager
    def hold(self) -> Iterator[float]:
        """Hold the lock with everything done that was due; gives the simulated moment."""
        news: list[Callable[[], None]] = []
        self._lock.acquire()
        self._depth += 1
        try:
            if self._depth == 1:
                self._settle()
            yield self.now()
        finally:
            self._depth -= 1
            if self._depth == 0:
                news, self._news = self._news, []
            self._lock.release()
        for tell in news:
            tell()

    def now(self) -> float:
        """The moment of the event being carried out, or now."""
        return self.clock.now() if self._moment is None else self._moment

    def after(self, delay: float, kind: str, then: Event) -> None:
        """Let something happen after so many simulated seconds; `kind` is for `drop`."""
        heapq.heappush(self._events, (self.now() + delay, next(self._order), kind, then))

    def drop(self, *kinds: str) -> None:
        """Forget all events of these kinds."""
        self._events = [event for event in self._events if event[2] not in kinds]
        heapq.heapify(self._events)

    def announce(self, tell: Callable[[], None]) -> None:
        """Call something once the lock is free."""
        self._news.append(tell)

    def _settle(self) -> None:
        while self._events and self._events[0][0] <= self.clock.now():
            self._moment, _, _, then = heapq.heappop(self._events)
            try:
                then(self._moment)
            finally:
                self._moment = None
