"""Recovery keys of ESXi hosts for a face: the command that needs the vault."""

from __future__ import annotations

from dsm_desktop.commands import recovery_keys
from dsm_desktop.core.access import Principal
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.vault import Vault


class RecoveryDesk:
    """Blocking, thread-safe; raises DsmError."""

    def __init__(self, store: Store, vault: Vault, principal: Principal) -> None:
        self._store, self._vault, self._who = store, vault, principal

    def open(self, hosts: list[str]) -> list[tuple[str, str, str]]:
        """(host, recovery id, key) of hosts by name, newest first; each host is noted in the audit log."""
        found = []
        with self._store.write() as uow:
            for host in hosts:
                keys = recovery_keys.open_recovery_keys(uow, self._who, self._vault, host)
                found += [(host, recovery_id, key.get_secret_value()) for recovery_id, key in keys]
        return found
