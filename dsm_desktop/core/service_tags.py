"""Dell service tags: what one looks like, and the one that Dell's SMBIOS uuid holds."""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Z0-9]{5,7}\Z")
_NONE = {"UNKNOWN", "NONE", "NULL", "DEFAULT", "XXXXXXX", "0000000"}
_DELL = bytes.fromhex("4c4c4544")
_DELL_SWAPPED = bytes.fromhex("44454c4c")


def clean_tag(text: str) -> str:
    """A service tag in capitals; "" for what is none (blank, "Unknown", a board serial)."""
    tag = text.strip().upper()
    return tag if _TAG.match(tag) and tag not in _NONE else ""


def tag_in_uuid(uuid: str) -> str:
    """The service tag in a Dell machine's uuid, "" where there is none.

    "4c4c4544-0053-4710-8037-c2c04f4b5032" is BSG7KP2 (R640): its seven characters stand in bytes 10 (with the highest bit
    set), 5, 6, 9, 13, 14 and 15. Some tools show the first three groups the other way round.
    """
    try:
        raw = bytes.fromhex(uuid.replace("-", ""))
    except ValueError:
        return ""
    if len(raw) != 16:
        return ""
    if raw.startswith(_DELL_SWAPPED):
        raw = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    if not raw.startswith(_DELL):
        return ""
    letters = bytes([raw[10] & 0x7F, raw[5], raw[6], raw[9], raw[13], raw[14], raw[15]])
    return clean_tag(letters.decode("ascii", "replace"))
