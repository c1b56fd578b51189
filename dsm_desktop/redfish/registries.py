"""The device's own message registry: what each of its message ids means, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.values import objects, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


def message_registry(client: RedfishClient) -> tuple[str, str] | None:
    """(its name with version, such as "IDRAC.2.7.0", the path of the registry itself); None where the device has none of its own.

    The Base registry of the standard is no help: it explains answers, not log entries.
    """
    path = link(client.root(), "Registries")
    try:
        members = client.documents.members(safe_path(path)) if path else []
    finally:
        client.documents.forget()
    for doc in members:
        name = text(doc.get("Registry"))
        if name.upper().startswith("IDRAC") and text(doc.get("Id")).lower() == "messages":
            uri = next((text(place.get("Uri")) for place in objects(doc.get("Location"))), "")
            if uri:
                return name, safe_path(uri, where=client.transport.name)
    return None


def read_registry(client: RedfishClient, path: str) -> Doc:
    """The registry: 3 MB and 5,500 messages on an iDRAC9, some seconds."""
    return client.get(path, slow=True)
