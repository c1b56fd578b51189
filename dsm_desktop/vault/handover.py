"""Handing the open keys to the runner the window starts: through its standard input, never arguments or environment.

Arguments and environment of a process can be read in /proc by every program of the same user, and end up in listings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any, ClassVar

from dsm_desktop.vault.site_key import SiteKey, SiteKeyLost, WrongSiteKey, keys_from_lines

_END = b"end of keys\n"
_MAX_LINES = 64


def hand_over(keys: Iterable[SiteKey], pipe: IO[bytes]) -> None:
    """Write the keys and an end line to a child's standard input; the pipe stays open for other uses."""
    for key in keys:
        line = key.as_line()
        pipe.write(line)
        line[:] = bytes(len(line))
    pipe.write(_END)
    pipe.flush()


class HandedOverProvider:
    """Keys read from the parent's pipe. Give an unbuffered stream (`sys.stdin.buffer.raw`) so no copy stays in a buffer."""

    slot: ClassVar[str] = "handover"

    def __init__(self, pipe: IO[bytes]) -> None:
        """Reads until the end line. Raises SiteKeyLost if the pipe closes first, WrongSiteKey for anything else."""
        self._keys: dict[str, SiteKey] = {}
        for _ in range(_MAX_LINES):
            line = bytearray(pipe.readline(256))
            if line == _END:
                return
            if not line.endswith(b"\n"):
                raise SiteKeyLost(
                    "The parent process closed before it handed over the key.", hint="Start it again."
                )
            for key in keys_from_lines(line, where="standard input"):
                self._keys[key.key_id] = key
        raise WrongSiteKey("Too many keys came from the parent process.", where="standard input")

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        """Each key is given once, so that one copy is in memory."""
        key = self._keys.pop(key_id, None)
        if key is None:
            raise SiteKeyLost(
                "The parent process handed over no key for this store.", hint="Unlock there again."
            )
        return key
