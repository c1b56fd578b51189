"""Politeness towards devices: how many calls at once, when to leave one alone, how often to try a login.

One Throttle is shared by all clients of a process. It never sleeps: who must wait longer than for a free slot gets a
typed, retryable error that says when, and the job engine waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.net.answer import LONGEST_PAUSE
from dsm_desktop.net.logins import LoginBudget, LoginHeld


class RetryLater(DsmError):
    """The device wants to be left alone for `retry_after` seconds; then the same call may succeed."""

    blame = Blame.PEER
    retryable = True

    def __init__(
        self, message: str, *, retry_after: float, hint: str = "", where: str = "", detail: str = ""
    ) -> None:
        super().__init__(
            message, hint=hint or f"Try again in {retry_after:.0f} s.", where=where, detail=detail
        )
        self.retry_after = retry_after


class NotReady(RetryLater):
    """The device said so itself: 503, SYS518, SWC0700, Retry-After."""


class Resting(RetryLater):
    """The circuit breaker is open: the last calls to this device failed one after the other."""


class Busy(RetryLater):
    """All slots of this device (or of the program) stayed taken for as long as we waited."""

    blame = Blame.HERE


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures of politeness. Seconds where not said otherwise.

    Field guidance for iDRACs: 1 to 3 calls at once, 1 after two time-outs, 1 always for iDRAC7/8.
    """

    per_device: int = 2
    in_all: int = 512
    slow_after_timeouts: int = 2
    recover_after_answers: int = 50
    breaker_failures: int = 5
    breaker_first: float = 15.0
    breaker_longest: float = 120.0
    longest_rest: float = LONGEST_PAUSE
    slot_wait: float = 120.0


@dataclass(slots=True)
class _Device:
    free: threading.Condition
    limit: int
    ceiling: int
    in_flight: int = 0
    timeouts: int = 0
    answers: int = 0
    failures: int = 0
    opened: int = 0
    rest_until: float = 0.0
    rest_kind: type[RetryLater] = field(default=NotReady)


class Throttle:
    """Global and per-device limits, the circuit breaker, and the login budget (`logins`). Thread-safe.

    `clock` gives monotonic seconds, `jitter` a number in [0, 1) for the back-off.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        logins: LoginBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.limits = limits or Limits()
        self.logins = logins or LoginBudget(clock=clock)
        self.clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._devices: dict[str, _Device] = {}
        self._total = 0
        self._some_free = threading.Condition(self._lock)

    def _device(self, name: str) -> _Device:
        device = self._devices.get(name)
        if device is None:
            limit = self.limits.per_device
            device = self._devices[name] = _Device(threading.Condition(self._lock), limit, limit)
        return device

    @contextmanager
    def slot(self, name: str, *, urgent: bool = False) -> Iterator[None]:
        """Holds one of the device's slots and one of the program's. `urgent` calls (logout) ignore rests.

        Raises NotReady or Resting while the device is left alone, Busy when no slot came free in time.
        """
        with self._lock:
            device = self._device(name)
            if not urgent:
                self._refuse_rest(name, device)
            give_up = self.clock() + self.limits.slot_wait
            self._wait(device.free, lambda: device.in_flight < device.limit, give_up, name)
            device.in_flight += 1
            try:
                self._wait(self._some_free, lambda: self._total < self.limits.in_all, give_up, name)
                self._total += 1
            except Busy:
                device.in_flight -= 1
                device.free.notify()
                raise
        try:
            yield
        finally:
            with self._lock:
                device.in_flight -= 1
                self._total -= 1
                device.free.notify()
                self._some_free.notify()

    def _wait(self, free: threading.Condition, ready: Callable[[], bool], give_up: float, name: str) -> None:
        while not ready():
            left = give_up - self.clock()
            if left <= 0 or not free.wait(left):
                if ready():
                    return
                raise Busy(
                    "no free slot: other calls to the device are still running", retry_after=5.0, where=name
                )

    def _refuse_rest(self, name: str, device: _Device) -> None:
        left = device.rest_until - self.clock()
        if left <= 0:
            return
        if device.rest_kind is Resting:
            raise Resting(
                f"left alone for {left:.0f} s after {device.failures} failures in a row",
                retry_after=left,
                where=name,
            )
        raise device.rest_kind(
            f"the device asked to be left alone for {left:.0f} s more", retry_after=left, where=name
        )

    def answered(self, name: str) -> None:
        """The device gave an answer (any status): failures are forgotten, a learned-down limit slowly comes back."""
        with self._lock:
            device = self._device(name)
            device.failures = device.timeouts = device.opened = 0
            if device.limit < device.ceiling:
                device.answers += 1
                if device.answers >= self.limits.recover_after_answers:
                    device.answers = 0
                    device.limit += 1
                    device.free.notify()

    def failed(self, name: str, *, timed_out: bool = False) -> None:
        """No usable answer came. Time-outs lower the device's limit; failures in a row open the breaker."""
        with self._lock:
            device = self._device(name)
            device.answers = 0
            device.failures += 1
            if timed_out:
                device.timeouts += 1
                if device.timeouts >= self.limits.slow_after_timeouts:
                    device.limit = 1
            if device.failures >= self.limits.breaker_failures:
                pause = min(self.limits.breaker_longest, self.limits.breaker_first * 2**device.opened)
                device.opened += 1
                device.rest_kind = Resting
                device.rest_until = self.clock() + pause * (0.75 + 0.5 * self._jitter())

    def rest(self, name: str, seconds: float) -> None:
        """The device asked for a pause (Retry-After, "retry in N seconds"): calls before its end raise NotReady."""
        with self._lock:
            device = self._device(name)
            until = self.clock() + min(max(seconds, 0.0), self.limits.longest_rest)
            if until > device.rest_until:
                device.rest_until = until
                device.rest_kind = NotReady

    def set_ceiling(self, name: str, in_flight: int) -> None:
        """What this kind of device bears at most (iDRAC7/8: 1)."""
        with self._lock:
            device = self._device(name)
            device.ceiling = max(1, min(in_flight, self.limits.per_device))
            device.limit = min(device.limit, device.ceiling)

    def wake(self, name: str) -> None:
        """An operator asks now: the device's rest and its failures are forgotten."""
        with self._lock:
            device = self._device(name)
            device.rest_until = 0.0
            device.failures = device.opened = 0

    def limit_of(self, name: str) -> int:
        """How many calls at once the device gets at the moment."""
        with self._lock:
            return self._device(name).limit


def backoff(
    attempt: int, *, first: float, longest: float, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds before try `attempt` + 1 (0-based): doubling, capped, half of it random so that a fleet does not march in step."""
    span = min(longest, first * float(2 ** min(attempt, 30)))
    return span * (0.5 + 0.5 * jitter())


def retry_delay(
    error: DsmError, attempt: int, *, longest: float = 300.0, jitter: Callable[[], float] = random.random
) -> float | None:
    """Seconds after which a failed read may be tried again; None when trying again would not help.

    For operations: `if (pause := retry_delay(error, attempt)) is not None: await ctx.sleep(pause)`.
    """
    if not error.retryable:
        return None
    pause = backoff(attempt, first=2.0, longest=longest, jitter=jitter)
    asked = error.retry_after if isinstance(error, RetryLater | LoginHeld) else 0.0
    return max(pause, min(asked, longest))
