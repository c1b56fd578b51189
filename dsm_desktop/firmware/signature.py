"""A Windows package's signature: whether it carries one, whether it fits, and who signed.

Whom to believe is not decided: that takes certificates which a closed network has no way to renew. The iDRAC checks its own list
before it writes anything (RED007, SUP0515). Of a Linux package (.BIN) the signature is a file of its own beside it (.BIN.sign,
OpenPGP); it takes Dell's public key and is not read here.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from dsm_desktop.firmware import authenticode
from dsm_desktop.firmware.errors import PackageTruncated, SignatureBroken

_HEADER_AT, _MOST = 0x3C, 1 << 20
_DIRECTORIES = {0x10B: 96, 0x20B: 112}
"""Where the data directories stand in the optional header of a 32-bit and of a 64-bit program."""
_CERTIFICATES = 4
_CHECKSUM = 64


class Signature(enum.StrEnum):
    """INTACT: the file is as its signer left it. PRESENT: made in a way that is not read here. UNKNOWN: this form of package
    does not show it (iDRAC images, Linux packages)."""

    INTACT = "intact"
    PRESENT = "present"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seal:
    """What was found; `signer` and `issuer` (of the topmost certificate in the file) where it is intact."""

    signature: Signature
    signer: str = ""
    issuer: str = ""


def seal_words(signature: Signature, signer: str = "", issuer: str = "", form: str = "") -> str:
    """A sentence about it, "" where there is nothing to say."""
    if signature is Signature.INTACT:
        who = f"Signed by {signer}, digest matches; certified by {issuer}, whom only the iDRAC checks"
        return who if signer.startswith("Dell") else f"{who}. Not Dell's: the iDRAC will refuse it"
    return {
        Signature.PRESENT: "Signature present, not checked here; the iDRAC checks it",
        Signature.MISSING: "Not signed; the iDRAC will refuse it",
    }.get(signature, "Its signature is a file of its own (.sign), not checked here" if form == "bin" else "")


def seal_of(file: IO[bytes], name: str, told: Callable[[bytes], object] = lambda chunk: None) -> Seal:
    """Of a Windows program. Raises SignatureBroken where it carries a signature that does not fit. Reads the whole file; `told` as
    for `authenticode.check`."""
    place = _place(file, name)
    if place is None:
        return Seal(Signature.MISSING)
    try:
        found = authenticode.check(file, place, told)
    except authenticode.Unreadable:
        return Seal(Signature.PRESENT)
    except authenticode.Broken as error:
        raise SignatureBroken(
            f"Its signature is broken: {error}.",
            hint="Do not use this file: it was changed or damaged. Get it anew from its source.",
            where=name,
        ) from error
    return Seal(Signature.INTACT, found.name, found.issuer)


def _place(file: IO[bytes], name: str) -> authenticode.Place | None:
    """Where the header says a block of certificates lies; None without one. Raises PackageTruncated."""
    size = file.seek(0, 2)
    try:
        (header,) = struct.unpack("<I", _at(file, _HEADER_AT, 4))
        if header > _MOST or _at(file, header, 4) != b"PE\0\0":
            return None
        optional = header + 24
        (magic,) = struct.unpack("<H", _at(file, optional, 2))
        entry = optional + _DIRECTORIES[magic] + 8 * _CERTIFICATES
        start, length = struct.unpack("<II", _at(file, entry, 8))
    except (struct.error, KeyError):
        return None
    if not start or not length or start < entry + 8:
        return None
    if start + length > size:
        raise PackageTruncated(
            "It ends before its signature does: the file is not complete.",
            hint="Copy or download it anew and compare its size.",
            where=name,
        )
    return authenticode.Place(optional + _CHECKSUM, entry, start, length)


def _at(file: IO[bytes], offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)
