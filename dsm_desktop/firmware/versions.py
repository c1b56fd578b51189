"""Which of two firmware versions is newer, where that can be said at all.

Vendors number in many ways (7.00.30.00, 51.16.0-5150, KA0A, 09.2B.80, A05). Versions of unlike shape have no order: called
"downgrade" by a comparer that orders them as text, they have stopped updates that were due.
"""

from __future__ import annotations

import enum
import re

_SPLIT = re.compile(r"[._\-+/\s]+")
_NOTHING = {"", "NA", "N/A", "NOT AVAILABLE", "UNKNOWN", "NONE", "NULL"}
_DIGITS = re.compile(r"[0-9]+\Z")
_HEX = re.compile(r"[0-9A-F]{1,4}\Z")
_LETTERED = re.compile(r"([A-Z]+)([0-9][0-9A-Z]*)?\Z")


class Order(enum.StrEnum):
    """Of an offered version to the installed one."""

    SAME = "same"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    UNKNOWN = "unknown"


def compare(installed: str, offered: str) -> Order:
    """What installing `offered` over `installed` would be."""
    if not known(installed) or not known(offered):
        return Order.UNKNOWN
    old, new = _tokens(installed), _tokens(offered)
    if old == new:
        return Order.SAME
    if not _alike(old, new):
        return Order.UNKNOWN
    before, after = _ranked(old, new)
    if before == after:
        return Order.SAME
    return Order.UPGRADE if after > before else Order.DOWNGRADE


def known(version: str) -> bool:
    """Whether it says anything."""
    return version.strip().upper() not in _NOTHING and bool(_tokens(version))


def _tokens(version: str) -> tuple[str, ...]:
    """Upper case, without leading zeros and without zero tokens at the end: 1.0.0 is 1."""
    found = [t.lstrip("0") or "0" for t in _SPLIT.split(version.strip().upper()) if t]
    while len(found) > 1 and found[-1] == "0":
        found.pop()
    return tuple(found)


def _alike(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether the two are numbered in one way."""
    if _all(_DIGITS, old) and _all(_DIGITS, new):
        return True
    first = _LETTERED.match(old[0]), _LETTERED.match(new[0])
    if first[0] and first[1]:
        same_prefix = first[0][1] == first[1][1]
        return same_prefix and _all(_DIGITS, old[1:]) and _all(_DIGITS, new[1:])
    # Hex only where both have several parts of a few digits each and begin with a digit: 09.2B.80.
    several = len(old) == len(new) > 1
    digit_first = old[0][0].isdigit() and new[0][0].isdigit()
    return several and digit_first and _all(_HEX, old) and _all(_HEX, new)


def _all(shape: re.Pattern[str], tokens: tuple[str, ...]) -> bool:
    return all(shape.match(token) for token in tokens)


def _ranked(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Both as lists of texts of equal length, which then compare as numbers do."""
    length = max(len(old), len(new))
    pairs = [(old[n] if n < len(old) else "0", new[n] if n < len(new) else "0") for n in range(length)]
    if _LETTERED.match(old[0]):
        pairs[0] = _without_letters(old[0]), _without_letters(new[0])
    widths = [max(len(a), len(b)) for a, b in pairs]
    return (
        [a.zfill(width) for (a, _), width in zip(pairs, widths, strict=True)],
        [b.zfill(width) for (_, b), width in zip(pairs, widths, strict=True)],
    )


def _without_letters(token: str) -> str:
    """Of KA9 and KA0A, whose letters are the same: what is numbered."""
    match = _LETTERED.match(token)
    return (match[2] or "0") if match else token
