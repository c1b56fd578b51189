"""The firmware inventory, once per FQDD: what runs, what is kept for rollback, what was pushed and not applied."""

from __future__ import annotations

import re

from dsm_desktop.core.inventory import Firmware, FirmwareState
from dsm_desktop.redfish.documents import Doc
from dsm_desktop.redfish.values import dig, text

_ID = re.compile(
    r"(?P<state>Current|Installed|Previous|Available)-(?P<software>[^-]*)-(?P<version>.*?)(?:__(?P<fqdd>.+))?\Z"
)
_STATES = {
    "Installed": FirmwareState.INSTALLED,
    "Current": FirmwareState.INSTALLED,
    "Previous": FirmwareState.PREVIOUS,
    "Available": FirmwareState.AVAILABLE,
}


def firmware(doc: Doc) -> Firmware:
    """One entry. Dell's id is "<state>-<software id>-<version>__<FQDD>" (iDRAC8 without FQDD); others count as installed."""
    ident = text(doc.get("Id"))
    match = _ID.match(ident)
    dell = dig(doc, "Oem", "Dell", "DellSoftwareInventory") or {}
    pci = [text(dig(dell, name)) for name in ("VendorID", "DeviceID", "SubVendorID", "SubDeviceID")]
    software = (
        text(doc.get("SoftwareId")) or text(dig(dell, "ComponentID")) or (match["software"] if match else "")
    )
    return Firmware(
        id=ident,
        fqdd=(match["fqdd"] or "") if match else ident,
        name=text(doc.get("Name")) or text(dig(dell, "ElementName")) or ident,
        version=text(doc.get("Version")) or (match["version"] if match else ""),
        state=_STATES[match["state"]] if match else FirmwareState.INSTALLED,
        component_id="" if software == "0" else software,
        component_type=text(dig(dell, "ComponentType")),
        updateable=doc.get("Updateable") is True,
        installed_at=text(dig(dell, "InstallationDate")),
        pci_ids=":".join(pci) if any(pci) else "",
    )


def once_per_fqdd(members: list[Doc]) -> tuple[Firmware, ...]:
    """All entries, each device's running version once: "Current" and "Installed" name the same thing, Installed wins."""
    found: dict[tuple[str, ...], Firmware] = {}
    for doc in members:
        entry = firmware(doc)
        place = entry.fqdd or f"{entry.component_id}/{entry.name}"
        key = (
            (place, entry.state)
            if entry.state is FirmwareState.INSTALLED
            else (place, entry.state, entry.version)
        )
        if not entry.fqdd:
            key = (*key, entry.version)
        earlier = found.get(key)
        if earlier is None or (earlier.id.startswith("Current-") and not entry.id.startswith("Current-")):
            found[key] = entry
    return tuple(found.values())
