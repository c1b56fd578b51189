"""Builds a repository as Dell's tools do: update packages in a folder and the catalogue that describes them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from dsm_desktop.simulator.dup import Package, build, component_xml

BLOCK: Final = 1024 * 1024


def build_repository(
    folder: Path,
    packages: Iterable[Package],
    name: str = "Catalog.xml",
    *,
    encoding: str = "utf-16-le",
    base: str = "",
    bundles: bool = True,
) -> Path:
    """Write packages and a catalogue into a folder; returns the catalogue's file.

    A name ending in .gz is packed. `encoding` is utf-16-le (with its mark, as Dell's own) or utf-8. `base` is baseLocation,
    which sends the iDRAC elsewhere for the packages. Without `bundles` an iDRAC finds nothing that applies.
    """
    wanted = list(packages)
    components = []
    for package in wanted:
        file = build(folder, package)
        facts = {"hashMD5": _md5(file), "path": file.name, "size": str(file.stat().st_size)}
        components.append(component_xml(package, facts))
    attributes = f'baseLocation={quoteattr(base)} dateTime="2024-06-01T12:00:00Z" version="24.06.00"'
    body = "".join([*components, *(_bundles(wanted) if bundles else ())])
    text = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>\r\n<Manifest {attributes}>{body}</Manifest>'
    data = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    catalog = folder / name
    catalog.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return catalog


def _md5(file: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _bundles(packages: list[Package]) -> Iterable[str]:
    """One Windows bundle per system id."""
    for system in sorted({system for package in packages for system in package.systems}):
        rows = "".join(f"<Package path={quoteattr(p.file_name)}/>" for p in packages if system in p.systems)
        yield (
            f'<SoftwareBundle bundleID="{system}" bundleType="BTW64" vendorVersion="24.06.00">'
            f'<TargetSystems><Brand key="3" prefix="PE"><Model systemID="{system}" systemIDType="BIOS"/></Brand>'
            f'</TargetSystems><TargetOSes><OperatingSystem osCode="WIN64"/></TargetOSes>'
            f"<Contents>{rows}</Contents></SoftwareBundle>"
        )
