"""Recovery keys of ESXi hosts: opened only for a person who asks, and noted."""

from __future__ import annotations

from pydantic import SecretStr

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.store import audit
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault import recovery_keys
from dsm_desktop.vault.vault import Vault


def open_recovery_keys(
    uow: UnitOfWork, who: Principal, vault: Vault, host: str
) -> list[tuple[str, SecretStr]]:
    """The keys of a host by name or service tag, newest first, as (recovery id, key). Raises NotFound, Denied, VaultLocked,
    SealBroken."""
    who.require(Permission.CONFIGURE, "read recovery keys")
    found = recovery_keys.open_recovery_keys(uow, vault, host)
    audit.append(uow, who.name, "recovery_keys.open", host[:300])
    return found
