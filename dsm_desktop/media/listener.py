"""The open port: a thread a connection, all of them ended when the port is closed."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable

from dsm_desktop.core.errors import DsmError
from dsm_desktop.media.access_log import Access
from dsm_desktop.media.exchange import Exchange
from dsm_desktop.media.offers import Offers
from dsm_desktop.media.pace import Pace
from dsm_desktop.media.route import plain

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 512
MOST_STRANGERS = 64
_BACKLOG = 256


class PortTaken(DsmError):
    """The media server's port cannot be opened on this machine."""


class Listener:
    """Accepts from the moment it is made. `tls` is asked for a context with the first TLS connection."""

    def __init__(
        self,
        port: int,
        offers: Offers,
        pace: Pace,
        tls: Callable[[], ssl.SSLContext],
        note: Callable[[Access], None],
    ) -> None:
        self.offers, self.pace, self.tls, self.note = offers, pace, tls, note
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._handler = type("BoundExchange", (Exchange,), {"host": self})
        self._thread = threading.Thread(target=self._accept, name="media", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No new connection, those that are open are cut; returns when every thread has ended."""
        self.closing.set()
        _cut(self._socket)
        self._thread.join()
        self._socket.close()
        with self._lock:
            left = list(self._open.items())
        for _, connection in left:
            _cut(connection)
        for thread, _ in left:
            thread.join()

    def adopt(self, connection: socket.socket) -> None:
        """The TLS socket that took a plain one over."""
        with self._lock:
            self._open[threading.current_thread()] = connection

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if not self.closing.is_set():
                    log.warning("media server: %s", error)
                    self.closing.wait(0.2)
                continue
            expected = self.offers.greet(plain(str(address[0])))
            with self._lock:
                # Strangers get a few places, so that they cannot take those of the servers.
                full = len(self._open) >= (MOST_CONNECTIONS if expected else MOST_STRANGERS)
            if full:
                connection.close()
                continue
            thread = threading.Thread(
                target=self._serve, args=(connection, address), name="media-peer", daemon=True
            )
            with self._lock:
                self._open[thread] = connection
            thread.start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            if not self.closing.is_set():
                self._handler(connection, address, self)
        except (OSError, ValueError) as error:
            # A peer that hangs up, a TLS handshake that fails: its own affair, but an operator may look for it.
            self.note(Access(address[0].removeprefix("::ffff:"), "-", "(connection)", 0, error=str(error)))
        finally:
            connection.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)


def _bound(port: int) -> socket.socket:
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        found = socket.create_server(("", port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise PortTaken(
            f"Port {port} for serving files to servers cannot be opened: {error.strerror or error}.",
            hint="Another program (or another agent on this machine) has it; choose another port in Settings, Media server.",
            where=f"port {port}",
        ) from error
    found.settimeout(1.0)
    return found


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("a connection had ended by itself")
