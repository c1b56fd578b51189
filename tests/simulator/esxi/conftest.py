"""Simulated ESXi hosts reached through a real SSH client."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.esxi import (
    Datastore,
    Esxi,
    EsxiSpec,
    EsxiSsh,
    Image,
    dell_image,
    vmware_image,
    write_bundle,
)

LIMIT = 60.0
"""Real seconds any wait of these tests may take."""
OLD = "24022510"
NEW = "24674464"
DEPOT = "/vmfs/volumes/shared/depots/esxi.zip"


@dataclasses.dataclass
class Answer:
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int

    def field(self, name: str) -> str:
        """The value of 'name: value' in text output."""
        for line in self.out.splitlines():
            if line.strip().startswith(f"{name}: ") or line.strip() == f"{name}:":
                return line.split(":", 1)[1].strip()
        raise AssertionError(f"no {name} in {self.out}")


def until(done: Callable[[], object], what: str) -> None:
    """Wait for something with a deadline."""
    end = time.monotonic() + LIMIT
    while not done():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.01)


class Lab:
    """Hosts on one port, and clients for them."""

    def __init__(self, hosts: list[Esxi], ssh: EsxiSsh, clock: SimClock, store: Datastore) -> None:
        self.hosts = hosts
        self.ssh = ssh
        self.clock = clock
        self.store = store
        self._clients: list[paramiko.SSHClient] = []

    @property
    def host(self) -> Esxi:
        return self.hosts[0]

    def open(self, host: Esxi | None = None) -> None:
        """Start SSH on a host and wait for its port."""
        target = host or self.host
        target.start_service("TSM-SSH")
        until(lambda: self.listens(target), "the port")

    def listens(self, host: Esxi | None = None) -> bool:
        """Whether a connection is accepted."""
        import socket

        target = host or self.host
        try:
            socket.create_connection((target.spec.address, self.ssh.port), LIMIT).close()
        except ConnectionRefusedError:
            return False
        return True

    def client(self, host: Esxi | None = None, user: str = "root", password: str = "") -> paramiko.SSHClient:
        """A signed-in client that knows the host's key."""
        target = host or self.host
        client = paramiko.SSHClient()
        client.get_host_keys().add(
            f"[{target.spec.address}]:{self.ssh.port}", "ecdsa-sha2-nistp256", self.ssh.key(target)
        )
        self._clients.append(client)
        client.connect(
            target.spec.address,
            self.ssh.port,
            user,
            password or target.spec.password,
            timeout=LIMIT,
            look_for_keys=False,
            allow_agent=False,
        )
        return client

    def transport(self, host: Esxi | None = None) -> paramiko.Transport:
        """A connection that is not signed in yet."""
        target = host or self.host
        transport = paramiko.Transport((target.spec.address, self.ssh.port))
        transport.start_client(timeout=LIMIT)
        return transport

    def run(self, line: str, client: paramiko.SSHClient | None = None) -> Answer:
        """Run a command to its end."""
        if client is None:
            client = self._clients[-1] if self._clients else self.client()
        _, out, err = client.exec_command(line, timeout=LIMIT)
        return Answer(out.read().decode(), err.read().decode(), out.channel.recv_exit_status())

    def start(self, line: str, pty: bool = False) -> paramiko.Channel:
        """Start a command and do not wait."""
        transport = (self._clients[-1] if self._clients else self.client()).get_transport()
        assert transport is not None
        channel = transport.open_session(timeout=LIMIT)
        channel.settimeout(LIMIT)
        if pty:
            channel.get_pty()
        channel.exec_command(line)
        return channel

    def reboot(self, line: str = "esxcli system shutdown reboot -r update") -> None:
        """Send a reboot; time stands still until its answer is here, so that the host cannot be faster."""
        speed = self.clock.speed
        self.clock.set_speed(0.0)
        assert self.run(line).status == 0
        self.clock.set_speed(speed)

    def advance_until(self, done: Callable[[], object], what: str, step: float = 5.0) -> None:
        """Let time pass in steps until something has happened."""

        def happened() -> object:
            self.clock.advance(step)
            return done()

        until(happened, what)

    def update(self, profile: str, *options: str, verb: str = "update") -> Answer:
        """esxcli software profile update."""
        return self.run(f"esxcli software profile {verb} -d {DEPOT} -p {profile} {' '.join(options)}".strip())

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.ssh.stop()


Make = Callable[..., Lab]


@pytest.fixture
def make() -> Iterator[Make]:
    """Builds labs: make(image, …, speed=…, **fields of EsxiSpec)."""
    labs: list[Lab] = []

    def build(*images: Image, speed: float = 1000.0, **fields: object) -> Lab:
        clock = SimClock(speed)
        store = Datastore("shared")
        hosts = []
        for number, image in enumerate(images or (vmware_image("8.0.3", OLD, "0.0"),), 1):
            spec = EsxiSpec(
                f"esx{number:02d}.lab.example",
                image=image,
                address=f"127.88.{len(labs)}.{number}",
                tag=f"SIM000{number}",
            )
            hosts.append(Esxi(dataclasses.replace(spec, **fields), clock))  # type: ignore[arg-type]
            hosts[-1].datastores.append(store)
        ssh = EsxiSsh(hosts)
        ssh.start()
        labs.append(Lab(hosts, ssh, clock, store))
        return labs[-1]

    yield build
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(make: Make) -> Lab:
    """One host with SSH on."""
    lab = make()
    lab.open()
    return lab


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An offline bundle with VMware's and Dell's profile of one build."""
    return write_bundle(
        tmp_path_factory.mktemp("depot") / "esxi.zip",
        [
            vmware_image("8.0.3", NEW, letter="e"),
            vmware_image("8.0.3", NEW, letter="e", tools=False),
            dell_image("8.0.3", NEW),
        ],
    )
