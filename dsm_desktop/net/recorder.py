"""The recorder every transport is built with (see core.calls), and one for tools that have no store."""

from __future__ import annotations

from dsm_desktop.core.calls import CallEnd, CallStart, Recorder

__all__ = ["CallEnd", "CallStart", "MemoryRecorder", "Recorder"]


class MemoryRecorder:
    """Keeps calls in a list: for tools and tests that have no store."""

    def __init__(self) -> None:
        self.calls: list[tuple[CallStart, CallEnd | None]] = []

    def begin(self, call: CallStart) -> int:
        self.calls.append((call, None))
        return len(self.calls) - 1

    def end(self, token: int, result: CallEnd) -> None:
        self.calls[token] = (self.calls[token][0], result)
