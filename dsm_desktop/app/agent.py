"""The life of a runner process: with or without a window beside it."""

from __future__ import annotations

import threading
from typing import BinaryIO

from dsm_desktop.app.application import Application
from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.store.settings import load
from dsm_desktop.workers.inhibit import SleepInhibitor
from dsm_desktop.workers.process import serve_window, tell_awake
from dsm_desktop.workers.threads import Pool, ThreadPool

OWNED_KIND, AGENT_KIND = "desktop", "agent"


MOST_THREADS = 256
"""More of them only hold more half-read inventories in memory: one processor reads no faster."""


def run_agent(
    app: Application, stop: threading.Event, *, window: BinaryIO | None, threads: int | None = None
) -> None:
    """Run until `stop` is set, or, owned by a window, until its pipe says "stop" or, the window gone, the work is done.

    `threads` None = one for each call the settings allow at once, at most MOST_THREADS. Returns when running steps have ended and the rest is
    back in the queue.
    """
    kind = AGENT_KIND if window is None else OWNED_KIND
    threads = threads or min(load(app.store, NetworkSettings).in_all, MOST_THREADS)
    runner = app.make_runner(
        kind,
        pool=_pool(threads),
        inhibitor=SleepInhibitor(tell_awake if window is not None else lambda now: None),
        watch=True,
    )
    runner.start()
    app.media.serve_mounts()
    if window is not None:
        serve_window(runner, window, stop)
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
