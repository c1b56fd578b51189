"""Open Redfish sessions on paper: written before the login, gone after the logout, closed by the next start after a kill."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import delete, or_, select, update

from dsm_desktop.core.errors import DsmError
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.store.models import BmcSession, Runner
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import SESSION_TOKEN
from dsm_desktop.vault.vault import Vault, VaultState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftSession:
    """A session whose runner ended without logging out. `uri` "" = killed between the login and its answer."""

    id: int
    server_id: int | None
    address: str
    port: int
    uri: str
    token: bytes | None
    fingerprint: str


class StoredLedger:
    """The `redfish.SessionLedger` of one device, on the store. The token is sealed for its row."""

    def __init__(
        self, store: Store, vault: Vault, endpoint: Endpoint, trust: Trust, server_id: int | None, owner: Callable[[], int | None]
    ) -> None:  # fmt: skip
        self._store = store
        self._vault = vault
        self._endpoint = endpoint
        self._fingerprint = trust.fingerprint
        self._server_id = server_id
        self._owner = owner

    def opening(self, host: str, username: str) -> int:
        """On disk when it returns; nothing is sent before."""
        with self._store.write() as uow:
            row = BmcSession(
                server_id=self._server_id,
                address=self._endpoint.host,
                port=self._endpoint.port,
                uri="",
                fingerprint=self._fingerprint,
                runner_id=self._owner(),
                opened_at=uow.now,
            )
            uow.session.add(row)
            uow.session.flush()
            return row.id

    def opened(self, ref: int, session_uri: str, token: str) -> None:
        with self._store.write() as uow:
            sealed = self._vault.seal(uow, SESSION_TOKEN.place(ref), SecretStr(token))
            uow.session.execute(
                update(BmcSession).where(BmcSession.id == ref).values(uri=session_uri[:255], token=sealed)
            )

    def closed(self, ref: int) -> None:
        with self._store.write() as uow:
            uow.session.execute(delete(BmcSession).where(BmcSession.id == ref))


def left_behind(store: Store, own: int | None) -> list[LeftSession]:
    """Sessions of runners that are not alive (and not our own)."""
    alive = select(Runner.id).where(Runner.state.in_(["running", "stopping"]))
    columns = [getattr(BmcSession, name) for name in LeftSession.__dataclass_fields__]
    query = select(*columns).where(or_(BmcSession.runner_id.is_(None), BmcSession.runner_id.not_in(alive)))
    if own is not None:
        query = query.where(or_(BmcSession.runner_id.is_(None), BmcSession.runner_id != own))
    return [LeftSession(*row) for row in store.fetch(lambda connection: connection.execute(query).all())]


def known_uris(store: Store, server_id: int) -> set[str]:
    """Sessions on a server that are on paper: somebody uses them."""
    query = select(BmcSession.uri).where(BmcSession.server_id == server_id)
    return set(store.fetch(lambda connection: connection.scalars(query).all()))


def own_address(endpoint: Endpoint) -> str:
    """The address this machine has towards a device, as the device lists it; "" where there is no route."""
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect((endpoint.host, endpoint.port))  # a datagram socket: nothing is sent
        return str(probe.getsockname()[0])
    return ""


def close_left(
    store: Store, vault: Vault, left: LeftSession, end: Callable[[LeftSession, str], bool]
) -> bool:
    """Log one left session out by its own token (`end`) and forget it; False where it must wait (key closed, no answer)."""
    token = ""
    if left.token is not None:
        if vault.state is not VaultState.UNLOCKED:
            return False
        token = vault.open(SESSION_TOKEN.place(left.id), left.token).get_secret_value()
    try:
        done = end(left, token)
    except DsmError as error:
        log.info("a session left on %s stays for now: %s", left.address, error)
        return False
    if done:
        with store.write() as uow:
            uow.session.execute(delete(BmcSession).where(BmcSession.id == left.id))
    return done
