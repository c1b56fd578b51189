"""Keeps the computer awake while jobs run; the screen may go dark."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys

log = logging.getLogger(__name__)

_CONTINUOUS = 0x80000000
_SYSTEM_REQUIRED = 0x00000001


class SleepInhibitor:
    """`hold` and `release` may be called again and again. Where the system offers no way it says so in the log, once.

    Windows: SetThreadExecutionState counts for the calling thread, so both are called on the runner's loop. Linux: a child
    `systemd-inhibit … cat` holds logind's lock until its standard input closes, so it ends with us even on kill -9.
    """

    def __init__(self) -> None:
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
            self._told = True
            log.warning("the computer may fall asleep while jobs run: %s", reason)

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
                self._told = True
                log.warning(
                    "the computer could have fallen asleep while jobs ran: systemd-inhibit was refused"
                )
            self._child = None

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
