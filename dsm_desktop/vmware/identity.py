"""Which machine a host runs on, as vCenter shows it.

The order of the sources is that of the public inventory tools; `EnclosureSerialNumberTag` comes last because on modular
servers it may be the chassis's tag.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dsm_desktop.core.service_tags import clean_tag

_KEYS = ("ServiceTag", "SerialNumberTag", "EnclosureSerialNumberTag")


def service_tag(serial: str, identifiers: Iterable[Any]) -> str:
    """From `hardware.systemInfo.serialNumber` and `summary.hardware.otherIdentifyingInfo` (a key may come many times)."""
    if tag := clean_tag(serial):
        return tag
    found: dict[str, str] = {}
    for item in identifiers:
        key = str(getattr(item.identifierType, "key", "") or "")
        tag = clean_tag(str(item.identifierValue or ""))
        if tag:
            found.setdefault(key, tag)
    return next((found[key] for key in _KEYS if key in found), "")
