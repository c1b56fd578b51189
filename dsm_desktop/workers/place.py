"""Which process-id space this process lives in, so that two runners know whether they can see each other's processes."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import uuid
from pathlib import Path


def place() -> str:
    """ "host [mark]": equal marks mean one running system and one pid namespace (a container has its own)."""
    return f"{socket.gethostname()} [{_mark()}]"


def _mark() -> str:
    parts = [sys.platform]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append(f"{uuid.getnode():x}")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def process_is_gone(pid: int) -> bool:
    """True only when no process of this number exists here."""
    if sys.platform == "win32":
        return _gone_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Killed, and its parent has not asked for it yet: it runs nothing any more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


if sys.platform == "win32":
    import ctypes

    def _gone_on_windows(pid: int) -> bool:
        """OpenProcess fails with ERROR_INVALID_PARAMETER (87) for a number without a process."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = kernel.OpenProcess(0x1000, False, pid)
        if handle:
            code = ctypes.c_ulong()
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            kernel.CloseHandle(handle)
            return code.value != 259
        return ctypes.get_last_error() == 87
else:

    def _gone_on_windows(pid: int) -> bool:
        raise OSError(f"process {pid} is asked for the Windows way")
