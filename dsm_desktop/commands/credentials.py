"""Changes a person makes to credential sets. A secret is sealed in the transaction that stores it and never read back."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import delete, select, update

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import CredentialIpRange, CredentialSet, PasswordRotation, Server
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.columns import CREDENTIAL_SECRET
from dsm_desktop.vault.resolve import address_key
from dsm_desktop.vault.vault import Vault

KINDS = ("idrac", "esxi", "vcenter", "openmanage", "share", "bios")


class CredentialValues(BaseModel):
    """A credential set as typed. `secret` None leaves the stored one; `ranges` are CIDR, hyphen, single addresses or lists
    of them. Lower `priority` is tried first."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    username: str
    secret: SecretStr | None = None
    kind: str = "idrac"
    ranges: tuple[str, ...] = ()
    priority: int = Field(default=100, ge=0, le=1000)
    is_default: bool = False
    notes: str = ""


def add_credential(uow: UnitOfWork, who: Principal, vault: Vault, values: CredentialValues) -> int:
    """Store a new set; returns its id. BadInput for a name already used, no secret, or ranges that cannot be read."""
    who.require(Permission.CONFIGURE, "add credential sets")
    _check(uow, values, None)
    if values.secret is None or not values.secret.get_secret_value():
        raise BadInput("A credential set needs a password.", hint="Type the password of this login.")
    row = CredentialSet(name=values.name.strip(), changed_at=uow.now)
    _fill(row, values)
    uow.session.add(row)
    uow.session.flush()
    _store_secret(uow, vault, row, values.secret)
    _store_ranges(uow, row.id, values.ranges)
    _only_default(uow, row)
    audit.append(uow, who.name, "credentials.add", row.name, kind=row.kind, username=row.username)
    uow.changed("credentials", "added", row.id)
    return row.id


def edit_credential(
    uow: UnitOfWork, who: Principal, vault: Vault, credential_id: int, values: CredentialValues
) -> None:
    """Change a set; the vault is needed only where a new secret is given. Raises NotFound, BadInput, VaultLocked."""
    who.require(Permission.CONFIGURE, "edit credential sets")
    row = _row(uow, credential_id)
    _check(uow, values, credential_id)
    before = row.name
    row.name, row.changed_at = values.name.strip(), uow.now
    _fill(row, values)
    new_secret = values.secret is not None and bool(values.secret.get_secret_value())
    if values.secret is not None and new_secret:
        _store_secret(uow, vault, row, values.secret)
    uow.session.execute(delete(CredentialIpRange).where(CredentialIpRange.credential_id == credential_id))
    _store_ranges(uow, credential_id, values.ranges)
    _only_default(uow, row)
    audit.append(
        uow,
        who.name,
        "credentials.edit",
        row.name,
        before=before,
        username=row.username,
        new_secret=new_secret,
    )
    uow.changed("credentials", "changed", credential_id)


def remove_credential(uow: UnitOfWork, who: Principal, credential_id: int) -> int:
    """Remove a set with its secret and ranges; returns how many servers were assigned to it (they fall to the next rule)."""
    who.require(Permission.CONFIGURE, "remove credential sets")
    row = _row(uow, credential_id)
    _refuse_while_rotating(uow, row)
    assigned = list(
        uow.session.scalars(select(Server.id).where(Server.assigned_credential_id == credential_id))
    )
    uow.session.execute(
        update(Server)
        .where(Server.assigned_credential_id == credential_id)
        .values(assigned_credential_id=None)
    )
    uow.session.execute(
        update(Server)
        .where(Server.discovered_credential_id == credential_id)
        .values(discovered_credential_id=None)
    )
    uow.session.execute(delete(CredentialIpRange).where(CredentialIpRange.credential_id == credential_id))
    uow.session.execute(delete(CredentialSet).where(CredentialSet.id == credential_id))
    audit.append(uow, who.name, "credentials.remove", row.name, servers=len(assigned))
    uow.changed("credentials", "removed", credential_id)
    if assigned:
        uow.changed("servers", "changed", *assigned)
    return len(assigned)


def assign_credential(
    uow: UnitOfWork, who: Principal, server_ids: Sequence[int], credential_id: int | None
) -> int:
    """Let these servers use one set (None = by the rules again); returns how many were changed."""
    who.require(Permission.CONFIGURE, "assign credential sets")
    name = _row(uow, credential_id).name if credential_id is not None else ""
    changed: list[int] = []
    for start in range(0, len(server_ids), 500):
        changed += uow.session.scalars(
            update(Server)
            .where(Server.id.in_(server_ids[start : start + 500]))
            .values(assigned_credential_id=credential_id)
            .returning(Server.id)
        )
    audit.append(uow, who.name, "credentials.assign", name or "(by rule)", servers=len(changed))
    uow.changed("servers", "changed", *changed)
    return len(changed)


def range_bounds(expression: str) -> list[tuple[str, str, str]]:
    """Each range of a typed list as (expression, first, last); bounds are 32 hex digits, inclusive.

    "10.1.0.0/16", "10.1.0.5-10.1.0.9", "10.1.0.5-9", "10.1.0.7", IPv6 likewise, separated by commas, semicolons or spaces.
    Unlike the ranges of a scan they are only compared with, so a whole /8 or an IPv6 /64 is welcome. Raises BadInput naming
    the part that cannot be read.
    """
    parts = re.sub(r"\s*[-–]\s*", "-", expression).replace(",", " ").replace(";", " ").split()
    return [(part, *_bounds(part)) for part in parts]


def _bounds(part: str) -> tuple[str, str]:
    try:
        if "/" in part:
            network = ipaddress.ip_network(part, strict=False)
            return address_key(str(network[0])), address_key(str(network[-1]))
        first_text, _, last_text = part.partition("-")
        first = ipaddress.ip_address(first_text)
        if last_text.isdigit() and first.version == 4:
            last_text = f"{first_text.rpartition('.')[0]}.{last_text}"
        last = ipaddress.ip_address(last_text) if last_text else first
    except ValueError:
        raise BadInput(
            f"'{part}' is no range of addresses.", hint="Write 10.1.0.0/16, 10.1.0.5-10.1.0.9 or 10.1.0.7."
        ) from None
    low, high = address_key(str(first)), address_key(str(last))
    if first.version != last.version or high < low:
        raise BadInput(f"'{part}' ends before it begins.", hint="Write the lower address first.")
    return low, high


def _check(uow: UnitOfWork, values: CredentialValues, credential_id: int | None) -> None:
    if not values.name.strip() or not values.username:
        raise BadInput("A credential set needs a name and a user name.")
    if values.kind not in KINDS:
        raise BadInput(f"'{values.kind}' is no kind of login.", hint=f"Kinds: {', '.join(KINDS)}.")
    twin = uow.session.scalar(select(CredentialSet.id).where(CredentialSet.name == values.name.strip()))
    if twin is not None and twin != credential_id:
        raise BadInput(
            f"There is a credential set '{values.name.strip()}' already.", hint="Choose another name."
        )
    for expression in values.ranges:
        range_bounds(expression)


def _refuse_while_rotating(uow: UnitOfWork, row: CredentialSet) -> None:
    """A device may hold the only password that this set knows."""
    r = PasswordRotation
    under_way = uow.session.scalar(
        select(r.id)
        .where(
            (r.new_credential_id == row.id) & r.state.in_(("sending", "changed"))
            | (r.old_credential_id == row.id) & (r.state == "sending")
        )
        .limit(1)
    )
    if under_way is not None:
        raise BadInput(
            f"'{row.name}' is part of a change of passwords that is under way.",
            hint="Finish it: start 'Change iDRAC password' again for the servers that were not reached.",
        )


def _fill(row: CredentialSet, values: CredentialValues) -> None:
    row.kind, row.username, row.notes = values.kind, values.username, values.notes
    row.priority, row.is_default = values.priority, values.is_default


def _store_secret(uow: UnitOfWork, vault: Vault, row: CredentialSet, secret: SecretStr) -> None:
    """A new version each time: an old sealed value put back is refused."""
    version = (row.secret_version or 0) + 1
    row.secret = vault.seal(uow, CREDENTIAL_SECRET.place(row.id, version), secret)
    row.secret_version = version
    uow.session.flush()


def _store_ranges(uow: UnitOfWork, credential_id: int, expressions: Sequence[str]) -> None:
    for expression in expressions:
        for part, first, last in range_bounds(expression):
            uow.session.add(
                CredentialIpRange(credential_id=credential_id, expression=part, first=first, last=last)
            )


def _only_default(uow: UnitOfWork, row: CredentialSet) -> None:
    """One default of each kind."""
    if row.is_default:
        uow.session.flush()
        uow.session.execute(
            update(CredentialSet)
            .where(CredentialSet.kind == row.kind, CredentialSet.id != row.id, CredentialSet.is_default)
            .values(is_default=False)
        )


def _row(uow: UnitOfWork, credential_id: int) -> CredentialSet:
    row = uow.session.get(CredentialSet, credential_id)
    if row is None:
        raise NotFound("The credential set is not there any more.", where=f"credential set {credential_id}")
    return row
