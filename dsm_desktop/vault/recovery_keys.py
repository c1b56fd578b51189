"""Recovery keys of ESXi hosts: sealed as soon as they are read."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.core.errors import NotFound
from dsm_desktop.store.models import EsxiRecoveryKey
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.columns import RECOVERY_KEY
from dsm_desktop.vault.vault import Vault


def save_recovery_keys(
    uow: UnitOfWork,
    vault: Vault,
    *,
    host_id: int,
    name: str,
    service_tag: str,
    keys: Sequence[tuple[str, SecretStr]],
    job_id: int | None,
) -> int:
    """Keep the keys a host showed; one that is there already is left as it is. Earlier ones are never removed: the host may be
    set back. Returns how many are new. Raises VaultLocked."""
    table, new = EsxiRecoveryKey, 0
    known = set(
        uow.session.scalars(
            select(table.recovery_id).where(table.service_tag == service_tag, table.name == name)
        )
    )
    for recovery_id, key in keys:
        if recovery_id in known:
            continue
        row = table(
            host_id=host_id,
            name=name,
            service_tag=service_tag,
            recovery_id=recovery_id,
            job_id=job_id,
            saved_at=uow.now,
        )
        uow.session.add(row)
        uow.session.flush()
        row.key = vault.seal(uow, RECOVERY_KEY.place(row.id), key)
        new += 1
    if new:
        uow.changed("esxi_hosts", "changed", host_id)
    return new


def has_recovery_keys(uow: UnitOfWork, host_id: int) -> bool:
    """Whether a key of this host was ever saved."""
    table = EsxiRecoveryKey
    return uow.session.scalar(select(table.id).where(table.host_id == host_id).limit(1)) is not None


def open_recovery_keys(uow: UnitOfWork, vault: Vault, host: str) -> list[tuple[str, SecretStr]]:
    """The keys of a host by name or service tag, newest first, as (recovery id, key). Raises NotFound, VaultLocked, SealBroken."""
    table = EsxiRecoveryKey
    rows = uow.session.scalars(
        select(table)
        .where((table.name == host) | ((table.service_tag == host) & (table.service_tag != "")))
        .order_by(table.id.desc())
    ).all()
    found = [
        (row.recovery_id, vault.open(RECOVERY_KEY.place(row.id), row.key))
        for row in rows
        if row.key is not None
    ]
    if not found:
        raise NotFound(
            "No recovery key of this host is stored.",
            hint="The pre-flight of an ESXi update reads and keeps it.",
            where=host,
        )
    return found
