"""Reads a repository's catalogue as the iDRAC does: UTF-8 or UTF-16, packed or not, bundles first."""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Iterator
from typing import IO, Final, cast
from xml.etree import ElementTree

from dsm_desktop.simulator.update.package import PackageInfo, Unusable, component_of

LARGEST: Final = 400 * 1024 * 1024
"""Most bytes of a catalogue when unpacked."""
_BLOCK: Final = 256 * 1024
_WINDOWS: Final = ("LWXP", "LW64")
_TOKENS: Final = re.compile(r"[._\- ]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Catalog:
    """What of a catalogue matters to one server. `base` is the host packages come from; "" is the share itself."""

    base: str
    packages: tuple[PackageInfo, ...]


class _Reader:
    """Collects while the elements come by and forgets each one at its end, so that a large catalogue needs little memory."""

    def __init__(self, system_id: int) -> None:
        self._system_id = system_id
        self._root: ElementTree.Element | None = None
        self.base = ""
        self.found: list[PackageInfo] = []
        self.bundled: set[str] = set()
        self.windows = False

    def begin(self, element: ElementTree.Element) -> None:
        """An element has begun; the first is the manifest."""
        if self._root is not None:
            return
        if element.tag.rpartition("}")[2] != "Manifest" or "}" in element.tag:
            raise Unusable("SUP0501")
        self._root = element
        self.base = element.get("baseLocation", "")

    def end(self, element: ElementTree.Element) -> None:
        """An element is whole."""
        if element.tag == "SoftwareBundle":
            self._bundle(element)
        elif element.tag == "SoftwareComponent":
            package = component_of(element)
            windows = package.package_type in _WINDOWS
            self.windows = self.windows or windows
            if windows and self._system_id in package.systems:
                self.found.append(package)
        else:
            return
        assert self._root is not None
        self._root.clear()

    def _bundle(self, element: ElementTree.Element) -> None:
        models = element.iterfind("TargetSystems/Brand/Model")
        if any(model.get("systemID", "").lstrip("0").upper() == f"{self._system_id:X}" for model in models):
            self.bundled |= {file_name(p.get("path", "")) for p in element.iterfind("Contents/Package")}

    @property
    def begun(self) -> bool:
        """The manifest has begun."""
        return self._root is not None


def read_catalog(file: IO[bytes], system_id: int) -> Catalog:
    """Packages of the bundle for a system id; a catalogue without a bundle for it has none.

    Raises Unusable: SUP0501 (no catalogue), SUP0505 (broken), SUP0506 (cannot be unpacked), RED060 (nothing for Windows).
    """
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
    reader = _Reader(system_id)
    try:
        for block in _unpacked(file):
            parser.feed(block)
            _take(parser, reader)
        parser.close()
        _take(parser, reader)
    except (ElementTree.ParseError, LookupError) as error:
        raise Unusable("SUP0505") from error
    if not reader.begun:
        raise Unusable("SUP0501")
    if not reader.windows:
        raise Unusable("RED060")
    chosen = tuple(p for p in reader.found if file_name(p.path) in reader.bundled)
    return Catalog(reader.base, chosen)


def _take(parser: ElementTree.XMLPullParser[ElementTree.Element], reader: _Reader) -> None:
    for kind, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
        if kind == "start":
            reader.begin(element)
        else:
            reader.end(element)


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """The XML in blocks; a gzip file is unpacked, a DOCTYPE and a bomb are refused."""
    file.seek(0)
    first = file.read(_BLOCK)
    unpack = zlib.decompressobj(31) if first[:2] == b"\x1f\x8b" else None
    total, block, head = 0, first, True
    while block:
        data = block
        if unpack is not None:
            try:
                data = unpack.decompress(block, LARGEST)
            except zlib.error as error:
                raise Unusable("SUP0506") from error
        total += len(data)
        if total > LARGEST or (head and _has_doctype(data)):
            raise Unusable("SUP0505")
        head = False
        yield data
        block = file.read(_BLOCK)
    if unpack is not None and not unpack.eof:
        raise Unusable("SUP0506")


def _has_doctype(data: bytes) -> bool:
    return any("<!DOCTYPE".encode(code) in data for code in ("utf-8", "utf-16-le", "utf-16-be"))


def file_name(path: str) -> str:
    """Last part of a path, as bundles and components are compared."""
    return path.replace("\\", "/").rsplit("/", 1)[-1].lower()


def order(version: str, other: str) -> int:
    """-1, 0 or 1 for an older, equal or newer version: tokens compared as text of equal length."""
    left, right = (_TOKENS.split(v.strip().upper()) for v in (version, other))
    for n in range(max(len(left), len(right))):
        a, b = (tokens[n] if n < len(tokens) else "0" for tokens in (left, right))
        width = max(len(a), len(b))
        a, b = a.rjust(width, "0"), b.rjust(width, "0")
        if a != b:
            return 1 if a > b else -1
    return 0
