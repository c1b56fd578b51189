"""Progress and log lines, gathered and written four times a second for all tasks together."""

from __future__ import annotations

import threading
from datetime import datetime

from dsm_desktop.store import steps
from dsm_desktop.store.unit_of_work import UnitOfWork

FLUSH_SECONDS = 0.25
_MESSAGE_LENGTH = 2000

Progress = tuple[int, int, int, int, str]
"""Task, token, done, total, message."""
Line = tuple[int, datetime, str, str]
"""Task, time, level, message."""


class Notes:
    """Thread-safe. What `flush` takes out is written by the journal, which repeats until it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[int, Progress] = {}
        self._lines: list[Line] = []

    def progress(self, task_id: int, token: int, done: int, total: int, message: str) -> None:
        """The newest progress of a task; earlier ones that were not written yet are forgotten."""
        with self._lock:
            self._progress[task_id] = (task_id, token, done, total, message[:_MESSAGE_LENGTH])

    def line(self, task_id: int, at: datetime, level: str, message: str) -> None:
        with self._lock:
            self._lines.append((task_id, at, level, message[:_MESSAGE_LENGTH]))

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        with self._lock:
            return bool(self._progress or self._lines)

    def flush(self) -> Flush:
        """A journal entry with everything gathered until its turn comes."""
        return Flush(self)

    def take(self) -> tuple[list[Progress], list[Line]]:
        with self._lock:
            taken = list(self._progress.values()), self._lines
            self._progress, self._lines = {}, []
            return taken


class Flush:
    """Takes what is there when its turn comes, and the same again should it be repeated. Taken sooner, a note could be written
    after the end of its task, which takes none any more."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._taken: tuple[list[Progress], list[Line]] | None = None

    def __call__(self, uow: UnitOfWork) -> None:
        if self._taken is None:
            self._taken = self._notes.take()
        progress, lines = self._taken
        if progress or lines:
            steps.note(uow, progress, lines)
