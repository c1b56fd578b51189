"""Getting in and being thrown out: ports, sign-in, host keys, sessions."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import paramiko
import pytest

from dsm_desktop.simulator.esxi import EsxiSsh, vmware_image
from tests.simulator.esxi.conftest import LIMIT, OLD, Lab, Make, until


def test_the_port_is_shut_until_ssh_is_started_and_shut_again_when_stopped(make: Make) -> None:
    lab = make()
    assert not lab.listens()
    lab.open()
    assert lab.run("hostname").out == "esx01\n"
    lab.host.stop_service("TSM-SSH")
    until(lambda: not lab.listens(), "the port to shut")
    assert lab.run("hostname").status == 0, "sessions that are open live on"


def test_two_hosts_share_a_port_on_their_own_addresses(make: Make) -> None:
    image = vmware_image("8.0.3", OLD)
    lab = make(image, image)
    first, second = lab.hosts
    lab.open(second)
    assert not lab.listens(first)
    assert lab.run("hostname -f", lab.client(second)).out == "esx02.lab.example\n"


def test_a_host_that_asks_only_by_keyboard_interactive(make: Make) -> None:
    lab = make(ssh_auth=("keyboard-interactive",))
    lab.open()
    transport = lab.transport()
    with pytest.raises(paramiko.BadAuthenticationType) as refused:
        transport.auth_password("root", lab.host.spec.password, fallback=False)
    assert refused.value.allowed_types == ["publickey", "keyboard-interactive"]
    asked: list[str] = []

    def answer(title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        asked.extend(text for text, _ in prompts)
        return [lab.host.spec.password] * len(prompts)

    transport.auth_interactive("root", answer)
    assert asked == ["Password: "]
    assert transport.is_authenticated()
    transport.close()


def test_five_wrong_passwords_lock_root_out_for_a_quarter_of_an_hour(make: Make) -> None:
    lab = make(speed=0.0)
    lab.open()
    for _ in range(5):
        with pytest.raises(paramiko.AuthenticationException):
            lab.client(password="wrong")
    with pytest.raises(paramiko.AuthenticationException):
        lab.client()
    lab.clock.advance(901)
    assert lab.run("whoami", lab.client()).out == "root\n"


def test_lockdown_lets_only_exception_users_in(lab: Lab) -> None:
    lab.host.accounts.add("svc", "pw-of-svc")
    lab.host.accounts.exceptions.add("svc")
    lab.host.set_lockdown("lockdownNormal")
    with pytest.raises(paramiko.AuthenticationException):
        lab.client()
    assert lab.run("whoami", lab.client(user="svc", password="pw-of-svc")).out == "svc\n"


def test_an_expired_password_asks_for_a_new_one(lab: Lab) -> None:
    lab.host.accounts.users["root"].expired = True
    transport = lab.transport()
    said: list[str] = []

    def answer(title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        said.append(instructions)
        return ["new-Secret-1" if len(prompts) == 2 else lab.host.spec.password] * len(prompts)

    transport.auth_interactive("root", answer)
    assert "required to change your password" in said[1]
    transport.close()
    assert lab.run("whoami", lab.client(password="new-Secret-1")).status == 0
    assert lab.host.journal.effects()["password:root"] == 1
    assert "new-Secret" not in repr(lab.host.journal.changes())


def test_the_host_key_outlives_restarts_and_changes_with_a_new_installation(lab: Lab) -> None:
    before = lab.ssh.key(lab.host)
    assert EsxiSsh([]).key(lab.host) == before
    lab.host.reinstall(vmware_image("8.0.3", OLD))
    lab.open()
    assert lab.ssh.key(lab.host) != before
    client = paramiko.SSHClient()
    client.get_host_keys().add(f"[{lab.host.spec.address}]:{lab.ssh.port}", "ecdsa-sha2-nistp256", before)
    with pytest.raises(paramiko.BadHostKeyException):
        client.connect(lab.host.spec.address, lab.ssh.port, "root", "x", timeout=LIMIT)
    client.close()


def test_a_reboot_cuts_the_session_and_leaves_ssh_off(lab: Lab) -> None:
    client = lab.client()
    boot = lab.host.boot_time
    assert lab.run("esxcli system maintenanceMode set --enable true").status == 0
    lab.reboot()
    transport = client.get_transport()
    assert transport is not None
    until(lambda: not transport.is_active(), "the session to be cut")
    until(lambda: lab.host.phase == "running" and lab.host.boots == 1, "the host to come back")
    assert not lab.listens()
    lab.open()
    assert lab.run("esxcli system maintenanceMode get", lab.client()).out == "Enabled\n"
    assert lab.host.boot_time > boot


def test_ssh_that_stops_by_itself_keeps_its_sessions(make: Make) -> None:
    lab = make(speed=0.0)
    lab.host.set_setting("/UserVars/ESXiShellTimeOut", 600)
    lab.open()
    lab.client()
    lab.clock.advance(601)
    until(lambda: not lab.listens(), "the port to shut")
    assert lab.run("esxcli system uuid get").out.strip() == lab.host.uuid


@pytest.mark.parametrize("fault", ["ssh_refused", "ssh_start_ignored"])
def test_started_is_not_open(make: Make, fault: str) -> None:
    lab = make()
    lab.host.faults.set(fault)
    lab.host.start_service("TSM-SSH")
    until(lambda: lab.host.journal.effects().get("service:start:TSM-SSH"), "the start")
    assert not lab.listens()


def test_a_silent_port_never_says_a_word(lab: Lab) -> None:
    lab.host.faults.set("ssh_silent")
    with socket.create_connection((lab.host.spec.address, lab.ssh.port), LIMIT) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_ctrl_c_ends_a_command(make: Make) -> None:
    lab = make(speed=0.0)
    lab.open()
    channel = lab.start("sleep 100000; echo never", pty=True)
    channel.send(b"\x03")
    assert channel.recv_exit_status() == 130
    assert channel.recv(100) == b""


def test_a_session_that_breaks_ends_its_command_but_not_one_in_the_background(make: Make) -> None:
    lab = make(speed=0.0)
    lab.open()
    first = lab.client()
    lab.run("(sleep 500; echo done > /tmp/after) & echo $!")
    lab.start("sleep 500; echo done > /tmp/before")
    first.close()
    until(lambda: lab.ssh.sessions(lab.host) == 0, "the session to be gone")
    lab.client()
    lab.advance_until(lambda: lab.run("test -e /tmp/after").status == 0, "the background command", 50.0)
    assert lab.run("cat /tmp/before").err == "cat: can't open '/tmp/before': No such file or directory\n"


def test_a_cut_in_the_middle_of_a_command(make: Make) -> None:
    lab = make(speed=0.0)
    lab.open()
    lab.host.faults.set("ssh_cut", after=30, times=1)
    channel = lab.start("sleep 1000")
    lab.clock.advance(31)
    assert channel.recv_exit_status() == -1


def test_an_interactive_shell_prompts_and_echoes(lab: Lab) -> None:
    channel = lab.client().invoke_shell()
    channel.settimeout(LIMIT)
    prompt = b"[root@esx01:~] "

    def read() -> bytes:
        text = b""
        while not text.endswith(prompt) and (data := channel.recv(4096)):
            text += data
        return text

    assert read() == prompt
    channel.send(b"vmware -v\r")
    assert read() == b"vmware -v\r\nVMware ESXi 8.0.3 build-24022510\r\n" + prompt
    channel.send(b"exit 3\r")
    assert read() == b"exit 3\r\n"
    assert channel.recv_exit_status() == 3


def test_stop_leaves_no_thread_behind(make: Make) -> None:
    lab = make(speed=0.0)
    lab.open()
    lab.client()
    lab.start("sleep 100000")
    lab.run("nohup sleep 100000 > /dev/null 2>&1 &")
    lab.close()
    mine = [t.name for t in threading.enumerate() if t.name.startswith("simulated-esxi")]
    assert mine == []


def test_a_client_that_leaves_in_the_handshake_leaves_no_thread_behind(make: Make) -> None:
    """The fixture around every test looks for them."""
    lab = make()
    lab.open()
    with socket.create_connection((lab.host.spec.address, lab.ssh.port)) as client:
        client.sendall(b"SSH-2.0-Leaves\r\n")
        while b"ecdsa-sha2-nistp256" not in client.recv(4096):
            pass
    until(lambda: lab.ssh.sessions(lab.host) == 0, "the end of the session")
    lab.close()


def test_openssh_itself_comes_in(lab: Lab, tmp_path: Path) -> None:
    program = shutil.which("ssh")
    if program is None:
        pytest.skip("OpenSSH's client is not installed")
    known = tmp_path / "known_hosts"
    key = lab.ssh.key(lab.host)
    known.write_text(f"[{lab.host.spec.address}]:{lab.ssh.port} {key.get_name()} {key.get_base64()}\n")
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\necho '{lab.host.spec.password}'\n")
    ask.chmod(0o700)
    done = subprocess.run(
        [
            program,
            "-F",
            "none",
            "-p",
            str(lab.ssh.port),
            "-o",
            f"UserKnownHostsFile={known}",
            "-o",
            "StrictHostKeyChecking=yes",
            f"root@{lab.host.spec.address}",
            "esxcli --formatter=csv system version get; exit 7",
        ],
        env={**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (
        done.stdout == "Build,Patch,Product,Update,Version,\nReleasebuild-24022510,0,VMware ESXi,3,8.0.3,\n"
    )
    assert done.returncode == 7
