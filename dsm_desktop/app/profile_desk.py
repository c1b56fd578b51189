"""Configuration profiles for a face: the two commands that need the vault."""

from __future__ import annotations

from dsm_desktop.commands import configuration
from dsm_desktop.core.access import Principal
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.vault import Vault


class ProfileDesk:
    """Blocking, thread-safe; raises DsmError."""

    def __init__(self, store: Store, vault: Vault, principal: Principal) -> None:
        self._store, self._vault, self._who = store, vault, principal

    def add(self, text: str, name: str) -> int:
        """Keep a profile from a file, sealed; returns its id."""
        with self._store.write() as uow:
            return configuration.add_profile(uow, self._who, self._vault, text, name)

    def text(self, profile_id: int) -> str:
        """A profile's text for a file outside the program; audited."""
        with self._store.write() as uow:
            return configuration.reveal_profile(uow, self._who, self._vault, profile_id)
