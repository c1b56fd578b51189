"""One SSH connection to a simulated host: sign-in, commands, and its end."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Final

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from dsm_desktop.simulator.esxi.accounts import Login
from dsm_desktop.simulator.esxi.commands.call import Signals, Stopped
from dsm_desktop.simulator.esxi.commands.shell import Exit, Shell
from dsm_desktop.simulator.esxi.machine import Esxi

_BANNER: Final = "SSH-2.0-OpenSSH_9.1"
_HANDSHAKE: Final = 30.0
_INTERRUPT: Final = b"\x03"
_INTERRUPTED: Final = 130
_LOG: Final = f"{__name__}.wire"
logging.getLogger(_LOG).setLevel(logging.CRITICAL)  # a probe of the port is no error of the host


class Session:
    """A connection with all its channels. It begins at once, in threads of its own."""

    def __init__(self, host: Esxi, connection: socket.socket, key: paramiko.PKey) -> None:
        self.host = host
        self.user = ""
        self._signals: list[Signals] = []
        self._threads: list[threading.Thread] = []
        self._shells: list[Shell] = []
        self._ended = threading.Event()
        self._transport = _Wire(connection)
        self._transport.local_version = _BANNER
        self._transport.set_log_channel(_LOG)
        self._transport.banner_timeout = _HANDSHAKE
        self._transport.add_server_key(key)
        self._transport.start_server(event=threading.Event(), server=_Gate(self))

    @property
    def connected(self) -> bool:
        """The connection stands."""
        return self._transport.is_alive()

    @property
    def alive(self) -> bool:
        """The connection stands, or a command of it still runs."""
        if not self._transport.is_alive():
            self._hang_up()
        return self._transport.is_alive() or any(t.is_alive() for t in self._all_threads())

    def end(self) -> None:
        """Cut it, and stop all its commands: the host goes down."""
        for signals in self._signals:
            signals.halt.set()
        self.cut()

    def cut(self) -> None:
        """Cut the connection; what is detached goes on."""
        self._hang_up()
        self._transport.close()

    def join(self) -> None:
        """Wait until all threads are gone."""
        for thread in (*self._all_threads(), self._transport):
            if thread is not threading.current_thread():
                thread.join()

    def _hang_up(self) -> None:
        for signals in self._signals:
            signals.hangup.set()

    def _all_threads(self) -> list[threading.Thread]:
        return [*self._threads, *(t for shell in self._shells for t in shell.threads)]

    def begin(self, channel: paramiko.Channel, line: str | None) -> None:
        """Carry out one line, or, without one, what is typed."""
        self._plan_cut()
        thread = threading.Thread(
            target=self._exec if line is not None else self._type,
            args=(channel, line) if line is not None else (channel,),
            name=f"simulated-esxi-command {self.host.spec.name}",
            daemon=True,
        )
        self._threads.append(thread)
        self._transport.start_after_reply.append(thread)

    def _shell(self, channel: paramiko.Channel, crlf: bool) -> Shell:
        signals = Signals()
        self._signals.append(signals)

        def emit(out: str, err: str) -> None:
            with contextlib.suppress(OSError, EOFError):  # whoever asked is gone
                channel.sendall((out.replace("\n", "\r\n") if crlf else out).encode())
                if crlf:
                    channel.sendall(err.replace("\n", "\r\n").encode())
                else:
                    channel.sendall_stderr(err.encode())

        shell = Shell(self.host, self.user, signals, emit)
        self._shells.append(shell)
        return shell

    def _exec(self, channel: paramiko.Channel, line: str) -> None:
        shell = self._shell(channel, crlf=False)
        signals = shell.signals
        watch = threading.Thread(
            target=self._watch, args=(channel, signals), name="simulated-esxi-keys", daemon=True
        )
        self._threads.append(watch)
        watch.start()
        try:
            status = shell.run(line)
        except Exit:
            status = shell.status
        except Stopped:
            status = _INTERRUPTED
        with contextlib.suppress(OSError, EOFError):
            if not signals.halt.is_set():
                channel.send_exit_status(status)
            channel.close()

    def _plan_cut(self) -> None:
        values = self.host.faults.strike("ssh_cut")
        if values is not None:
            with self.host.agenda.hold():
                self.host.agenda.after(
                    values["after"], "cut", lambda when: self.host.agenda.announce(self.cut)
                )

    def _watch(self, channel: paramiko.Channel, signals: Signals) -> None:
        """Ctrl-C, and the end of the channel."""
        with contextlib.suppress(OSError):
            while data := channel.recv(1024):
                if _INTERRUPT in data:
                    signals.interrupt.set()
        if channel.closed:
            signals.hangup.set()

    def _type(self, channel: paramiko.Channel) -> None:
        """An interactive shell: prompt, echo, one line after the other."""
        shell = self._shell(channel, crlf=True)
        short = self.host.spec.name.partition(".")[0]
        with contextlib.suppress(OSError, EOFError, Stopped, Exit):
            typed = b""
            channel.sendall(f"[{self.user}@{short}:~] ".encode())
            while data := channel.recv(1024):
                channel.sendall(data.replace(b"\r", b"\r\n"))
                typed += data.replace(b"\r", b"\n")
                while b"\n" in typed:
                    line, _, typed = typed.partition(b"\n")
                    if line.strip():
                        shell.run(line.decode("utf-8", "replace"))
                    channel.sendall(f"[{self.user}@{short}:~] ".encode())
        with contextlib.suppress(OSError, EOFError):
            channel.send_exit_status(shell.status)
            channel.close()


class _Wire(paramiko.Transport):
    """A transport that starts a command only once the request for it has been answered.

    A quick command would otherwise close its channel before the client knows that it was accepted.
    """

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.start_after_reply: list[threading.Thread] = []

    def _send_user_message(self, data: paramiko.Message) -> None:
        super()._send_user_message(data)  # type: ignore[misc]
        if threading.current_thread() is self:
            while self.start_after_reply:
                self.start_after_reply.pop(0).start()

    def run(self) -> None:
        try:
            super().run()
        finally:  # of a handshake that broke off paramiko leaves its timer running, a thread of 15 seconds
            self.packetizer.complete_handshake()


class _Gate(paramiko.ServerInterface):
    """What paramiko asks: who may come in, and what a channel wants."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._user = ""
        self._expired = False

    def get_allowed_auths(self, username: str) -> str:
        return ",".join(("publickey", *self._session.host.spec.ssh_auth))

    def check_auth_none(self, username: str) -> int:
        return AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        if "password" not in self._session.host.spec.ssh_auth:
            return AUTH_FAILED
        return AUTH_SUCCESSFUL if self._sign_in(username, password) is Login.OK else AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        if "keyboard-interactive" not in self._session.host.spec.ssh_auth:
            return AUTH_FAILED
        self._user = username
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        host = self._session.host
        if self._expired:
            if len(responses) != 2 or responses[0] != responses[1] or not responses[0]:
                return AUTH_FAILED
            host.change_password(self._user, responses[0])
            self._session.user = self._user
            return AUTH_SUCCESSFUL
        login = self._sign_in(self._user, responses[0] if responses else "")
        if login is Login.EXPIRED:
            self._expired = True
            return InteractiveQuery(
                "",
                "You are required to change your password immediately (password expired).",
                ("New password: ", False),
                ("Retype new password: ", False),
            )
        return AUTH_SUCCESSFUL if login is Login.OK else AUTH_FAILED

    def _sign_in(self, user: str, password: str) -> Login:
        login = self._session.host.sign_in(user, password)
        if login is Login.OK:
            self._session.user = user
        return login

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._session.begin(channel, command.decode("utf-8", "replace"))
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self._session.begin(channel, None)
        return True
