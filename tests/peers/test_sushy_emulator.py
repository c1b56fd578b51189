"""OpenStack's Redfish emulator over TLS: a BMC that is not ours, not Dell's, and knows no sessions."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest

from dsm_desktop.core.inventory import LogKind
from dsm_desktop.core.states import Access, Generation, PowerAction, PowerState
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.logins import LoginRefused
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust, fetch_certificate
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.redfish.errors import Missing, ReadOnlyDevice
from tests.kit.replay import fingerprint, make_certificate

PASSWORD = "emulated"


@dataclass(frozen=True)
class Emulator:
    port: int
    fingerprint: str


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """sushy-emulator with one fake system, TLS and Basic authentication, in a child process."""
    program = Path(sys.executable).with_name("sushy-emulator")
    if not program.exists():
        pytest.fail("sushy-tools is a development dependency; install requirements-dev.lock")
    folder = tmp_path_factory.mktemp("sushy")
    certificate, key = make_certificate("sushy")
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$", 1)
    (folder / "users").write_text(f"admin:{hashed}\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "emulator.conf").write_text(
        f"SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'\nSUSHY_EMULATOR_LISTEN_PORT = {port}\n"
        f"SUSHY_EMULATOR_SSL_CERT = {str(folder / 'cert.pem')!r}\nSUSHY_EMULATOR_SSL_KEY = {str(folder / 'key.pem')!r}\n"
        f"SUSHY_EMULATOR_AUTH_FILE = {str(folder / 'users')!r}\nSUSHY_EMULATOR_STATE_DIR = {str(folder)!r}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--fake", "--config", folder / "emulator.conf"], stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait_until_it_listens(process, port, folder / "log")
            yield Emulator(port, fingerprint(certificate))
        finally:
            process.terminate()
            process.wait(60)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline, pause = time.monotonic() + 60, threading.Event()
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    pytest.fail(f"the emulator did not start: {log.read_text()[-1500:]}")


def client_of(emulator: Emulator, password: str = PASSWORD) -> RedfishClient:
    return RedfishClient(
        Endpoint("127.0.0.1", emulator.port),
        Credential("admin", password),
        trust=Trust(fingerprint=emulator.fingerprint),
        throttle=Throttle(),
        recorder=MemoryRecorder(),
    )


def test_its_certificate_is_the_one_we_made(emulator: Emulator) -> None:
    assert fetch_certificate(Endpoint("127.0.0.1", emulator.port)).fingerprint == emulator.fingerprint


def test_it_is_shown_as_a_generic_bmc(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        ident = client.identify()
        assert not ident.is_dell
        row = client.facts()
        assert row.generation is Generation.OTHER
        assert row.power_state in (PowerState.ON, PowerState.OFF)
        inventory = client.inventory()
        assert inventory.facts.power_state is row.power_state
        assert inventory.requests > 3
        with pytest.raises(Missing):
            client.log_events(LogKind.LIFECYCLE)
    assert Access.GENERIC.value == "generic"


def test_it_is_not_changed(emulator: Emulator) -> None:
    with client_of(emulator) as client:
        before = client.power_state()
        with pytest.raises(ReadOnlyDevice):
            client.reset(PowerAction.FORCE_OFF if before is PowerState.ON else PowerAction.ON)
        assert client.power_state() is before


def test_a_wrong_password_is_refused_once(emulator: Emulator) -> None:
    with client_of(emulator, "wrong") as client, pytest.raises(LoginRefused):
        client.facts()
