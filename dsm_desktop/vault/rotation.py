"""A new site key for everything that is sealed, in steps that may be killed at any point and are simply run again.

1. `begin`: the keepers hold the new key; then one transaction makes it current and the old one *retiring*. From here on
   both open, the new one seals.
2. `resume`: rows are sealed anew in small transactions, each row only if nobody changed it meanwhile.
3. When every sealed value of every column was opened with the new key, in one transaction the old key becomes *retired*.
   Values that are broken already keep the old key in place and are named.

Keepers go on holding a retired key, because a backup from before the rotation opens only with it; `forget_retired`
drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.models import VaultKey
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.columns import SEALED_COLUMNS, SealedColumn
from dsm_desktop.vault.seal import Place, SealBroken, key_id_of
from dsm_desktop.vault.site_key import KeyKeeper, SiteKey
from dsm_desktop.vault.vault import Vault, check_value, lock_generations

BATCH = 200


class RotationUnderWay(BadInput):
    """A rotation was begun and is not finished."""


@dataclass(frozen=True, slots=True)
class RotationReport:
    """What a run did. `finished`: the old key is retired. `broken`: values no key opens ("credential_sets.secret, row 7");
    enter them again or delete them, then resume."""

    resealed: int
    verified: int
    broken: tuple[str, ...]
    finished: bool


def under_way(vault: Vault) -> bool:
    """Whether a rotation waits to be resumed; needs no key."""
    return any(row.state == "retiring" for row in vault.generations())


def begin(vault: Vault, keepers: Sequence[KeyKeeper]) -> None:
    """Make a new current key held by these keepers. Raises RotationUnderWay, VaultLocked.

    Only the keepers given hold the new key: a printed recovery code is made anew (its old sheet opens nothing any more).
    """
    if not keepers:
        raise BadInput("A site key that nobody keeps would be lost.", hint="Name at least one keeper.")
    if under_way(vault):
        raise RotationUnderWay("A rotation of the site key is not finished.", hint="Resume it first.")
    fresh = SiteKey.generate()
    wraps = {keeper.slot: keeper.keep(fresh) for keeper in keepers}
    with vault.store.write() as uow:
        lock_generations(uow)
        if uow.session.scalar(select(VaultKey.id).where(VaultKey.state == "retiring")) is not None:
            raise RotationUnderWay("Another process has just begun a rotation.", hint="Resume that one.")
        vault.require_current(uow).state = "retiring"
        uow.session.add(
            VaultKey(
                key_id=fresh.key_id,
                check=check_value(fresh),
                wraps=wraps,
                created_at=uow.now,
                state="current",
            )
        )
        uow.changed("vault", "changed")
    vault.adopt_also(fresh)


def resume(
    vault: Vault, *, batch: int = BATCH, progress: Callable[[int], None] = lambda resealed: None
) -> RotationReport:
    """Seal anew what is left, verify all, retire the old key. Safe to run again, also while others write.

    `progress` hears the number of values sealed anew so far, after each batch is committed. Raises VaultLocked.
    """
    resealed = 0
    for column in SEALED_COLUMNS:
        last = 0
        while last >= 0:
            with vault.store.write() as uow:
                last, done = _batch(uow, vault, column, last, batch)
            resealed += done
            progress(resealed)
    with vault.store.write() as uow:
        lock_generations(uow)
        vault.require_current(uow)
        verified, broken = _verify(uow, vault)
        if not broken:
            _retire(uow)
    return RotationReport(resealed, verified, tuple(str(place) for place in broken), not broken)


def forget_retired(vault: Vault, keepers: Sequence[KeyKeeper]) -> int:
    """Drop retired keys from the keepers: backups from before the rotation then keep their secrets closed for ever."""
    retired = [row.key_id for row in vault.generations() if row.state == "retired"]
    for key_id in retired:
        for keeper in keepers:
            keeper.forget(key_id)
    return len(retired)


def _batch(uow: UnitOfWork, vault: Vault, column: SealedColumn, after: int, size: int) -> tuple[int, int]:
    """Seal one batch anew; returns the last id seen (-1 = none left) and how many rows were written."""
    written = 0
    rows = _rows(uow, column, after, size)
    for row_id, sealed, version in rows:
        if key_id_of(sealed) == vault.current_key_id:
            continue
        try:
            fresh = vault.reseal(column.place(row_id, version), sealed)
        except SealBroken:
            continue  # named by the verification, which goes over every value
        result = uow.session.execute(
            update(column.table)
            .where(column.id == row_id, column.sealed == sealed)
            .values({column.name: fresh})
            .returning(column.id)
        )
        written += len(result.all())
    return (rows[-1][0] if rows else -1), written


def _verify(uow: UnitOfWork, vault: Vault) -> tuple[int, list[Place]]:
    verified, broken = 0, []
    for column in SEALED_COLUMNS:
        for row_id, sealed, version in _values(uow, column):
            place = column.place(row_id, version)
            if vault.opens(place, sealed):
                verified += 1
            else:
                broken.append(place)
    return verified, broken


def _values(uow: UnitOfWork, column: SealedColumn) -> Iterator[tuple[int, bytes, Any]]:
    """In pieces: a stored profile is a megabyte, and a fleet has thousands."""
    after = 0
    while rows := _rows(uow, column, after, BATCH):
        yield from rows
        after = rows[-1][0]


def _rows(uow: UnitOfWork, column: SealedColumn, after: int, size: int) -> list[tuple[int, bytes, Any]]:
    query = (
        select(column.id, column.sealed, column.version_expression)
        .where(column.id > after, column.sealed.is_not(None))
        .order_by(column.id)
        .limit(size)
    )
    return [(row_id, sealed, version) for row_id, sealed, version in uow.session.execute(query)]


def _retire(uow: UnitOfWork) -> None:
    uow.session.execute(
        update(VaultKey).where(VaultKey.state == "retiring").values(state="retired", wraps={})
    )
    uow.changed("vault", "changed")
