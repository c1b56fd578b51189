"""The vault of one store: made once, unlocked by whoever holds the key, locked again, opened and sealed by place."""

from __future__ import annotations

import enum
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from pydantic import SecretStr
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.store.models import VaultKey
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.vault.columns import SEALED_COLUMNS
from dsm_desktop.vault.handover import hand_over
from dsm_desktop.vault.passphrase import PassphraseProvider
from dsm_desktop.vault.seal import Place, SealBroken, open_sealed, seal
from dsm_desktop.vault.site_key import (
    KeyKeeper,
    KeyProvider,
    SiteKey,
    SiteKeyError,
    SiteKeyLost,
    WrongSiteKey,
)

_CHECK_TEXT = b"DSM Desktop site key"


class VaultState(enum.StrEnum):
    """NOT_SET_UP: no key was ever made. WRONG_KEY and KEY_LOST: the last attempt to unlock ended so; nothing was changed."""

    NOT_SET_UP = "not_set_up"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    WRONG_KEY = "wrong_key"
    KEY_LOST = "key_lost"


class VaultLocked(DsmError):
    """A secret is needed and the site key is not open."""

    blame = Blame.USER


class VaultExists(BadInput):
    """The store already has a site key, or holds sealed secrets; a new key would make them unreadable."""


class VaultNotSetUp(DsmError):
    """The store has no site key yet."""

    blame = Blame.USER


class KeyChangedElsewhere(DsmError):
    """Another process changed the site key while this one had the old one open."""


@dataclass(frozen=True, slots=True)
class KeyGeneration:
    """One row of vault_keys without anything secret. `slots` are the ways in."""

    row_id: int
    key_id: str
    state: str
    check: bytes
    wraps: dict[str, Any]

    @property
    def slots(self) -> tuple[str, ...]:
        return tuple(sorted(self.wraps))


def check_place() -> Place:
    """The place of a key's check value (bound to its key by the key id in the seal)."""
    return Place("vault_keys", "check", 0)


def check_value(key: SiteKey) -> bytes:
    """A known text sealed by the key: whoever opens it holds the right key."""
    return seal(key, check_place(), _CHECK_TEXT)


def generations(connection: Connection | Session) -> list[KeyGeneration]:
    """Every generation of the site key, oldest first."""
    rows = connection.execute(
        select(VaultKey.id, VaultKey.key_id, VaultKey.state, VaultKey.check, VaultKey.wraps).order_by(
            VaultKey.id
        )
    )
    return [KeyGeneration(*row) for row in rows]


def lock_generations(uow: UnitOfWork) -> None:
    """Let no other transaction change or pin the generations until this one ends (SQLite has one writer anyway)."""
    if uow.session.get_bind().dialect.name == "postgresql":
        uow.session.execute(text("LOCK TABLE vault_keys IN EXCLUSIVE MODE"))


class Vault:
    """Thread-safe. Holds open keys only between `unlock` and `lock`; the store itself never holds one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.RLock()
        self._keys: dict[str, SiteKey] = {}
        self._current = ""
        self._failure = VaultState.LOCKED

    @property
    def state(self) -> VaultState:
        with self._lock:
            if self._current:
                return VaultState.UNLOCKED
            failure = self._failure
        return failure if self.generations() else VaultState.NOT_SET_UP

    @property
    def current_key_id(self) -> str:
        """The generation new values are sealed with; "" while locked."""
        return self._current

    def generations(self) -> list[KeyGeneration]:
        """Every generation of the site key, oldest first; needs no key."""
        with self.store.read() as connection:
            return generations(connection)

    def create(self, keepers: Sequence[KeyKeeper]) -> None:
        """Make the store's first site key, give it to the keepers, and stay unlocked. Raises VaultExists.

        The keepers have it before the store relies on it; a crash in between leaves a key nobody uses.
        """
        if not keepers:
            raise BadInput(
                "A site key that nobody keeps would be lost at once.", hint="Name at least one keeper."
            )
        with self.store.read() as connection:
            self._refuse_second_key(connection)
        key = SiteKey.generate()
        wraps = {keeper.slot: keeper.keep(key) for keeper in keepers}
        with self.store.write() as uow:
            lock_generations(uow)
            self._refuse_second_key(uow.session)
            uow.session.add(
                VaultKey(
                    key_id=key.key_id,
                    check=check_value(key),
                    wraps=wraps,
                    created_at=uow.now,
                    state="current",
                )
            )
            uow.changed("vault", "added")
        self.adopt({key.key_id: key}, key.key_id)

    def _refuse_second_key(self, connection: Connection | Session) -> None:
        if generations(connection):
            raise VaultExists("This store already has a site key.", hint="Unlock it, or rotate the key.")
        for column in SEALED_COLUMNS:
            if connection.execute(
                select(func.count()).select_from(column.table).where(column.sealed.is_not(None))
            ).scalar():
                raise VaultExists(
                    f"{column.table.name} holds sealed secrets, but the record of their key is gone.",
                    hint="Restore the newest backup of the store.",
                )

    def unlock(self, provider: KeyProvider) -> None:
        """Open the current key, and the one being retired where a rotation is under way.

        Raises VaultNotSetUp, SiteKeyLost, WrongSiteKey (WrongPassphrase) or a SiteKeyError of the provider's; the state
        then says which, and an already open vault stays open.
        """
        wanted = [row for row in self.generations() if row.state in ("current", "retiring")]
        if not wanted:
            raise VaultNotSetUp("This store has no site key yet.", hint="Set up the vault first.")
        opened: dict[str, SiteKey] = {}
        try:
            for row in wanted:
                try:
                    opened[row.key_id] = self._proven(provider, row)
                except SiteKeyLost:
                    if row.state == "current":
                        raise  # a missing old key only keeps its own rows closed
        except SiteKeyError as error:
            for key in opened.values():
                key.wipe()
            if isinstance(error, SiteKeyLost | WrongSiteKey):
                wrong = isinstance(error, WrongSiteKey)
                self._failure = VaultState.WRONG_KEY if wrong else VaultState.KEY_LOST
            raise
        self.adopt(opened, next(row.key_id for row in wanted if row.state == "current"))
        if isinstance(provider, PassphraseProvider) and provider.outgrown:
            self.add_keeper(provider)

    @staticmethod
    def _proven(provider: KeyProvider, row: KeyGeneration) -> SiteKey:
        key = provider.fetch(row.key_id, row.wraps.get(provider.slot))
        try:
            if open_sealed({key.key_id: key}, check_place(), row.check) == _CHECK_TEXT:
                return key
        except SealBroken:
            key.wipe()
        raise WrongSiteKey(
            "The key that was found is not the one this store was sealed with.",
            hint="Nothing was changed. Use the right key, or the printed recovery key.",
            where=provider.slot,
        )

    def adopt(self, keys: dict[str, SiteKey], current: str) -> None:
        """Take proven keys as the open ones; the former are wiped."""
        with self._lock:
            for key in self._keys.values():
                if all(key is not kept for kept in keys.values()):
                    key.wipe()
            self._keys, self._current = dict(keys), current
            self._failure = VaultState.LOCKED

    def adopt_also(self, fresh: SiteKey) -> None:
        """Take a new current key beside the open ones (a rotation has begun)."""
        with self._lock:
            self._keys[fresh.key_id] = fresh
            self._current = fresh.key_id

    def lock(self) -> None:
        """Wipe the keys from memory. Python may hold freed copies of *opened secrets*: a process that must be clean ends."""
        self.adopt({}, "")

    def add_keeper(self, keeper: KeyKeeper) -> None:
        """Let another keeper hold the current key as well (or the same one anew: a changed passphrase)."""
        with self._lock:
            record = keeper.keep(self._current_key())
        with self.store.write() as uow:
            row = self.require_current(uow)
            row.wraps = {**row.wraps, keeper.slot: record}
            uow.changed("vault", "changed")

    def remove_keeper(self, slot: str) -> None:
        """Drop a way in; the last one is refused (BadInput)."""
        self._current_key()
        with self.store.write() as uow:
            row = self.require_current(uow)
            if slot not in row.wraps:
                raise BadInput(
                    f"There is no keeper '{slot}'.", hint=f"Keepers: {', '.join(sorted(row.wraps))}."
                )
            if len(row.wraps) == 1:
                raise BadInput("This is the only keeper of the site key.", hint="Add another one first.")
            row.wraps = {name: record for name, record in row.wraps.items() if name != slot}
            uow.changed("vault", "changed")

    def seal(self, uow: UnitOfWork, place: Place, value: SecretStr) -> bytes:
        """The value sealed for its place, to be written in this very unit of work.

        Raises VaultLocked, or KeyChangedElsewhere where the key was rotated by another process: sealing with the old one
        would lose the value when that key goes.
        """
        self.require_current(uow)
        plain = bytearray(value.get_secret_value().encode())
        try:
            with self._lock:
                return seal(self._current_key(), place, plain)
        finally:
            plain[:] = bytes(len(plain))

    def open(self, place: Place, sealed: bytes) -> SecretStr:
        """The value of a place. Raises VaultLocked or SealBroken (UnknownKey)."""
        with self._lock:
            self._current_key()
            plain = open_sealed(self._keys, place, sealed)
        try:
            return SecretStr(plain.decode())
        finally:
            plain[:] = bytes(len(plain))

    def reseal(self, place: Place, sealed: bytes) -> bytes:
        """The same value sealed anew with the current key. Raises VaultLocked or SealBroken (UnknownKey)."""
        with self._lock:
            key = self._current_key()
            plain = open_sealed(self._keys, place, sealed)
            try:
                return seal(key, place, plain)
            finally:
                plain[:] = bytes(len(plain))

    def opens(self, place: Place, sealed: bytes) -> bool:
        """Whether the *current* key opens the value. Raises VaultLocked."""
        with self._lock:
            key = self._current_key()
            try:
                plain = open_sealed({key.key_id: key}, place, sealed)
            except SealBroken:
                return False
        plain[:] = bytes(len(plain))
        return True

    def hand_over(self, pipe: IO[bytes]) -> None:
        """Give the open keys to a child process through its standard input."""
        with self._lock:
            self._current_key()
            hand_over(self._keys.values(), pipe)

    def _current_key(self) -> SiteKey:
        with self._lock:
            if not self._current:
                raise VaultLocked("The vault is locked.", hint="Unlock it to use stored logins.")
            return self._keys[self._current]

    def require_current(self, uow: UnitOfWork) -> VaultKey:
        """The current generation's row, held until the transaction ends so that no rotation can finish in between.

        Raises VaultLocked, KeyChangedElsewhere.
        """
        self._current_key()
        row = uow.session.scalar(
            select(VaultKey)
            .where(VaultKey.state == "current")
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        if row is None or row.key_id != self._current:
            raise KeyChangedElsewhere(
                "The site key was changed by another process.", hint="Lock the vault and unlock it again."
            )
        return row
