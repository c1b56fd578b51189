"""Single values out of documents whose types cannot be relied on: null, "", "NA", 255 and strings for numbers all occur."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from dsm_desktop.core.inventory import Scalar
from dsm_desktop.core.states import Health, PowerState

_NOTHING = {"", "na", "n/a", "none", "null", "not available", "notavailable", "unknown"}


def text(value: Any) -> str:
    """The trimmed text of a scalar; "" for null, containers and ways of saying nothing."""
    if isinstance(value, str):
        value = " ".join(value.split())
        return "" if value.lower() in _NOTHING else value[:1024]
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, int | float) else ""


def whole(value: Any) -> str:
    """A text as it was sent, of any length: files and keys that stand in a document."""
    return value if isinstance(value, str) else ""


def scalars(attributes: Any) -> dict[str, Scalar]:
    """Plain values by name of an Attributes object."""
    if not isinstance(attributes, dict):
        return {}
    return {
        str(name): value
        for name, value in attributes.items()
        if value is None or isinstance(value, str | int | float | bool)
    }


def number(value: Any) -> float | None:
    """A finite number, also from a string; None otherwise."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < 1e18 and found == found else None


def integer(value: Any) -> int | None:
    """A whole number or None."""
    found = number(value)
    return int(found) if found is not None else None


def dig(doc: Any, *names: str) -> Any:
    """The value below nested objects, or None."""
    for name in names:
        if not isinstance(doc, dict):
            return None
        doc = doc.get(name)
    return doc


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; anything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_HEALTH = {
    "ok": Health.OK,
    "warning": Health.WARNING,
    "degraded": Health.WARNING,
    "critical": Health.CRITICAL,
    "error": Health.CRITICAL,
    "fatal": Health.CRITICAL,
    "informational": Health.OK,
}


def health(value: Any) -> Health:
    """Of "OK" / "Warning" / "Critical" or Dell's "Degraded" / "Error"; UNKNOWN for anything else."""
    return _HEALTH.get(value.lower(), Health.UNKNOWN) if isinstance(value, str) else Health.UNKNOWN


def status(doc: Any, *, rollup: bool = False) -> Health:
    """Health of a document's Status; with `rollup` the worst of own and rolled-up."""
    own = health(dig(doc, "Status", "Health"))
    return Health.worst([own, health(dig(doc, "Status", "HealthRollup"))]) if rollup else own


_POWER = {
    "on": PowerState.ON,
    "off": PowerState.OFF,
    "poweringon": PowerState.POWERING_ON,
    "poweringoff": PowerState.POWERING_OFF,
    "paused": PowerState.ON,
}


def power_state(value: Any) -> PowerState:
    """Redfish PowerState; UNKNOWN for anything else."""
    return _POWER.get(value.lower(), PowerState.UNKNOWN) if isinstance(value, str) else PowerState.UNKNOWN


_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?$")


def moment(value: Any) -> datetime | None:
    """An ISO time as aware UTC; a time without offset is taken as UTC; None for nonsense (year 0, hour 24)."""
    match = _TIME.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        stamp = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
        zone = match[7]
        if zone and zone != "Z":
            hours, minutes = int(zone[1:3]), int(zone[-2:])
            offset = timedelta(hours=hours, minutes=minutes)
            stamp = stamp - offset if zone[0] == "+" else stamp + offset
    except (ValueError, OverflowError):
        return None
    return stamp


def reading(value: Any) -> float | None:
    """A sensor's number; Dell's 255 for "not available" is left to the caller, who knows the property."""
    return number(value)
