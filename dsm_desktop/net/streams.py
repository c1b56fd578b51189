"""Bodies too large for memory: a file sent as multipart/form-data, and an answer written to a file; block by block.

Between two blocks both look whether they should stop. The last block of an upload leaves only after `commit` agreed: until
then the device has nothing it could act on, so work that was taken over while this process was frozen changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made_by
from http.client import HTTPResponse
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.tls import DeadlineSocket

BLOCK = 1 << 18
"""Bytes read, encrypted and sent at a time."""
_NAME = re.compile(r'[^"\\\x00-\x1f\x7f-\uffff]{1,200}\Z')

Progress = Callable[[int, int], None]
"""(bytes so far, bytes in all)."""


class FileUnusable(DsmError):
    """A file of this machine cannot be read or written: the disk is full or fails, or a folder or a right is missing. No device
    is at fault, and none is left alone for it."""


@contextlib.contextmanager
def _here(path: Path) -> Iterator[None]:
    """Around what touches the file and not the line, whose failures are OSErrors as well."""
    try:
        yield
    except OSError as error:
        raise FileUnusable(
            f"a file of this machine cannot be used: {error.strerror or error}",
            hint="Free space on its disk, or look at the folder and its rights; then try again.",
            where=str(path),
        ) from error


def _nothing(*_: object) -> None:
    """For whoever does not want to hear."""


@dataclass(frozen=True)
class MultipartUpload:
    """One file and JSON parts before it, as multipart/form-data; may be iterated again (a renewed login starts over).

    `field` names the file's part, `parts` are sent first, in order. `check` is called before each block and may raise;
    `commit` before the last bytes. Raises BadInput when the file is missing, empty, changes while it is read, or has a
    name no device takes.
    """

    path: Path
    field: str
    parts: Mapping[str, Any] = made_by(default_factory=dict)
    progress: Progress = _nothing
    check: Callable[[], None] = _nothing
    commit: Callable[[], None] = _nothing
    boundary: str = made_by(default_factory=lambda: f"dsm-{secrets.token_hex(16)}")

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def shown(self) -> dict[str, Any]:
        """What the activity log says was sent."""
        return {**self.parts, self.field: self.path.name, "bytes": self._size()}

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        return len(self._head()) + self._size() + len(self._tail())

    def _size(self) -> int:
        return _size_of(self.path)

    def _head(self) -> bytes:
        if not _NAME.match(self.path.name):
            raise BadInput(
                "a device takes only plain file names",
                hint="Rename the file to what the vendor calls it.",
                where=str(self.path),
            )
        lines = b""
        for name, value in self.parts.items():
            lines += (
                f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
                "Content-Type: application/json\r\n\r\n"
            ).encode()
            lines += orjson.dumps(value) + b"\r\n"
        return (
            lines
            + (
                f'--{self.boundary}\r\nContent-Disposition: form-data; name="{self.field}"; '
                f'filename="{self.path.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
            ).encode()
        )

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """The body in blocks; a block is valid until the next is asked for."""
        size, sent = self._size(), 0
        buffer = bytearray(BLOCK)
        view = memoryview(buffer)
        yield self._head()
        with _opened(self.path) as file:
            while got := _read_into(file, buffer):
                self.check()
                sent += got
                if sent > size:
                    break
                yield view[:got]
                self.progress(sent, size)
        if sent != size:
            raise BadInput(
                "the file was changed while it was being sent", hint="Send it again.", where=str(self.path)
            )
        self.check()
        self.commit()
        yield self._tail()

    def paced(self, sock: DeadlineSocket | None, patience: float) -> Iterator[bytes | memoryview]:
        """The blocks; each has `patience` seconds to leave, and so has the answer after the last."""
        return _paced(self, sock, patience)


@dataclass(frozen=True)
class PlainUpload:
    """One file as the whole body. `check` and `progress` as for MultipartUpload; the last block leaves only after `commit`.

    Raises BadInput when the file is missing, empty, or changes while it is read.
    """

    path: Path
    progress: Progress = _nothing
    check: Callable[[], None] = _nothing
    commit: Callable[[], None] = _nothing
    content_type: str = "application/octet-stream"

    @property
    def shown(self) -> dict[str, Any]:
        """What the activity log says was sent."""
        return {"file": self.path.name, "bytes": self.length}

    @property
    def length(self) -> int:
        return _size_of(self.path)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """The file in blocks; a block is valid until the next is asked for."""
        size, sent = self.length, 0
        buffer = bytearray(BLOCK)
        view = memoryview(buffer)
        with _opened(self.path) as file:
            while sent < size and (got := _read_into(file, buffer)):
                self.check()
                sent += got
                if sent > size:
                    break
                if sent == size:
                    self.commit()
                yield view[:got]
                self.progress(sent, size)
        if sent != size:
            raise BadInput(
                "the file was changed while it was being sent", hint="Send it again.", where=str(self.path)
            )

    def paced(self, sock: DeadlineSocket | None, patience: float) -> Iterator[bytes | memoryview]:
        """The blocks; each has `patience` seconds to leave, and so has the answer after the last."""
        return _paced(self, sock, patience)


def _opened(path: Path) -> FileIO:
    with _here(path):
        return path.open("rb", buffering=0)


def _read_into(file: FileIO, buffer: bytearray) -> int:
    with _here(Path(str(file.name))):
        return file.readinto(buffer)


def _paced(
    blocks: Iterable[bytes | memoryview], sock: DeadlineSocket | None, patience: float
) -> Iterator[bytes | memoryview]:
    assert sock is not None
    for block in blocks:
        sock.deadline = time.monotonic() + patience
        yield block


def _size_of(path: Path) -> int:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BadInput(
            f"the file cannot be read: {error.strerror or error}",
            hint="Put it back into the package library.",
            where=str(path),
        ) from error
    if size == 0:
        raise BadInput("the file is empty", hint="Copy it again.", where=str(path))
    return size


@dataclass(frozen=True)
class FileDownload:
    """Takes the body of a successful answer into a file that appears only when it is complete.

    At most `limit` bytes are taken, else BadAnswer. What stood at `path` before is replaced.
    """

    path: Path
    limit: int
    progress: Progress = _nothing
    check: Callable[[], None] = _nothing

    def take(self, response: HTTPResponse, sock: DeadlineSocket, patience: float, where: str) -> int:
        """Reads the response to its end; returns the bytes. Each block has `patience` seconds."""
        expected = response.length
        self._refuse_above(expected or 0, where)
        partial = self.path.with_name(f".{self.path.name}.part")
        try:
            with _here(self.path):
                file = os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
            with file:
                size = 0
                while piece := response.read(BLOCK):
                    sock.deadline = time.monotonic() + patience
                    self.check()
                    size += len(piece)
                    self._refuse_above(size, where)
                    with _here(self.path):
                        file.write(piece)
                        file.flush()
                    self.progress(size, expected or size)
            if expected is not None and size < expected:
                raise BadAnswer(f"the file was cut: {size} of {expected} bytes came", where=where)
            with _here(self.path):
                partial.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        return size

    def _refuse_above(self, size: int, where: str) -> None:
        if size > self.limit:
            raise BadAnswer(
                f"the device sends more than {self.limit} bytes; reading stopped",
                hint="Raise the limit if the file may be that large.",
                where=where,
            )
