"""A firmware file on its way into the iDRAC: parsed, hashed and spooled block by block, never held in memory."""

from __future__ import annotations

import hashlib
import re
import tempfile
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from dsm_desktop.simulator.exchange import Receiver

if TYPE_CHECKING:
    from dsm_desktop.simulator.faults import FaultSet

MEGABYTE: Final = 1_000_000
FIELD_LIMIT: Final = 256 * 1024
"""Most bytes of a form field that is no file, and of a part's headers."""
_ZEROS: Final = bytes(16384)
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.I)
_NAME: Final = re.compile(rb'[; ]name="([^"]*)"', re.I)
_FILENAME: Final = re.compile(rb'filename="([^"]*)"', re.I)


class Spool:
    """A file with its size and SHA-256; runs of zeros take no room on the disk."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.size = 0
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by its owner
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hash of what came, lower-case hex."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """The next bytes."""
        self._hash.update(data)
        self.size += len(data)
        if data == (_ZEROS if len(data) == len(_ZEROS) else bytes(len(data))):
            self.file.seek(self.size)
        else:
            self.file.write(data)

    def finish(self) -> IO[bytes]:
        """The file, ready to be read."""
        self.file.truncate(self.size)
        self.file.seek(0)
        return self.file

    def close(self) -> None:
        """Forget the file."""
        self.file.close()


class Upload:
    """The body of a multipart/form-data request. Parts with a file name are spooled, others kept as bytes.

    `problem` is "" or what is wrong with the form. Order of arrival is kept in `order`.
    """

    def __init__(self, headers: dict[str, str]) -> None:
        self.size = 0
        self.pace = 0.0
        self.cut_after: float | None = None
        """A fault: reset the connection after so many bytes."""
        self.fields: dict[str, bytes] = {}
        self.files: dict[str, Spool] = {}
        self.order: list[str] = []
        self.problem = ""
        found = _BOUNDARY.search(headers.get("content-type", ""))
        if found is None or "multipart/form-data" not in headers.get("content-type", "").lower():
            self.problem = "not multipart/form-data"
        self._mark = b"\r\n--" + (found[1].encode("latin-1") if found else b"")
        self._buffer = bytearray(b"\r\n")
        self._part: Spool | bytearray | None = None
        self._over = False

    def write(self, data: bytes) -> None:
        """The next bytes of the body."""
        self.size += len(data)
        if self.cut_after is not None and self.size >= self.cut_after:
            raise ConnectionResetError("cut by a fault")
        if self.problem or self._over:
            return
        self._buffer += data
        while not self.problem and not self._over and self._step():
            pass

    def _step(self) -> bool:
        """Take one thing out of the buffer; False when more bytes are needed."""
        at = self._buffer.find(self._mark)
        if at < 0:
            keep = len(self._mark) + 4
            if len(self._buffer) > keep:
                self._put(bytes(self._buffer[:-keep]))
                del self._buffer[:-keep]
            return False
        end = at + len(self._mark)
        if len(self._buffer) < end + 2:
            return False
        if self._buffer[end : end + 2] == b"--":
            self._put(bytes(self._buffer[:at]))
            self._finish_part()
            self._over = True
            return False
        blank = self._buffer.find(b"\r\n\r\n", end)
        if blank < 0:
            if len(self._buffer) - end > FIELD_LIMIT:
                self.problem = "part without an end of its headers"
            return False
        self._put(bytes(self._buffer[:at]))
        self._finish_part()
        self._begin_part(bytes(self._buffer[end:blank]))
        del self._buffer[: blank + 4]
        return True

    def _begin_part(self, head: bytes) -> None:
        name, filename = _NAME.search(head), _FILENAME.search(head)
        if name is None or len(self.order) >= 16:
            self.problem = "part without a name"
            return
        key = name[1].decode("utf-8", "replace")
        self.order.append(key)
        if filename is None:
            self._part = bytearray()
            return
        self._part = self.files[key] = Spool(filename[1].decode("utf-8", "replace"))

    def _put(self, data: bytes) -> None:
        part = self._part
        if isinstance(part, Spool):
            part.write(data)
        elif part is not None:
            part += data
            if len(part) > FIELD_LIMIT:
                self.problem = "form field too long"

    def _finish_part(self) -> None:
        if isinstance(self._part, bytearray):
            self.fields[self.order[-1]] = bytes(self._part)
        self._part = None

    # -- when it has arrived ---------------------------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """The closing boundary came and nothing was wrong."""
        return self._over and not self.problem

    def json(self, name: str) -> Any:
        """A field as JSON; raises ValueError."""
        return orjson.loads(self.fields.get(name, b""))

    def take(self, name: str) -> Spool | None:
        """A file, which the caller must close from now on."""
        return self.files.pop(name, None)

    def close(self) -> None:
        """Forget what nobody took."""
        for spool in self.files.values():
            spool.close()
        self.files.clear()


def hindered(upload: Receiver, faults: FaultSet) -> Receiver:
    """The same upload with the faults that are switched on for it."""
    if isinstance(upload, Upload):
        cut, slow = faults.take("upload_cut"), faults.take("upload_slow")
        if cut is not None:
            upload.cut_after = float(cut["mb"]) * MEGABYTE
        if slow is not None:
            upload.pace = float(slow["mb"]) * MEGABYTE
    return upload
