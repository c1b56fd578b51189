"""The socket layer: TLS and HTTP/1.1 for thousands of connections in one thread.

TLS runs over `ssl.MemoryBIO` here and not in asyncio's own layer, which keeps a 256 kB buffer per connection
(2 GB for 8,000 iDRACs) and needs one context per listening socket; ours takes the context of the iDRAC whose
address was dialled, so one socket can serve a whole network.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
import time
import urllib.parse
from collections.abc import Callable
from typing import Final, cast

from dsm_desktop.simulator.exchange import Delivery, Endpoint, Request, Response

MAX_HEAD: Final = 32 * 1024
MAX_BODY: Final = 64 * 1024 * 1024
MAX_UPLOAD: Final = 4 * 1024 * 1024 * 1024
READ_SIZE: Final = 64 * 1024
_LINGER: Final = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)

Route = Callable[[str, int], Endpoint | None]
"""Which endpoint owns this local address and port."""


class Wire(asyncio.Protocol):
    """One connection, from the TCP accept to its end. Requests are answered one after the other."""

    def __init__(self, route: Route, latency: Callable[[], float]) -> None:
        self._route = route
        self._latency = latency
        self._transport: asyncio.Transport | None = None
        self._endpoint: Endpoint | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._shaken = False
        self._buffer = bytearray()
        self._stream: Request | None = None
        self._missing = 0
        self._resume_at = 0.0
        self._busy = False
        self._served = 0
        self._client = ""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.idle_since = time.monotonic()

    # -- connection ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out which device was dialled and begin TLS with that device's certificate."""
        self._transport = cast(asyncio.Transport, transport)
        local = transport.get_extra_info("sockname")
        self._client = transport.get_extra_info("peername")[0]
        endpoint = self._route(local[0], local[1])
        if endpoint is None or not endpoint.admit(self._client):
            self.reset()
            return
        self._endpoint = endpoint
        self._tls = endpoint.tls_context().wrap_bio(self._incoming, self._outgoing, server_side=True)
        endpoint.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._endpoint is not None:
            if self._busy:
                self._busy = False
                self._endpoint.end(0)
            self._endpoint.disconnected(self)
        self._transport = None
        self._drop_stream()

    def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and stream.upload is not None:
            stream.upload.close()

    def reset(self) -> None:
        """Drop the connection the hard way: the peer sees "connection reset"."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._transport.abort()

    def close(self) -> None:
        """End the connection politely."""
        if self._transport is not None and not self._transport.is_closing():
            if self._tls is not None and self._shaken:
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    self._shaken = False
                self._flush()
            self._transport.close()

    @property
    def idle(self) -> bool:
        """No request is being answered or received."""
        return not self._busy and self._stream is None

    @property
    def keepalive_seconds(self) -> float:
        """How long this connection may rest."""
        return self._endpoint.keepalive[0] if self._endpoint is not None else 5.0

    # -- bytes -----------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Decrypt, collect, and answer each whole request."""
        if self._tls is None or self._endpoint is None:
            return
        self._incoming.write(data)
        try:
            if not self._shaken and not self._handshake():
                return
            while True:
                chunk = self._tls.read(READ_SIZE)
                if not chunk:
                    self.close()
                    return
                if self._stream is None:
                    self._buffer += chunk
                else:
                    self._pour(chunk)
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._flush()
            if not self._shaken:
                self._endpoint.handshaken(ok=False)
            self.reset()
            return
        self._feed()

    def _handshake(self) -> bool:
        assert self._tls is not None
        assert self._endpoint is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        self._shaken = True
        self._endpoint.handshaken(ok=True)
        self._flush()
        return True

    def _flush(self) -> int:
        data = self._outgoing.read()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
        return len(data)

    def _write(self, data: bytes) -> None:
        if self._tls is not None and self._transport is not None and not self._transport.is_closing():
            self._tls.write(data)
            self._flush()

    # -- requests --------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        """Take the next whole request out of the buffer."""
        if self._busy or not self._buffer or self._transport is None:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                self._refuse(431)
            return
        try:
            verb, target, headers = parse_head(bytes(self._buffer[:end]))
            length = int(headers.get("content-length", "0"))
        except ValueError:
            self._refuse(400)
            return
        if "transfer-encoding" in headers:
            self._refuse(411)
            return
        path, _, query = target.partition("?")
        total = end + 4 + length
        receiver = self._endpoint.receiver(verb, normal(path), headers) if self._endpoint else None
        if not 0 <= length <= (MAX_UPLOAD if receiver is not None else MAX_BODY):
            self._refuse(413)
            return
        if receiver is not None and length:
            rest = bytes(self._buffer[end + 4 :])
            self._buffer.clear()
            if headers.pop("expect", "") and not rest:
                self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._missing = length
            self._stream = Request(verb, target, normal(path), query, headers, b"", self._client, receiver)
            self._pour(rest)
            return
        if len(self._buffer) < total:
            if headers.pop("expect", "") and len(self._buffer) == end + 4:
                self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body = bytes(self._buffer[end + 4 : total])
        del self._buffer[:total]
        self._dispatch(Request(verb, target, normal(path), query, headers, body, self._client))

    def _pour(self, data: bytes) -> None:
        """Hand the next bytes of a large body on; answer when it is whole."""
        stream = self._stream
        assert stream is not None
        assert stream.upload is not None
        try:
            stream.upload.write(data[: self._missing])
        except ConnectionResetError:
            self._drop_stream()
            self.reset()
            return
        if stream.upload.pace > 0:
            self._rest(len(data) / stream.upload.pace)
        self._buffer += data[self._missing :]
        self._missing -= min(self._missing, len(data))
        if self._missing == 0:
            self._stream = None
            self._dispatch(stream)

    def _rest(self, seconds: float) -> None:
        """Take nothing for a while, so that the sender has to wait."""
        if self._transport is None:
            return
        now = self._loop.time()
        self._resume_at = max(self._resume_at, now) + seconds
        self._transport.pause_reading()
        self._loop.call_at(self._resume_at, self._resume)

    def _resume(self) -> None:
        if self._transport is not None and self._loop.time() >= self._resume_at - 0.001:
            self._transport.resume_reading()

    def _refuse(self, status: int) -> None:
        self._buffer.clear()
        self._busy = True
        assert self._endpoint is not None
        self._endpoint.begin()
        self._send(Response(status, close=True), head_only=False)

    def _dispatch(self, request: Request) -> None:
        assert self._endpoint is not None
        self._busy = True
        self._served += 1
        self._endpoint.begin()
        response = self._endpoint.handle(request)
        if response.later is not None:
            response.later(lambda final: self._answer(request, final))
        else:
            self._answer(request, response)

    def _answer(self, request: Request, response: Response) -> None:
        if self._endpoint is None or self._transport is None:
            return  # the client has gone while the device was busy
        if (
            request.headers.get("connection", "").lower() == "close"
            or self._served >= self._endpoint.keepalive[1]
        ):
            response.close = True
        delay = self._latency() + (response.delivery.delay if response.delivery else 0.0)
        if delay > 0:
            self._later(delay, lambda: self._send(response, head_only=request.verb == "HEAD"))
        else:
            self._send(response, head_only=request.verb == "HEAD")

    def _later(self, delay: float, then: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(delay, then)

    # -- answers ---------------------------------------------------------------------------------------------

    def _send(self, response: Response, head_only: bool) -> None:
        self._timer = None
        if self._transport is None or self._endpoint is None:
            return
        if response.delivery is not None:
            self._send_faulty(response, response.delivery)
            return
        payload = self._endpoint.head(response, len(response.body))
        if not head_only:
            payload += response.body
        self._write(payload)
        self._done(len(payload), close=response.close)

    def _send_faulty(self, response: Response, delivery: Delivery) -> None:
        assert self._endpoint is not None
        if delivery.hang:
            return
        if delivery.raw is not None:
            self._write(delivery.raw)
            self._done(len(delivery.raw), close=True)
            return
        declared = len(response.body) if delivery.declared is None else delivery.declared
        payload = self._endpoint.head(response, declared) + response.body
        if delivery.cut_after is not None:
            sent = (
                payload[: len(payload) - len(response.body) + delivery.cut_after]
                if delivery.cut_after >= 0
                else b""
            )
            self._write(sent)
            self._later(0.01, self.reset)
        elif delivery.drip > 0:
            self._drip(payload, 0, delivery.drip, response.close)
        else:
            self._write(payload)
            self._done(len(payload), close=response.close)

    def _drip(self, payload: bytes, at: int, pause: float, close: bool) -> None:
        if self._transport is None:
            return
        if at >= len(payload):
            self._done(len(payload), close=close)
            return
        self._write(payload[at : at + 1])
        self._later(pause, lambda: self._drip(payload, at + 1, pause, close))

    def _done(self, sent: int, close: bool) -> None:
        self._timer = None
        self._busy = False
        self.idle_since = time.monotonic()
        if self._endpoint is not None:
            self._endpoint.end(sent)
        if close:
            self.close()
        elif self._buffer:
            self._loop.call_soon(self._feed)


def parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Request line and headers; raises ValueError when they are not HTTP/1."""
    lines = head.decode("latin-1").split("\r\n")
    verb, target, version = lines[0].split(" ")
    if not version.startswith("HTTP/1.") or not target.startswith("/"):
        raise ValueError("not an HTTP/1 request")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("header without a colon")
        headers[name.strip().lower()] = value.strip()
    return verb, target, headers


def normal(path: str) -> str:
    """The path percent-decoded and without a trailing slash, as iDRACs compare it."""
    if "%" in path:
        path = urllib.parse.unquote(path)
    return path.rstrip("/") or "/"
