"""The life of a runner process: with or without a window beside it."""

from __future__ import annotations

import sys
import threading

from dsm_desktop.app.application import Application
from dsm_desktop.workers.threads import Pool, ThreadPool

OWNED_KIND, AGENT_KIND = "desktop", "agent"


def run_agent(app: Application, stop: threading.Event, *, owned: bool, threads: int) -> None:
    """Run until `stop` is set, or, owned by a window, until standard input closes (the window is gone) or says "stop".

    Returns when running steps have ended and the rest is back in the queue.
    """
    runner = app.make_runner(OWNED_KIND if owned else AGENT_KIND, pool=_pool(threads), inhibit_sleep=True)
    runner.start()
    if owned:
        threading.Thread(target=_listen_to_window, args=(stop,), name="window", daemon=True).start()
        sys.stdout.write(f"ready {runner.id}\n")
        sys.stdout.flush()
    try:
        stop.wait()
    finally:
        runner.stop()


def _pool(threads: int) -> Pool:
    """Qt's pool where Qt is installed, else the standard library's."""
    try:
        from dsm_desktop.workers.pool import QtPool
    except ImportError:
        return ThreadPool(threads)
    return QtPool(threads)


def _listen_to_window(stop: threading.Event) -> None:
    """Any line, or the end of the pipe, means: stop after the steps that run."""
    sys.stdin.readline()
    stop.set()
