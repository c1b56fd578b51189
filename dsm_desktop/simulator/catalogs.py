"""Builds a repository as Dell's tools do: update packages in a folder and the catalogue that describes them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from dsm_desktop.simulator.dup import Package, build, component_xml
from dsm_desktop.simulator.update.catalog import order

if TYPE_CHECKING:
    from dsm_desktop.simulator.idrac import SimulatedIdrac

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


def packages_for(idracs: Iterable[SimulatedIdrac]) -> list[Package]:
    """One step newer firmware for a site: BIOS and iDRAC, driver pack, a network and a storage adapter of each server.

    Servers that can share a package do: one BIOS per model, one iDRAC image per generation, one package per kind of card.
    """
    found: dict[tuple[str, ...], Package] = {}
    for idrac in idracs:
        installed = idrac.installed
        for fqdd in _chosen(installed):
            package = idrac.package(fqdd, installed[fqdd])
            key = (package.component, *(package.pci or ()))
            if package.kind == "BIOS":
                key += package.systems
            elif fqdd.startswith("iDRAC."):
                key += (idrac.generation,)
            found[key] = _together(found.get(key), package)
    return [dataclasses.replace(p, version=newer(p.version)) for p in found.values()]


def _chosen(installed: dict[str, str]) -> list[str]:
    """Parts of a server worth a package: the fixed ones, and the first adapter of each sort."""
    fixed = ("BIOS.Setup.1-1", "iDRAC.Embedded.1-1", "DriverPack.Embedded.1:LC.Embedded.1")
    first = [next((f for f in sorted(installed) if f.startswith(sort)), None) for sort in ("NIC.", "RAID.")]
    return [*(f for f in fixed if f in installed), *(f for f in first if f is not None)]


def _together(old: Package | None, new: Package) -> Package:
    if old is None:
        return new
    models = dict(zip(old.systems, old.models, strict=True)) | dict(zip(new.systems, new.models, strict=True))
    version = new.version if order(new.version, old.version) > 0 else old.version
    return dataclasses.replace(old, version=version, systems=tuple(models), models=tuple(models.values()))


def newer(version: str) -> str:
    """The same version with its last number one higher, as wide as before: 2.19.1 -> 2.19.2, 51.16.0-4076 -> 51.16.0-4077."""
    numbers = list(re.finditer(r"\d+", version))
    if not numbers:
        return f"{version}1"
    last = numbers[-1]
    return version[: last.start()] + str(int(last[0]) + 1).zfill(len(last[0])) + version[last.end() :]
