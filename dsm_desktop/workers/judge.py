"""Who of the other runners is dead: watched, not computed (see store.runners)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dsm_desktop.store.runners import Sighting
from dsm_desktop.workers.place import process_is_gone
from dsm_desktop.workers.run import awake_seconds


class Judge:
    """Remembers since when each runner's row has not moved, by this process's monotonic counter."""

    def __init__(
        self, own_host: str, lease: float, *, monotonic: Callable[[], float] = awake_seconds
    ) -> None:
        self._own_host = own_host
        self._lease = lease
        self._monotonic = monotonic
        self._watched: dict[int, tuple[datetime, float]] = {}
        self._last_look: float | None = None

    def look(self, runners: Sequence[Sighting], own_id: int) -> list[Sighting]:
        """The runners to declare dead now."""
        now = self._monotonic()
        if self._last_look is not None and now - self._last_look > self._lease / 2:
            # We slept ourselves (a suspended laptop): what we did not watch we cannot judge.
            self._watched.clear()
        self._last_look = now
        dead = []
        for runner in runners:
            if runner.id == own_id:
                continue
            seen, since = self._watched.get(runner.id, (None, now))
            if seen != runner.expires_at:
                self._watched[runner.id] = (runner.expires_at, now)
                since = now
            # Beside us on the same system a killed process is seen at once; no need to wait for its lease.
            if now - since >= self._lease or (runner.host == self._own_host and process_is_gone(runner.pid)):
                dead.append(runner)
        self._watched = {r.id: self._watched[r.id] for r in runners if r.id in self._watched}
        return dead
