"""Commands over SSH: the host's key is pinned before any byte of a password, one login try, everything recorded and timed.

Why not paramiko's client: it looks for keys on disk and agents, tries several ways to sign in (ESXi locks root for 15
minutes after five wrong passwords), and saves unknown host keys by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import paramiko
from pydantic import SecretStr

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked_text
from dsm_desktop.net.limits import RetryLater, Throttle
from dsm_desktop.net.logins import Attempt, LoginRefused
from dsm_desktop.net.recorder import Recorder
from dsm_desktop.net.tls import CONNECT_TIMEOUT, Endpoint

HANDSHAKE_TIMEOUT = 30.0
LOGIN_TIMEOUT = 60.0
"""PAM of a busy ESXi takes up to half a minute."""
KEEP_ALIVE = 30
MOST_OUTPUT = 8 * 2**20
RETRY_SECONDS = 15.0
_POLL = 0.2
_ASKS_FOR_CHANGE = ("expired", "change your password", "new password", "current password")


class SshUnreachable(RetryLater):
    """No SSH connection now: the port is shut (on ESXi: the service does not run), silence, or it broke off."""

    def __init__(self, message: str, *, where: str, hint: str = "", detail: str = "") -> None:
        super().__init__(
            message,
            retry_after=RETRY_SECONDS,
            where=where,
            hint=hint or "Does the SSH service run there, and may this machine reach it?",
            detail=detail,
        )


class SshBroken(SshUnreachable):
    """The connection ended while a command ran. The command may run on: look at the host before it is repeated."""


class HostKeyNotApproved(DsmError):
    """First contact: the key of the host is not on file, so no password was sent. `shown` is its SHA-256 (hex)."""

    blame = Blame.USER

    def __init__(self, where: str, shown: str) -> None:
        super().__init__(
            f"the SSH host key {shown[:16]}… has not been approved, so no password was sent",
            hint="Compare it with the host's console and approve it.",
            where=where,
            detail=f"shown SHA-256 {shown}",
        )
        self.shown = shown


class HostKeyChanged(DsmError):
    """The host shows another key than the pinned one; no password was sent."""

    blame = Blame.PEER

    def __init__(self, where: str, pinned: str, shown: str) -> None:
        super().__init__(
            f"the SSH host key has changed: pinned {pinned[:16]}…, shown {shown[:16]}…",
            hint="Normal after a new installation of the host; else somebody is in between. Compare and approve it.",
            where=where,
            detail=f"pinned SHA-256 {pinned}\nshown SHA-256 {shown}",
        )
        self.pinned, self.shown = pinned, shown


class PasswordExpired(DsmError):
    """The host wants a new password before it lets anybody in; it was not answered."""

    blame = Blame.USER

    def __init__(self, where: str, username: str) -> None:
        super().__init__(
            f"{username} must choose a new password before anybody is let in",
            hint="Change it on the host's console, then in the credential set.",
            where=where,
        )


@dataclass(frozen=True, slots=True)
class SshAnswer:
    """What a command said. `status` is its exit status; `cut` = more came than is kept."""

    status: int
    out: str
    err: str
    cut: bool = False

    @property
    def text(self) -> str:
        """Both streams, as an operator would have seen them."""
        return f"{self.out}{self.err}"


@dataclass(frozen=True, slots=True)
class SshLogin:
    """As whom; the password hides itself when printed."""

    username: str
    password: SecretStr


class SshTransport:
    """One signed-in connection to one host, opened at the first command and again after it broke. Thread-safe; commands run
    one after the other. `host_key` is the pinned SHA-256 (hex); `first_key` is told the key at first contact and approves
    it by returning True; `seen_key` is told the key of every contact, before it is judged."""

    def __init__(
        self,
        endpoint: Endpoint,
        login: SshLogin,
        *,
        host_key: str,
        throttle: Throttle,
        recorder: Recorder,
        first_key: Callable[[str], bool] = lambda shown: False,
        seen_key: Callable[[str], None] = lambda shown: None,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self._endpoint, self._login, self._host_key = endpoint, login, host_key
        self._throttle, self._recorder, self._first_key = throttle, recorder, first_key
        self._seen_key = seen_key
        self._connect_timeout = connect_timeout
        self._lock = threading.Lock()
        self._ssh: paramiko.Transport | None = None
        self.used = time.monotonic()
        """When the last command ended; infinite while one runs."""

    @property
    def host_key(self) -> str:
        """The pinned key; "" until the first contact."""
        return self._host_key

    @property
    def name(self) -> str:
        """Host and port, for messages and the activity log."""
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def run(
        self,
        command: str,
        *,
        changing: bool,
        timeout: float,
        said: str = "",
        stop: Callable[[], None] = lambda: None,
    ) -> SshAnswer:
        """Run a command line and wait for its end. `said` stands in the activity log where the line holds a secret; `stop` is
        called five times a second and may raise to leave (the command may run on).

        Raises SshUnreachable, SshBroken, HostKeyNotApproved, HostKeyChanged, LoginRefused, PasswordExpired, LoginHeld.
        """
        with self._lock, self._throttle.slot(self.name), self._in_use():
            ssh = self._opened()
            token = self._recorder.begin(
                CallStart("ssh", self.name, "run", masked_text(said or command), changing)
            )
            began = time.monotonic()
            try:
                answer = self._run(ssh, command, began + timeout, stop)
            except BaseException as error:
                self._recorder.end(token, CallEnd(0, _since(began), error=masked_text(str(error))[:500]))
                if isinstance(error, SshUnreachable):
                    self._close()
                raise
            size = len(answer.out) + len(answer.err)
            told = masked_text(answer.text.strip()[-8000:])[-2000:] if answer.status else None
            self._recorder.end(
                token, CallEnd(200 if not answer.status else 500, _since(began), size, answer=told)
            )
            return answer

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        self.used = math.inf
        try:
            yield
        finally:
            self.used = time.monotonic()

    def close(self) -> None:
        """End the connection; the next command opens a new one."""
        with self._lock:
            self._close()

    def _opened(self) -> paramiko.Transport:
        if self._ssh is not None and self._ssh.is_active():
            return self._ssh
        self._close()
        token = self._recorder.begin(CallStart("ssh", self.name, "login", self._login.username, False))
        began = time.monotonic()
        ssh = None
        try:
            ssh = self._connect()
            self._check_key(ssh)
            self._sign_in(ssh)
        except BaseException as error:
            if ssh is not None:
                _end(ssh)
            status = 401 if isinstance(error, LoginRefused) else 0
            self._recorder.end(token, CallEnd(status, _since(began), error=masked_text(str(error))[:500]))
            raise
        self._recorder.end(token, CallEnd(200, _since(began)))
        ssh.set_keepalive(KEEP_ALIVE)
        self._ssh = ssh
        return ssh

    def _connect(self) -> paramiko.Transport:
        where = self.name
        try:
            sock = socket.create_connection(
                (self._endpoint.host, self._endpoint.port), timeout=self._connect_timeout
            )
        except OSError as error:
            raise SshUnreachable(f"no SSH connection: {error}", where=where) from error
        sock.settimeout(None)
        ssh = paramiko.Transport(sock)
        ssh.banner_timeout = ssh.handshake_timeout = HANDSHAKE_TIMEOUT
        ssh.auth_timeout = LOGIN_TIMEOUT
        try:
            ssh.start_client(timeout=HANDSHAKE_TIMEOUT)
            ssh.get_remote_server_key()  # after a time-out start_client just returns
        except (paramiko.SSHException, EOFError, OSError) as error:
            _end(ssh)
            raise SshUnreachable(f"no SSH session: {error or type(error).__name__}", where=where) from error
        return ssh

    def _check_key(self, ssh: paramiko.Transport) -> None:
        shown = hashlib.sha256(ssh.get_remote_server_key().asbytes()).hexdigest()
        self._seen_key(shown)
        if self._host_key:
            if shown != self._host_key:
                raise HostKeyChanged(self.name, self._host_key, shown)
        elif not self._first_key(shown):
            raise HostKeyNotApproved(self.name, shown)
        else:
            self._host_key = shown

    def _sign_in(self, ssh: paramiko.Transport) -> None:
        user, secret = self._login.username, self._login.password.get_secret_value()
        logins = self._throttle.logins
        with logins.attempt(self.name, logins.digest(user, secret)) as attempt:
            ways = _ways(ssh, user)
            attempt.unanswered = True
            try:
                self._one_try(ssh, user, secret, ways)
            except paramiko.AuthenticationException as error:
                self._refused(error, attempt)
            except _WantsNewPassword:
                attempt.unanswered = False
                raise PasswordExpired(self.name, user) from None
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise SshUnreachable(f"the login was not answered: {error}", where=self.name) from error
            attempt.unanswered = False
            attempt.outcome = True

    def _one_try(self, ssh: paramiko.Transport, user: str, secret: str, ways: list[str]) -> None:
        """By answering one hidden prompt where that is offered: only so a forced change of the password shows itself. A server
        that offers it and asks nothing gets the password in the plain way; it has seen none yet."""
        if "keyboard-interactive" not in ways:
            self._by_password(ssh, user, secret)
            return
        answered: list[bool] = []

        def answer(title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
            said = " ".join([title, instructions, *(text for text, _ in prompts)]).lower()
            if prompts and (answered or any(word in said for word in _ASKS_FOR_CHANGE)):
                raise _WantsNewPassword
            if prompts:
                answered.append(True)
            return [secret] * len(prompts)

        try:
            ssh.auth_interactive(user, answer)
        except paramiko.AuthenticationException:
            if answered or "password" not in ways or not ssh.is_active():
                raise
            self._by_password(ssh, user, secret)

    def _by_password(self, ssh: paramiko.Transport, user: str, secret: str) -> None:
        try:
            more = ssh.auth_password(user, secret, fallback=False)
        except paramiko.SSHException as error:
            # The request for a new password has the message number of a prompt, which paramiko did not expect.
            if "info request" in str(error):
                raise _WantsNewPassword from None
            raise
        if more:
            raise paramiko.AuthenticationException(f"a second factor is asked for: {', '.join(more)}")

    def _refused(self, error: paramiko.AuthenticationException, attempt: Attempt) -> None:
        attempt.unanswered = False
        if isinstance(error, paramiko.BadAuthenticationType):
            raise SshUnreachable(
                "the host offers no login by password",
                where=self.name,
                hint="Allow password or keyboard-interactive logins for SSH there.",
                detail=", ".join(error.allowed_types),
            ) from error
        attempt.outcome = False
        raise LoginRefused(
            f"the host refuses the login of {self._login.username}",
            hint="Correct the credential set; in lockdown mode only its exception users may sign in.",
            where=self.name,
        ) from error

    def _run(
        self, ssh: paramiko.Transport, command: str, give_up: float, stop: Callable[[], None]
    ) -> SshAnswer:
        try:
            channel = ssh.open_session(timeout=HANDSHAKE_TIMEOUT)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise SshUnreachable(f"no channel for a command: {error}", where=self.name) from error
        with contextlib.closing(channel), _as_broken(self.name):
            channel.exec_command(command)
            channel.shutdown_write()
            return self._collect(channel, give_up, stop)

    def _collect(self, channel: paramiko.Channel, give_up: float, stop: Callable[[], None]) -> SshAnswer:
        out, err, room = bytearray(), bytearray(), MOST_OUTPUT
        while True:
            stop()
            ended = channel.closed or (channel.status_event.is_set() and channel.eof_received)
            while channel.recv_ready() or channel.recv_stderr_ready():
                kept = out if channel.recv_ready() else err
                block = channel.recv(65_536) if kept is out else channel.recv_stderr(65_536)
                kept.extend(block[: max(0, room)])
                room -= len(block)
            if ended:
                break
            if time.monotonic() >= give_up:
                raise SshBroken("the command did not end in time", where=self.name, hint=_LOOK)
            channel.status_event.wait(_POLL)
        status = channel.recv_exit_status()
        if status < 0:
            raise SshBroken("the connection ended while the command ran", where=self.name, hint=_LOOK)
        return SshAnswer(status, out.decode(errors="replace"), err.decode(errors="replace"), room < 0)

    def _close(self) -> None:
        ssh, self._ssh = self._ssh, None
        if ssh is not None:
            _end(ssh)


_LOOK = "It may run on: look at the host before it is started again."


class _WantsNewPassword(Exception):
    """Raised in the prompt handler, to leave without an answer."""


def _ways(ssh: paramiko.Transport, user: str) -> list[str]:
    """What the host offers for signing in; asking costs no try."""
    try:
        ssh.auth_none(user)
    except paramiko.BadAuthenticationType as error:
        return list(error.allowed_types)
    except paramiko.SSHException:
        return []
    return []


@contextlib.contextmanager
def _as_broken(where: str) -> Iterator[None]:
    try:
        yield
    except (paramiko.SSHException, EOFError, OSError) as error:
        said = f"the connection broke off: {error or type(error).__name__}"
        raise SshBroken(said, where=where, hint=_LOOK) from error


def _end(ssh: paramiko.Transport) -> None:
    """Close it with paramiko's thread, which otherwise outlives it by a moment, and its handshake's timer (half a minute)."""
    ssh.close()
    if threading.current_thread() is not ssh:
        ssh.join(10)
    ssh.packetizer.complete_handshake()


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000
