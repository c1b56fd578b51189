"""What lies in a folder of ISOs and packages: each file looked at once, its SHA-256 taken, its identity read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.firmware.dup import SUFFIXES, read_package

ISO, PACKAGE, CATALOGUE = "iso", "package", "catalogue"
_IMAGES = (".iso", ".img")
_BLOCK = 1 << 20
_SECTOR = 2048
_DESCRIPTOR = 16 * _SECTOR
MOST_FILES = 20_000
_DEEPEST = 12


class ScanStopped(Exception):
    """`stopping` said so in the middle of a file."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a library's kind. `path` relative to the folder, with "/". `problem`: why it cannot be used whatever is in
    it; a name that is no text is shown with its odd bytes written out."""

    path: str
    name: str
    kind: str
    size: int
    modified_ns: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file turned out to be. `state` ok | broken; `problem` says why it is broken."""

    sha256: str = ""
    state: str = "ok"
    problem: str = ""
    title: str = ""
    version: str = ""
    component_type: str = ""
    identity: dict[str, Any] = field(default_factory=dict)


def kind_of(name: str) -> str:
    """iso | package | catalogue by the name's ending; "" for everything else, which is left out."""
    lower = name.lower()
    suffix = os.path.splitext(lower)[1]  # noqa: PTH122 - a name, no path
    if suffix in _IMAGES:
        return ISO
    if suffix in SUFFIXES:
        return PACKAGE
    if "catalog" in lower and lower.endswith((".xml", ".xml.gz", ".gz")):
        return CATALOGUE
    return ""


def files_of(folder: Path) -> Iterator[FoundFile]:
    """Every file of a known kind below a folder, links not followed, at most MOST_FILES. Raises OSError for the folder itself."""
    count = 0
    waiting = [(folder, "", 0)]
    while waiting:
        here, prefix, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda e: e.name)
        except OSError:
            if not prefix:
                raise
            continue  # a folder inside that this account may not read
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False) and depth < _DEEPEST:
                waiting.append((here / entry.name, f"{path}/", depth + 1))
            elif entry.is_file(follow_symlinks=False) and (kind := kind_of(entry.name)):
                about = entry.stat(follow_symlinks=False)
                shown, name = _as_text(path), _as_text(entry.name)
                problem = "" if shown == path else "Its name is not UTF-8. Rename it."
                yield FoundFile(shown, name, kind, about.st_size, about.st_mtime_ns, problem)
                count += 1
                if count >= MOST_FILES:
                    return


def _as_text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def look(path: Path, kind: str, stopping: Callable[[], bool] = lambda: False) -> Looked:
    """The file's hash and identity. What is wrong with it is its problem, not the scan's. Raises ScanStopped."""
    try:
        whole = _Whole(stopping)
        if kind == PACKAGE:
            package = read_package(path, whole.add)
            return Looked(
                whole.of(path),
                title=package.name,
                version=package.vendor_version,
                component_type=package.component_type,
                identity=package.model_dump(mode="json"),
            )
        if kind == ISO and path.suffix.lower() == ".iso":
            return _iso(path, whole.of(path))
        return Looked(whole.of(path))
    except DsmError as error:
        return Looked(state="broken", problem=f"{error.message} {error.hint}".strip())
    except OSError as error:
        return Looked(state="broken", problem=f"It cannot be read: {error.strerror or error}.")


class _Whole:
    """The SHA-256 of a whole file: of what was read of it already for another purpose, else read for it."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._digest, self._size = hashlib.sha256(), 0

    def add(self, block: bytes) -> None:
        """The next part. Raises ScanStopped."""
        self._digest.update(block)
        self._size += len(block)
        if self._stopping():
            raise ScanStopped

    def of(self, path: Path) -> str:
        if not self._size:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    self.add(block)
        return self._digest.hexdigest()


def _iso(path: Path, digest: str) -> Looked:
    """Its volume label, and whether the file is as long as the image says (ECMA-119 §8.4)."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(_DESCRIPTOR)
        descriptor = file.read(_SECTOR)
    if descriptor[1:6] != b"CD001":
        # UDF-only and raw images are good for booting as well.
        return Looked(digest, title=path.stem)
    label = descriptor[40:72].decode("ascii", errors="replace").strip(" \0")
    blocks = int.from_bytes(descriptor[80:84], "little")
    block = int.from_bytes(descriptor[128:130], "little") or _SECTOR
    if blocks * block > size:
        return Looked(
            digest,
            state="broken",
            problem=f"The image is cut: {blocks * block} bytes by its own account, {size} are here. Copy it anew.",
            title=label,
        )
    return Looked(digest, title=label or path.stem)
