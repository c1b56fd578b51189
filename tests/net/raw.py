"""A TLS server that says exactly what a test wants, byte for byte, and remembers every byte it was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from tests.kit.replay import fingerprint, make_certificate, server_context

Speak = Callable[[ssl.SSLSocket, bytes, int], None]
"""Answers one request: socket, raw request (head and body), number of the request over all connections (from 0)."""


class RawServer:
    """Listens on 127.0.0.1; `speak` answers each request. `received` holds all decrypted bytes, `connections` their count."""

    def __init__(
        self, speak: Speak, *, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.speak = speak
        self.pem, key = make_certificate()
        self.fingerprint = fingerprint(self.pem)
        self.context = context or server_context(self.pem, key)
        self.received = b""
        self.raw_received = 0
        self.connections = 0
        self.requests = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((host, 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name="fixture-raw-accept", daemon=True)

    def __enter__(self) -> RawServer:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._accepting.join(60)
        for thread in self._threads:
            thread.join(60)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), name="fixture-raw", daemon=True)
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            with self.context.wrap_socket(sock, server_side=True) as tls:
                with self._lock:
                    self._open.discard(sock)
                    self._open.add(tls)
                try:
                    while request := self._request(tls):
                        with self._lock:
                            number, self.requests = self.requests, self.requests + 1
                        self.speak(tls, request, number)
                finally:
                    with self._lock:
                        self._open.discard(tls)
        except OSError:
            sock.close()

    def _request(self, tls: ssl.SSLSocket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = tls.recv(65536)
            if not piece:
                return b""
            data += piece
            with self._lock:
                self.received += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            piece = tls.recv(65536)
            if not piece:
                return b""
            body += piece
            with self._lock:
                self.received += piece
        return head + b"\r\n\r\n" + body


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A well-formed answer with its length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
