"""What a peer sends, read under two clocks: one for each piece, one for the request as a whole."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any


class RequestReader(io.RawIOBase):
    """The reading side of a connection. A peer that sends a byte now and then keeps every piece in time and would hold its
    place for ever: `begin` gives the whole request, its body too, so many seconds, after which reads raise TimeoutError.
    """

    def __init__(
        self, connection: socket.socket, idle: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection, self._idle, self._now = connection, idle, now
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        """The next request, its wait included, may take this long."""
        self._until = self._now() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        left = self._until - self._now()
        self._connection.settimeout(max(0.001, min(self._idle, left)))
        try:
            return self._connection.recv_into(into)
        except TimeoutError as error:
            if left > self._idle:
                raise
            raise TimeoutError("the request took too long as a whole") from error
        finally:
            self._connection.settimeout(self._idle)
