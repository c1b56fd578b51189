"""Cells that a spreadsheet would take for a formula are text everywhere (OWASP "CSV injection")."""

from __future__ import annotations

_LIVE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

_INVISIBLE = " \n\v\f\x00\xa0\u200b\u200e\u200f\u2060\ufeff"


def harmless(text: str) -> str:
    """Text that no spreadsheet evaluates, also after a line break, blanks or signs without width inside the cell."""
    if text.lstrip(_INVISIBLE).startswith(_LIVE) or text.startswith(_LIVE):
        return "'" + text
    return text
