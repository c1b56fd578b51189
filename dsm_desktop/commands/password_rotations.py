"""The records of a change of passwords: sealed first, in use when proven, the old one retired when nobody needs it.

Which login a server uses is decided by its assignment, so bringing the new one into use is one assignment. The stored
password of a credential set is never exchanged below a running program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import select, update

from dsm_desktop.commands.credentials import CredentialValues, add_credential
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import CredentialIpRange, CredentialSet, PasswordRotation, Server
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.resolve import Choice
from dsm_desktop.vault.vault import Vault

UNFINISHED = ("sealed", "sending")


@dataclass(frozen=True, slots=True)
class Begun:
    """A rotation that stands. `state` as in the table; `credential_id` holds the new password."""

    id: int
    credential_id: int
    username: str
    state: str
    problem: str


def unfinished_rotation(uow: UnitOfWork, server_id: int) -> Begun | None:
    """What an earlier job has left of this server: its sealed password is used again, whichever the device holds."""
    row = uow.session.scalar(
        select(PasswordRotation)
        .where(
            PasswordRotation.server_id == server_id,
            PasswordRotation.state.in_(UNFINISHED),
            PasswordRotation.new_credential_id.is_not(None),
        )
        .order_by(PasswordRotation.id.desc())
        .limit(1)
    )
    return _begun(row) if row is not None else None


def begin_rotation(
    uow: UnitOfWork,
    vault: Vault,
    who: Principal,
    job_id: int,
    server: tuple[int, str],
    old: Choice,
    generate: Callable[[], SecretStr],
    *,
    shared: bool,
    only_user: bool,
) -> Begun:
    """Seal a new password for a server (id, label) before anything is sent; returns the unfinished one where there is one.

    `shared`: one password for all servers that use the old set; the first makes it, the others join. Otherwise each gets its
    own, in a set named after it, which takes the old one's place when no other server uses that (`only_user`).
    """
    server_id, label = server
    if old.credential_id is not None:
        # Two servers that begin at once must not make two passwords that were to be shared.
        uow.session.execute(
            select(CredentialSet.id).where(CredentialSet.id == old.credential_id).with_for_update()
        )
    if (kept := unfinished_rotation(uow, server_id)) is not None:
        return kept
    credential_id = _joined(uow, old) if shared else None
    if credential_id is None:
        name = old.name or old.username
        values = CredentialValues(
            name=_free_name(uow, f"{name} (new)" if shared or only_user else f"{name} {label}"),
            username=old.username,
            secret=generate(),
            notes=f"Password made by job {job_id}.",
        )
        credential_id = add_credential(uow, who, vault, values)
    row = PasswordRotation(
        server_id=server_id,
        job_id=job_id,
        username=old.username,
        old_credential_id=old.credential_id,
        new_credential_id=credential_id,
        shared=shared,
        takes_over=old.credential_id is not None and (shared or only_user),
        state="sealed",
        begun_at=uow.now,
        changed_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.changed("password_rotations", "added", row.id)
    return _begun(row)


def note_rotation(uow: UnitOfWork, rotation_id: int, state: str, problem: str = "") -> None:
    """What is known of the device now; "changed" also lets the server use the new login."""
    row = _row(uow, rotation_id)
    if row.state in ("changed", "finished"):
        return
    row.state, row.problem, row.changed_at = state, problem, uow.now
    if state == "changed":
        if not row.takes_over:
            row.state = "finished"
        uow.session.execute(
            update(Server)
            .where(Server.id == row.server_id)
            .values(assigned_credential_id=row.new_credential_id)
        )
        audit.append(uow, "runner", "credentials.rotate", str(row.server_id), username=row.username)
        uow.changed("servers", "changed", row.server_id)
    uow.changed("password_rotations", "changed", rotation_id)


def retire_old(uow: UnitOfWork, rotation_id: int, users: Callable[[int], list[int]]) -> list[int]:
    """Let the new set take the old one's name and rules and remove the old one, when no server uses that any more.

    `users` tells which servers the rules still lead to a set. Returns those that are left; [] = all is green.
    """
    row = _row(uow, rotation_id)
    if row.state == "finished" or row.old_credential_id is None or row.new_credential_id is None:
        return []
    old = uow.session.scalar(
        select(CredentialSet).where(CredentialSet.id == row.old_credential_id).with_for_update()
    )
    if old is None:
        return []
    left = users(old.id)
    if left:
        return left
    new = uow.session.get_one(CredentialSet, row.new_credential_id)
    name, ranges, old_id = old.name, CredentialIpRange.credential_id == old.id, old.id
    values = {"priority": old.priority, "is_default": old.is_default, "notes": old.notes}
    uow.session.execute(update(CredentialIpRange).where(ranges).values(credential_id=new.id))
    uow.session.execute(
        update(Server)
        .where(Server.discovered_credential_id == old_id)
        .values(discovered_credential_id=new.id)
    )
    uow.session.execute(
        update(PasswordRotation)
        .where(PasswordRotation.new_credential_id == new.id, PasswordRotation.state == "changed")
        .values(state="finished", changed_at=uow.now)
    )
    uow.session.delete(old)
    uow.session.flush()
    new.name = name
    for key, value in values.items():
        setattr(new, key, value)
    audit.append(uow, "runner", "credentials.rotated", name, username=row.username)
    uow.changed("credentials", "changed", new.id, old_id)
    uow.changed("password_rotations", "changed", rotation_id)
    return []


def _joined(uow: UnitOfWork, old: Choice) -> int | None:
    """The set that others with the same old login were given and that is not everybody's yet."""
    return uow.session.scalar(
        select(PasswordRotation.new_credential_id)
        .where(
            PasswordRotation.old_credential_id == old.credential_id,
            PasswordRotation.shared,
            PasswordRotation.state.in_((*UNFINISHED, "changed")),
            PasswordRotation.new_credential_id.is_not(None),
            PasswordRotation.username == old.username,
        )
        .limit(1)
    )


def _free_name(uow: UnitOfWork, wanted: str) -> str:
    taken = set(uow.session.scalars(select(CredentialSet.name)))
    name, number = wanted[:110], 2
    while name in taken:
        name, number = f"{wanted[:110]} {number}", number + 1
    return name


def _begun(row: PasswordRotation) -> Begun:
    assert row.new_credential_id is not None
    return Begun(row.id, row.new_credential_id, row.username, row.state, row.problem)


def _row(uow: UnitOfWork, rotation_id: int) -> PasswordRotation:
    row = uow.session.get(PasswordRotation, rotation_id)
    if row is None:
        raise NotFound(
            "This change of a password is not on record any more.", where=f"rotation {rotation_id}"
        )
    return row
