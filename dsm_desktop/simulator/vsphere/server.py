"""The HTTPS side of a simulated vCenter: /sdk, its list of versions, and /folder."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import traceback
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from dsm_desktop.simulator.errors import CannotListen
from dsm_desktop.simulator.tls import Identity, make_context
from dsm_desktop.simulator.vsphere import files, soap
from dsm_desktop.simulator.vsphere.calls import Call, perform
from dsm_desktop.simulator.vsphere.faults import Faults
from dsm_desktop.simulator.vsphere.sessions import COOKIE, Session, Sessions
from dsm_desktop.simulator.vsphere.vmomi import support, vmodl
from dsm_desktop.simulator.vsphere.world import World

OLDEST: Final = "6.5"
JOIN_LIMIT: Final = 10.0
HANDSHAKE: Final = 10.0


class Listener(ThreadingHTTPServer):
    """One address. Each connection has a thread of its own, gone after `stop`."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 256

    def __init__(
        self, world: World, sessions: Sessions, faults: Faults, address: str, port: int, identity: Identity
    ) -> None:
        self.world, self.sessions, self.faults_now = world, sessions, faults
        self.identity = identity
        self.context = make_context(identity)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._stopping = False
        self._loop: threading.Thread | None = None
        try:
            super().__init__((address, port), Handler)
        except OSError as error:
            raise CannotListen(
                f"Cannot listen on {address}:{port}: {error.strerror}.",
                where=f"{address}:{port}",
                hint="Choose another port.",
            ) from error

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._loop = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="simulated-vcenter", daemon=True
        )
        self._loop.start()

    def stop(self) -> None:
        """Close every connection and end all threads."""
        if self._loop is not None:
            self.shutdown()
            self._loop.join(JOIN_LIMIT)
        with self._guard:
            self._stopping = True
        self.drop_connections()
        self.server_close()

    def show(self, identity: Identity) -> None:
        """Show another certificate from the next connection on."""
        self.identity = identity
        self.context = make_context(identity)
        self.drop_connections()

    def drop_connections(self) -> None:
        """Cut every open connection."""
        with self._guard:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS in the connection's own thread, so that a slow client holds up nobody."""
        try:
            request.settimeout(HANDSHAKE)
            with self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as secure:
                if not self._enter(secure):
                    return
                try:
                    secure.do_handshake()
                    secure.settimeout(None)
                    Handler(secure, client_address, self)
                finally:
                    with self._guard:
                        self._open.discard(secure)
        except (ssl.SSLError, OSError):
            return  # the client went away or did not trust the certificate

    def _enter(self, secure: ssl.SSLSocket) -> bool:
        """Remember an open connection, so that it can be cut; False when the server is being stopped."""
        with self._guard:
            if self._stopping:
                return False
            self._open.add(secure)
            return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whatever goes wrong in here is a mistake of the simulator's; `stop` of the site tells of it."""
        self.world.mishaps.append(traceback.format_exc())


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "envoy"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        """The list of API versions, or a file of a store."""
        if self._refused():
            return
        if self.path.startswith("/sdk/vimServiceVersions.xml"):
            ids = [support.versionIdMap[v] for v in support.GetServiceVersions("vim25")]
            newest = ids.index(self.server.world.spec.api_version)
            known = [i for i in ids[newest:] if i[:1].isdigit()]
            self.reply(200, soap.versions_document(known[: known.index(OLDEST) + 1]), "text/xml")
        elif self.path.startswith("/folder/"):
            self._files()
        else:
            self.reply(200 if self.path == "/" else 404, b"", "text/html")

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        """A file for a store."""
        if not self._refused():
            self._files()

    def do_POST(self) -> None:
        """A call."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._refused():
            return
        if self.path.split("?")[0].rstrip("/") != "/sdk":
            self.reply(404, b"", "text/plain")
            return
        self._call(body)

    def _files(self) -> None:
        files.serve(self)

    def reply(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        self.server.world.counters.dropped += 1
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def session(self) -> Session | None:
        """The session of the cookie the client sent."""
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return None if cookie is None else self.server.sessions.find(cookie.value)

    def _refused(self) -> bool:
        """Faults that hit before a request is looked at."""
        faults, world = self.server.faults_now, self.server.world
        world.counters.requests += 1
        if world.spec.direct and not world.singles["host"].esxi.running:
            with world.news:
                self.server.sessions.close_all()
            self.cut()
            return True
        if faults.strike("unavailable") is not None:
            world.counters.faults_injected += 1
            self.close_connection = True
            self.reply(503, b"", "text/plain", Connection="close")
            return True
        late = faults.strike("slow")
        if late is not None:
            world.counters.faults_injected += 1
            time.sleep(late["seconds"])
        return False

    # -- calls -----------------------------------------------------------------------------------------------

    def _version(self) -> str:
        action = (self.headers.get("SOAPAction") or "").strip('"')
        asked = action.rsplit(":", 1)[-1]
        return str(support.versionMap.get(asked, self.server.world.version))

    def _call(self, body: bytes) -> None:
        version = self._version()
        server, faults = self.server, self.server.faults_now
        with server.world.news:
            server.world.settle()
            session = self.session()
            fresh = session is None
            if session is None:
                session = server.sessions.open(self.client_address[0], self.headers.get("User-Agent", ""))
            server.sessions.touch(session)
            try:
                request = soap.read_request(body, version)
                if faults.strike("drop_before", request.method) is not None:
                    self.cut()
                    return
                value = perform(Call(server.world, server.sessions, session, request, faults))
                answer, status = soap.answer(request, value), 200
                dropped = faults.strike("drop_after", request.method) is not None
            except vmodl.MethodFault as error:
                answer, status, dropped = soap.answer_fault(error, version), 500, False
            if session.account is None:
                server.sessions.close(session)
            server.world.news.notify_all()
        if dropped:
            self.cut()
            return
        headers = {}
        if fresh and session.account is not None:
            headers["Set_Cookie"] = f'{COOKIE}="{session.cookie}"; Path=/; HttpOnly; Secure'
        self.reply(status, answer, "text/xml; charset=utf-8", **headers)
