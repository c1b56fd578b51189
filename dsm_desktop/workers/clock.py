"""The database's time without asking for it each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


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
