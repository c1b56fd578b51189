"""Dell's flat attributes of iDRAC, system and Lifecycle Controller (iDRAC9 and newer): read, and changed at once without a job.

Any reader of the device sees every user's hashes, salts and IPMI keys here; they are dropped before anything else is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dsm_desktop.core.inventory import Scalar
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import link, links
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.values import dig, scalars, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """One DellAttributes document. `component` is its FQDD, `attributes` without anything secret."""

    component: str
    uri: str
    registry: str
    attributes: dict[str, Scalar] = field(repr=False)


def attribute_uris(client: RedfishClient) -> dict[str, str]:
    """Component → path, as the manager links them; the alias of early iDRAC9 where it does not. Raises Unsupported (iDRAC7/8)."""
    manager = client.manager()
    found = {
        path.rpartition("/")[2]: path
        for path in links(dig(manager, "Links", "Oem", "Dell", "DellAttributes"))
    }
    if not found and (alias := link(manager, "Attributes") or link(manager, "Oem", "Dell", "Attributes")):
        found = {text(manager.get("Id")) or "iDRAC.Embedded.1": alias}
    if not found:
        raise Unsupported(
            "this iDRAC shows no attributes over Redfish",
            hint="iDRAC7 and 8 have them in configuration profiles only (SCP).",
            where=client.transport.name,
        )
    return {component: safe_path(path, where=client.transport.name) for component, path in found.items()}


def read_attributes(client: RedfishClient, components: tuple[str, ...] = ()) -> list[AttributeGroup]:
    """The groups of these components (all for none): one GET each, 1,100 attributes in 50 kB for the iDRAC."""
    groups = []
    for component, uri in attribute_uris(client).items():
        if components and component not in components:
            continue
        try:
            doc = client.get(uri, slow=True)
        except Missing:
            continue
        values = {n: v for n, v in scalars(doc.get("Attributes")).items() if not is_secret_attribute(n)}
        groups.append(AttributeGroup(component, uri, text(doc.get("AttributeRegistry")), values))
    return groups


def write_attributes(client: RedfishClient, uri: str, values: Mapping[str, Any]) -> list[str]:
    """PATCH of some attributes. Returns what the device complains about although it said yes (iDRAC10: 200 with an error inside).

    One bad key is a 400, and whether the good ones were applied depends on the firmware: always read back.
    """
    try:
        client.call("PATCH", uri, {"Attributes": dict(values)}, timeout=120)
    except RedfishError as error:
        if error.status >= 300:
            raise
        return [error.message]
    return []
