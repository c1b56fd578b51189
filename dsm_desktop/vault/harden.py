"""Making it harder to read secrets out of this process: no core dumps, no attaching by other programs of the same user."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def harden_process() -> list[str]:
    """Switch core dumps off and, on Linux, make the process undumpable; returns what could not be done, in words.

    Call it early in the runner and in whatever unlocks the vault. A debugger of the same user can no longer attach, and
    /proc/<pid>/mem and environ belong to root. On Windows core dumps are off unless an administrator turned them on.
    """
    if sys.platform == "win32":
        return []
    import resource

    missing = []
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        missing.append(f"core dumps stay on: {error}")
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            missing.append(f"other programs may attach: errno {ctypes.get_errno()}")
    return missing
