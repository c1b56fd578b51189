"""Status line and headers of answers, as each firmware line writes them."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Final

from dsm_desktop.simulator.exchange import Response
from dsm_desktop.simulator.personas import Persona

REASONS: Final = {
    100: "Continue",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
"""Status codes and their words."""


class Heads:
    """Heads of one firmware line; what never changes is put together once per status."""

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._fixed: dict[int, bytes] = {}

    def write(self, response: Response, length: int) -> bytes:
        """The head of an answer with a body of so many bytes."""
        fixed = self._fixed.get(response.status)
        if fixed is None:
            fixed = self._fixed[response.status] = self._fixed_part(response.status)
        lines = [
            fixed,
            b"Date: ",
            formatdate(time.time(), usegmt=True).encode(),
            b"\r\nContent-Length: ",
            str(length).encode(),
            b"\r\nContent-Type: ",
            (response.content_type or "application/json;odata.metadata=minimal;charset=utf-8").encode(),
        ]
        for name, value in response.headers:
            lines.append(f"\r\n{name}: {value}".encode("latin-1"))
        lines.append(b"\r\nConnection: close\r\n\r\n" if response.close else self._keep())
        return b"".join(lines)

    def _keep(self) -> bytes:
        seconds, most = self._persona.keepalive
        return f"\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout={seconds}, max={most}\r\n\r\n".encode()

    def _fixed_part(self, status: int) -> bytes:
        lines = [
            f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}",
            f"Server: {self._persona.server_header}",
        ]
        lines += [f"{name}: {value}" for name, value in self._persona.extra_headers]
        lines += ["OData-Version: 4.0", "Cache-Control: no-cache", ""]
        return "\r\n".join(lines).encode()
