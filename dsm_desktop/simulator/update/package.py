"""Reads an update package as the iDRAC does: is it signed, what is it for, which version does it bring."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import zipfile
from typing import IO, Final
from xml.etree import ElementTree

from dsm_desktop.simulator.dup import IMAGE_MARK, MARK, SEAL

XML_LIMIT: Final = 16 * 1024 * 1024
"""Most bytes of package.xml and of a catalogue that are unpacked."""


IDRAC: Final = "25227"
"""Component id of the iDRAC in every generation."""
_IMAGES: Final = {"D7": "7", "D9": "9", "D10": "10"}


class Unusable(Exception):
    """The file is no package for an iDRAC; `key` is the message the device gives."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceMatch:
    """A device a package is for: component id ("" when it has none) and PCI quadruples in upper case."""

    component: str
    name: str
    pci: frozenset[tuple[str, str, str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class PackageInfo:
    """What a package, or its entry in a catalogue, says of itself."""

    name: str
    kind: str
    version: str
    devices: tuple[DeviceMatch, ...]
    systems: frozenset[int]
    """System ids; empty: any."""
    release: str = ""
    criticality: int = 0
    path: str = ""
    package_type: str = ""
    image: str = ""
    """Generation a bare iDRAC image is for: 7 (also iDRAC8), 9 or 10; "" for packages."""


def read_package(file: IO[bytes], name: str) -> PackageInfo:
    """Identify an update package or a bare iDRAC image. Raises Unusable with RED007, RED008 or SYS434."""
    suffix = name.upper().rpartition(".")[2]
    if suffix in _IMAGES:
        return _read_image(file, _IMAGES[suffix])
    if not name.upper().endswith(".EXE"):
        raise Unusable("SYS434")
    file.seek(0)
    head = file.read(64 * 1024)
    if head[:2] != b"MZ":
        raise Unusable("RED008")
    try:
        with zipfile.ZipFile(file) as archive:
            member = next(i for i in archive.infolist() if i.filename.lower() == "package.xml")
            with archive.open(member) as stream:
                xml = stream.read(XML_LIMIT + 1)
    except (zipfile.BadZipFile, StopIteration, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unusable("RED008") from error
    if not _signed(head, xml):
        raise Unusable("RED007")
    return component_of(parse_xml(xml, "RED008"))


def _read_image(file: IO[bytes], generation: str) -> PackageInfo:
    """A bare image says nothing of models: any server of its generation takes it."""
    file.seek(0)
    line = file.read(200).split(b"\n", 1)[0]
    made_for, _, version = line.removeprefix(IMAGE_MARK).decode("ascii", "replace").partition(" ")
    if not line.startswith(IMAGE_MARK) or not version:
        raise Unusable("RED007")
    if made_for != generation:
        raise Unusable("RED008")
    device = DeviceMatch(IDRAC, "", frozenset())
    return PackageInfo("iDRAC", "FRMW", version, (device,), frozenset(), image=generation)


def _signed(head: bytes, xml: bytes) -> bool:
    """A PE file with a certificate; that of a simulated package must fit its package.xml."""
    try:
        (pe,) = struct.unpack_from("<I", head, 0x3C)
        (magic,) = struct.unpack_from("<H", head, pe + 24)
        directory = pe + 24 + (112 if magic == 0x20B else 96) + 4 * 8
        at, size = struct.unpack_from("<II", head, directory)
    except struct.error:
        return False
    if not at or not size:
        return False
    blob = head[SEAL : SEAL + len(MARK) + 64]
    if not blob.startswith(MARK):
        return True
    return blob[len(MARK) :] == hashlib.sha256(xml).hexdigest().encode()


def parse_xml(data: bytes, key: str) -> ElementTree.Element:
    """XML of a package or catalogue, by its byte order mark; a DOCTYPE is refused."""
    if len(data) > XML_LIMIT:
        raise Unusable(key)
    sixteen = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    doctype = "<!DOCTYPE".encode(
        "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be" if sixteen else "utf-8"
    )
    if doctype in data:
        raise Unusable(key)
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - without a DOCTYPE there are no entities
    except ElementTree.ParseError as error:
        raise Unusable(key) from error


def component_of(root: ElementTree.Element) -> PackageInfo:
    """A SoftwareComponent element."""
    if root.tag != "SoftwareComponent":
        raise Unusable("RED008")
    kind = root.find("ComponentType")
    criticality = root.find("Criticality")
    systems = {
        int(model.get("systemID", ""), 16)
        for model in root.iterfind("SupportedSystems/Brand/Model")
        if _hexadecimal(model.get("systemID", ""))
    }
    return PackageInfo(
        name=(root.findtext("Name/Display") or "").strip(),
        kind=kind.get("value", "") if kind is not None else "",
        version=root.get("vendorVersion", "").strip(),
        devices=tuple(_device(row) for row in root.iterfind("SupportedDevices/Device")),
        systems=frozenset(systems),
        release=root.get("releaseID", ""),
        criticality=int(criticality.get("value", "0")) if criticality is not None else 0,
        path=root.get("path", ""),
        package_type=root.get("packageType", ""),
    )


def _hexadecimal(text: str) -> bool:
    try:
        int(text, 16)
    except ValueError:
        return False
    return True


def _device(row: ElementTree.Element) -> DeviceMatch:
    names = ("vendorID", "deviceID", "subVendorID", "subDeviceID")
    quads = frozenset(
        (a, b, c, d)
        for info in row.iterfind("PCIInfo")
        for a, b, c, d in [tuple(info.get(name, "").upper() for name in names)]
    )
    return DeviceMatch(row.get("componentID", ""), (row.findtext("Display") or "").strip(), quads)
