"""Network adapters and their ports as parts."""

from __future__ import annotations

from dsm_desktop.core.inventory import Part, PartKind
from dsm_desktop.redfish.compute import known
from dsm_desktop.redfish.documents import Doc
from dsm_desktop.redfish.values import dig, integer, objects, status, text


def adapter(doc: Doc) -> Part:
    """A NIC, FC or InfiniBand card. Manufacturer and model are blank for embedded NICs (Dell's own note)."""
    ident = text(doc.get("Id"))
    first = next(iter(objects(doc.get("Controllers"))), {})
    capabilities = dig(first, "ControllerCapabilities") or {}
    return Part(
        kind=PartKind.NIC,
        id=ident,
        name=text(doc.get("Model")) or ident,
        slot=ident,
        manufacturer=text(doc.get("Manufacturer")),
        model=text(doc.get("Model")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(first.get("FirmwarePackageVersion")),
        health=status(doc, rollup=True),
        detail=known(ports=integer(dig(capabilities, "NetworkPortCount"))),
    )


def interface(doc: Doc) -> Part:
    """A host port (partition). `detail`: mac, link (up, down), speed_mbps, ipv4 (needs iSM on Dell's)."""
    ident = text(doc.get("Id"))
    link = text(doc.get("LinkStatus")).lower().removeprefix("link")
    addresses = [text(item.get("Address")) for item in objects(doc.get("IPv4Addresses"))]
    return Part(
        kind=PartKind.PORT,
        id=ident,
        name=text(doc.get("Description")) or text(doc.get("Name")) or ident,
        slot=ident,
        health=status(doc),
        detail=known(
            mac=(text(doc.get("PermanentMACAddress")) or text(doc.get("MACAddress"))).lower(),
            link={"up": "up", "down": "down", "no": "down"}.get(link, link),
            speed_mbps=integer(doc.get("SpeedMbps")) or None,
            ipv4=", ".join(address for address in addresses if address),
        ),
    )
