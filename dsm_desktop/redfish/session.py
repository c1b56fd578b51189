"""One login per client: found by links, kept, renewed once, always logged out.

The session token stays in this module. A ledger writes down that a session exists before and after it is opened, so that
a process that was killed leaves no session behind: the next start ends it.
"""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from dsm_desktop.core.errors import DsmError
from dsm_desktop.net.answer import Answer
from dsm_desktop.net.limits import NotReady
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.net.logins import Attempt, LoginRefused
from dsm_desktop.net.streams import FileDownload, MultipartUpload
from dsm_desktop.net.transport import NoAnswer, Transport
from dsm_desktop.redfish.errors import PasswordChangeRequired, SessionsFull, error_of, means_wrong_login
from dsm_desktop.redfish.values import moment, text

LOGOUT_TIMEOUT = 15.0
GONE = (200, 202, 204, 401, 404)
"""Statuses after which a session is known to be gone: deleted, or no longer known to the device."""


@dataclass(frozen=True, slots=True)
class Credential:
    """User name and password of a BMC account. The password never appears in `repr`."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credential({self.username!r}, ••••••)"


class SessionLedger(Protocol):
    """Remembers open sessions across a crash. Seal the token before it is stored.

    `opening` is on disk before the login is sent and gives a reference; `opened` adds URI and token; `closed` forgets.
    """

    def opening(self, host: str, username: str) -> int: ...
    def opened(self, ref: int, session_uri: str, token: str) -> None: ...
    def closed(self, ref: int) -> None: ...


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as the device lists it. `kind` is Redfish, WebUI, …; `origin` the client's address where told."""

    uri: str
    username: str
    kind: str
    origin: str
    created: datetime | None


def session_info(doc: dict[str, Any]) -> SessionInfo:
    """Reads a Session document."""
    return SessionInfo(
        text(doc.get("@odata.id")),
        text(doc.get("UserName")),
        text(doc.get("SessionType")),
        text(doc.get("ClientOriginIPAddress")),
        moment(doc.get("CreatedTime")),
    )


@dataclass(slots=True)
class _Open:
    token: str
    uri: str
    ref: int | None


class Session:
    """Authenticated calls to one device; thread-safe. `sessions_uri` finds the login address (None: no session service)."""

    def __init__(
        self,
        transport: Transport,
        credential: Credential,
        sessions_uri: Callable[[], str | None],
        ledger: SessionLedger | None = None,
        *,
        login_timeout: float = 60.0,
    ) -> None:
        self._login_timeout = login_timeout
        self._transport = transport
        self._credential = credential
        self._sessions_uri = sessions_uri
        self._ledger = ledger
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._basic = ""
        self._basic_proven = False
        self._pair = transport.throttle.logins.digest(credential.username, credential.password)

    @property
    def kind(self) -> str:
        """ "session", "basic" or "" (not logged in)."""
        return "session" if self._open else "basic" if self._basic else ""

    def login(self) -> None:
        """Opens a session now (otherwise the first call does). Raises LoginRefused, LoginHeld, PasswordChangeRequired."""
        with self._lock:
            self._ensure()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        timeout: float = 30.0,
        changing: bool | None = None,
        headers: Mapping[str, str] | None = None,
        upload: MultipartUpload | None = None,
        into: FileDownload | None = None,
    ) -> Answer:
        """One authenticated call; a lost session is renewed once (the token dies with each iDRAC reset).

        Raises what Transport.request raises, and LoginRefused, LoginHeld, PasswordChangeRequired.
        """

        def send(login: dict[str, str]) -> Answer:
            return self._transport.request(
                method,
                path,
                body=body,
                headers={**(headers or {}), **login},
                secret=True,
                timeout=timeout,
                changing=changing,
                upload=upload,
                into=into,
            )

        for _ in range(2):
            with self._lock:
                login = self._ensure()
            if "Authorization" in login and not self._basic_proven:
                return self._prove(partial(send, login))
            answer = send(login)
            if answer.status != 401:
                return answer
            self._lost(login)
        raise LoginRefused(
            "the device opens a session and then refuses it",
            hint="Check the account's privileges, or reset the iDRAC.",
            where=self._transport.name,
        )

    def _prove(self, send: Callable[[], Answer]) -> Answer:
        """The first call with Basic is a login: it goes through the budget."""
        with self._transport.throttle.logins.attempt(self._transport.name, self._pair) as attempt:
            try:
                answer = send()
            except NoAnswer:
                attempt.sent_in_vain()
                raise
            if answer.status == 401:
                attempt.refused()
                raise self._refusal()
            if answer.status < 500:
                attempt.accepted()
                self._basic_proven = True
        return answer

    def _refusal(self) -> LoginRefused:
        return LoginRefused(
            f"the device does not accept user “{self._credential.username}” with this password",
            hint="Correct the credential set; the device is not asked again for a minute.",
            where=self._transport.name,
        )

    def _ensure(self) -> dict[str, str]:
        """Headers of an open session, which is opened when there is none. The lock is held."""
        if self._open is None and not self._basic:
            uri = self._sessions_uri()
            if uri is None:
                self._use_basic()
            else:
                self._login(uri)
        if self._open is not None:
            return {"X-Auth-Token": self._open.token}
        return {"Authorization": self._basic}

    def _use_basic(self) -> None:
        """Sent without waiting for a challenge: iDRAC9 ≥7.30 and iDRAC10 take Basic but do not advertise it."""
        pair = f"{self._credential.username}:{self._credential.password}".encode()
        self._basic = "Basic " + base64.b64encode(pair).decode()

    def _login(self, uri: str) -> None:
        name = self._transport.name
        with self._transport.throttle.logins.attempt(name, self._pair) as attempt:
            ref = self._ledger.opening(name, self._credential.username) if self._ledger else None
            answer = self._post_login(uri, attempt)
            token = answer.headers.get("x-auth-token", "")
            if answer.ok and token:
                attempt.accepted()
                self._opened(answer, token, ref)
                return
            self._forget(ref)
            if means_wrong_login(answer):
                attempt.refused()
                raise self._refusal()
            if answer.status in (404, 405, 501) or answer.ok:
                self._use_basic()
                return
            error = error_of(answer, where=name, what=f"POST {uri}")
            if isinstance(error, PasswordChangeRequired):
                attempt.accepted()
        if isinstance(error, SessionsFull):
            self._use_basic()
            return
        if isinstance(error, NotReady):
            self._transport.throttle.rest(name, error.retry_after)
        raise error

    def _post_login(self, uri: str, attempt: Attempt) -> Answer:
        try:
            return self._transport.request(
                "POST",
                uri,
                body={"UserName": self._credential.username, "Password": self._credential.password},
                secret=True,
                changing=False,
                timeout=self._login_timeout,
            )
        except NoAnswer:
            attempt.sent_in_vain()
            raise

    def _opened(self, answer: Answer, token: str, ref: int | None) -> None:
        location = answer.headers.get("location", "")
        body = answer.data if isinstance(answer.data, dict) else {}
        try:
            uri = own_path(location or str(body.get("@odata.id", "")), self._transport.endpoint.authority)
        except DsmError:
            # A hostile or odd Location: the body's own id is the only other source, and it must be ours too.
            uri = safe_path(body.get("@odata.id"), where=self._transport.name)
        self._open = _Open(token, uri, ref)
        if self._ledger is not None and ref is not None:
            self._ledger.opened(ref, uri, token)

    def _forget(self, ref: int | None) -> None:
        if self._ledger is not None and ref is not None:
            self._ledger.closed(ref)

    def _lost(self, headers: dict[str, str]) -> None:
        """A 401: forget the session that was used, unless another thread has renewed it meanwhile."""
        with self._lock:
            if "Authorization" in headers:
                self._basic_proven = False
            elif self._open is not None and self._open.token == headers["X-Auth-Token"]:
                self._forget(self._open.ref)
                self._open = None

    def logout(self) -> bool:
        """Deletes the session on the device. False when it could not be told; the ledger keeps it then."""
        with self._lock:
            opened, self._open = self._open, None
            self._basic, self._basic_proven = "", False
        if opened is None:
            return True
        limit = min(LOGOUT_TIMEOUT, self._login_timeout)
        for _ in range(2):
            with contextlib.suppress(DsmError):
                if end_session(self._transport, opened.uri, opened.token, timeout=limit):
                    self._forget(opened.ref)
                    return True
        return False


def end_session(transport: Transport, uri: str, token: str, *, timeout: float = LOGOUT_TIMEOUT) -> bool:
    """Deletes one session by its own token, no login needed: logout, and the clean-up after a crash.

    True when it is gone (also when the device no longer knows it). Raises what Transport.request raises.
    """
    answer = transport.request(
        "DELETE",
        uri,
        headers={"X-Auth-Token": token},
        secret=True,
        changing=False,
        urgent=True,
        timeout=timeout,
    )
    return answer.status in GONE
