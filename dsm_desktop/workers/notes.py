"""Progress and log lines, gathered and written four times a second for all tasks together."""

from __future__ import annotations

import threading
from datetime import datetime

from dsm_desktop.store import steps
from dsm_desktop.store.unit_of_work import UnitOfWork

FLUSH_SECONDS = 0.25
_MESSAGE_LENGTH = 2000


class Notes:
    """Thread-safe. What `entry` takes out is written by the journal, which repeats until it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[int, tuple[int, int, int, int, str]] = {}
        self._lines: list[tuple[int, datetime, str, str]] = []

    def progress(self, task_id: int, token: int, done: int, total: int, message: str) -> None:
        """The newest progress of a task; earlier ones that were not written yet are forgotten."""
        with self._lock:
            self._progress[task_id] = (task_id, token, done, total, message[:_MESSAGE_LENGTH])

    def line(self, task_id: int, at: datetime, level: str, message: str) -> None:
        with self._lock:
            self._lines.append((task_id, at, level, message[:_MESSAGE_LENGTH]))

    def entry(self) -> _Gathered | None:
        """A journal entry with everything gathered so far, None when there is nothing."""
        with self._lock:
            if not self._progress and not self._lines:
                return None
            gathered = _Gathered(list(self._progress.values()), self._lines)
            self._progress, self._lines = {}, []
            return gathered


class _Gathered:
    def __init__(
        self, progress: list[tuple[int, int, int, int, str]], lines: list[tuple[int, datetime, str, str]]
    ) -> None:
        self._progress = progress
        self._lines = lines

    def __call__(self, uow: UnitOfWork) -> None:
        steps.note(uow, self._progress, self._lines)
