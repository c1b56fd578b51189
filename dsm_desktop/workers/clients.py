"""The one place where clients are built: credential, trust, limit, record and session ledger are always inside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.jobs.context import Target
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.tls import Endpoint, Trust, TrustMode
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.resolve import CredentialResolver, NoCredential
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.current import current_work
from dsm_desktop.workers.errors import BlockingOnLoop, on_loop
from dsm_desktop.workers.sessions import (
    LeftSession,
    StoredLedger,
    close_left,
    known_uris,
    left_behind,
    own_address,
)

IDLE_SECONDS = 60.0
LOGOUTS_AT_ONCE = 32
_MODES = {"pin": TrustMode.PIN, "ca": TrustMode.CA, "off": TrustMode.ANY}


class FencedRecorder:
    """Writes each call down under the task that made it; a changing one leaves only while the task is still ours."""

    def __init__(self, writer: CallWriter, server_id: int | None = None) -> None:
        self._writer = writer
        self._server_id = server_id

    def begin(self, call: CallStart) -> int:
        """The row is on disk, then the lease is renewed, then the request may leave. Raises LostLease."""
        if on_loop():
            raise BlockingOnLoop(f"{call.method} {call.path}")
        work = current_work()
        server_id = self._server_id if self._server_id is not None else (work.server_id if work else None)
        token = self._writer.begin(
            call, server_id, work.job_id if work else None, work.task_id if work else None
        )
        if call.changing and work is not None:
            try:
                work.renew()
            except DsmError as error:
                self._writer.end(token, CallEnd(0, 0.0, error=f"not sent: {error.message}"))
                raise
        return token

    def end(self, token: int, result: CallEnd) -> None:
        self._writer.end(token, result)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a client was built from; another value means another client."""

    endpoint: Endpoint
    trust: Trust
    username: str
    password: SecretStr


@dataclass(slots=True)
class _Kept:
    setting: _Setting
    client: RedfishClient
    used: float


class DeviceClients:
    """Clients by server, kept between tasks and logged out when idle. Thread-safe.

    `owner` gives the id of the runner they belong to, for the sessions on paper.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        resolver: CredentialResolver,
        throttle: Throttle,
        writer: CallWriter,
        *,
        ca_file: str = "",
        connect_timeout: float = 5.0,
        read_timeout: float | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._resolver = resolver
        self._throttle = throttle
        self._writer = writer
        self._ca_file = ca_file
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}
        self._problems: dict[int, DsmError] = {}
        self.owner: Callable[[], int | None] = lambda: None

    def prepare(self, target: Target) -> None:
        """Look login and trust up before a body runs, in a pool thread; `server` says later what was wrong."""
        try:
            self.server(target)
        except DsmError as error:
            with self._lock:
                self._problems[target.server_id] = error

    def server(self, target: Target) -> RedfishClient:
        """The client of a server as the store describes it now; on the loop's thread, as `prepare` found it.

        Raises NotFound, NoCredential, VaultLocked, SealBroken.
        """
        if on_loop():
            return self._prepared(target)
        setting = self._setting(target.server_id)
        with self._lock:
            self._problems.pop(target.server_id, None)
            kept = self._kept.get(target.server_id)
            if kept is not None and kept.setting == setting:
                kept.used = time.monotonic()
                return kept.client
            client = self._built(setting, target.server_id)
            self._kept[target.server_id] = _Kept(setting, client, time.monotonic())
        if kept is not None:
            kept.client.close()
        return client

    def _prepared(self, target: Target) -> RedfishClient:
        with self._lock:
            problem = self._problems.get(target.server_id)
            kept = self._kept.get(target.server_id)
            if problem is None and kept is not None:
                kept.used = time.monotonic()
                return kept.client
        raise problem or BlockingOnLoop("Looking up a login")

    def at(self, address: str, port: int) -> RedfishClient:
        """A client without a credential for an address that is no server yet; close it after use."""
        return self._client(Endpoint(address, port), None, Trust(), None)

    def close_idle(self) -> None:
        """Log out where nothing was asked for a while."""
        limit = time.monotonic() - IDLE_SECONDS
        with self._lock:
            idle = [i for i, kept in self._kept.items() if kept.used < limit]
            gone = [self._kept.pop(i).client for i in idle]
        self._close(gone)

    def close_left_behind(self) -> None:
        """Log out what a killed runner left open on the devices."""
        for left in left_behind(self._store, self.owner()):
            close_left(self._store, self._vault, left, self._end)

    def close(self) -> None:
        """Log out everywhere, then write down the last calls."""
        with self._lock:
            gone = [kept.client for kept in self._kept.values()]
            self._kept.clear()
        self._close(gone)
        self._writer.close()

    def _setting(self, server_id: int) -> _Setting:
        columns = (Server.address, Server.port, Server.trust_mode, Server.fingerprint, Server.old_tls)
        row = self._store.fetch(
            lambda connection: connection.execute(
                select(*columns).where(Server.id == server_id)
            ).one_or_none()
        )
        if row is None:
            raise NotFound("The server is not on the list any more.", where=f"server {server_id}")
        login = self._resolver.for_server(server_id)
        trust = Trust(_MODES[row.trust_mode], row.fingerprint, self._ca_file, row.old_tls)
        return _Setting(Endpoint(row.address, row.port), trust, login.username, login.password)

    def _built(self, setting: _Setting, server_id: int) -> RedfishClient:
        credential = Credential(setting.username, setting.password.get_secret_value())
        return self._client(setting.endpoint, credential, setting.trust, server_id)

    def _client(
        self, endpoint: Endpoint, credential: Credential | None, trust: Trust, server_id: int | None
    ) -> RedfishClient:
        ledger = StoredLedger(self._store, self._vault, endpoint, trust, server_id, lambda: self.owner())
        return RedfishClient(
            endpoint,
            credential,
            trust=trust,
            throttle=self._throttle,
            recorder=FencedRecorder(self._writer, server_id),
            ledger=ledger if credential else None,
            connect_timeout=self._connect_timeout,
            read_timeout=self._read_timeout,
        )

    def _end(self, left: LeftSession, token: str) -> bool:
        """End a left session by its token; one whose login was cut is looked for among the device's sessions."""
        trust = Trust(TrustMode.PIN, left.fingerprint)
        if token:
            with self._client(Endpoint(left.address, left.port), None, trust, left.server_id) as client:
                return client.end_session(left.uri, token)
        if left.server_id is None:
            return True
        try:
            setting = self._setting(left.server_id)
        except (NotFound, NoCredential):
            return True
        mine, known = own_address(setting.endpoint), known_uris(self._store, left.server_id)
        with self._built(setting, left.server_id) as client:
            client.login()
            known |= known_uris(self._store, left.server_id)
            for session in client.sessions():
                same = session.username == setting.username and session.origin == mine
                if same and session.uri not in known:
                    client.end_session(session.uri)
        return True

    def _close(self, clients: list[RedfishClient]) -> None:
        """Many at once: one that does not answer must not hold up the others."""
        if not clients:
            return
        with ThreadPoolExecutor(min(LOGOUTS_AT_ONCE, len(clients)), thread_name_prefix="logout") as pool:
            list(pool.map(RedfishClient.close, clients))
