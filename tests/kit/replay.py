"""A TLS server that answers with recorded documents, with Redfish sessions, $expand and faults; it counts what it sees."""

from __future__ import annotations

import base64
import datetime
import http.server
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Doc = dict[str, Any]
Reply = tuple[int, dict[str, str], bytes]


def make_certificate(name: str = "idrac", *, days: int = 30) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, both PEM. Valid from yesterday for `days`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def server_context(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """A server-side context from PEM bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # an open file cannot be opened again on Windows
        file = Path(folder) / "both.pem"
        file.write_bytes(certificate + key)
        context.load_cert_chain(file)
    return context


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a PEM certificate's DER form, lower-case hex."""
    parsed = x509.load_pem_x509_certificate(certificate)
    return parsed.fingerprint(hashes.SHA256()).hex()


def load_tree(folder: Path) -> dict[str, Doc]:
    """Every JSON document below a folder by its `@odata.id` (else by where it lies); later copies do not replace earlier."""
    found: dict[str, Doc] = {}
    for file in sorted(folder.rglob("*.json")):
        if not file.is_file():
            continue
        doc = json.loads(file.read_text())
        if not isinstance(doc, dict):
            continue
        path = doc.get("@odata.id")
        lies = "/" + file.relative_to(folder).as_posix()
        lies = lies.removesuffix("/index.json").removesuffix(".json")
        for name in (lies, path):
            if isinstance(name, str) and name.startswith("/redfish"):
                found.setdefault(name.rstrip("/"), doc)
    return found


class ReplayServer(http.server.ThreadingHTTPServer):
    """Serves `documents` (path → document) as one BMC on 127.0.0.1. Use as a context manager.

    Counts: `log` of (verb, path, body), `sessions` open now, `opened` sessions ever, `most_in_flight`.
    `hook(verb, path, handler)` may answer instead: return a Reply or None.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        documents: dict[str, Doc],
        *,
        username: str = "root",
        password: str = "calvin",
        expand: bool = True,
        session_path: str = "/redfish/v1/SessionService/Sessions",
        max_sessions: int = 8,
        certificate: tuple[bytes, bytes] | None = None,
        hook: Callable[[str, str, Any], Reply | None] | None = None,
    ) -> None:
        self.documents = documents
        self.username, self.password = username, password
        self.expand = expand
        self.session_path = session_path
        self.max_sessions = max_sessions
        self.hook = hook
        self.pem, key = certificate or make_certificate()
        self.fingerprint = fingerprint(self.pem)
        self.context = server_context(self.pem, key)
        self.sessions: dict[str, str] = {}
        self.opened = 0
        self.refused_logins = 0
        self.log: list[tuple[str, str, bytes]] = []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="fixture-replay", daemon=True
        )

    def gets(self) -> list[str]:
        """Paths that were read."""
        return [path for verb, path, _ in self.log if verb == "GET"]

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            tls = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def __enter__(self) -> ReplayServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(60)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReplayServer
    timeout = 30

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _serve(self) -> None:
        server, verb = self.server, self.command
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            server.log.append((verb, self.path, body))
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            reply = (server.hook(verb, self.path, self) if server.hook else None) or self._answer(verb, body)
        finally:
            with server.lock:
                server.in_flight -= 1
        status, headers, payload = reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve

    def _answer(self, verb: str, body: bytes) -> Reply:
        parts = urlsplit(self.path)
        path = parts.path.rstrip("/")
        server = self.server
        if verb == "POST" and path == server.session_path:
            return self._login(json.loads(body))
        if verb == "GET" and path in ("/redfish", "/redfish/v1"):
            return reply(200, server.documents["/redfish/v1"])
        if not self._authorised():
            return error(
                401, "Base.1.8.AccessDenied", "The authentication credentials are missing or invalid."
            )
        if verb == "DELETE" and path.startswith(server.session_path + "/"):
            number = path.rpartition("/")[2]
            with server.lock:
                server.sessions = {token: n for token, n in server.sessions.items() if n != number}
            return 204, {}, b""
        if verb == "POST":
            return 204, {}, b""
        if verb == "PATCH":
            return reply(200, {"@Message.ExtendedInfo": [{"MessageId": "Base.1.8.Success", "Message": "ok"}]})
        doc = server.documents.get(path)
        if doc is None:
            return error(404, "IDRAC.2.7.SYS403", f"The resource at the URI {path} is not found.")
        query = dict(parse_qsl(parts.query))
        if "$expand" in query:
            if not server.expand:
                return error(400, "IDRAC.2.7.SYS451", "The query parameter $expand is not supported.")
            doc = expanded(doc, server.documents, with_links=query["$expand"][0] in "*~")
        return reply(200, doc)

    def _login(self, body: Doc) -> Reply:
        server = self.server
        if (body.get("UserName"), body.get("Password")) != (server.username, server.password):
            server.refused_logins += 1
            return error(401, "IDRAC.2.7.SYS415", "Unable to log in.")
        with server.lock:
            if len(server.sessions) >= server.max_sessions:
                return error(
                    503, "IDRAC.2.7.RAC0218", "The maximum number of user sessions has been reached."
                )
            server.opened += 1
            number = str(server.opened)
            token = f"token-{number}"
            server.sessions[token] = number
        uri = f"{server.session_path}/{number}"
        doc = {"@odata.id": uri, "Id": number, "UserName": server.username}
        return reply(201, doc, {"X-Auth-Token": token, "Location": uri})

    def _authorised(self) -> bool:
        server = self.server
        if self.headers.get("X-Auth-Token") in server.sessions:
            return True
        given = (self.headers.get("Authorization") or "").removeprefix("Basic ")
        return base64.b64encode(f"{server.username}:{server.password}".encode()).decode() == given


def reply(status: int, doc: Any, headers: dict[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return (
        status,
        {"Content-Type": "application/json;odata.metadata=minimal", **(headers or {})},
        json.dumps(doc).encode(),
    )


def error(status: int, message_id: str, message: str) -> Reply:
    """An iDRAC's error envelope."""
    entry = {"MessageId": message_id, "Message": message, "MessageArgs": "[]", "Severity": "Critical"}
    body = {
        "code": "Base.1.8.GeneralError",
        "message": "A general error has occurred.",
        "@Message.ExtendedInfo": [entry],
    }
    return reply(status, {"error": body})


def expanded(doc: Doc, documents: dict[str, Doc], *, with_links: bool) -> Doc:
    """One level of $expand as DSP0266 says: links are replaced by what they name; without `with_links` not below Links."""

    def walk(item: Any, inside_links: bool) -> Any:
        if isinstance(item, list):
            return [walk(child, inside_links) for child in item]
        if isinstance(item, dict):
            if set(item) == {"@odata.id"}:
                path = str(item["@odata.id"])
                keep = (inside_links and not with_links) or "#" in path
                return item if keep else documents.get(path.rstrip("/"), item)
            return {k: walk(v, inside_links or k == "Links") for k, v in item.items()}
        return item

    return {name: walk(value, name == "Links") for name, value in doc.items()}
