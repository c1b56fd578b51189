"""Cells that a spreadsheet would take for a formula are text everywhere (OWASP "CSV injection")."""

from __future__ import annotations

_LIVE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Text that no spreadsheet evaluates, also after a line break or leading blanks inside the cell."""
    if text.lstrip(" \n").startswith(_LIVE) or text.startswith(_LIVE):
        return "'" + text
    return text
