"""Commands over SSH against simulated ESXi hosts and a real OpenSSH server, over sockets."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest
from pydantic import SecretStr

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import LoginHeld, LoginRefused
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.ssh import (
    HostKeyChanged,
    HostKeyNotApproved,
    PasswordExpired,
    SshBroken,
    SshLogin,
    SshTransport,
    SshUnreachable,
)
from dsm_desktop.net.tls import Endpoint
from tests.simulator.esxi import conftest as simulated
from tests.simulator.esxi.conftest import Lab, Make, until

SECRET = "Correct-Horse-7"
Open = Callable[..., SshTransport]
make = simulated.make


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def connect(recorder: MemoryRecorder) -> Iterator[Open]:
    opened: list[SshTransport] = []

    def start(lab: Lab, *, pin: str | None = None, password: str = "", **more: object) -> SshTransport:
        key = hashlib.sha256(lab.ssh.key(lab.host).asbytes()).hexdigest()
        login = SshLogin("root", SecretStr(password or lab.host.spec.password))
        made = SshTransport(
            Endpoint(lab.host.spec.address, lab.ssh.port),
            login,
            host_key=key if pin is None else pin,
            throttle=Throttle(Limits(per_device=1)),
            recorder=recorder,
            **more,  # type: ignore[arg-type]
        )
        opened.append(made)
        return made

    yield start
    for transport in opened:
        transport.close()


def said(recorder: MemoryRecorder) -> list[str]:
    return [call.method for call, _ in recorder.calls]


def test_a_command_its_streams_and_its_status(make: Make, connect: Open, recorder: MemoryRecorder) -> None:
    lab = make()
    lab.open()
    ssh = connect(lab)
    good = ssh.run("esxcli system version get", changing=False, timeout=60)
    assert (good.status, "Product: VMware ESXi" in good.out) == (0, True)
    bad = ssh.run("esxcli system nonsense", changing=False, timeout=60)
    assert bad.status != 0
    assert bad.text
    assert said(recorder) == ["login", "run", "run"]
    assert [end.status for _, end in recorder.calls if end] == [200, 200, 500]


@pytest.mark.parametrize("way", ["keyboard-interactive", "password"])
def test_one_way_only(make: Make, connect: Open, way: str) -> None:
    lab = make(ssh_auth=(way,))
    lab.open()
    assert connect(lab).run("hostname", changing=False, timeout=60).out == "esx01\n"


def test_a_strange_key_gets_no_password(make: Make, connect: Open, recorder: MemoryRecorder) -> None:
    lab = make()
    lab.open()
    with pytest.raises(HostKeyNotApproved) as first:
        connect(lab, pin="").run("hostname", changing=False, timeout=60)
    assert first.value.shown == hashlib.sha256(lab.ssh.key(lab.host).asbytes()).hexdigest()
    with pytest.raises(HostKeyChanged):
        connect(lab, pin="ab" * 32).run("hostname", changing=False, timeout=60)
    assert said(recorder) == ["login", "login"]
    known: list[str] = []

    def approve(shown: str) -> bool:
        known.append(shown)
        return True

    assert connect(lab, pin="", first_key=approve).run("hostname", changing=False, timeout=60).status == 0
    assert known == [first.value.shown]


def test_a_wrong_password_is_tried_once_and_then_held(make: Make, connect: Open) -> None:
    lab = make()
    lab.open()
    ssh = connect(lab, password="wrong")
    with pytest.raises(LoginRefused):
        ssh.run("hostname", changing=False, timeout=60)
    with pytest.raises(LoginHeld):
        ssh.run("hostname", changing=False, timeout=60)
    assert connect(lab).run("hostname", changing=False, timeout=60).status == 0, "one try does not lock root"


@pytest.mark.parametrize("ways", [("keyboard-interactive",), ("password", "keyboard-interactive")])
def test_a_password_that_must_be_changed_is_not_answered(
    make: Make, connect: Open, ways: tuple[str, ...]
) -> None:
    lab = make(ssh_auth=ways)
    lab.host.accounts.users["root"].expired = True
    lab.open()
    with pytest.raises(PasswordExpired) as told:
        connect(lab).run("hostname", changing=False, timeout=60)
    assert "console" in told.value.hint
    assert "password:root" not in lab.host.journal.effects()


def test_nothing_a_secret_command_says_is_written_down(
    make: Make, connect: Open, recorder: MemoryRecorder
) -> None:
    lab = make()
    lab.open()
    answer = connect(lab).run("esxcli system settings encryption recovery list", changing=False, timeout=60)
    assert lab.host.recovery_key in answer.out
    assert lab.host.recovery_key not in repr(recorder.calls)
    assert lab.host.spec.password not in repr(recorder.calls)


def test_a_shut_port_says_what_to_look_at(make: Make, connect: Open) -> None:
    with pytest.raises(SshUnreachable) as shut:
        connect(make()).run("hostname", changing=False, timeout=60)
    assert "SSH service" in shut.value.hint


def test_a_command_that_takes_too_long_is_said_to_run_on(make: Make, connect: Open) -> None:
    lab = make()
    lab.open()
    ssh = connect(lab)
    with pytest.raises(SshBroken) as late:
        ssh.run("sleep 3600", changing=False, timeout=0.5)
    assert "run on" in late.value.hint
    assert ssh.run("hostname", changing=False, timeout=60).status == 0, (
        "the next command opens a new connection"
    )


def test_leaving_while_a_command_runs(make: Make, connect: Open) -> None:
    lab = make()
    lab.open()

    def stop() -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        connect(lab).run("sleep 3600", changing=False, timeout=60, stop=stop)


def test_a_host_that_restarts_breaks_the_command(make: Make, connect: Open) -> None:
    lab = make()
    lab.open()
    ssh = connect(lab)
    assert ssh.run("hostname", changing=False, timeout=60).status == 0
    lab.host.enter_maintenance()
    timer = threading.Timer(0.3, lab.host.reboot)
    timer.start()
    with pytest.raises(SshUnreachable):
        ssh.run("sleep 3600000", changing=False, timeout=60)
    timer.join()


def test_a_silent_port_ends_by_the_handshakes_time(
    recorder: MemoryRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.net.ssh.HANDSHAKE_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ssh = SshTransport(
            Endpoint("127.0.0.1", port),
            SshLogin("root", SecretStr(SECRET)),
            host_key="",
            throttle=Throttle(),
            recorder=recorder,
        )
        with pytest.raises(SshUnreachable):
            ssh.run("hostname", changing=False, timeout=60)


def test_a_host_that_leaves_in_the_handshake_leaves_no_timer_behind(recorder: MemoryRecorder) -> None:
    """The fixture around every test looks for threads that stay."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def leave() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"SSH-2.0-Leaves\r\n")
                while b"curve25519" not in connection.recv(4096):
                    pass

        host = threading.Thread(target=leave)
        host.start()
        ssh = SshTransport(
            Endpoint("127.0.0.1", server.getsockname()[1]),
            SshLogin("root", SecretStr(SECRET)),
            host_key="",
            throttle=Throttle(),
            recorder=recorder,
        )
        with pytest.raises(SshUnreachable):
            ssh.run("hostname", changing=False, timeout=60)
        host.join()


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A real OpenSSH server that offers no way in but a key: for its banner, its host key and its refusal."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail("openssh-server is not installed")
        pytest.skip("openssh-server is not installed")
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "key"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {tmp_path / 'key'}", f"PidFile {tmp_path / 'pid'}",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no", "StrictModes no",
    ]  # fmt: skip
    (tmp_path / "config").write_text("\n".join(lines))
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(tmp_path / "config")], stderr=subprocess.DEVNULL
    )
    key = paramiko.ECDSAKey.from_private_key_file(str(tmp_path / "key"))
    try:
        until(lambda: (tmp_path / "pid").exists(), "sshd")
        yield port, hashlib.sha256(key.asbytes()).hexdigest()
    finally:
        server.terminate()
        server.wait(60)


@pytest.mark.skipif(sys.platform == "win32", reason="a server of Linux")
def test_a_real_sshd_shows_its_key_and_offers_no_password(
    sshd: tuple[int, str], recorder: MemoryRecorder
) -> None:
    port, key = sshd

    def to(pin: str) -> SshTransport:
        login = SshLogin("root", SecretStr(SECRET))
        return SshTransport(
            Endpoint("127.0.0.1", port), login, host_key=pin, throttle=Throttle(), recorder=recorder
        )

    with pytest.raises(HostKeyNotApproved) as first:
        to("").run("true", changing=False, timeout=60)
    assert first.value.shown == key
    with pytest.raises(SshUnreachable, match="no login by password"):
        to(key).run("true", changing=False, timeout=60)
