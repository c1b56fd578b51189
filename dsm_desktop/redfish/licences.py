"""Licences as parts: Dell's own collection where it is linked, else the standard LicenseService."""

from __future__ import annotations

from typing import Any

from dsm_desktop.core.inventory import Part, PartKind
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.compute import known
from dsm_desktop.redfish.documents import Doc, Documents, is_link_only, link
from dsm_desktop.redfish.values import dig, health, objects, status, text


def licence(doc: Doc) -> Part:
    """A licence. `name` is what it allows ("iDRAC9 15g Enterprise License"); `detail`: type, expires, installed."""
    ident = text(doc.get("EntitlementID")) or text(doc.get("EntitlementId")) or text(doc.get("Id"))
    described: Any = doc.get("LicenseDescription")
    name = text(described[0]) if isinstance(described, list) and described else text(described)
    own = health(doc.get("LicensePrimaryStatus"))
    return Part(
        PartKind.LICENCE,
        ident,
        name or text(doc.get("Description")) or text(doc.get("Name")) or ident,
        health=own if own.rank else status(doc),
        detail=known(
            type=text(doc.get("LicenseType")),
            expires=text(doc.get("LicenseEndDate")) or text(doc.get("ExpirationDate")),
            installed=text(doc.get("LicenseInstallDate")) or text(doc.get("InstallDate")),
        ),
    )


def read_licences(documents: Documents, root: Doc, manager: Doc) -> list[Part]:
    """All licences. The OEM collection carries whole members; LicenseService takes one GET more."""
    linked = dig(manager, "Links", "Oem", "Dell", "DellLicenseCollection")
    if isinstance(linked, dict):
        members = objects(linked.get("Members"))
        if members and not any(is_link_only(item) for item in members):
            return [licence(item) for item in members]
        return [licence(doc) for doc in documents.members(safe_path(linked.get("@odata.id")))]
    path = link(root, "LicenseService")
    if not path:
        return []
    service = documents.get(safe_path(path))
    found = link(service, "Licenses")
    return [licence(doc) for doc in documents.members(safe_path(found))] if found else []


def summary(parts: list[Part]) -> str:
    """The licence of the BMC itself in one line; "" when none is known."""
    names = [part.name for part in parts if part.kind is PartKind.LICENCE]
    return next((name for name in names if "idrac" in name.lower()), names[0] if names else "")
