"""A media server of its own beside a test, and raw requests from chosen addresses."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from dsm_desktop.core.settings import MediaSettings
from dsm_desktop.media.access_log import Row
from dsm_desktop.media.identity import MediaKeys, make_keys
from dsm_desktop.media.server import MediaHands, MediaServer
from dsm_desktop.store.media import ServedMount

BMC = "127.94.0.5"
"""The job's server; requests from here are served, from everywhere else not."""


@cache
def keys() -> MediaKeys:
    return make_keys("test", ["127.0.0.1"])


@dataclass
class Beside:
    """A server, the rows of its log, and what it takes for its settings and standing mounts."""

    media: MediaServer
    rows: list[Row]
    settings: MediaSettings = field(default_factory=lambda: MediaSettings(port=0))
    mounts: list[ServedMount] = field(default_factory=list)

    def logged(self) -> list[tuple[str, str, str, int, int]]:
        """(peer, method, path, status, bytes) of every row; ends the server's log first."""
        self.media.close()
        return [(r.first.peer, r.first.method, r.first.path, r.first.status, r.bytes) for r in self.rows]


@contextmanager
def media_beside(**settings: Any) -> Iterator[Beside]:
    rows: list[Row] = []
    beside = Beside(None, rows, MediaSettings(port=0, **settings))  # type: ignore[arg-type]
    beside.media = MediaServer(
        MediaHands("here", keys, lambda: beside.settings, rows.extend, lambda: beside.mounts)
    )
    try:
        yield beside
    finally:
        beside.media.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and any(t.name == "media-tidy" for t in threading.enumerate()):
            time.sleep(0.01)
        assert not [t.name for t in threading.enumerate() if t.name.startswith("media")]


def connect(url: str, source: str = BMC) -> http.client.HTTPConnection:
    """A kept connection to the server of a URL, from a chosen address."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    if parts.scheme == "https":
        context = ssl.create_default_context(cadata=keys().certificate)
        context.check_hostname = False
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=60, source_address=(source, 0), context=context
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=60, source_address=(source, 0))


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    heads: dict[str, str]


def ask(
    url: str,
    method: str = "GET",
    *,
    source: str = BMC,
    body: Any = None,
    on: http.client.HTTPConnection | None = None,
    **heads: str,
) -> Reply:
    """One request; `on` keeps the connection. Header names with "_" for "-"."""
    connection = on or connect(url, source)
    try:
        connection.request(
            method, urlsplit(url).path, body=body, headers={k.replace("_", "-"): v for k, v in heads.items()}
        )
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(), dict(answer.getheaders()))
    finally:
        if on is None:
            connection.close()


def raw(url: str, text: bytes, source: str = BMC) -> bytes:
    """Bytes as they are, and all that comes back until the server hangs up."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port), 10, source_address=(source, 0)) as peer:
        peer.sendall(text)
        peer.shutdown(socket.SHUT_WR)
        found = b""
        while chunk := peer.recv(65_536):
            found += chunk
        return found
