"""One client for each vCenter (and each stand-alone host) of a runner: a session costs the service one of its places, so it
is kept, kept alive, and logged out when nobody has wanted it for a while, and at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.jobs.context import HostTarget
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.net.tls import Endpoint, Trust, TrustMode
from dsm_desktop.store.essential import depended_on
from dsm_desktop.store.models import EsxiHost, Vcenter
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.resolve import CredentialResolver, Resolved
from dsm_desktop.workers.clients import FencedRecorder, Writer
from dsm_desktop.workers.errors import BlockingOnLoop, on_loop

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient
    from dsm_desktop.vmware.session import Link

log = logging.getLogger(__name__)

IDLE_SECONDS = 1800.0
"""A session nobody has used for so long is ended."""
KEEP_ALIVE_SECONDS = 300.0
"""Without a call vCenter ends a session after 30 minutes."""
CALLS_AT_ONCE = 8
"""To one vCenter. More threads do not read faster: the parsing is Python."""
_MODES = {"pin": TrustMode.PIN, "ca": TrustMode.CA, "off": TrustMode.ANY}


@dataclass(frozen=True, slots=True)
class _Key:
    """A vCenter's row, or a stand-alone host's."""

    vcenter_id: int = 0
    host_id: int = 0


class VsphereClients:
    """Clients by vCenter and stand-alone host. Thread-safe. Making one sends and looks up nothing: address, trust and login
    are asked for at the first call, in whatever pool thread makes it, and again when they may have changed."""

    def __init__(
        self,
        store: Store,
        resolver: CredentialResolver,
        writer: Writer,
        logins: LoginBudget,
        *,
        ca_file: str = "",
        connect_timeout: float = 5.0,
        answer_timeout: float | None = None,
        idle_seconds: float = IDLE_SECONDS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self._store, self._resolver, self._writer = store, resolver, writer
        self._throttle = Throttle(Limits(per_device=CALLS_AT_ONCE), logins=logins)
        self._ca_file, self._connect_timeout, self._answer_timeout = ca_file, connect_timeout, answer_timeout
        self._idle, self._keep_alive = idle_seconds, keep_alive_seconds
        self._lock = threading.Lock()
        self._kept: dict[_Key, VcenterClient] = {}

    # --- for tasks ------------------------------------------------------------------------------------------------

    def vcenter(self, vcenter_id: int) -> VcenterClient:
        """The client of a vCenter, or of a stand-alone host by `place_of_host`."""
        if vcenter_id < 0:
            return self._client(_Key(host_id=-vcenter_id))
        return self._client(_Key(vcenter_id=vcenter_id))

    def of_host(self, host: HostTarget) -> VcenterClient:
        """The client of the vCenter a host belongs to, or of the stand-alone host itself."""
        if host.vcenter_id is not None:
            return self.vcenter(host.vcenter_id)
        return self._client(_Key(host_id=host.id))

    # --- for the runner ---------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Before a task begins: a login edited right before it was submitted counts, also where a session is open."""
        with self._lock:
            kept = list(self._kept.values())
        for client in kept:
            client.session.look_again()

    def close_idle(self) -> None:
        """End sessions that nobody wants any more, and keep the others alive."""
        now = time.monotonic()
        with self._lock:
            # The clients stay: a body may hold on to one for hours, and its next call signs in again.
            open_ = [client for client in self._kept.values() if client.session.is_open]
        unwanted = [client for client in open_ if client.session.used < now - self._idle]
        quiet = [c for c in open_ if c not in unwanted and c.session.answered < now - self._keep_alive]
        _each(unwanted, lambda client: client.close())
        _each(quiet, lambda client: client.session.keep_alive())

    def close(self) -> None:
        """Log out everywhere."""
        with self._lock:
            kept = list(self._kept.values())
        _each(kept, lambda client: client.close())

    # --- building ---------------------------------------------------------------------------------------------------

    def _client(self, key: _Key) -> VcenterClient:
        from dsm_desktop.vmware.client import VcenterClient  # pyVmomi is loaded where it is needed
        from dsm_desktop.vmware.connection import ANSWER_TIMEOUT

        with self._lock:
            client = self._kept.get(key)
            if client is None:
                client = self._kept[key] = VcenterClient(
                    partial(self._link, key),
                    throttle=self._throttle,
                    recorder=FencedRecorder(self._writer),
                    connect_timeout=self._connect_timeout,
                    answer_timeout=self._answer_timeout or ANSWER_TIMEOUT,
                    essential=partial(self._essential, key),
                )
            client.session.used = time.monotonic()
            return client

    def _essential(self, key: _Key) -> tuple[tuple[str, str], ...]:
        table: Any = Vcenter if key.vcenter_id else EsxiHost
        query = select(table.address).where(table.id == (key.vcenter_id or key.host_id))
        return self._store.fetch(
            lambda connection: depended_on(connection, str(connection.scalar(query) or ""))
        )

    def _link(self, key: _Key) -> Link:
        """Where and as whom, as the store says now. Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        from dsm_desktop.vmware.session import Link

        if on_loop():
            raise BlockingOnLoop("Speaking to a vCenter")
        table: Any = Vcenter if key.vcenter_id else EsxiHost
        row_id = key.vcenter_id or key.host_id
        columns = (table.address, table.port, table.trust_mode, table.fingerprint)
        row = self._store.fetch(
            lambda connection: connection.execute(select(*columns).where(table.id == row_id)).one_or_none()
        )
        if row is None:
            what = "vCenter" if key.vcenter_id else "host"
            raise NotFound(f"The {what} is not on the list any more.", where=f"{what} {row_id}")
        login: Resolved = (
            self._resolver.for_vcenter(row_id) if key.vcenter_id else self._resolver.for_esxi(row_id)
        )
        trust = Trust(_MODES[row.trust_mode], row.fingerprint, self._ca_file)
        return Link(Endpoint(row.address, row.port), trust, login.username, login.password)


def _each(clients: list[VcenterClient], do: Callable[[VcenterClient], None]) -> None:
    """Many at once: one that does not answer must not hold up the others."""
    if not clients:
        return

    def guarded(client: VcenterClient) -> None:
        try:
            do(client)
        except DsmError as error:
            log.warning("a vCenter session: %s", error)

    with ThreadPoolExecutor(min(8, len(clients)), thread_name_prefix="vcenter-sessions") as pool:
        list(pool.map(guarded, clients))
