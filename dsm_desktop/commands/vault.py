"""Changes a person makes to the site key and who keeps it; each is in the audit log, none with a key or passphrase."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import SecretStr

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.store import audit
from dsm_desktop.vault import rotation
from dsm_desktop.vault.recovery import RecoveryProvider, new_recovery_code
from dsm_desktop.vault.rotation import RotationReport
from dsm_desktop.vault.site_key import KeyKeeper
from dsm_desktop.vault.vault import Vault


def set_up_vault(vault: Vault, who: Principal, keepers: Sequence[KeyKeeper]) -> SecretStr:
    """Make the site key; returns the recovery key, to be printed and shown once. Raises VaultExists."""
    who.require(Permission.ADMIN, "set up the vault")
    code = new_recovery_code()
    vault.create([*keepers, RecoveryProvider(code)])
    _note(vault, who, "vault.set_up", keepers=[keeper.slot for keeper in keepers])
    return code


def add_key_keeper(vault: Vault, who: Principal, keeper: KeyKeeper) -> None:
    """Another way to unlock, or a changed passphrase. Raises VaultLocked and the keeper's own errors."""
    who.require(Permission.ADMIN, "change how the vault is unlocked")
    vault.add_keeper(keeper)
    _note(vault, who, "vault.add_keeper", keeper=keeper.slot)


def remove_key_keeper(vault: Vault, who: Principal, slot: str) -> None:
    """Take a way to unlock away; the last one is refused."""
    who.require(Permission.ADMIN, "change how the vault is unlocked")
    vault.remove_keeper(slot)
    _note(vault, who, "vault.remove_keeper", keeper=slot)


def print_recovery_key(vault: Vault, who: Principal) -> SecretStr:
    """A new recovery key, to be printed and shown once; the sheet before opens nothing any more."""
    who.require(Permission.ADMIN, "print a recovery key")
    code = new_recovery_code()
    vault.add_keeper(RecoveryProvider(code))
    _note(vault, who, "vault.recovery_key")
    return code


def begin_key_rotation(vault: Vault, who: Principal, keepers: Sequence[KeyKeeper]) -> SecretStr:
    """Make a new site key held by these keepers; returns the new recovery key. `continue_key_rotation` does the work."""
    who.require(Permission.ADMIN, "rotate the site key")
    code = new_recovery_code()
    rotation.begin(vault, [*keepers, RecoveryProvider(code)])
    _note(vault, who, "vault.rotation_begun", keepers=[keeper.slot for keeper in keepers])
    return code


def continue_key_rotation(
    vault: Vault, who: Principal, *, progress: Callable[[int], None] = lambda resealed: None
) -> RotationReport:
    """Seal everything anew and retire the old key; run again after a kill. See `rotation.resume`."""
    who.require(Permission.ADMIN, "rotate the site key")
    report = rotation.resume(vault, progress=progress)
    _note(
        vault,
        who,
        "vault.rotation_finished" if report.finished else "vault.rotation_unfinished",
        resealed=report.resealed,
        verified=report.verified,
        broken=list(report.broken[:200]),
    )
    return report


def forget_retired_keys(vault: Vault, who: Principal, keepers: Sequence[KeyKeeper]) -> int:
    """Drop the old keys from the keepers; backups from before the rotation then keep their secrets closed for ever."""
    who.require(Permission.ADMIN, "forget retired site keys")
    count = rotation.forget_retired(vault, keepers)
    _note(vault, who, "vault.forget_retired", keys=count)
    return count


def _note(vault: Vault, who: Principal, action: str, **detail: object) -> None:
    with vault.store.write() as uow:
        audit.append(uow, who.name, action, vault.current_key_id, **detail)
