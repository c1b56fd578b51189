"""Offline bundles: writes and reads the .zip a host updates from, laid out as VMware's and Dell's are.

index.xml names the vendor, vendor-index.xml the metadata.zip, which holds one XML per image profile and per VIB.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from dsm_desktop.simulator.esxi.image import BASE, LEVELS, Image, Vib

_TRUST: Final = dict(zip(("certified", "accepted", "partner", "community"), LEVELS, strict=True))
_WRITTEN: Final = {level: word for word, level in _TRUST.items()}
_CODES: Final = {"VMware, Inc.": "vmw", "Dell Inc.": "DEL"}


class BadDepot(Exception):
    """The file is no offline bundle; the text says why, as Python's zipfile would."""


def write_bundle(target: Path, images: list[Image], payload: bytes = b"simulated payload\n") -> Path:
    """Write an offline bundle with these image profiles; `payload` is the content of every VIB. Returns `target`."""
    first = images[0]
    vibs = {v.vib_id: v for image in images for v in image.vibs}
    metadata = io.BytesIO()
    with zipfile.ZipFile(metadata, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("vmware.xml", "<metadataResponse><version>3.0</version></metadataResponse>")
        for image in images:
            inner.writestr(f"profiles/{image.name}.xml", _profile_xml(image))
        for vib_id, vib in vibs.items():
            inner.writestr(f"vibs/{vib_id}.xml", _vib_xml(vib))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("index.xml", _index_xml(first.vendor))
        outer.writestr("vendor-index.xml", _vendor_xml(first.version))
        outer.writestr("metadata.zip", metadata.getvalue())
        for vib_id, vib in vibs.items():
            outer.writestr(f"vib20/{vib.name}/{vib_id}.vib", payload)
    return target


def read_bundle(source: Path) -> list[Image]:
    """The image profiles of an offline bundle. Raises BadDepot."""
    try:
        with zipfile.ZipFile(source) as outer:
            if "index.xml" not in outer.namelist():
                raise BadDepot("\"There is no item named 'index.xml' in the archive\"")
            with zipfile.ZipFile(io.BytesIO(outer.read("metadata.zip"))) as inner:
                names = inner.namelist()
                vibs = [_read_vib(inner.read(n)) for n in names if n.startswith("vibs/")]
                by_id = {v.vib_id: v for v in vibs}
                return [
                    _read_profile(inner.read(n), by_id) for n in sorted(names) if n.startswith("profiles/")
                ]
    except zipfile.BadZipFile as error:
        raise BadDepot("File is not a zip file") from error
    except KeyError as error:
        raise BadDepot(str(error)) from error


def _index_xml(vendor: str) -> str:
    root = ElementTree.Element("vendorList")
    entry = ElementTree.SubElement(root, "vendor")
    for tag, text in (
        ("name", vendor),
        ("code", _CODES.get(vendor, "vmw")),
        ("indexfile", "vendor-index.xml"),
        ("patchUrl", ""),
        ("relativePath", ""),
    ):
        ElementTree.SubElement(entry, tag).text = text
    content = ElementTree.SubElement(entry, "content")
    ElementTree.SubElement(content, "name").text = "VMware ESX"
    ElementTree.SubElement(content, "type").text = "http://www.vmware.com/depotmanagement/esx"
    return _text(root)


def _vendor_xml(version: str) -> str:
    root = ElementTree.Element("metaList")
    entry = ElementTree.SubElement(root, "metadata")
    for tag, text in (
        ("productId", "embeddedEsx"),
        ("version", version),
        ("locale", ""),
        ("url", "metadata.zip"),
    ):
        ElementTree.SubElement(entry, tag).text = text
    return _text(root)


def _profile_xml(image: Image) -> str:
    root = ElementTree.Element("imageprofile")
    for tag, text in (
        ("name", image.name),
        ("creator", image.vendor),
        ("creationTime", f"{image.created}.000000+00:00"),
        ("modifiedTime", f"{image.created}.000000+00:00"),
        ("statelessready", "True"),
        ("readonly", "True"),
        ("acceptancelevel", _WRITTEN[image.acceptance]),
        ("description", image.description),
    ):
        ElementTree.SubElement(root, tag).text = text
    listing = ElementTree.SubElement(root, "viblist")
    for vib in image.vibs:
        entry = ElementTree.SubElement(listing, "vib")
        ElementTree.SubElement(entry, "vib-id").text = vib.vib_id
    return _text(root)


def _vib_xml(vib: Vib) -> str:
    root = ElementTree.Element("vib", version="5.0")
    for tag, text in (
        ("type", "locker" if vib.name == "tools-light" else "bootbank"),
        ("name", vib.name),
        ("version", vib.version),
        ("vendor", vib.vendor),
        ("summary", vib.summary),
        ("description", vib.summary),
        ("release-date", f"{vib.created}T00:00:00.000000+00:00"),
        ("acceptance-level", _WRITTEN[vib.acceptance]),
        ("live-install-allowed", str(vib.live).lower()),
    ):
        ElementTree.SubElement(root, tag).text = text
    relations = ElementTree.SubElement(root, "relationships")
    for tag, names in (("depends", vib.requires), ("provides", vib.provides)):
        group = ElementTree.SubElement(relations, tag)
        for name in names:
            ElementTree.SubElement(group, "constraint", name=name)
    payloads = ElementTree.SubElement(root, "payloads")
    ElementTree.SubElement(payloads, "payload", name=vib.name[:8], type="tgz", size=str(vib.size))
    return _text(root)


def _read_vib(body: bytes) -> Vib:
    root = _parse(body)
    payload = root.find("payloads/payload")
    return Vib(
        root.findtext("name", ""),
        root.findtext("version", ""),
        root.findtext("vendor", ""),
        _TRUST[root.findtext("acceptance-level", "community")],
        root.findtext("release-date", "")[:10],
        tuple(c.get("name", "") for c in root.findall("relationships/depends/constraint")),
        tuple(c.get("name", "") for c in root.findall("relationships/provides/constraint")),
        root.findtext("live-install-allowed") == "true",
        int(payload.get("size", "0")) if payload is not None else 0,
        root.findtext("summary", ""),
    )


def _read_profile(body: bytes, vibs: dict[str, Vib]) -> Image:
    root = _parse(body)
    mine = tuple(vibs[e.text or ""] for e in root.findall("viblist/vib/vib-id"))
    base = next(v for v in mine if v.name == BASE)
    version, _, rest = base.version.partition("-")
    release, _, build = rest.rpartition(".")
    return Image(
        root.findtext("name", ""),
        version,
        build,
        release,
        mine,
        root.findtext("creator", ""),
        _TRUST[root.findtext("acceptancelevel", "community")],
        root.findtext("creationTime", "")[:19],
        root.findtext("description", ""),
    )


def _parse(body: bytes) -> ElementTree.Element:
    """The root of a document. Raises BadDepot for what is none, or declares entities."""
    if b"<!DOCTYPE" in body:
        raise BadDepot("Document type declarations are not supported")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - without a DOCTYPE there are no entities
    except ElementTree.ParseError as error:
        raise BadDepot(str(error)) from error


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
