"""Figures of a runner."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsm_desktop.store.runners import LEASE_SECONDS, RENEW_SECONDS
from dsm_desktop.workers.inhibit import SleepInhibitor


@dataclass(frozen=True, slots=True)
class RunnerConfig:
    """Seconds where not said otherwise.

    A dead runner's work goes on elsewhere after at most `lease` + 2 `watch_every` (35 s); on the same system at once.
    `grace`: so long after a change of a device was begun nobody looks at the device, because the request of a killed
    runner may still arrive; at least the longest time-out of a changing request. `patience`: how long a step waits for a
    device that says when to come again. `max_deaths`: so many runners may die on a task without a step getting done.
    `max_tasks`: tasks held at once, most of them waiting without a thread.
    """

    kind: str = "desktop"
    max_tasks: int = 1000
    lease: float = LEASE_SECONDS
    renew_every: float = RENEW_SECONDS
    grace: float = 30.0
    patience: float = 900.0
    max_deaths: int = 10
    poll: float = 1.0
    own_feed: bool = True
    inhibitor: SleepInhibitor | None = None
    feed_kept: float = 6 * 3600.0

    @property
    def watch_every(self) -> float:
        """How often the other runners are looked at."""
        return min(2.5, self.lease / 12)

    def scaled(self, factor: float) -> RunnerConfig:
        """The same with all times of takeover multiplied, for tests."""
        return replace(
            self, lease=self.lease * factor, renew_every=self.renew_every * factor, grace=self.grace * factor
        )
