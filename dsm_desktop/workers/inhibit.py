"""Keeps the computer awake while jobs run; the screen may go dark."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

_CONTINUOUS = 0x80000000
_SYSTEM_REQUIRED = 0x00000001


@dataclass(frozen=True, slots=True)
class Awake:
    """Whether sleep is held off now; `problem`: why it could not be, in the system's words, "" = it could."""

    held: bool = False
    problem: str = ""


def awake_words(now: Awake) -> str:
    """For people; "" where no job asks for it."""
    if now.problem:
        return (
            f"This computer may fall asleep while jobs run ({now.problem}): set it to stay awake before you leave it,"
            " or hand the work to an agent."
        )
    return "This computer is kept awake while jobs run; the screen may go dark." if now.held else ""


class SleepInhibitor:
    """`hold` and `release` may be called again and again. `told(Awake)` with every change; where the system offers no way the log
    says so, too, once.

    Windows: SetThreadExecutionState counts for the calling thread, so both are called on the runner's loop. Linux: a child
    `systemd-inhibit … cat` holds logind's lock until its standard input closes, so it ends with us even on kill -9.
    """

    def __init__(self, told: Callable[[Awake], None] = lambda now: None) -> None:
        self._tell = told
        self._held = False
        self._told = False
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def held(self) -> bool:
        """Whether sleep is really held off (without a logind the child ends at once)."""
        return self._held and (self._child is None or self._child.poll() is None)

    def hold(self) -> None:
        """Keep awake from now on."""
        if self._held or self._told:
            return
        try:
            self._held = self._begin()
            reason = "" if self._held else "this system offers no way"
        except OSError as error:
            reason = str(error)
        if reason:
            self._fail(reason)
        else:
            self._tell(Awake(held=True))

    def look(self) -> None:
        """Whether what was held still is: the system may refuse, or let go, a moment later."""
        if self._held and not self._told and not self.held:
            self._fail("systemd-inhibit was refused")

    def _fail(self, reason: str) -> None:
        self._told = True
        log.warning("the computer may fall asleep while jobs run: %s", reason)
        self._tell(Awake(problem=reason))

    def release(self) -> None:
        """Let it sleep again."""
        if not self._held:
            return
        self._held = False
        if sys.platform == "win32":
            _windows(_CONTINUOUS)
        elif self._child is not None:
            assert self._child.stdin is not None
            self._child.stdin.close()
            if self._child.wait(10) != 0 and not self._told:
                self._fail("systemd-inhibit was refused")
            self._child = None
        if not self._told:
            self._tell(Awake())

    def _begin(self) -> bool:
        if sys.platform == "win32":
            return _windows(_CONTINUOUS | _SYSTEM_REQUIRED)
        program = shutil.which("systemd-inhibit")
        if program is None:
            return False
        command = [
            program,
            "--what=sleep:idle",
            "--who=DSM Desktop",
            "--why=Jobs are running",
            "--mode=block",
            "cat",
        ]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._child = child
        return True


if sys.platform == "win32":
    import ctypes

    def _windows(flags: int) -> bool:
        return bool(ctypes.windll.kernel32.SetThreadExecutionState(flags))
else:

    def _windows(flags: int) -> bool:
        raise OSError(f"no execution state {flags:#x} on this system")
