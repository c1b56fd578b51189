"""The database's time without asking for it each time, and whether somebody has set its clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from dsm_desktop.store.clock import NOTICED_FROM, Step


class DatabaseClock:
    """Carries the last time the database said on by this machine's monotonic counter; no wall clock is read."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: tuple[datetime, float] | None = None

    def sync(self, now: datetime) -> None:
        self._known = (now, self._monotonic())

    def now(self) -> datetime:
        assert self._known is not None, "the runner asks the database for the time before it runs anything"
        then, mark = self._known
        return then + timedelta(seconds=self._monotonic() - mark)


class StepWatch:
    """Compares how far the database's clock went between two looks with how far this process's own counter did.

    The counter goes on while the computer sleeps, or a night's sleep would look like a step. The database was asked at some
    time between `asked` and `answered`, so a slow answer is no step either.
    """

    def __init__(self) -> None:
        self._last: tuple[datetime, float, float] | None = None

    def look(self, now: datetime, asked: float, answered: float) -> Step | None:
        """The step since the look before, if there was one. `asked` and `answered` by `awake_seconds`."""
        last, self._last = self._last, (now, asked, answered)
        if last is None:
            return None
        before, asked_before, answered_before = last
        least = before + timedelta(seconds=asked - answered_before)
        most = before + timedelta(seconds=answered - asked_before)
        expected = min(max(now, least), most)
        if abs(now - expected) < NOTICED_FROM:
            return None
        return Step(before + (now - expected), expected, now)
