"""The lock-out budget: what a wrong password can never do."""

from __future__ import annotations

import threading

import pytest

from dsm_desktop.net.logins import LoginBudget, LoginHeld
from tests.net.test_limits import Clock


def test_a_refused_device_is_left_alone_for_its_penalty_whatever_the_account() -> None:
    clock = Clock()
    budget = LoginBudget(clock=clock)
    with budget.attempt("a", b"one") as attempt:
        attempt.refused()
    for pair in (b"one", b"two"):
        with pytest.raises(LoginHeld, match="could block this console") as caught, budget.attempt("a", pair):
            pass
        assert caught.value.retry_after == 60
    clock.now += 60
    with budget.attempt("a", b"two") as attempt:
        attempt.accepted()


def test_a_wrong_account_is_tried_on_three_devices_of_a_fleet_and_no_more() -> None:
    budget = LoginBudget()
    pair = budget.digest("root", "wrong")
    tried: list[str] = []
    held: list[str] = []
    lock = threading.Lock()
    barrier = threading.Barrier(40)

    def login(device: str) -> None:
        barrier.wait(60)
        try:
            with budget.attempt(device, pair) as attempt:
                with lock:
                    tried.append(device)
                attempt.refused()
        except LoginHeld:
            with lock:
                held.append(device)

    threads = [threading.Thread(target=login, args=(f"d{n}",)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(tried), len(held)) == (3, 37)


def test_an_accepted_account_is_free_for_the_fleet_and_one_odd_device_does_not_stop_it() -> None:
    budget = LoginBudget()
    for n in range(2):
        with budget.attempt(f"odd{n}", b"p") as attempt:
            attempt.refused()
    with budget.attempt("good", b"p") as attempt:
        attempt.accepted()
    for n in range(20):
        with budget.attempt(f"more{n}", b"p") as attempt:
            attempt.refused() if n % 2 else attempt.accepted()


def test_silence_counts_neither_way_and_an_operator_may_forgive() -> None:
    clock = Clock()
    budget = LoginBudget(clock=clock)
    for n in range(10):
        with budget.attempt(f"silent{n}", b"p"):
            pass
    for n in range(3):
        with budget.attempt(f"d{n}", b"p") as attempt:
            attempt.refused()
    with pytest.raises(LoginHeld, match="never accepted") as caught, budget.attempt("d9", b"p"):
        pass
    assert "d0, d1, d2" in caught.value.message
    budget.forgive(b"p")
    with budget.attempt("d9", b"p") as attempt:
        attempt.accepted()


def test_the_hold_ends_by_itself() -> None:
    clock = Clock()
    budget = LoginBudget(clock=clock, hold=900)
    for n in range(3):
        with budget.attempt(f"d{n}", b"p") as attempt:
            attempt.refused()
    clock.now += 901
    with budget.attempt("d9", b"p") as attempt:
        attempt.accepted()


def test_one_login_at_a_time_on_one_device() -> None:
    budget = LoginBudget(patience=5)
    second = threading.Event()

    def later() -> None:
        with budget.attempt("a", b"p") as attempt:
            second.set()
            attempt.accepted()

    with budget.attempt("a", b"p") as attempt:
        thread = threading.Thread(target=later)
        thread.start()
        assert not second.wait(0.05)
        attempt.accepted()
    assert second.wait(60)
    thread.join(60)


def test_the_budget_keeps_no_password() -> None:
    budget = LoginBudget()
    digest = budget.digest("root", "canary")
    with budget.attempt("a", digest) as attempt:
        attempt.refused()
    assert "canary" not in repr(vars(budget))
    assert digest != LoginBudget().digest("root", "canary")
    assert budget.digest("ro", "otx") != budget.digest("root", "x")


def test_a_refusal_another_process_met_counts_here() -> None:
    clock = Clock()
    seen: dict[str, float] = {"a:443": 12.0}
    budget = LoginBudget(clock=clock, elsewhere=seen.get)
    pair = budget.digest("root", "wrong")
    with pytest.raises(LoginHeld, match="12 s ago"), budget.attempt("a:443", pair):
        pass
    seen["a:443"] = 61.0
    clock.now += 60
    with budget.attempt("a:443", pair) as attempt:
        attempt.accepted()
