"""Both pools keep the same promises; the engine needs no Qt."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest

from dsm_desktop.workers.pool import QtPool
from dsm_desktop.workers.threads import Pool, ThreadPool


@pytest.mark.parametrize("make", [ThreadPool, QtPool])
def test_a_pool_works_side_by_side_and_carries_results_and_errors(make: Callable[[int], Pool]) -> None:
    pool = make(3)
    assert pool.size == 3
    together = threading.Barrier(3, timeout=60)
    futures = [pool.submit(lambda n=n: (together.wait(), n * n)[1]) for n in range(3)]  # type: ignore[misc]
    assert sorted(future.result(60) for future in futures) == [0, 1, 4]
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(60)
    pool.close()


@pytest.mark.parametrize("make", [ThreadPool, QtPool])
def test_closing_waits_for_what_runs_and_drops_what_waits(make: Callable[[int], Pool]) -> None:
    pool = make(1)
    inside, go_on = threading.Event(), threading.Event()

    def run() -> bool:
        inside.set()
        return go_on.wait(60)

    running = pool.submit(run)
    waiting = pool.submit(lambda: True)
    assert inside.wait(60)
    closing = threading.Thread(target=pool.close)
    closing.start()
    while not waiting.cancelled():
        closing.join(0.01)
    go_on.set()
    closing.join(60)
    assert running.result(0) is True
    with pytest.raises(CancelledError):
        waiting.result(0)


def test_the_engine_runs_where_qt_is_not_installed() -> None:
    check = (
        "import sys\n"
        "sys.modules['PySide6'] = None\n"
        "import dsm_desktop.workers.runner, dsm_desktop.workers.clients, dsm_desktop.workers.feed\n"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
