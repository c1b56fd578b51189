"""Every call to a device is written down; a transport cannot be built without a recorder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class CallStart:
    """A request about to leave. `body` is already masked JSON or None; `path` carries no query secrets."""

    protocol: str
    host: str
    method: str
    path: str
    changing: bool
    body: Any = None


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What came back. `status` 0 = no answer; `latency_ms` wall time; `error` masked text; `answer` masked excerpt of an error body."""

    status: int
    latency_ms: float
    received_bytes: int = 0
    error: str = ""
    answer: Any = None


class Recorder(Protocol):
    """Writes calls down. `begin` of a *changing* call returns only when the row is on disk; otherwise rows are batched."""

    def begin(self, call: CallStart) -> int: ...
    def end(self, token: int, result: CallEnd) -> None: ...
