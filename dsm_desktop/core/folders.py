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
