"""One call on its way to a device, and the kept connection it goes over; both belong to net.transport."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dsm_desktop.net.streams import FileDownload
from dsm_desktop.net.tls import DeadlineSocket


@dataclass(frozen=True, slots=True)
class Payload:
    """A ready body. `said` is method and path as the activity log shows them where the protocol has its own words for them
    (SOAP: the method and the object). `repeatable`: it changes nothing, so it may be sent again when a kept connection
    turns out to be closed."""

    content: bytes
    content_type: str = "application/json"
    said: tuple[str, str] | None = None
    repeatable: bool = False

    @property
    def json(self) -> bool:
        return self.content_type == "application/json"


class Upload(Protocol):
    """A body too large for memory (`net.streams`)."""

    @property
    def content_type(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def shown(self) -> Any: ...
    def paced(self, sock: DeadlineSocket | None, patience: float) -> Iterator[bytes | memoryview]: ...


@dataclass(frozen=True, slots=True)
class Request:
    """`timeout` s for the whole of it, or per block where a file is sent or taken."""

    method: str
    path: str
    payload: Payload | None
    upload: Upload | None
    into: FileDownload | None
    headers: Mapping[str, str]
    secret: bool
    timeout: float
    began: float

    @property
    def repeatable(self) -> bool:
        """May be sent a second time."""
        return self.method == "GET" or (self.payload is not None and self.payload.repeatable)


class Connection(http.client.HTTPConnection):
    """http.client over a socket that is handed in; never connects by itself."""

    auto_open = 0

    def __init__(self, sock: DeadlineSocket) -> None:
        super().__init__("device")
        self.sock: DeadlineSocket | None = sock
        self.fresh = True

    def alive(self) -> bool:
        """False when the device has closed it or has sent something nobody asked for."""
        if self.sock is None:
            return False
        try:
            self.sock.settimeout(0)
            self.sock.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        return False
