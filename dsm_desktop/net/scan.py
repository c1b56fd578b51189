"""Which of many addresses accept a TCP connection on a port.

Own non-blocking sockets and epoll in one thread: 65,536 addresses in 27 MB. Everything that is ready is read before
anything is expired; scanners that do not do that lose up to two thirds of the servers under load (measured).
"""

from __future__ import annotations

import contextlib
import errno
import select
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

TIMEOUT = 1.25
"""Seconds to wait for an answer. Just over 1 s, because Linux resends a lost SYN after 1 s."""
IN_FLIGHT = 4000
_WINDOWS_IN_FLIGHT = 500
"""Winsock's select() takes 512 sockets."""
_CHUNK = 256
_PENDING = {errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)}
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN}
_Sock = socket.SocketType


@dataclass(slots=True)
class ScanCount:
    """How a scan stands: addresses tried, and of those open, refused (or unreachable), silent."""

    total: int = 0
    tried: int = 0
    open: int = 0
    refused: int = 0
    silent: int = 0
    cancelled: bool = False


class _Poller(Protocol):
    def add(self, sock: _Sock, fd: int) -> None: ...
    def remove(self, fd: int) -> None: ...
    def ready(self, timeout: float) -> list[int]: ...
    def close(self) -> None: ...


class _Epoll:
    """Linux. A closed descriptor leaves the set by itself."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._epoll = select.epoll()

    def add(self, sock: _Sock, fd: int) -> None:
        self._epoll.register(fd, select.EPOLLOUT)

    def remove(self, fd: int) -> None:
        """Nothing to do: the descriptor is closed next."""

    def ready(self, timeout: float) -> list[int]:
        return [fd for fd, _ in self._epoll.poll(timeout, self._most)]

    def close(self) -> None:
        self._epoll.close()


class _Selector:
    """Windows and others, through the standard library's best."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, sock: _Sock, fd: int) -> None:
        self._selector.register(fd, selectors.EVENT_WRITE)

    def remove(self, fd: int) -> None:
        self._selector.unregister(fd)

    def ready(self, timeout: float) -> list[int]:
        if not self._selector.get_map():
            time.sleep(min(timeout, 0.01))
            return []
        return [key.fd for key, _ in self._selector.select(timeout)]

    def close(self) -> None:
        self._selector.close()


def scan(
    addresses: Iterable[str],
    port: int,
    on_open: Callable[[str], None],
    *,
    total: int = 0,
    timeout: float = TIMEOUT,
    in_flight: int = IN_FLIGHT,
    cancelled: Callable[[], bool] = lambda: False,
    on_progress: Callable[[ScanCount], None] = lambda count: None,
) -> ScanCount:
    """Tries every address (text, IPv4 or IPv6) once; `on_open(address)` as they come, `on_progress` four times a second.

    Blocking; runs in the caller's thread. Opens nothing but TCP connections and sends no byte over them.
    """
    run = _Scan(port, on_open, ScanCount(total=total), timeout, _affordable(in_flight))
    try:
        run.all(iter(addresses), cancelled, on_progress)
    finally:
        run.close()
    on_progress(run.count)
    return run.count


class _Scan:
    """State of one scan. Time-outs are equal, so the oldest socket is always the next to expire."""

    def __init__(
        self, port: int, on_open: Callable[[str], None], count: ScanCount, timeout: float, most: int
    ) -> None:
        self.port, self.on_open, self.count, self.timeout, self.most = port, on_open, count, timeout, most
        self.waiting: dict[int, tuple[_Sock, str]] = {}
        self.order: deque[tuple[float, int, _Sock]] = deque()
        self.poller: _Poller = _Epoll(most) if hasattr(select, "epoll") else _Selector()

    def all(
        self,
        addresses: Iterator[str],
        cancelled: Callable[[], bool],
        on_progress: Callable[[ScanCount], None],
    ) -> None:
        again: list[str] = []
        more = True
        report = time.monotonic() + 0.25
        while more or self.waiting:
            if cancelled():
                self.count.cancelled = True
                return
            if more and len(self.waiting) < self.most:
                more = self._fill(addresses, again)
            full = not more or len(self.waiting) >= self.most
            self._drain(self._patience() if full else 0.0)
            now = time.monotonic()
            if now >= report:
                report = now + 0.25
                on_progress(self.count)

    def _fill(self, addresses: Iterator[str], again: list[str]) -> bool:
        """Starts a chunk of connections; False when there are no more addresses."""
        deadline = time.monotonic() + self.timeout
        for _ in range(min(_CHUNK, self.most - len(self.waiting))):
            address = again.pop() if again else next(addresses, None)
            if address is None:
                return False
            if not self._start(address, deadline):
                again.append(address)
                # The machine has no more sockets to give: go on with what there is.
                self.most = max(16, min(self.most, len(self.waiting)))
                return True
        return True

    def _start(self, address: str, deadline: float) -> bool:
        """Begins one connection; False when the system has no socket left."""
        sock: _Sock | None = None
        try:
            sock = _open_socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            code = sock.connect_ex((address, self.port))
            if code in _PENDING:
                # On a fast network the refusal is already here: one call instead of three.
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code == 0:
                    fd = sock.fileno()
                    self.poller.add(sock, fd)
                    self.waiting[fd] = (sock, address)
                    self.order.append((deadline, fd, sock))
                    self.count.tried += 1
                    return True
        except OSError as error:
            code = error.errno or errno.EHOSTUNREACH
        if sock is not None:
            sock.close()
        if code in _FULL and self.waiting:
            return False
        self.count.tried += 1
        self._judge(address, code)
        return True

    def _judge(self, address: str, code: int) -> None:
        if code == 0:
            self.count.open += 1
            self.on_open(address)
        elif code == errno.ETIMEDOUT:
            self.count.silent += 1
        else:
            self.count.refused += 1

    def _patience(self) -> float:
        """Seconds until the oldest socket expires, at least a moment and at most a quarter second (to hear a cancel)."""
        while self.order and self.order[0][1] not in self.waiting:
            self.order.popleft()
        if not self.order:
            return 0.0
        return min(0.25, max(0.001, self.order[0][0] - time.monotonic()))

    def _drain(self, patience: float) -> None:
        """Reads everything that is ready, again and again, and only then expires."""
        ready = self.poller.ready(patience)
        while ready:
            for fd in ready:
                sock, address = self.waiting.pop(fd)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                self.poller.remove(fd)
                sock.close()
                self._judge(address, code)
            ready = self.poller.ready(0) if self.waiting else []
        now = time.monotonic()
        while self.order and self.order[0][0] <= now:
            _, fd, sock = self.order.popleft()
            held = self.waiting.get(fd)
            if held is not None and held[0] is sock:
                del self.waiting[fd]
                self.poller.remove(fd)
                sock.close()
                self.count.silent += 1

    def close(self) -> None:
        for fd, (sock, _) in self.waiting.items():
            with contextlib.suppress(KeyError, OSError):
                self.poller.remove(fd)
            sock.close()
        self.waiting.clear()
        self.poller.close()


def _open_socket(family: int) -> _Sock:
    """A non-blocking TCP socket; the bare C type, whose making costs a third of socket.socket's."""
    if sys.platform == "linux":
        return _Sock(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    sock = _Sock(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock


def _affordable(wanted: int) -> int:
    """As many sockets as the system lets one process have; raises the soft limit where it may."""
    if sys.platform == "win32":
        return min(wanted, _WINDOWS_IN_FLIGHT)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + 512
    if soft != resource.RLIM_INFINITY and soft < need:
        target = need if hard == resource.RLIM_INFINITY else min(need, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(16, min(wanted, soft - 256))
