"""One connection of a BMC: requests parsed by the standard library, answers with exact lengths, kept alive."""

from __future__ import annotations

import io
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from dsm_desktop.media.access_log import NOT_OFFERED, Access, monotonic_ms
from dsm_desktop.media.offers import Asked, Found, Inbox, Offers
from dsm_desktop.media.pace import Pace
from dsm_desktop.media.ranges import (
    Part,
    Unsatisfiable,
    etag,
    http_date,
    still_the_same,
    unchanged,
    wanted_part,
)
from dsm_desktop.media.request_reader import RequestReader
from dsm_desktop.media.route import IpAddress, plain

IDLE_SECONDS = 60.0
"""A kept connection without a request, and a reader that takes nothing, are let go after this."""
REQUEST_SECONDS = 300.0
"""A request with its body must be here by then, however slowly its bytes come."""
_SOON_SECONDS = 10.0
"""For the first line of a peer nobody expects anything from yet."""
_TLS_HELLO = 0x16
_COPY = 1 << 17
_SENDFILE = hasattr(os, "sendfile")
_METHODS = ("GET", "HEAD", "PUT", "POST")
_NAMES = {
    ".iso": "application/x-iso9660-image",
    ".xml": "text/xml",
    ".json": "application/json",
    ".gz": "application/gzip",
}


class Host(Protocol):
    """What a connection needs of the server."""

    offers: Offers
    pace: Pace
    closing: threading.Event
    tls: Callable[[], ssl.SSLContext]
    note: Callable[[Access], None]

    def adopt(self, connection: socket.socket) -> None:
        """This thread's connection is another socket object now."""


class _Aborted(Exception):
    """The transfer must not go on: withdrawn, or the server closes."""


class Exchange(BaseHTTPRequestHandler):
    """One connection; plain or TLS by its first byte, so that one port and one firewall rule do."""

    protocol_version = "HTTP/1.1"
    server_version = "DSM-Desktop"
    sys_version = ""
    host: Host

    def setup(self) -> None:
        self.request.settimeout(_SOON_SECONDS)
        self.peer: IpAddress = plain(str(self.client_address[0]))
        self.secure = False
        if self.request.recv(1, socket.MSG_PEEK)[:1] == bytes([_TLS_HELLO]):
            self.request = self.host.tls().wrap_socket(self.request, server_side=True)
            self.secure = True
            self.host.adopt(self.request)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(IDLE_SECONDS)
        if _SENDFILE:
            patience = struct.pack("ll", int(IDLE_SECONDS), 0)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        self._begun = time.monotonic()
        super().setup()
        self.rfile.close()
        self._reader = RequestReader(self.request, IDLE_SECONDS)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self._reader.begin(REQUEST_SECONDS)
        super().handle_one_request()

    def finish(self) -> None:
        super().finish()
        if self.secure:
            # The TLS socket took the plain one over; socketserver closes only that.
            self.request.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on a terminal; the access log has it."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself (no HTTP, unknown method): short, and the connection ends."""
        self.close_connection = True
        if getattr(self, "request_version", "HTTP/0.9") != "HTTP/0.9":
            self._answer(code, [("Content-Length", "0"), ("Connection", "close")])
        # Not `message`, which repeats what the peer wrote: each nonsense of a stranger's would be a row of its own.
        self._note(code, NOT_OFFERED, error="not understood")

    # --- methods --------------------------------------------------------------------------------------------------

    def do_GET(self) -> None:
        self._serve(body=True)

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_PUT(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    # --- reading --------------------------------------------------------------------------------------------------

    def _serve(self, *, body: bool) -> None:
        self._begun = time.monotonic()
        asked = self.host.offers.ask(self.path, self.peer)
        found = self.host.offers.open(asked) if asked else None
        if asked is None or found is None:
            self._refuse(HTTPStatus.NOT_FOUND, asked)
            return
        try:
            self._send(asked, found, body=body)
        finally:
            os.close(found.fd)

    def _send(self, asked: Asked, found: Found, *, body: bool) -> None:
        tag = etag(found.size, found.modified_ns)
        heads = [("ETag", tag), ("Last-Modified", http_date(found.modified_ns)), ("Accept-Ranges", "bytes")]
        if unchanged(self.headers.get("If-None-Match"), tag):
            self._answer(HTTPStatus.NOT_MODIFIED, heads)
            self._note(HTTPStatus.NOT_MODIFIED, asked.label, asked)
            return
        wanted = self.headers.get("Range")
        if not still_the_same(self.headers.get("If-Range"), tag, found.modified_ns):
            wanted = None
        try:
            part = wanted_part(wanted, found.size)
        except Unsatisfiable:
            self._answer(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                [*heads, ("Content-Range", f"bytes */{found.size}"), ("Content-Length", "0")],
            )
            self._note(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, asked.label, asked)
            return
        status = HTTPStatus.OK if part.whole else HTTPStatus.PARTIAL_CONTENT
        suffix = "." + found.name.rpartition(".")[2].lower()
        heads += [
            ("Content-Type", _NAMES.get(suffix, "application/octet-stream")),
            ("Content-Length", str(part.length)),
        ]
        if not part.whole:
            heads.append(("Content-Range", f"bytes {part.start}-{part.start + part.length - 1}/{found.size}"))
        self._answer(status, heads)
        if not body:
            self._note(status, asked.label, asked)
            return
        sent, error = self._transfer(asked, found, part)
        self._note(status, asked.label, asked, sent, error)

    def _transfer(self, asked: Asked, found: Found, part: Part) -> tuple[int, str]:
        """Send the bytes; (how many left, why not all)."""
        copy = self._sendfile if _SENDFILE and not self.secure else self._copied
        sent, error = 0, ""
        try:
            while sent < part.length:
                if self.host.closing.is_set() or not self.host.offers.still(asked, self.peer):
                    raise _Aborted
                count = min(self.host.pace.block, part.length - sent)
                self.host.pace.take(count, self.host.closing)
                done = copy(found.fd, part.start + sent, count)
                if not done:
                    raise _Aborted
                sent += done
                self.host.offers.read(asked, self.peer)
        except _Aborted:
            error = "ended early: withdrawn, or the file became shorter"
        except (OSError, ValueError) as failure:
            error = f"the peer went away: {failure}"
        if error:
            self.close_connection = True
        return sent, error

    def _sendfile(self, fd: int, start: int, count: int) -> int:
        """From the page cache into the socket, without a copy here."""
        # The kernel keeps the time here: `socket.sendfile` would wake this thread for each buffer that fits.
        self.request.settimeout(None)
        try:
            return os.sendfile(self.request.fileno(), fd, start, count)
        finally:
            self.request.settimeout(IDLE_SECONDS)

    def _copied(self, fd: int, start: int, count: int) -> int:
        done = 0
        with memoryview(self._block()) as block:
            while done < count:
                size = _read_at(fd, start + done, block[: min(_COPY, count - done)])
                if not size:
                    break
                self.request.sendall(block[:size])
                done += size
        return done

    def _block(self) -> bytearray:
        """One block a connection, made when it is needed."""
        held: bytearray | None = getattr(self, "_held", None)
        if held is None:
            held = self._held = bytearray(_COPY)
        return held

    # --- receiving ------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        self._begun = time.monotonic()
        asked = self.host.offers.ask(self.path, self.peer)
        box = self.host.offers.inbox(asked) if asked else None
        if asked is None or box is None:
            self.close_connection = True  # its body is still on the way
            self._refuse(HTTPStatus.NOT_FOUND, asked)
            return
        if not box.claim():
            self.close_connection = True
            self._refuse(HTTPStatus.CONFLICT, asked, "another upload of it is under way")
            return
        try:
            content = self._body(box)
        except _TooLarge:
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, asked, f"more than {box.limit} bytes")
            return
        except (OSError, ValueError) as failure:
            self.close_connection = True
            self._note(HTTPStatus.BAD_REQUEST, asked.label, asked, 0, f"cut short: {failure}")
            return
        finally:
            box.release()
        box.put(content)
        self._answer(HTTPStatus.CREATED, [("Content-Length", "0")])
        self._note(HTTPStatus.CREATED, asked.label, asked, len(content))

    def _body(self, box: Inbox) -> bytes:
        if (self.headers.get("Transfer-Encoding") or "").lower() == "chunked":
            return self._chunks(box.limit)
        length = int(self.headers.get("Content-Length") or "0")
        if not 0 <= length <= box.limit:
            raise _TooLarge
        content = bytearray()
        self._more(content, length)
        return bytes(content)

    def _chunks(self, limit: int) -> bytes:
        content = bytearray()
        while True:
            size = int(self.rfile.readline(64).split(b";")[0].strip() or b"x", 16)
            if size < 0 or len(content) + size > limit:
                raise _TooLarge
            if size == 0:
                while self.rfile.readline(1024).strip():
                    pass
                return bytes(content)
            self._more(content, size)
            if self.rfile.readline(4).strip():
                raise ValueError("a chunk is longer than it says")

    def _more(self, content: bytearray, count: int) -> None:
        """So many bytes onto `content`, which grows with what has come and not with what was announced."""
        left = count
        while left:
            piece = self.rfile.read(min(left, _COPY))
            if not piece:
                raise ValueError(f"{count - left} of {count} bytes came")
            content += piece
            left -= len(piece)

    # --- answers --------------------------------------------------------------------------------------------------

    def _answer(self, status: int, heads: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in heads:
            self.send_header(name, value)
        with suppress(OSError):
            self.end_headers()

    def _refuse(self, status: int, asked: Asked | None, error: str = "") -> None:
        # A stranger, or a guess: no second try on this connection.
        last = asked is None or self.close_connection
        self._answer(status, [("Content-Length", "0"), *([("Connection", "close")] if last else [])])
        self._note(status, asked.label if asked else NOT_OFFERED, asked, 0, error)

    def _note(
        self, status: int, path: str, asked: Asked | None = None, size: int = 0, error: str = ""
    ) -> None:
        self.host.note(
            Access(
                str(self.peer),
                self.command if self.command in _METHODS else "?",
                path,
                int(status),
                size,
                monotonic_ms(self._begun),
                error,
                asked.job_id if asked else None,
                asked.server_id if asked else None,
            )
        )


class _TooLarge(Exception):
    """More than the inbox takes."""


def _read_at(fd: int, start: int, into: memoryview) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(fd, [into], start)
    os.lseek(fd, start, os.SEEK_SET)
    data = os.read(fd, len(into))
    into[: len(data)] = data
    return len(data)
