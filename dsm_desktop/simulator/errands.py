"""What a device does over the network by itself: opening an image, reading it at boot, pushing a file to a share.

Such work waits for others, so it runs in threads beside the site's own; what follows from it runs in the site's thread again.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
THREADS: Final = 8
_log = logging.getLogger(__name__)


class Errands:
    """The threads of one site. `stopping` is set when the site ends; long work looks at it between two requests."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[], None]) -> None:
        """Do `work` in a thread, then call `then` with its result in the site's thread, or `failed` when it broke."""
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="simulated-errand")

        def done(future: Future[T]) -> None:
            if not future.cancelled() and not loop.is_closed():
                loop.call_soon_threadsafe(finish, future)

        def finish(future: Future[T]) -> None:
            error = future.exception()
            if error is None:
                then(future.result())
            else:
                _log.error("an errand of a simulated iDRAC failed", exc_info=error)
                failed()

        self._pool.submit(work).add_done_callback(done)

    def trusting(self) -> ssl.SSLContext:
        """A client context that checks no certificate, as an iDRAC does with shares unless it is told to."""
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context()
                self._context.check_hostname = False
                self._context.verify_mode = ssl.CERT_NONE
            return self._context

    def close(self) -> None:
        """Let running work end soon, and wait for it."""
        self.stopping.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
