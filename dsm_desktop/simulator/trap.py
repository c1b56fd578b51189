"""A listener that no client should ever send a credential to; it counts what it gets."""

from __future__ import annotations

import ssl
from typing import Any, Final

from dsm_desktop.simulator.exchange import Receiver, Request, Response
from dsm_desktop.simulator.tls import make_context, make_identity

_HEADERS: Final = ("authorization", "x-auth-token", "cookie")


class Trap:
    """Endpoint of the trap. Every request is answered with an empty service root."""

    keepalive = (5, 100)

    def __init__(self, secrets: list[str]) -> None:
        self.connections = 0
        self.requests = 0
        self.credential_bytes = 0
        self.seen: list[str] = []
        self._secrets = [s for s in secrets if s]
        self._wires: set[Any] = set()
        identity = make_identity("trap", "127.0.0.1")
        self.fingerprint = identity.fingerprint
        self._context = make_context(identity)

    def admit(self, client: str) -> bool:
        """Everybody is welcome."""
        self.connections += 1
        return True

    def tls_context(self) -> ssl.SSLContext:
        """One certificate."""
        return self._context

    def handshaken(self, ok: bool) -> None:
        """Not counted."""

    def connected(self, wire: Any) -> None:
        """Remember an open connection."""
        self._wires.add(wire)

    def disconnected(self, wire: Any) -> None:
        """Forget it."""
        self._wires.discard(wire)

    def drop_connections(self) -> None:
        """Reset every open connection."""
        for wire in list(self._wires):
            wire.reset()

    def receiver(self, verb: str, path: str, headers: dict[str, str]) -> Receiver | None:
        """Nothing large is taken."""
        return None

    def begin(self) -> None:
        """Count a request."""
        self.requests += 1

    def handle(self, request: Request) -> Response:
        """Count every byte of a credential header and every password of the site in path, headers or body."""
        self.seen.append(f"{request.verb} {request.target}")
        for name in _HEADERS:
            self.credential_bytes += len(request.headers.get(name, ""))
        everything = request.target + str(request.headers) + request.body.decode("utf-8", "replace")
        self.credential_bytes += sum(len(s) * everything.count(s) for s in self._secrets)
        return Response(200, b'{"@odata.id":"/redfish/v1","Members":[]}')

    def end(self, sent: int) -> None:
        """Not counted."""

    def head(self, response: Response, length: int) -> bytes:
        """A plain head."""
        return (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "connections": self.connections,
            "requests": self.requests,
            "credential_bytes": self.credential_bytes,
            "seen": self.seen,
        }
