"""The pool of threads in which blocking work runs: what the engine asks of one, and the plain one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Pool(Protocol):
    """`size` threads; `submit` never blocks; `close` waits for what runs and drops what waits."""

    @property
    def size(self) -> int: ...
    def submit(self, work: Callable[[], T]) -> Future[T]: ...
    def close(self) -> None: ...


class ThreadPool:
    """The standard library's pool: for tests and for machines without Qt."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="work")

    @property
    def size(self) -> int:
        return self._size

    def submit(self, work: Callable[[], T]) -> Future[T]:
        return self._pool.submit(work)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
