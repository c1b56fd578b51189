"""Builds update packages that look like Dell's: a Windows stub with a ZIP behind it that holds package.xml.

For tests, benchmarks and the demo site. A package can be made as large as wanted; its padding is a hole in the file, so
that one of a gigabyte takes no room on the disk. Simulated iDRACs read them as they read real ones::

    build(path, Package("BIOS", "159", "2.19.1", systems=("0716",), models=("R640",)))
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final, Literal
from xml.sax.saxutils import escape, quoteattr

from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.sealing import TABLE, certificate_table

STUB: Final = 4096
"""Bytes of the Windows stub in front of everything."""
IMAGE_MARK: Final = b"SIMULATED IDRAC IMAGE "
MARK: Final = b"SIMULATED SIGNATURE "
SEAL: Final = 0x400
"""Where the mark stands: a simulated iDRAC looks at it alone, so that it need not read a gigabyte to check a signature."""
_CHECKSUM: Final = 0x98 + 64
_ENTRY: Final = 0x98 + 112 + 4 * 8
_CATEGORIES: Final = {"BIOS": ("BI", "BIOS"), "FRMW": ("FW", "Firmware"), "APAC": ("DD", "Application")}
_TYPES: Final = {"BIOS": "BIOS", "FRMW": "Firmware", "APAC": "Application", "DRVR": "Driver"}
Signature = Literal["good", "bad", "none"]


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """What a package says of itself. `systems` are system ids of four hexadecimal digits, `pci` vendor, device, sub-vendor
    and sub-device of a card. `size` is the least size of the file in bytes."""

    name: str
    component: str
    version: str
    kind: Literal["BIOS", "FRMW", "APAC", "DRVR"] = "FRMW"
    systems: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    pci: tuple[str, str, str, str] | None = None
    package_id: str = ""
    dell_version: str = "A00"
    criticality: int = 1
    reboot_required: bool | None = None
    signature: Signature = "good"
    size: int = 0

    @property
    def id(self) -> str:
        """Five characters that name this release."""
        if self.package_id:
            return self.package_id
        facts = f"{self.component}/{self.version}/{self.pci}/{self.systems}"
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return digest[:5].upper()

    @property
    def file_name(self) -> str:
        """As Dell names it: BIOS_ABCDE_WN64_2.19.1.EXE."""
        if self.kind == "BIOS":
            return f"BIOS_{self.id}_WN64_{self.version}.EXE"
        words = "-".join(re.findall(r"[A-Za-z0-9]+", self.name))[:60]
        return f"{words}_{_TYPES[self.kind]}_{self.id}_WN64_{self.version}_{self.dell_version}.EXE"


def package_for(row: Software, version: str, system_id: int, model: str, size: int = 0) -> Package:
    """The package that brings a row of a simulated inventory to another version."""
    kind = "BIOS" if row.kind == "BIOS" else "APAC" if row.kind == "APAC" else "FRMW"
    return Package(
        row.name,
        row.component,
        version,
        kind,  # type: ignore[arg-type]
        (f"{system_id:04X}",),
        (model.removeprefix("PowerEdge "),),
        row.pci,
        size=size,
    )


def build(path: Path, package: Package) -> Path:
    """Write a package to a file; a folder gets it under its own name. Returns the file."""
    target = path / package.file_name if path.is_dir() else path
    with target.open("wb") as file:
        write(file, package)
    return target


def write(file: IO[bytes], package: Package) -> int:
    """Write a package to an open file; returns its size."""
    xml = package_xml(package)
    tail = _archive(package, xml)
    tail += bytes(-(STUB + len(tail)) % 8)
    room = 0 if package.signature == "none" else TABLE
    padding = -(-max(0, package.size - STUB - len(tail) - room) // 8) * 8
    stub = _stub(package, xml)
    table = b""
    if package.signature != "none":
        digest = _digest(bytes(stub), padding, tail)
        table = certificate_table(digest if package.signature == "good" else bytes(32))
        struct.pack_into("<II", stub, _ENTRY, STUB + padding + len(tail), len(table))
    file.write(stub)
    if padding:
        file.seek(STUB + padding)
    file.write(tail + table)
    return STUB + padding + len(tail) + len(table)


def _digest(stub: bytes, padding: int, tail: bytes) -> bytes:
    """SHA-256 of everything but the checksum, the entry of the certificate table, and the table."""
    digest = hashlib.sha256(stub[:_CHECKSUM])
    digest.update(stub[_CHECKSUM + 4 : _ENTRY])
    digest.update(stub[_ENTRY + 8 :])
    hole = bytes(min(padding, 1 << 20))
    for start in range(0, padding, 1 << 20):
        digest.update(hole[: padding - start])
    digest.update(tail)
    return digest.digest()


def image(version: str, generation: str) -> bytes:
    """A bare iDRAC firmware image as .d7 (iDRAC7/8), .d9 or .d10 files hold it, for `generation` "7", "9" or "10"."""
    return IMAGE_MARK + f"{generation} {version}\n".encode() + bytes(8192)


def content(package: Package) -> bytes:
    """A package in memory, for small ones."""
    buffer = io.BytesIO()
    write(buffer, package)
    return buffer.getvalue()


def _stub(package: Package, xml: bytes) -> bytearray:
    """Just enough of a 64-bit PE file: DOS header, PE header, an empty table of directories; and what simulated iDRACs go by."""
    stub = bytearray(STUB)
    stub[0:2] = b"MZ"
    struct.pack_into("<I", stub, 0x3C, 0x80)
    stub[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", stub, 0x84, 0x8664, 0, 0, 0, 0, 240, 0x22)
    struct.pack_into("<H", stub, 0x98, 0x20B)
    struct.pack_into("<II", stub, 0x98 + 56, STUB, STUB)
    struct.pack_into("<I", stub, 0x98 + 108, 16)
    if package.signature != "none":
        digest = hashlib.sha256(xml if package.signature == "good" else b"something else").hexdigest()
        stub[SEAL : SEAL + len(MARK) + 64] = MARK + digest.encode()
    return stub


def _archive(package: Package, xml: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        payload = f"payload of {package.name} {package.version}\n".encode() * 64
        for name, data in (("payload/image.bin", payload), ("package.xml", xml)):
            archive.writestr(zipfile.ZipInfo(name, (2024, 6, 1, 12, 0, 0)), data)
    return buffer.getvalue()


# -- XML ------------------------------------------------------------------------------------------------------


def package_xml(package: Package) -> bytes:
    """package.xml as it lies in the archive: UTF-16 with a byte order mark."""
    text = component_xml(package, {"packageID": f"{package.id}{package.dell_version}-00"})
    return b"\xff\xfe" + f'<?xml version="1.0" encoding="UTF-16"?>\r\n{text}'.encode("utf-16-le")


def component_xml(package: Package, extra: dict[str, str]) -> str:
    """A SoftwareComponent; a catalogue adds path, size and hash by `extra`."""
    attributes = {
        "dateTime": "2024-06-01T12:00:00Z",
        "dellVersion": package.dell_version,
        "packageID": package.id,
        "packageType": "LW64",
        "releaseDate": "June 01, 2024",
        "releaseID": package.id,
        "schemaVersion": "2.4",
        "vendorVersion": package.version,
        **extra,
    }
    if package.reboot_required is not None:
        attributes["rebootRequired"] = str(package.reboot_required).lower()
    category = _CATEGORIES.get(package.kind, ("FW", "Firmware"))
    level = {1: "Recommended", 2: "Urgent", 3: "Optional"}[package.criticality]
    title = f"{package.name}, {package.version}, {package.dell_version}"
    return (
        f"<SoftwareComponent {' '.join(f'{k}={quoteattr(v)}' for k, v in attributes.items())}>"
        f"<Name>{_display(title)}</Name>"
        f'<ComponentType value="{package.kind}">{_display(_TYPES[package.kind])}</ComponentType>'
        f"<Description>{_display(title)}</Description>"
        f'<LUCategory value="{escape(category[1])}">{_display(category[1])}</LUCategory>'
        f'<Category value="{category[0]}">{_display(category[1])}</Category>'
        f"<SupportedDevices>{_device(package)}</SupportedDevices>"
        f'<Criticality value="{package.criticality}">{_display(f"{level}-")}</Criticality>'
        f"<SupportedSystems>{_systems(package)}</SupportedSystems></SoftwareComponent>"
    )


def _display(text: str) -> str:
    return f'<Display lang="en"><![CDATA[{text.replace("]]>", "")}]]></Display>'


def _device(package: Package) -> str:
    pci = ""
    if package.pci is not None:
        vendor, device, sub_vendor, sub_device = package.pci
        pci = (
            f'<PCIInfo deviceID="{device}" subDeviceID="{sub_device}" '
            f'subVendorID="{sub_vendor}" vendorID="{vendor}"/>'
        )
    component = package.component if package.component != "0" else ""
    return f'<Device componentID="{component}" embedded="1">{_display(package.name)}{pci}</Device>'


def _systems(package: Package) -> str:
    names: Iterable[str] = package.models or package.systems
    models = "".join(
        f'<Model systemID="{system}" systemIDType="BIOS">{_display(name)}</Model>'
        for system, name in zip(package.systems, names, strict=False)
    )
    return f'<Brand key="3" prefix="PE">{_display("PowerEdge")}{models}</Brand>' if models else ""
