"""What differs between two dated inventories of a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsm_desktop.core.inventory import FirmwareState, Inventory, Part


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what` part | firmware | setting; `how` added | removed | changed; `subject` names the thing
    ("drive Bay 7"); `before` and `after` in words."""

    what: str
    how: str
    subject: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, and the gaps of either read: what could not be read is not to be called removed."""

    changes: tuple[Change, ...]
    gaps: tuple[str, ...]


def diff(older: Inventory, newer: Inventory) -> Difference:
    """Parts added, removed, exchanged (serial number, model, firmware, health), firmware versions, settings."""
    parts = _compare("part", _parts(older), _parts(newer))
    firmware = _compare("firmware", _firmware(older), _firmware(newer))
    settings = _compare(
        "setting",
        {k: str(v) for k, v in older.settings.items()},
        {k: str(v) for k, v in newer.settings.items()},
    )
    return Difference((*parts, *firmware, *settings), tuple(dict.fromkeys((*older.gaps, *newer.gaps))))


def _compare(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    found = []
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject), after.get(subject)
        if old != new:
            how = "added" if old is None else "removed" if new is None else "changed"
            found.append(Change(what, how, subject, old or "", new or ""))
    return found


def _parts(inventory: Inventory) -> dict[str, str]:
    return {f"{p.kind.value} {p.slot or p.id}": _words(p) for p in inventory.parts}


def _words(part: Part) -> str:
    said = (part.model or part.name, part.part_number, part.serial_number, part.firmware, part.health.value)
    return " · ".join(w for w in said if w and w != "unknown")


def _firmware(inventory: Inventory) -> dict[str, str]:
    installed = (f for f in inventory.firmware if f.state is FirmwareState.INSTALLED)
    return {f"{f.name} ({f.fqdd})" if f.fqdd else f.name: f.version for f in installed}
