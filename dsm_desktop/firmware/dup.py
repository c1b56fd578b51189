"""The identity of an update package, from the file itself: Windows .EXE, Linux .BIN, bare iDRAC images.

Nothing is unpacked. package.xml is read by name under caps; every other entry is only looked at by name, so that a file
built to harm (a path that leads out, a bomb, a link) is refused before anything is sent to a server.
"""

from __future__ import annotations

import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import IO, Self

from dsm_desktop.firmware.errors import BadPackage, NotAPackage, PackageHostile, PackageTruncated
from dsm_desktop.firmware.identity import Device, Identity, PackageForm
from dsm_desktop.firmware.package_xml import LARGEST, read_identity
from dsm_desktop.firmware.signature import seal_of

SUFFIXES = {f".{form.value}": form for form in PackageForm}
"""File name endings of everything an update can come in."""

IDRAC_COMPONENT = "25227"
_MOST_ENTRIES = 10_000
_LONGEST_DIRECTORY = 8 << 20
_RATIO = 100
_RATIO_FROM = 1 << 20
_TOTAL_RATIO, _TOTAL_FROM = 200, 1 << 30
_LONGEST_HEADER = 32 << 20
_END = b"PK\x05\x06"
_END_SIZE = 22
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_TAIL = 4 << 20
_LONGEST_ATTRIBUTES = 64 << 10
_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.GNUTYPE_SPARSE,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_IMAGES = {PackageForm.D7: "iDRAC7/8", PackageForm.D9: "iDRAC9", PackageForm.D10: "iDRAC10"}
_NAME = re.compile(
    r"(?P<category>[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*?)_(?P<id>[A-Z0-9]{5})_(?:WN|W|LN)\d{0,2}_(?P<version>[^_]+)"
    r"(?:_(?P<dell>A\d\d))?(?:_\d+)*\.(?:EXE|BIN)\Z",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\d+(?:\.\d+){2,3}")
_START = re.compile(rb"^#####Startofpackage#####\r?\n", re.MULTILINE)
_ARCHIVE = re.compile(rb"^#####Startofarchive#####\r?\n", re.MULTILINE)


def read_package(path: Path, told: Callable[[bytes], object] = lambda chunk: None) -> Identity:
    """What a package file is. Raises NotAPackage, PackageTruncated, PackageHostile, PackageXmlBroken,
    SignatureBroken (all BadPackage), OSError. Reads the whole of a signed file once, and tells all its bytes in their order;
    of others it tells nothing."""
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise NotAPackage(
            f"'{path.suffix or path.name}' is no ending of an update package.",
            hint=f"Packages end in {', '.join(sorted(SUFFIXES))}.",
            where=path.name,
        )
    with path.open("rb") as file:
        if form is PackageForm.EXE:
            found, seal = _windows(file, path.name), seal_of(file, path.name, told)
            shown = {"signature": seal.signature, "signer": seal.signer, "issuer": seal.issuer}
            return found.model_copy(update=shown)
        if form is PackageForm.BIN:
            return _linux(file, path.name)
        return _image(file, path.name, form)


# --- Windows: an archive behind a program ---------------------------------------------------------------------------


def _windows(file: IO[bytes], name: str) -> Identity:
    if file.read(2) != b"MZ":
        raise NotAPackage("It is no Windows program, as packages for iDRACs are.", where=name)
    end = _end_of_archive(file, name)
    if end is None:
        return _by_name(name, PackageForm.EXE)
    try:
        with zipfile.ZipFile(_Upto(file, end)) as archive:
            _look_over(archive.infolist(), end, name)
            return read_identity(_package_xml(archive, name), PackageForm.EXE, name)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError) as error:
        raise PackageTruncated(
            f"The archive inside is damaged: {error}.", hint="Copy or download the file anew.", where=name
        ) from error
    except (NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise BadPackage(f"The archive inside cannot be read: {error}.", where=name) from error


def _end_of_archive(file: IO[bytes], name: str) -> int | None:
    """Where the archive ends (its signature follows): None when there is none. Raises PackageTruncated, PackageHostile."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail, base = file.read(), max(0, size - _TAIL)
    at = tail.rfind(_END)
    while at >= 0:
        if len(tail) - at >= _END_SIZE:
            _, _, _, entries, length, _, comment = struct.unpack_from("<HHHHIIH", tail, at + 4)
            if entries > _MOST_ENTRIES or length > _LONGEST_DIRECTORY:
                raise PackageHostile(f"The archive inside says it has {entries} or more files.", where=name)
            file.seek(max(0, base + at - _LOCATOR_SIZE))
            if file.read(4) == _LOCATOR:
                # No package is that large; its sizes would be believed instead of those looked at here.
                raise PackageHostile("The archive inside has 64-bit sizes, as no package has.", where=name)
            directory = base + at - length
            if directory > 0:
                file.seek(directory)
                if entries == 0 or file.read(4) == b"PK\x01\x02":
                    return min(size, base + at + _END_SIZE + int(comment))
        at = tail.rfind(_END, 0, at)
    file.seek(0)
    if b"PK\x03\x04" in file.read(_LONGEST_HEADER):
        raise PackageTruncated(
            "The archive inside has no end: the file is not complete.",
            hint="Copy or download it anew and compare its size.",
            where=name,
        )
    return None


def _look_over(entries: list[zipfile.ZipInfo], size: int, name: str) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise PackageHostile(f"The archive inside has {len(entries)} files.", where=name)
    for entry in entries:
        _honest_path(entry.filename, name)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise PackageHostile(f"The archive inside holds a link ('{entry.filename[:80]}').", where=name)
    _honest_size(sum(entry.file_size for entry in entries), size, name)


def _package_xml(archive: zipfile.ZipFile, name: str) -> bytes:
    found = [e for e in archive.infolist() if e.filename.lower() == "package.xml"]
    if not found:
        raise NotAPackage(
            "There is no package.xml in it.",
            hint="It may be a package for desktops, or an installer. Servers need their own.",
            where=name,
        )
    if len(found) > 1:
        raise PackageHostile(f"It holds {len(found)} files named package.xml.", where=name)
    entry = found[0]
    ratio = entry.file_size / max(1, entry.compress_size)
    if entry.file_size > LARGEST or (entry.file_size > _RATIO_FROM and ratio > _RATIO):
        raise PackageHostile(
            f"Its package.xml unpacks {ratio:.0f}-fold to {entry.file_size} bytes: a bomb.", where=name
        )
    if entry.flag_bits & 1:
        raise BadPackage("Its package.xml is encrypted.", where=name)
    with archive.open(entry) as file:
        return file.read(LARGEST + 1)


# --- Linux: a script with the description and an archive behind it --------------------------------------------------


def _linux(file: IO[bytes], name: str) -> Identity:
    if file.read(2) != b"#!":
        raise NotAPackage("It is no self-extracting script, as packages for Linux are.", where=name)
    file.seek(0)
    head = file.read(_LONGEST_HEADER)
    archive = _ARCHIVE.search(head)
    start = _START.search(head)
    if start is None and archive is None:
        raise NotAPackage("It has none of the marks of an update package.", where=name)
    if archive is None:
        raise PackageTruncated("It ends before its archive begins.", hint="Copy it anew.", where=name)
    inside = _tar(file, archive.end(), name)
    described = head[start.end() : archive.start()] if start is not None else b""
    data = inside or _trimmed(described)
    if not data:
        raise NotAPackage("There is no package.xml in it.", where=name)
    return read_identity(data, PackageForm.BIN, name)


def _trimmed(described: bytes) -> bytes:
    """Without what follows the document: a stray 0x1C and a line end."""
    encoding = "utf-16-le" if described.startswith(b"\xff\xfe") or described[1:2] == b"\0" else "utf-8"
    close = "</SoftwareComponent>".encode(encoding)
    end = described.rfind(close)
    return described[: end + len(close)] if end >= 0 else described


class _LongHeader(Exception):
    """Of a header that is itself a file."""


class _Header(tarfile.TarInfo):
    """Long names and further attributes are entries that tarfile reads whole before anybody has looked at their size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        made = super().frombuf(buf, encoding, errors)
        if made.type in _HEADERS and (made.type == tarfile.GNUTYPE_SPARSE or made.size > _LONGEST_ATTRIBUTES):
            raise _LongHeader
        return made


def _tar(file: IO[bytes], start: int, name: str) -> bytes:
    """package.xml of the archive, b"" without one; reads all of it, so that a cut file is noticed."""
    size = file.seek(0, 2)
    file.seek(start)
    if file.read(2) != b"\x1f\x8b":
        raise PackageTruncated("Its archive is missing or cut.", hint="Copy it anew.", where=name)
    file.seek(start)
    found, total, count = b"", 0, 0
    try:
        with tarfile.open(fileobj=file, mode="r|gz", tarinfo=_Header) as archive:
            for entry in archive:
                count, total = count + 1, total + entry.size
                _honest_path(entry.name, name)
                if entry.issym() or entry.islnk() or entry.isdev():
                    raise PackageHostile(f"Its archive holds a link ('{entry.name[:80]}').", where=name)
                if count > _MOST_ENTRIES:
                    raise PackageHostile(f"Its archive has more than {_MOST_ENTRIES} files.", where=name)
                _honest_size(total, size, name)
                if entry.name.removeprefix("./").lower() == "package.xml" and entry.isfile():
                    if entry.size > LARGEST:
                        raise PackageHostile(f"Its package.xml has {entry.size} bytes.", where=name)
                    content = archive.extractfile(entry)
                    found = content.read(LARGEST + 1) if content is not None else b""
    except _LongHeader:
        raise PackageHostile("Its archive holds an entry's name that is too long.", where=name) from None
    except (
        tarfile.TarError,
        EOFError,
        zlib.error,
        OSError,
        TypeError,
    ) as error:  # TypeError: a cut gzip head
        raise PackageTruncated(
            f"Its archive is damaged or cut: {error}.", hint="Copy or download the file anew.", where=name
        ) from error
    return found


# --- the rest -------------------------------------------------------------------------------------------------------


def _image(file: IO[bytes], name: str, form: PackageForm) -> Identity:
    """A bare image says nothing of itself that can be read; its ending tells the generation."""
    if not file.read(1):
        raise PackageTruncated("The file is empty.", where=name)
    version = _DOTTED.search(name)
    if form is PackageForm.PM:
        return Identity(form=form, told_by="file name", name=f"Personality module ({name})")
    return Identity(
        form=form,
        told_by="file name",
        name=f"{_IMAGES[form]} firmware image",
        vendor_version=version[0] if version else "",
        component_type="FRMW",
        reboot_required=False,
        devices=(Device(component_id=IDRAC_COMPONENT, name=_IMAGES[form]),),
    )


def _by_name(name: str, form: PackageForm) -> Identity:
    match = _NAME.match(name)
    if match is None:
        raise NotAPackage(
            "There is no archive in it, and its name is not that of an update package.",
            hint="Keep the name the file was downloaded under.",
            where=name,
        )
    category = match["category"].replace("_", " ")
    return Identity(
        form=form,
        told_by="file name",
        name=category,
        package_id=match["id"].upper(),
        vendor_version=match["version"],
        dell_version=(match["dell"] or "").upper(),
        component_type="BIOS" if category.upper() == "BIOS" else "",
    )


def _honest_path(path: str, name: str) -> None:
    parts = PureWindowsPath(path)
    if parts.is_absolute() or parts.drive or parts.root or ".." in parts.parts or "\0" in path:
        raise PackageHostile(
            f"A file inside has a path that leads out of the archive ('{path[:80]}').",
            hint="Do not use this file; get it anew from its source.",
            where=name,
        )


def _honest_size(total: int, size: int, name: str) -> None:
    if total > _TOTAL_FROM and total > size * _TOTAL_RATIO:
        raise PackageHostile(f"It would unpack to {total >> 20} MiB: a bomb.", where=name)


class _Upto:
    """A file without what follows the archive (its signature), so that its end is found where it is."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        self._file, self._end = file, end
        file.seek(0)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(self._end + offset if whence == 2 else offset, 0 if whence == 2 else whence)

    def read(self, count: int = -1) -> bytes:
        left = max(0, self._end - self._file.tell())
        return self._file.read(left if count is None or count < 0 else min(count, left))
