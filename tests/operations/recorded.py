"""A recorded R750 (iDRAC9 6.00.30) that also does what it is asked: real sockets and TLS, recorded paths, scripted effects."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from tests.kit.replay import Doc, ReplayServer, Reply, error, fingerprint, load_tree, reply, server_context
from tests.operations.killing import Killable

MANAGER = "/redfish/v1/Managers/iDRAC.Embedded.1"
SYSTEM = "/redfish/v1/Systems/System.Embedded.1"
Effect = Callable[[Doc], Reply]


@cache
def _tree(folder: Path) -> dict[str, Doc]:
    """Read once; whoever changes a document puts a new one in its place."""
    return load_tree(folder)


class RecordedIdrac(ReplayServer):
    """`effects` maps the end of a path to what a POST, PATCH or DELETE there does; `done` lists what was accepted.

    `refuse(end, status, id)` makes the next such call fail; `hold(end)` keeps its answer back (`late`: done before) until
    `release`; `lose(end)` does the next such call and cuts the connection.
    """

    def __init__(self, captures: Path) -> None:
        documents = _tree(captures / "NVIDIA-libredfish" / "dell-r750-idrac9-6.00.30.00")
        super().__init__(dict(documents), hook=self._hooked)
        self.effects: dict[str, Effect] = {}
        self.files: dict[str, bytes] = {}
        self.located: dict[str, str] = {}
        self.done: list[tuple[str, str, Doc]] = []
        self.struck = 0
        self.resets = 0
        self._refusals: dict[str, Reply] = {}
        self._held: dict[str, bool] = {}
        self._mute: set[str] = set()
        self._go_on = threading.Event()
        self._next_pem: tuple[bytes, Any] | None = None
        self._key: Any = None
        self.effects["/Manager.Reset"] = self._reset
        self.effects["/CertificateService.GenerateCSR"] = self._request
        self.effects["/DellCertificateService.GetLastGeneratedCSR"] = self._last_request
        self.effects["/CertificateService.ReplaceCertificate"] = self._replace
        self.csr = ""

    # -- steering ------------------------------------------------------------------------------------------------

    def refuse(self, end: str, status: int, message_id: str, text: str = "refused") -> None:
        self._refusals[end] = error(status, message_id, text)

    def hold(self, end: str, *, late: bool) -> None:
        self._go_on.clear()
        self._held[end] = late

    def release(self) -> None:
        self._held.clear()
        self._go_on.set()

    def lose(self, end: str) -> None:
        """The next such call is done, and its answer is lost with the connection."""
        self._mute.add(end)

    def sent(self, end: str) -> int:
        """How often something was done."""
        return sum(path.endswith(end) for _, path, _ in self.done)

    def document(self, path: str) -> Doc:
        return self.documents[path]

    # -- answering -----------------------------------------------------------------------------------------------

    def _hooked(self, verb: str, path: str, handler: Any) -> Reply | None:
        bare = path.partition("?")[0]
        if verb == "GET":
            if bare in self.files and handler._authorised():
                return 200, {"Content-Type": "application/octet-stream"}, self.files[bare]
            if bare in self.located and handler._authorised():
                return reply(200, self.documents[bare], {"Location": self.located[bare]})
            return None
        if "/Sessions" in bare or not handler._authorised():
            return None
        end = next((e for e in (*self._refusals, *self._held, *self.effects) if bare.endswith(e)), "")
        if not end:
            return None
        if bare.endswith(tuple(self._refusals)):
            return self._refusals.pop(end)
        with self.lock:
            raw = next(b for v, p, b in reversed(self.log) if (v, p) == (verb, path))
        body = json.loads(raw) if raw else {}
        if end in self._held and not self._held[end]:
            self.struck += 1
            self._go_on.wait(60)
            return error(503, "IDRAC.2.7.SYS518", "not done")
        effect = next(f for e, f in self.effects.items() if bare.endswith(e))
        answer = effect({**body, "@path": bare, "@verb": verb})
        if answer[0] < 300:
            self.done.append((verb, bare, body))
        if end in self._mute:
            self._mute.discard(end)
            handler.connection.shutdown(socket.SHUT_RDWR)
        if self._held.pop(end, False):
            self.struck += 1
            self._go_on.wait(60)
        return answer

    def _reset(self, body: Doc) -> Reply:
        self.resets += 1
        manager = self.documents[MANAGER]
        self.documents[MANAGER] = {**manager, "LastResetTime": f"2026-11-28T0{self.resets}:00:00-06:00"}
        self.sessions.clear()
        if self._next_pem is not None:
            self.show_certificate(*self._next_pem)
            self._next_pem = None
        return 204, {}, b""

    # -- certificates --------------------------------------------------------------------------------------------

    def show_certificate(self, pem: bytes, key: Any) -> None:
        """From the next connection on."""
        raw = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.pem, self.context, self.fingerprint = pem, server_context(pem, raw), fingerprint(pem)

    def _request(self, body: Doc) -> Reply:
        collection = body["CertificateCollection"]
        if collection != {"@odata.id": f"{MANAGER}/NetworkProtocol/HTTPS/Certificates"}:
            return error(400, "IDRAC.2.7.SYS428", "wrong collection")
        self._key = rsa.generate_private_key(65537, 2048)
        names = [
            x509.NameAttribute(NameOID.COMMON_NAME, body["CommonName"]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, body["Organization"]),
        ]
        csr = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name(names))
            .sign(self._key, hashes.SHA256())
        )
        self.csr = csr.public_bytes(serialization.Encoding.PEM).decode()
        return reply(200, {"CSRString": self.csr, "CertificateCollection": collection})

    def _last_request(self, body: Doc) -> Reply:
        return reply(200, {"CSRString": self.csr}) if self.csr else error(400, "IDRAC.2.7.SYS428", "none")

    def _replace(self, body: Doc) -> Reply:
        pem = body["CertificateString"].encode()
        certificate = x509.load_pem_x509_certificate(pem)
        if certificate.public_key() != self._key.public_key():
            return error(400, "IDRAC.2.7.LC080", "The certificate does not fit the key.")
        self._next_pem = (pem, self._key)
        return reply(200, {"@Message.ExtendedInfo": [{"MessageId": "Base.1.8.Success", "Message": "ok"}]})


@contextmanager
def recorded_program(folder: Path, captures: Path) -> Iterator[tuple[Killable, RecordedIdrac]]:
    """A profile that knows the recorded iDRAC; no runner works yet (use `agent`, or `make_runner`)."""
    bmc = RecordedIdrac(captures)
    with bmc:
        app = throw_away_profile(folder / "profile", bmc.username, bmc.password)
        try:
            server_id = app.commands.add_server("127.0.0.1", bmc.port, name="r750")
            app.commands.trust_certificate(server_id, bmc.fingerprint)
            yield RecordedProgram(app, server_id), bmc
        finally:
            bmc.release()
            app.close()


class RecordedProgram(Killable):
    """The program on one recorded iDRAC."""

    def __init__(self, app: Application, server_id: int) -> None:
        self.app = app
        self._server_id = server_id

    @property
    def server_id(self) -> int:
        return self._server_id
