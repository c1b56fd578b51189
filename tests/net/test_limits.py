"""Politeness: limits that learn, rests that are kept, a breaker that opens and closes."""

from __future__ import annotations

import threading

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.net.limits import Busy, Limits, NotReady, Resting, Throttle, backoff, retry_delay


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def throttle(clock: Clock, **limits: float) -> Throttle:
    return Throttle(Limits(**limits), clock=clock, jitter=lambda: 0.5)  # type: ignore[arg-type]


def test_two_timeouts_lower_the_limit_and_many_answers_bring_it_back() -> None:
    clock = Clock()
    polite = throttle(clock, recover_after_answers=10)
    polite.failed("a", timed_out=True)
    assert polite.limit_of("a") == 2
    polite.failed("a", timed_out=True)
    assert (polite.limit_of("a"), polite.limit_of("b")) == (1, 2)
    for _ in range(9):
        polite.answered("a")
    assert polite.limit_of("a") == 1
    polite.answered("a")
    assert polite.limit_of("a") == 2


def test_old_generations_have_a_lower_ceiling() -> None:
    polite = throttle(Clock(), recover_after_answers=1)
    polite.set_ceiling("a", 1)
    for _ in range(5):
        polite.answered("a")
    assert polite.limit_of("a") == 1


def test_the_breaker_opens_longer_each_time_and_closes_on_an_answer() -> None:
    clock = Clock()
    polite = throttle(clock, breaker_failures=3, breaker_first=10, breaker_longest=25)
    pauses = []
    for _ in range(3):
        polite.failed("a")
    for _ in range(4):
        with pytest.raises(Resting, match="failures in a row") as caught, polite.slot("a"):
            pass
        pauses.append(caught.value.retry_after)
        clock.now += caught.value.retry_after
        with polite.slot("a"):
            polite.failed("a")
    assert pauses == [10, 20, 25, 25]
    polite.wake("a")
    with polite.slot("a"):
        polite.answered("a")
    polite.failed("a")
    with polite.slot("a"):
        pass


def test_a_rest_is_kept_by_all_but_urgent_calls() -> None:
    clock = Clock()
    polite = throttle(clock)
    polite.rest("a", 30)
    polite.rest("a", 5)
    with pytest.raises(NotReady) as caught, polite.slot("a"):
        pass
    assert caught.value.retry_after == 30
    with polite.slot("a", urgent=True), polite.slot("b"):
        pass
    clock.now += 30
    with polite.slot("a"):
        pass


def test_slots_per_device_and_in_all() -> None:
    polite = Throttle(Limits(per_device=2, in_all=3, slot_wait=0.05))
    with polite.slot("a"), polite.slot("a"):
        with pytest.raises(Busy), polite.slot("a"):
            pass
        with polite.slot("b"), pytest.raises(Busy), polite.slot("c"):
            pass
        with polite.slot("c"):
            pass


def test_a_waiting_call_gets_the_slot_that_comes_free() -> None:
    polite = Throttle(Limits(per_device=1, slot_wait=5))
    entered = threading.Event()

    def wait() -> None:
        with polite.slot("a"):
            entered.set()

    with polite.slot("a"):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(60)
    thread.join(60)


def test_back_off_doubles_is_capped_and_half_random() -> None:
    assert [backoff(n, first=2, longest=30, jitter=lambda: 1.0) for n in range(6)] == [2, 4, 8, 16, 30, 30]
    assert backoff(3, first=2, longest=30, jitter=lambda: 0.0) == 8
    assert backoff(10_000, first=2, longest=30, jitter=lambda: 0.0) == 15


def test_retry_delay_honours_what_the_device_asked_for() -> None:
    asked = NotReady("later", retry_after=90)
    assert retry_delay(asked, 0, jitter=lambda: 0.0) == 90
    assert retry_delay(Busy("busy", retry_after=1), 3, jitter=lambda: 1.0) == 16
    assert retry_delay(BadInput("no"), 0) is None
