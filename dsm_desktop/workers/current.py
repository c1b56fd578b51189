"""Whose work the current pool thread does: for the recorder (which job and task made a call) and for the last check
before a request that changes a device leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """The task a thread works for; `renew` raises LostLease when it was taken over."""

    job_id: int
    task_id: int
    server_id: int | None
    renew: Callable[[], None]


_local = threading.local()


def current_work() -> Work | None:
    """The task this thread works for, None outside of one."""
    return getattr(_local, "work", None)


@contextmanager
def working_for(work: Work) -> Iterator[None]:
    """Mark this thread as working for a task."""
    _local.work = work
    try:
        yield
    finally:
        _local.work = None
