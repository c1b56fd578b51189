"""Where files lie that come with the program and are no Python: icons, fonts, the manual and its pictures."""

from __future__ import annotations

import sys
from pathlib import Path


def shipped(folder: str) -> Path:
    """A folder that comes with the program ("resources", "docs/guide"): beside the package in a checkout, in the bundle of
    the installed program, under the same name in both."""
    bundle = getattr(sys, "_MEIPASS", None)
    return (Path(bundle) if bundle else Path(__file__).resolve().parents[2]) / folder
