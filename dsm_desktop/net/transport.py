"""HTTPS to one device: the only way a byte reaches a BMC.

http.client under our own TLS socket (docs/decisions/0004): one small pool of kept connections, the pin checked on each
new connection before a byte is sent, links as paths only, no redirects, caps on size, depth and time, each call recorded.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked, masked_text
from dsm_desktop.net.answer import Answer, BadAnswer, masked_answer, parse_json
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.links import safe_path
from dsm_desktop.net.recorder import CallEnd, CallStart, Recorder
from dsm_desktop.net.streams import FileDownload
from dsm_desktop.net.tls import (
    CONNECT_TIMEOUT,
    Certificate,
    CertificateChanged,
    CertificateNotApproved,
    Endpoint,
    Resumable,
    Trust,
    TrustMode,
    handshake,
)
from dsm_desktop.net.wire import Connection, Payload, Request, Upload

__all__ = ["Answer", "BadAnswer", "Endpoint", "Transport"]

MAX_BODY = 32 * 2**20
"""Bytes; the largest document seen is a 6.6 MB attribute registry (iDRAC9 6.00.30)."""
_CHUNK = 1 << 18


class NoAnswer(DsmError):
    """The connection broke or timed out before the answer was complete.

    `sent`: the request may have reached the device, so a changing call must be probed before it is repeated.
    """

    blame = Blame.PEER
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        where: str,
        sent: bool,
        timed_out: bool = False,
        hint: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message, hint=hint, where=where, detail=detail)
        self.sent = sent
        self.timed_out = timed_out


class RedirectRefused(BadAnswer):
    """The device answered with a redirect; a client that follows one hands its token to another host."""

    retryable = False


class Transport:
    """Calls to one device. Thread-safe: as many connections as the throttle lets calls through.

    The certificate of the first connection is the only one accepted for the transport's life, also on first contact.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        trust: Trust,
        throttle: Throttle,
        recorder: Recorder,
        protocol: str = "redfish",
        connect_timeout: float = CONNECT_TIMEOUT,
        max_body: int = MAX_BODY,
        own_path: Callable[..., str] = safe_path,
    ) -> None:
        self.endpoint = endpoint
        self.trust = trust
        self.throttle = throttle
        self.name = str(endpoint)
        self.requests = 0
        self.certificate: Certificate | None = None
        self._recorder = recorder
        self._protocol = protocol
        self._connect_timeout = connect_timeout
        self._max_body = max_body
        self._own_path = own_path
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._retired = False
        self._der = b""
        self._resume: Resumable | None = None
        self._latencies_ms = 0.0
        self.busy, self.used = 0, time.monotonic()
        """Calls on their way; when the last one began or ended."""

    @property
    def response_ms(self) -> float | None:
        """Mean time to a complete answer over the transport's life, connection set-up included; None before the first."""
        return self._latencies_ms / self.requests if self.requests else None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        payload: Payload | None = None,
        upload: Upload | None = None,
        into: FileDownload | None = None,
        headers: Mapping[str, str] | None = None,
        secret: bool = False,
        changing: bool | None = None,
        timeout: float = 30.0,
        urgent: bool = False,
        recorded_body: Any = None,
    ) -> Answer:
        """One call; returns any status but redirects. `timeout` s is for the whole answer, connection set-up extra.

        `body` is sent as JSON; `payload` (ready bytes, its answer left unread) or `upload` instead of it, and `into` takes a success's body: `timeout` is per block then. `secret`: headers or body carry a credential, so an approved certificate is required.
        `changing` (default: all but GET and HEAD) is on disk before it is sent. `urgent` ignores rests (logout).
        Raises ForeignLink, Unreachable, TlsFailed and its kinds, NoAnswer, BadAnswer, RedirectRefused, NotReady, Resting, Busy.
        """
        path = self._own_path(path, where=self.name)
        if payload is None and body is not None:
            payload = Payload(orjson.dumps(body))
        if changing is None:
            changing = method not in ("GET", "HEAD")
        with self.throttle.slot(self.name, urgent=urgent):
            early = self._connected(secret) if changing else None
            changing = changing and early is None
            shown = masked(recorded_body if recorded_body is not None else upload.shown if upload else body)
            said = (method, path) if payload is None or payload.said is None else payload.said
            token = self._recorder.begin(CallStart(self._protocol, self.name, *said, changing, shown))
            began = time.perf_counter()
            end = CallEnd(0, 0.0, error="interrupted")
            try:
                if early is not None:
                    raise early
                self._count(1)
                answer = self._exchange(
                    Request(method, path, payload, upload, into, headers or {}, secret, timeout, began)
                )
                text = masked_answer(answer) if answer.status >= 400 else None
                end = CallEnd(answer.status, answer.latency_ms, answer.size, "", text)
            except DsmError as error:
                end = CallEnd(
                    0,
                    (time.perf_counter() - began) * 1000,
                    error=masked_text(f"{error.code}: {error.message}"),
                )
                self._judge(error)
                raise
            finally:
                self._count(-1)
                self._recorder.end(token, end)
        self.throttle.answered(self.name)
        with self._lock:
            self._latencies_ms += answer.latency_ms
            self.requests += 1
        return self._no_redirect(answer)

    def _no_redirect(self, answer: Answer) -> Answer:
        if 300 <= answer.status < 400 and answer.status != 304:
            raise RedirectRefused(
                f"the device answered {answer.status}, a redirect; it was not followed",
                hint="Redfish devices do not redirect; check what is behind this address.",
                where=self.name,
            )
        return answer

    def _connected(self, secret: bool) -> DsmError | None:
        """Makes sure of a live connection before a changing call is put on paper; what went wrong, or None.

        The runner's lease is renewed in the recorder's `begin`: no handshake may lie between that and the request.
        """
        try:
            self._checkin(self._checkout(secret), keep=True)
        except DsmError as error:
            return error
        return None

    def _judge(self, error: DsmError) -> None:
        """Only what a tired device does counts for its limits: silence and broken answers, not a wrong certificate."""
        if isinstance(error, NoAnswer):
            self.throttle.failed(self.name, timed_out=error.timed_out)
        elif error.retryable:
            self.throttle.failed(self.name)

    def _count(self, calls: int) -> None:
        with self._lock:
            self.busy += calls
            self.used = time.monotonic()

    def _exchange(self, request: Request) -> Answer:
        while True:
            connection = self._checkout(request.secret)
            fresh = connection.fresh
            keep = False
            try:
                answer, keep = self._talk(connection, request)
                return answer
            except NoAnswer as error:
                # A kept connection that the device closed meanwhile: a GET may be asked again on a new one.
                if fresh or not request.repeatable or error.timed_out:
                    raise
            finally:
                self._checkin(connection, keep=keep)

    def _talk(self, connection: Connection, request: Request) -> tuple[Answer, bool]:
        sock, timeout = connection.sock, request.timeout
        assert sock is not None
        sock.deadline = time.monotonic() + timeout
        try:
            whole = self._send(connection, request)
            response = connection.getresponse()
            if connection.fresh:
                # Resuming spares the BMC its RSA signature at the next connection (TLS 1.2: -74 % wall time).
                self._resume, connection.fresh = Resumable(sock.context, sock.session), False
            with response:  # what is not read to its end is closed here, not by the garbage collector
                if request.into is not None and response.status < 300:
                    raw, size = b"", request.into.take(response, sock, timeout, self.name)
                else:
                    size = len(raw := self._read(response))
        except TimeoutError as error:
            raise NoAnswer(
                f"no complete answer within {timeout:.0f} s",
                hint="The device is slow or hangs; try again later or reset the iDRAC.",
                where=self.name,
                sent=True,
                timed_out=True,
            ) from error
        except OSError as error:
            raise NoAnswer(
                "the device closed the connection before it had answered",
                where=self.name,
                sent=True,
                detail=repr(error)[:300],
            ) from error
        except (http.client.HTTPException, ValueError) as error:
            raise BadAnswer(
                "the device's answer is not HTTP", where=self.name, detail=repr(error)[:300]
            ) from error
        content_type = response.headers.get("Content-Type", "")
        json = request.payload is None or request.payload.json
        data = parse_json(raw, content_type, response.status, self.name) if json else None
        fields = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(
            response.status,
            fields,
            data,
            size,
            (time.perf_counter() - request.began) * 1000,
            raw,
        )
        return answer, whole and not response.will_close

    def _send(self, connection: Connection, request: Request) -> bool:
        """The request in one go; False when the device answers an upload before it has heard all of it."""
        connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.endpoint.authority)
        if request.payload is None or request.payload.json:
            connection.putheader("Accept", "application/json")
            connection.putheader("OData-Version", "4.0")
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if request.upload is not None:
            connection.putheader("Content-Type", request.upload.content_type)
            connection.putheader("Content-Length", str(request.upload.length))
            try:
                connection.endheaders(request.upload.paced(connection.sock, request.timeout))
            except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                return False
            return True
        if request.payload is not None:
            connection.putheader("Content-Type", request.payload.content_type)
            connection.putheader("Content-Length", str(len(request.payload.content)))
        elif request.method not in ("GET", "HEAD", "DELETE"):
            connection.putheader("Content-Length", "0")
        connection.endheaders(request.payload.content if request.payload else None)
        return True

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The whole body, never more than the cap, never less than announced."""
        expected = response.length
        if expected is not None and expected > self._max_body:
            raise BadAnswer(
                f"the answer would have {expected} bytes; at most {self._max_body} are read", where=self.name
            )
        pieces, size = [], 0
        while piece := response.read(_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > self._max_body:
                raise BadAnswer(
                    f"the answer has more than {self._max_body} bytes; reading stopped", where=self.name
                )
            if expected is not None and size >= expected:
                break
        if expected is not None and size < expected:
            raise BadAnswer(f"the answer was cut: {size} of {expected} bytes came", where=self.name)
        if expected is not None and not response.isclosed():
            response.read()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _checkout(self, secret: bool) -> Connection:
        connection: Connection | None = None
        while connection is None:
            with self._lock:
                candidate = self._idle.pop() if self._idle else None
            if candidate is None:
                break
            if candidate.alive():
                connection = candidate
            else:
                candidate.close()
        if connection is None:
            connection = self._connect()
        if secret and self.trust.mode is TrustMode.PIN and not self.trust.fingerprint:
            self._checkin(connection, keep=True)
            raise CertificateNotApproved(self.name, self.certificate or Certificate(""))
        return connection

    def _connect(self) -> Connection:
        sock, der = handshake(self.endpoint, self.trust, self._connect_timeout, self._resume)
        with self._lock:
            if not self._der:
                self._der = der
                self.certificate = (
                    Certificate.from_der(der)
                    if not self.trust.fingerprint
                    else Certificate(self.trust.fingerprint)
                )
            same = self._der == der or self.trust.mode is not TrustMode.PIN
        if not same:
            sock.close()
            raise CertificateChanged(
                self.name, Certificate.from_der(self._der).fingerprint, Certificate.from_der(der)
            )
        return Connection(sock)

    def _checkin(self, connection: Connection, *, keep: bool) -> None:
        with self._lock:
            if keep and not self._retired:
                self._idle.append(connection)
                return
        connection.close()

    def close(self, *, for_good: bool = False) -> None:
        """Closes the kept connections; a later call opens new ones. `for_good`: those of calls still on their way are not
        kept either."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._retired = self._retired or for_good
        for connection in idle:
            connection.close()
