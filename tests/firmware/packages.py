"""Update packages made for tests: honest ones of both systems, and every way of being bad."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

STUB = b"MZ" + b"\x90" * 4094
SCRIPT = "#!/bin/sh\nsed -n '/^#####Startofpackage#####$/,$p' \"$0\"\nexit 0\n"


def xml(
    *,
    version: str = "2.19.1",
    kind: str = "BIOS",
    component: str = "159",
    systems: Sequence[tuple[str, str]] = (("0901", "R750"), ("1EA", "6950")),
    pci: str = "",
    extra: str = "",
    encoding: str = "utf-8",
) -> str:
    models = "".join(
        f'<Model systemID="{i}"><Display lang="en"><![CDATA[{n}]]></Display></Model>' for i, n in systems
    )
    supported = f'<SupportedSystems><Brand key="3" prefix="PE"><Display lang="en">PowerEdge</Display>{models}</Brand></SupportedSystems>'
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>{extra}'
        f'<SoftwareComponent packageID="9WH0PA01-00" vendorVersion="{version}" dellVersion="A00" packageType="LW64"'
        ' rebootRequired="true" dateTime="2024-05-05T07:00:00+05:30">'
        f'<Name><Display lang="en"><![CDATA[A package, {version}]]></Display></Name><ComponentType value="{kind}"/>'
        '<Criticality value="2"><Display lang="en">Urgent</Display></Criticality>'
        f'<SupportedDevices><Device componentID="{component}" embedded="1"><Display lang="en">The part</Display>{pci}</Device></SupportedDevices>'
        f"{supported if systems else ''}</SoftwareComponent>"
    )


def exe(
    path: Path,
    described: str | bytes | None = None,
    *,
    before: bytes = STUB,
    after: bytes = b"",
    more: Sequence[tuple[str | zipfile.ZipInfo, bytes]] = (),
    name: str = "package.xml",
) -> Path:
    """A Windows package: a program, an archive, and perhaps a signature behind it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        if described != b"":
            data = xml() if described is None else described
            archive.writestr(name, data if isinstance(data, bytes) else data.encode())
        archive.writestr("payload/bios.bin", bytes(range(256)) * 40)
        for entry, data in more:
            archive.writestr(entry, data)
    path.write_bytes(before + content.getvalue() + after)
    return path


def linux(
    path: Path,
    described: str | None = None,
    *,
    entries: Sequence[tuple[str, bytes]] = (("payload/a", b"a" * 5000),),
    links: Sequence[str] = (),
) -> Path:
    """A Linux package: script, description in UTF-16 with its stray byte, archive."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    header = ("\ufeff" + (described or xml(encoding="UTF-16"))).encode("utf-16-le") + b"\x1c\r\n"
    path.write_bytes(
        SCRIPT.encode()
        + b"#####Startofpackage#####\r\n"
        + header
        + b"#####Startofarchive#####\r\n"
        + content.getvalue()
    )
    return path
