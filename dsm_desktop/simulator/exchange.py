"""One request and one answer, as the socket layer and the service hand them to each other."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable
from typing import Any, Protocol

import orjson

Doc = dict[str, Any]
"""A Redfish document before it is serialised."""


class Receiver(Protocol):
    """Takes the body of a request as it arrives, block by block."""

    size: int
    """Bytes taken so far."""
    pace: float
    """Most bytes per real second; 0 takes what comes."""

    def write(self, data: bytes) -> None:
        """The next bytes. Raises ConnectionResetError to have the connection reset."""

    def close(self) -> None:
        """Give back what it holds: the request is answered, or the connection broke."""


@dataclasses.dataclass(slots=True)
class Request:
    """A parsed HTTP request. Header names are lower case; `path` has no query and no trailing slash."""

    verb: str
    target: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    client: str
    upload: Receiver | None = None
    """Where a body too large for memory went; `body` is empty then."""

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return orjson.loads(self.body)


@dataclasses.dataclass(slots=True)
class Delivery:
    """How an answer leaves the device when a fault has a hand in it. Times are real seconds."""

    delay: float = 0.0
    hang: bool = False
    cut_after: int | None = None
    """Send this many bytes of the body, then reset the connection; negative: reset before any byte."""
    drip: float = 0.0
    """Pause between single bytes."""
    declared: int | None = None
    """Content-Length to announce instead of the true one."""
    raw: bytes | None = None
    """Send exactly these bytes instead of an HTTP answer."""


@dataclasses.dataclass(slots=True)
class Response:
    """An answer of the device; `headers` come on top of those every answer of its firmware carries."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    delivery: Delivery | None = None
    close: bool = False
    later: Callable[[Callable[[Response], None]], None] | None = None
    """Set when the device must do something first: called with the function that sends the true answer."""


def json_response(status: int, doc: Any, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An answer with a JSON body."""
    return Response(status, orjson.dumps(doc), headers)


class Endpoint(Protocol):
    """Something that answers on an accepted connection: a simulated iDRAC or the trap."""

    keepalive: tuple[int, int]
    """Idle seconds and most requests of one connection, as its Keep-Alive header says."""

    def admit(self, client: str) -> bool:
        """False: reset the connection at once."""

    def tls_context(self) -> ssl.SSLContext:
        """Context for a new connection."""

    def handshaken(self, ok: bool) -> None:
        """A handshake has ended."""

    def connected(self, wire: Any) -> None:
        """A connection is up; `wire.reset()` drops it."""

    def disconnected(self, wire: Any) -> None:
        """It is gone."""

    def receiver(self, verb: str, path: str, headers: dict[str, str]) -> Receiver | None:
        """Something that takes the body of this request in place of memory; None for ordinary requests."""

    def begin(self) -> None:
        """A request has been read in full."""

    def handle(self, request: Request) -> Response:
        """Answer it. Never raises."""

    def end(self, sent: int) -> None:
        """The answer has left, or never will; `sent` bytes went out."""

    def head(self, response: Response, length: int) -> bytes:
        """Status line and headers of an answer."""
