"""Where this program keeps things on a machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def default_folder() -> Path:
    """Where an operator's profile lives: %LOCALAPPDATA%, or XDG's data folder. DSM_PROFILE overrides both."""
    if named := os.environ.get("DSM_PROFILE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "DSM Desktop"
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "dsm-desktop"


def private_file(place: Path, content: bytes) -> None:
    """Write a file that only its owner can read, also where it existed with wider rights. Raises OSError."""
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        if sys.platform != "win32":
            place.chmod(0o600)
        file.write(content)
