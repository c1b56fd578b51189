"""Open BMC sessions on paper: a row before the login is sent, sealed token after it, gone after the logout.

A row whose runner is gone is a session somebody must end, else the BMC's few places (iDRAC9: 8) fill up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import bindparam, delete, insert, select, update

from dsm_desktop.core.errors import DsmError
from dsm_desktop.net.tls import Endpoint
from dsm_desktop.store.models import BmcSession, Runner
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.vault.columns import SESSION_TOKEN
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.journal import Journal

log = logging.getLogger(__name__)

FORGET_SECONDS = 24 * 3600.0
"""A BMC's own idle time-out (30 min by default, at most some hours) has ended any session this old."""

_TABLE = BmcSession.metadata.tables["bmc_sessions"]
_INSERT = insert(_TABLE).returning(_TABLE.c.id)
_UPDATE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("ref"))
    .values(uri=bindparam("new_uri"), token=bindparam("new_token"))
)
_DELETE = delete(_TABLE).where(_TABLE.c.id == bindparam("ref"))


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """A `redfish.session.SessionLedger` in the store; the logins of many devices share a commit. `owner` gives the id of the runner the sessions belong to."""

    journal: Journal
    vault: Vault
    endpoint: Endpoint
    fingerprint: str
    server_id: int | None
    owner: Callable[[], int | None]

    def opening(self, host: str, username: str) -> int:
        def write(uow: UnitOfWork) -> int:
            values = {
                "server_id": self.server_id,
                "address": self.endpoint.host,
                "port": self.endpoint.port,
                "uri": "",
                "fingerprint": self.fingerprint,
                "runner_id": self.owner(),
                "opened_at": uow.now,
            }
            return int(uow.session.execute(_INSERT, values).scalar_one())

        return self.journal.call(write)

    def opened(self, ref: int, session_uri: str, token: str) -> None:
        def write(uow: UnitOfWork) -> None:
            sealed = self.vault.seal(uow, SESSION_TOKEN.place(ref), SecretStr(token))
            uow.session.execute(_UPDATE, {"ref": ref, "new_uri": session_uri, "new_token": sealed})

        self.journal.call(write)

    def closed(self, ref: int) -> None:
        self.journal.call(lambda uow: uow.session.execute(_DELETE, {"ref": ref}))


@dataclass(frozen=True, slots=True)
class LeftSession:
    """A session a runner left open. `uri` and `token` are empty when it was killed between login and answer."""

    id: int
    server_id: int | None
    address: str
    port: int
    uri: str
    token: bytes | None
    fingerprint: str


def left_behind(store: Store) -> list[LeftSession]:
    """Sessions of runners that are gone."""
    alive = select(Runner.id).where(Runner.state.in_(["running", "stopping"]))
    row = BmcSession
    columns = (row.id, row.server_id, row.address, row.port, row.uri, row.token, row.fingerprint)
    statement = select(*columns).where(row.runner_id.is_(None) | row.runner_id.not_in(alive)).order_by(row.id)
    return store.fetch(lambda connection: [LeftSession(*found) for found in connection.execute(statement)])


def known_uris(store: Store, address: str, port: int) -> set[str]:
    """Sessions on this device that are on paper: those of living runners, and those ended by their own token."""
    statement = select(BmcSession.uri).where(BmcSession.address == address, BmcSession.port == port)
    return store.fetch(lambda connection: set(connection.scalars(statement)))


def close_left(
    store: Store, vault: Vault, left: LeftSession, end: Callable[[LeftSession, str], bool]
) -> None:
    """End one of them and forget it. `end` gets its token, "" when the login was cut before its answer.

    A device that does not answer is tried again at the next start, for a day.
    """
    gone = False
    try:
        token = vault.open(SESSION_TOKEN.place(left.id), left.token).get_secret_value() if left.token else ""
        gone = end(left, token)
    except DsmError as error:
        log.warning("a session left on %s is still open: %s", left.address, error)
    with store.write() as uow:
        opened_at = uow.session.scalar(select(BmcSession.opened_at).where(BmcSession.id == left.id))
        if gone or (opened_at is not None and (uow.now - opened_at).total_seconds() > FORGET_SECONDS):
            uow.session.execute(delete(BmcSession).where(BmcSession.id == left.id))
