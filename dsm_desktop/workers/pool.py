"""The runner's QThreadPool: the only place outside the window that knows Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from PySide6.QtCore import QThreadPool

T = TypeVar("T")

_NO_EXPIRY = -1
_STACK_BYTES = 1024 * 1024


class QtPool:
    """A QThreadPool of its own (the global one has only as many threads as the machine has cores)."""

    def __init__(self, size: int) -> None:
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(size)
        self._pool.setExpiryTimeout(_NO_EXPIRY)
        # Hundreds of threads wait for devices; the usual 8 MB each would be refused where memory may not be promised twice.
        self._pool.setStackSize(_STACK_BYTES)
        self._lock = threading.Lock()
        self._waiting: set[Future[Any]] = set()

    @property
    def size(self) -> int:
        return self._pool.maxThreadCount()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            with self._lock:
                self._waiting.discard(future)
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - carried to whoever waits for the future
                future.set_exception(error)

        with self._lock:
            self._waiting.add(future)
        self._pool.start(run)
        return future

    def close(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for future in waiting:
            future.cancel()
        self._pool.waitForDone(-1)
