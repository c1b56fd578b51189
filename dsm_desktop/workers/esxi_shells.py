"""One SSH connection for each ESXi host of a runner, kept while it is used and ended when nobody has wanted it for a while."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.jobs.context import HostTarget
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.net.tls import Endpoint
from dsm_desktop.store.models import EsxiHost
from dsm_desktop.store.settings import load_in
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workers.clients import FencedRecorder, Writer
from dsm_desktop.workers.errors import BlockingOnLoop, on_loop

if TYPE_CHECKING:
    from dsm_desktop.net.ssh import SshTransport
    from dsm_desktop.vmware.esxi.shell import EsxiShell

IDLE_SECONDS = 60.0


@dataclass(slots=True)
class _Kept:
    transport: SshTransport
    mark: tuple[Any, ...]


class EsxiShells:
    """Shells by host. Thread-safe. Making one sends and looks up nothing; address, port, login and pinned key are asked for at
    each command, in whatever pool thread makes it."""

    def __init__(
        self,
        store: Store,
        resolver: CredentialResolver,
        writer: Writer,
        logins: LoginBudget,
        *,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._store, self._resolver, self._writer = store, resolver, writer
        self._throttle = Throttle(Limits(per_device=1), logins=logins)
        self._idle = idle_seconds
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}

    def shell(self, host: HostTarget, *, trust_first: bool = True) -> EsxiShell:
        """The shell of a host. With `trust_first` a host that has no key on file yet is believed, and its key is stored."""
        from dsm_desktop.vmware.esxi.shell import EsxiShell  # paramiko is loaded where it is needed

        return EsxiShell(partial(self._link, host, trust_first), partial(self._hang_up, host.id))

    def close_idle(self) -> None:
        """End connections that nobody has used for a while."""
        limit = time.monotonic() - self._idle
        with self._lock:
            idle = [i for i, kept in self._kept.items() if kept.transport.used < limit]
            gone = [self._kept.pop(host_id).transport for host_id in idle]
        for transport in gone:
            transport.close()

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            gone = [kept.transport for kept in self._kept.values()]
            self._kept = {}
        for transport in gone:
            transport.close()

    def _hang_up(self, host_id: int) -> None:
        with self._lock:
            kept = self._kept.pop(host_id, None)
        if kept is not None:
            kept.transport.close()

    def _link(self, host: HostTarget, trust_first: bool) -> SshTransport:
        """Where and as whom, as the store says now. Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        from dsm_desktop.net.ssh import SshLogin, SshTransport

        if on_loop():
            raise BlockingOnLoop("Speaking to a host over SSH")
        columns = (EsxiHost.address, EsxiHost.name, EsxiHost.ssh_key, EsxiHost.shown_ssh_key)
        row, network = self._store.fetch(
            lambda connection: (
                connection.execute(select(*columns).where(EsxiHost.id == host.id)).one_or_none(),
                load_in(connection, NetworkSettings),
            )
        )
        if row is None:
            raise NotFound("The host is not on the list any more.", where=host.name)
        login = self._resolver.for_esxi(host.id)
        address = row.address or row.name
        mark = (address, network.ssh_port, login.username, login.password.get_secret_value(), trust_first)
        with self._lock:
            kept = self._kept.get(host.id)
            if kept is not None and kept.mark == mark and kept.transport.host_key == row.ssh_key:
                return kept.transport
            transport = SshTransport(
                Endpoint(address, network.ssh_port),
                SshLogin(login.username, login.password),
                host_key=row.ssh_key,
                throttle=self._throttle,
                recorder=FencedRecorder(self._writer),
                first_key=partial(self._first_key, host.id, trust_first),
                seen_key=partial(self._seen_key, host.id, row.shown_ssh_key),
                connect_timeout=network.connect_timeout,
            )
            self._kept[host.id] = _Kept(transport, mark)
        if kept is not None:
            kept.transport.close()
        return transport

    def _first_key(self, host_id: int, trust: bool, shown: str) -> bool:
        """First contact: the key is on file before the password leaves, or nothing leaves."""
        if trust:
            with self._store.write() as uow:
                pin(uow, host_id, shown)
        return trust

    def _seen_key(self, host_id: int, known: str, shown: str) -> None:
        """Kept for a person to compare, whether it is believed or not."""
        if shown != known:
            with self._store.write() as uow:
                uow.session.execute(
                    update(EsxiHost).where(EsxiHost.id == host_id).values(shown_ssh_key=shown)
                )
                uow.changed("esxi_hosts", "changed", host_id)


def pin(uow: UnitOfWork, host_id: int, key: str) -> None:
    """Keep the SHA-256 of a host's SSH key as the one to be shown from now on."""
    uow.session.execute(update(EsxiHost).where(EsxiHost.id == host_id).values(ssh_key=key))
    uow.changed("esxi_hosts", "changed", host_id)
