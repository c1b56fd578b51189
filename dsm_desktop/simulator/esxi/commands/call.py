"""One command being carried out: on which host, for whom, with which words, and how it may wait."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Final

from dsm_desktop.simulator.esxi.machine import Esxi

POLL: Final = 0.02
"""Real seconds between two looks at a condition."""


class Stopped(Exception):
    """The command ends here: its session is gone, the user pressed Ctrl-C, or the host went down."""


@dataclasses.dataclass(slots=True)
class Signals:
    """What ends commands of a session. `halt` is the end of the host or the server, `hangup` that of the session."""

    halt: threading.Event = dataclasses.field(default_factory=threading.Event)
    hangup: threading.Event = dataclasses.field(default_factory=threading.Event)
    interrupt: threading.Event = dataclasses.field(default_factory=threading.Event)


@dataclasses.dataclass(slots=True)
class Result:
    """What a command leaves: text for standard output and error, and its exit status."""

    out: str = ""
    err: str = ""
    status: int = 0

    def __add__(self, other: Result) -> Result:
        return Result(self.out + other.out, self.err + other.err, other.status)


@dataclasses.dataclass(slots=True)
class Call:
    """A command. `words` are its name and arguments, `line` as typed, `detached` when it outlives its session (nohup, &)."""

    host: Esxi
    user: str
    words: list[str]
    line: str
    stdin: str = ""
    folder: str = "/"
    detached: bool = False
    signals: Signals = dataclasses.field(default_factory=Signals)

    @property
    def via(self) -> str:
        """For the journal."""
        return f"SSH {self.line}"

    def wait(self, done: Callable[[], bool], simulated: float = 0.0) -> bool:
        """Wait until `done`, at most so many simulated seconds (0: any); False when they are over. Raises Stopped."""
        clock = self.host.clock
        end = clock.now() + simulated
        while True:
            if done():
                return True
            if simulated and clock.now() >= end:
                return False
            signals = self.signals
            if signals.halt.is_set() or signals.interrupt.is_set():
                raise Stopped
            if signals.hangup.is_set() and not self.detached:
                raise Stopped
            time.sleep(POLL)

    def sleep(self, simulated: float) -> None:
        """Let simulated time pass. Raises Stopped."""
        end = self.host.clock.now() + simulated
        self.wait(lambda: self.host.clock.now() >= end)
