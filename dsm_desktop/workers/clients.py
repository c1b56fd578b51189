"""The one place where clients are built: credential, trust, limits, recorder and session ledger are always inside.

A server's client is kept while it is used and logged out when it was idle for a while, when the server's login or trust
has changed, and at the end. What a killed runner left open on the BMCs is ended at the next start.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.jobs.context import Target
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.tls import Endpoint, Trust, TrustMode
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.session import Credential
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.resolve import Resolved
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.current import current_work
from dsm_desktop.workers.errors import BlockingOnLoop, on_loop
from dsm_desktop.workers.journal import Journal
from dsm_desktop.workers.sessions import LeftSession, StoredLedger, close_left, known_uris, left_behind

log = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
_LOGOUTS_AT_ONCE = 128
"""At the end, when nobody else wants the machine."""
_IDLE_LOGOUTS_AT_ONCE = 8
"""While jobs run: hundreds of servers that are done at the same time must not take the threads of the others."""
_JUST_CHECKED_SECONDS = 2.0
_MODES = {"pin": TrustMode.PIN, "ca": TrustMode.CA, "off": TrustMode.ANY}


class Resolver(Protocol):
    """Finds the login of a server (`vault.resolve.CredentialResolver`)."""

    def for_server(self, server_id: int, kind: str = "idrac") -> Resolved: ...


class Writer(Protocol):
    """Writes calls down (`store.api_calls.CallWriter`)."""

    def begin(
        self,
        call: CallStart,
        server_id: int | None = None,
        job_id: int | None = None,
        task_id: int | None = None,
    ) -> int: ...
    def end(self, token: int, result: CallEnd) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class FencedRecorder:
    """Writes each call down for the task whose thread makes it; a changing one leaves only while the task is still ours.

    The order matters: first the row on disk, then the lease renewed, then at once the request.
    """

    writer: Writer
    server_id: int | None = None

    def begin(self, call: CallStart) -> int:
        if on_loop():
            raise BlockingOnLoop(f"{call.method} {call.path}")
        work = current_work()
        server_id = self.server_id if self.server_id is not None else (work.server_id if work else None)
        token = self.writer.begin(
            call, server_id, work.job_id if work else None, work.task_id if work else None
        )
        if call.changing and work is not None:
            try:
                work.renew()
            except DsmError as error:
                self.writer.end(token, CallEnd(0, 0.0, error=f"not sent: {error.message}"))
                raise
        return token

    def end(self, token: int, result: CallEnd) -> None:
        self.writer.end(token, result)


@dataclass(slots=True)
class _Kept:
    client: RedfishClient
    mark: tuple[Any, ...]
    used: float
    task_id: int | None
    """For which task `mark` was looked up last; its body need not look again right after."""

    @property
    def idle_since(self) -> float:
        """Monotonic; infinite while a call is on its way."""
        transport = self.client.transport
        return math.inf if transport.busy else max(self.used, transport.used)


class DeviceClients:
    """Clients by server. Thread-safe. `owner` gives the runner's id, for the sessions on paper; the runner sets it."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        resolver: Resolver,
        throttle: Throttle,
        writer: Writer,
        *,
        ca_file: str = "",
        connect_timeout: float = 5.0,
        read_timeout: float | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._store, self._vault, self._resolver = store, vault, resolver
        self._throttle, self._writer, self._ca_file = throttle, writer, ca_file
        self._connect_timeout, self._read_timeout, self._idle = connect_timeout, read_timeout, idle_seconds
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}
        self._problems: dict[int, DsmError] = {}
        self._replaced: list[RedfishClient] = []
        self._journal: Journal | None = None
        self._journal_lock = threading.Lock()
        self.owner: Callable[[], int | None] = lambda: None

    # --- for tasks ------------------------------------------------------------------------------------------------

    def prepare(self, target: Target) -> None:
        """Look login and trust up before a body runs, in a pool thread; `server` says later what was wrong."""
        try:
            self.server(target)
        except DsmError as error:
            with self._lock:
                self._problems[target.server_id] = error

    def server(self, target: Target) -> RedfishClient:
        """The client of a server as the store describes it now; on the loop's thread, as `prepare` found it.

        Raises NotFound, NoCredential, VaultLocked, SealBroken. Sends nothing.
        """
        if on_loop():
            return self._prepared(target)
        work = current_work()
        task_id = work.task_id if work is not None else None
        if (just_checked := self._just_checked(target.server_id, task_id)) is not None:
            return just_checked
        row = self._row(target.server_id)
        if row is None:
            raise NotFound("The server is not on the list any more.", where=target.label)
        login = self._resolver.for_server(target.server_id)
        secret = login.password.get_secret_value()
        trust = self._trust(row)
        mark = (row.address, row.port, trust, login.username, secret)
        with self._lock:
            self._problems.pop(target.server_id, None)
            kept = self._kept.get(target.server_id)
            if kept is not None and kept.mark == mark:
                kept.used, kept.task_id = time.monotonic(), task_id
                return kept.client
            if kept is not None:
                # Another task may still be using it: it is logged out with the idle ones.
                self._replaced.append(kept.client)
            client = self._client(
                Endpoint(row.address, row.port), Credential(login.username, secret), trust, target.server_id
            )
            self._kept[target.server_id] = _Kept(client, mark, time.monotonic(), task_id)
            return client

    def _just_checked(self, server_id: int, task_id: int | None) -> RedfishClient | None:
        """What `prepare` found for this very task a moment ago."""
        with self._lock:
            kept = self._kept.get(server_id)
            fresh = time.monotonic() - _JUST_CHECKED_SECONDS
            if task_id is None or kept is None or kept.task_id != task_id or kept.used < fresh:
                return None
            kept.task_id = None  # once: later steps of a long task look again
            return kept.client

    def _prepared(self, target: Target) -> RedfishClient:
        with self._lock:
            problem = self._problems.get(target.server_id)
            kept = self._kept.get(target.server_id)
            if problem is None and kept is not None:
                kept.used = time.monotonic()
                return kept.client
        raise problem or BlockingOnLoop("Looking up a login")

    def at(self, address: str, port: int) -> RedfishClient:
        """A client without a login for an address that is no server yet (first contact); close it after use."""
        return self._client(Endpoint(address, port), None, Trust(), None)

    def login(self, target: Target, username: str, password: SecretStr) -> RedfishClient:
        """A client of a server with another login than the rules say; the same trust, limits and books. Close it after use."""
        row = self._row(target.server_id)
        if row is None:
            raise NotFound("The server is not on the list any more.", where=target.label)
        credential = Credential(username, password.get_secret_value())
        endpoint = Endpoint(row.address, row.port)
        return self._client(endpoint, credential, self._trust(row), target.server_id)

    # --- for the runner ---------------------------------------------------------------------------------------------

    def close_idle(self) -> None:
        """Log out where nothing was asked for a while, and where login or trust has changed."""
        limit = time.monotonic() - self._idle
        with self._lock:
            # A call may take longer than the idle time, and a body may hold on to its client between calls.
            idle = [i for i, kept in self._kept.items() if kept.idle_since < limit]
            gone = [self._kept.pop(server_id).client for server_id in idle] + self._replaced
            self._replaced = []
        _close_all(gone, _IDLE_LOGOUTS_AT_ONCE)

    def close_left_behind(self) -> None:
        """Log out what a killed runner left open on the devices."""
        found = left_behind(self._store)
        if found:
            with ThreadPoolExecutor(
                min(_LOGOUTS_AT_ONCE, len(found)), thread_name_prefix="left-sessions"
            ) as pool:
                list(pool.map(lambda left: close_left(self._store, self._vault, left, self._end), found))

    def close(self) -> None:
        """Log out everywhere, then write down the last calls."""
        with self._lock:
            gone = [kept.client for kept in self._kept.values()] + self._replaced
            self._kept, self._replaced = {}, []
        _close_all(gone)
        with self._journal_lock:
            journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()
        self._writer.close()

    # --- building ---------------------------------------------------------------------------------------------------

    def _row(self, server_id: int) -> Any:
        columns = (Server.address, Server.port, Server.trust_mode, Server.fingerprint, Server.old_tls)
        statement = select(*columns).where(Server.id == server_id)
        return self._store.fetch(lambda connection: connection.execute(statement).one_or_none())

    def _trust(self, row: Any) -> Trust:
        return Trust(_MODES[row.trust_mode], row.fingerprint, self._ca_file, row.old_tls)

    def _client(
        self, endpoint: Endpoint, credential: Credential | None, trust: Trust, server_id: int | None
    ) -> RedfishClient:
        return RedfishClient(
            endpoint,
            credential,
            trust=trust,
            throttle=self._throttle,
            recorder=FencedRecorder(self._writer, server_id),
            ledger=self._ledger(endpoint, trust, server_id) if credential else None,
            connect_timeout=self._connect_timeout,
            read_timeout=self._read_timeout,
        )

    def _ledger(self, endpoint: Endpoint, trust: Trust, server_id: int | None) -> StoredLedger:
        with self._journal_lock:
            if self._journal is None:
                self._journal = Journal(self._store, lambda uow: None, name="sessions-journal")
            journal = self._journal
        return StoredLedger(journal, self._vault, endpoint, trust.fingerprint, server_id, self._owner_now)

    def _owner_now(self) -> int | None:
        """Asked late: the runner gets its id after it was given its clients, and a new one when declared dead."""
        return self.owner()

    def _end(self, left: LeftSession, token: str) -> bool:
        """End a session by its own token; whether it is gone. Raises what the device's answer means."""
        row = self._row(left.server_id) if left.server_id is not None else None
        trust = self._trust(row) if row is not None else Trust(fingerprint=left.fingerprint)
        endpoint = Endpoint(left.address, left.port)
        if not token:
            return (
                row is None or left.server_id is None or self._end_nameless(left.server_id, endpoint, trust)
            )
        client = self._client(endpoint, None, trust, left.server_id)
        try:
            return client.end_session(left.uri, token)
        finally:
            client.close()

    def _end_nameless(self, server_id: int, endpoint: Endpoint, trust: Trust) -> bool:
        """A login was cut before its answer: end what this account has open from this machine and nobody has on paper."""
        login = self._resolver.for_server(server_id)
        credential = Credential(login.username, login.password.get_secret_value())
        client = self._client(endpoint, credential, trust, server_id)
        try:
            client.login()
            known = known_uris(self._store, endpoint.host, endpoint.port)
            ours = [
                s for s in client.sessions() if s.username == login.username and s.kind in ("Redfish", "")
            ]
            own = next((s.origin for s in ours if s.uri in known), "")
            return all(client.end_session(s.uri) for s in ours if s.uri not in known and s.origin == own)
        finally:
            client.close()


def _close_all(clients: list[RedfishClient], at_once: int = _LOGOUTS_AT_ONCE) -> None:
    """Many at once: one that does not answer must not hold up the others."""
    if not clients:
        return
    with ThreadPoolExecutor(min(at_once, len(clients)), thread_name_prefix="logout") as pool:
        list(pool.map(_close_one, clients))


def _close_one(client: RedfishClient) -> None:
    try:
        client.close()
    except DsmError as error:
        log.warning("logging out failed: %s", error)
