"""One bandwidth limit for all readers together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """`take(n)` returns when n more bytes may leave. `limit` bytes a second over all threads; 0 = no limit."""

    def __init__(self, limit: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._now = now
        self._lock = threading.Lock()
        self._free_at = 0.0

    @property
    def block(self) -> int:
        """Bytes to send at a time: small where there is a limit, so that all readers move on evenly."""
        return 1 << 24 if not self.limit else min(1 << 20, max(1 << 14, self.limit // 8))

    def take(self, count: int, stop: threading.Event) -> None:
        """Wait for the turn of `count` bytes; at once when `stop` is set."""
        if not self.limit:
            return
        with self._lock:
            now = self._now()
            turn = max(self._free_at, now)
            self._free_at = turn + count / self.limit
        if turn > now:
            stop.wait(turn - now)
