"""package.xml of an update package, read without trusting it.

UTF-16 and UTF-8 both occur, and the declared encoding is often wrong: the byte order mark decides. Any DOCTYPE is refused,
because no real package has one and every XML bomb needs one.
"""

from __future__ import annotations

import codecs
import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from dsm_desktop.firmware.errors import PackageHostile, PackageXmlBroken
from dsm_desktop.firmware.identity import Device, Identity, PackageForm, SupportedSystem

LARGEST = 20 << 20
_MOST_ELEMENTS = 200_000
_DEEPEST = 64
_MOST_LISTED = 20_000
_PCI = ("vendorID", "deviceID", "subVendorID", "subDeviceID")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_identity(data: bytes, form: PackageForm, where: str) -> Identity:
    """The identity in a package.xml. Raises PackageXmlBroken, PackageHostile."""
    if len(data) > LARGEST:
        raise PackageHostile(
            f"Its package.xml has {len(data)} bytes; real ones have a few hundred kB.", where=where
        )
    root = _parsed(_text(data, where), where)
    if root.tag != "SoftwareComponent":
        raise PackageXmlBroken(
            f"Its package.xml describes a '{root.tag[:40]}', no SoftwareComponent.",
            hint="Use the package for PowerEdge servers from the vendor's support page.",
            where=where,
        )
    return Identity(
        form=form,
        told_by="package.xml",
        name=_said(root.find("Name")),
        package_id=root.get("packageID", "").strip(),
        vendor_version=root.get("vendorVersion", "").strip(),
        dell_version=root.get("dellVersion", "").strip(),
        component_type=_value(root, "ComponentType"),
        category=_said(root.find("LUCategory")) or _said(root.find("Category")),
        package_type=root.get("packageType", "").strip(),
        release_date=(root.get("dateTime") or root.get("releaseDate") or "").strip()[:40],
        description=_said(root.find("Description"))[:2000],
        criticality=_number(_value(root, "Criticality")),
        reboot_required=_truth(root.get("rebootRequired")),
        devices=tuple(_devices(root)),
        systems=tuple(_systems(root)),
    )


def _text(data: bytes, where: str) -> str:
    """Decoded by the byte order mark; without one UTF-16LE is known by its zeros, the rest is UTF-8, else Latin-1."""
    encoding, start = "", 0
    for bom, name in _BOMS:
        if data.startswith(bom):
            encoding, start = name, len(bom)
            break
    if not encoding:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-8"
    try:
        text = data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or start:
            raise PackageXmlBroken(
                f"Its package.xml is no {encoding} text: {error.reason} at byte {error.start}.",
                hint="The file is damaged; copy it anew.",
                where=where,
            ) from None
        text = data.decode("latin-1")
    return _DECLARATION.sub("", text, count=1)


def _parsed(text: str, where: str) -> Element:
    parser = expat.ParserCreate("utf-8")
    builder = TreeBuilder()
    depth = count = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _DEEPEST or count > _MOST_ELEMENTS:
            raise PackageHostile("Its package.xml is nested or long beyond all sense.", where=where)
        builder.start(_bare(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_bare(name))

    def doctype(*_: object) -> None:
        raise PackageHostile(
            "Its package.xml declares a DOCTYPE, as only XML bombs do.",
            hint="Do not use this file; get it anew from its source.",
            where=where,
        )

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", errors="surrogatepass"), True)
    except expat.ExpatError as error:
        raise PackageXmlBroken(
            f"Its package.xml is not well-formed: {expat.ErrorString(error.code)}, line {error.lineno}.",
            hint="The file is damaged; copy it anew.",
            where=where,
        ) from None
    return builder.close()


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _devices(root: Element) -> list[Device]:
    found = []
    for node in root.findall("SupportedDevices/Device")[:_MOST_LISTED]:
        pci = [":".join(_hex(info.get(key, "")) for key in _PCI) for info in node.findall("PCIInfo")]
        found.append(
            Device(
                component_id=node.get("componentID", "").strip(),
                name=_said(node),
                pci=tuple(dict.fromkeys(p for p in pci if p.strip(":"))),
            )
        )
    return found


def _systems(root: Element) -> list[SupportedSystem]:
    found: dict[str, SupportedSystem] = {}
    for brand in root.findall("SupportedSystems/Brand"):
        label = _said(brand)
        for model in brand.findall("Model"):
            ident = _hex(model.get("systemID", ""))
            if ident and len(found) < _MOST_LISTED:
                found.setdefault(ident, SupportedSystem(system_id=ident, name=_said(model), brand=label))
    return list(found.values())


def _hex(value: str) -> str:
    """Four digits in upper case: old files have three."""
    value = value.strip().upper()
    return value.zfill(4) if value else ""


def _said(node: Element | None) -> str:
    """The Display text below a node."""
    if node is None:
        return ""
    return " ".join((node.findtext("Display") or "").split())[:400]


def _value(root: Element, name: str) -> str:
    node = root.find(name)
    return node.get("value", "").strip() if node is not None else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _truth(text: str | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").strip().lower())
