"""Who asked for what: the media server's rows in the list of calls.

A BMC that boots from an ISO asks thousands of times for small parts of it. Equal requests of one peer are summed up into one
row: at once for the first, then once a minute while it goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.clock import Clock, SystemClock

PROTOCOL = "media"
NOT_OFFERED = "(not offered to this address)"
_SUM_SECONDS = 60.0
_TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """One request: `status` as answered, `path` without its token, `bytes` sent or received, `error` "" or why."""

    peer: str
    method: str
    path: str
    status: int
    bytes: int = 0
    ms: float = 0.0
    error: str = ""
    job_id: int | None = None
    server_id: int | None = None

    @property
    def kind(self) -> tuple[str, str, str, int, str]:
        return (self.peer, self.method, self.path, self.status, self.error)


@dataclass(frozen=True, slots=True)
class Row:
    """`requests` equal requests since `at`, summed up."""

    first: Access
    at: datetime
    requests: int
    bytes: int
    ms: float


@dataclass(slots=True)
class _Sum:
    first: Access
    since: float
    at: datetime
    requests: int = 0
    bytes: int = 0
    ms: float = 0.0


class AccessLog:
    """Sums up and writes from a thread of its own, so that no transfer waits for the store."""

    def __init__(self, write: Callable[[list[Row]], None], *, clock: Clock | None = None) -> None:
        self._write = write
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str, str, int, str], _Sum] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="media-log", daemon=True)
        self._thread.start()

    def note(self, access: Access) -> None:
        """A request was answered."""
        with self._lock:
            held = self._sums.get(access.kind)
            if held is None:
                # Due at once: the first is seen without delay.
                since = self._clock.monotonic() - _SUM_SECONDS
                held = self._sums[access.kind] = _Sum(access, since, self._clock.now())
            elif not held.requests:
                held.at = self._clock.now()
            held.requests += 1
            held.bytes += access.bytes
            held.ms += access.ms

    def close(self) -> None:
        """Write the rest and end."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            last = self._stop.wait(_TICK_SECONDS)
            rows = self._due(everything=last)
            if rows:
                self._write(rows)
            if last:
                return

    def _due(self, *, everything: bool) -> list[Row]:
        now, rows = self._clock.monotonic(), []
        with self._lock:
            for kind, held in list(self._sums.items()):
                if not everything and now - held.since < _SUM_SECONDS:
                    continue
                if held.requests:
                    rows.append(Row(held.first, held.at, held.requests, held.bytes, held.ms))
                    held.requests = held.bytes = 0
                    held.ms, held.since = 0.0, now
                else:
                    del self._sums[kind]
        return rows


def call_of(row: Row) -> tuple[CallStart, CallEnd]:
    """The row as the list of calls has it; `received_bytes` are those the peer was sent (or sent us)."""
    first = row.first
    answer = {"requests": row.requests, "bytes": row.bytes} if row.requests > 1 else None
    return (
        CallStart(PROTOCOL, first.peer, first.method, first.path, changing=False),
        CallEnd(first.status, row.ms, row.bytes, first.error, answer),
    )


def monotonic_ms(since: float) -> float:
    """Milliseconds since a moment of `time.monotonic`."""
    return (time.monotonic() - since) * 1000.0
