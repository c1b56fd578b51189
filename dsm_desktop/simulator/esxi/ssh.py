"""SSH to simulated ESXi hosts: each on its own loopback address, all on one port, as their services say.

A port is open only while TSM-SSH runs on a host that answers; it follows a change within a fraction of a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import selectors
import socket
import threading
from types import TracebackType
from typing import Final, Self

import paramiko
from cryptography.hazmat.primitives.asymmetric import ec

from dsm_desktop.simulator.errors import BadSite, CannotListen
from dsm_desktop.simulator.esxi.course import News
from dsm_desktop.simulator.esxi.machine import Esxi
from dsm_desktop.simulator.esxi.session import Session

BEAT: Final = 0.03
"""Real seconds between two looks at services and clocks."""
PORT_TRIES: Final = 8
_BACKLOG: Final = 64


class Door:
    """The SSH port of one host, and the sessions behind it."""

    def __init__(self, host: Esxi) -> None:
        self.host = host
        self.listener: socket.socket | None = None
        self.sessions: list[Session] = []
        self.silent: list[socket.socket] = []
        """Connections that are held and never answered."""
        self.accepted = 0

    @property
    def address(self) -> str:
        """The loopback address of the host."""
        return self.host.spec.address

    def attend(self) -> None:
        """Listen to the host's news from now on."""
        self.host.on_reboot.append(self._heard)

    def close(self) -> None:
        """Close the port and end all sessions."""
        self.host.on_reboot.remove(self._heard)
        self.shut()
        self.hang_up()

    def shut(self) -> None:
        """Close the port; sessions live on."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def hang_up(self) -> None:
        """End all sessions, as when the host goes down."""
        for session in list(self.sessions):
            session.end()
        for held in self.silent:
            held.close()
        self.silent.clear()

    def _heard(self, news: News) -> None:
        if news in ("down", "stuck"):
            self.hang_up()


class EsxiSsh:
    """The SSH servers of some hosts; usable as a context manager. Every host needs an address of its own.

    `port` 0 takes one that is free on all addresses. After `stop` all its threads are gone.
    """

    def __init__(self, hosts: list[Esxi], port: int = 0) -> None:
        addresses = [host.spec.address for host in hosts]
        if len({a for a in addresses if a.startswith("127.")}) != len(hosts):
            raise BadSite(
                "Every simulated ESXi host needs a loopback address of its own for SSH.",
                hint="Set EsxiSpec.address to something in 127.0.0.0/8.",
            )
        self.port = port
        self._doors = [Door(host) for host in hosts]
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._keys: dict[tuple[str, int], paramiko.PKey] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Find a port and open the doors of hosts whose SSH runs. Raises CannotListen."""
        self.port = self.port or self._free_port()
        self._halt.clear()
        for door in self._doors:
            door.attend()
        self._follow()
        self._thread = threading.Thread(target=self._main, name="simulated-esxi-ssh", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all ports and sessions, and wait for their threads."""
        if self._thread is None:
            return
        self._halt.set()
        self._thread.join()
        self._thread = None
        sessions = [session for door in self._doors for session in door.sessions]
        for door in self._doors:
            door.close()
        for session in sessions:
            session.join()

    def key(self, host: Esxi) -> paramiko.PKey:
        """The host key: always the same for a host until it is reinstalled."""
        name = (host.uuid, host.host_key_number)
        if name not in self._keys:
            seed = hashlib.sha256(f"ssh/{host.uuid}/{host.host_key_number}".encode()).digest()
            private = ec.derive_private_key(int.from_bytes(seed, "big") >> 1, ec.SECP256R1())
            self._keys[name] = paramiko.ECDSAKey(vals=(private, private.public_key()))
        return self._keys[name]

    def sessions(self, host: Esxi) -> int:
        """How many sessions of a host are open."""
        return sum(s.connected for d in self._doors if d.host is host for s in d.sessions)

    def drop_connections(self, host: Esxi) -> None:
        """End all sessions of a host."""
        for door in self._doors:
            if door.host is host:
                door.hang_up()

    def accepted(self, host: Esxi) -> int:
        """How many connections a host has taken so far."""
        return sum(d.accepted for d in self._doors if d.host is host)

    # -- the one thread ----------------------------------------------------------------------------------------

    def _main(self) -> None:
        while not self._halt.is_set():
            with selectors.DefaultSelector() as selector:
                for door in self._doors:
                    if door.listener is not None:
                        selector.register(door.listener, selectors.EVENT_READ, door)
                for ready, _ in selector.select(BEAT):
                    self._accept(ready.data)
            if not self._halt.is_set():
                self._follow()

    def _follow(self) -> None:
        """Let the hosts' time pass, and open or close their doors accordingly."""
        for door in self._doors:
            refused = "ssh_refused" in door.host.faults.active()
            wanted = door.host.listens() and not refused
            if not wanted:
                door.shut()
            elif door.listener is None:
                with contextlib.suppress(OSError):
                    door.listener = self._listen(door.address)
            door.sessions = [s for s in door.sessions if s.alive]

    def _accept(self, door: Door) -> None:
        if door.listener is None:
            return
        try:
            connection, _ = door.listener.accept()
        except OSError:
            return
        door.accepted += 1
        if not door.host.listens():
            connection.close()
        elif door.host.faults.strike("ssh_silent") is not None:
            door.silent.append(connection)
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            door.sessions.append(Session(door.host, connection, self.key(door.host)))

    def _listen(self, address: str) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, self.port))
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener

    def _free_port(self) -> int:
        """A port that is free on every address."""
        for _ in range(PORT_TRIES):
            with contextlib.ExitStack() as held:
                port = 0
                try:
                    for door in self._doors:
                        probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        probe.bind((door.address, port))
                        port = probe.getsockname()[1]
                except OSError:
                    continue
                return port
        raise CannotListen(
            "No port is free on all addresses of the simulated ESXi hosts.",
            hint="Choose other addresses in 127.0.0.0/8.",
        )
