"""One edit of one or many servers: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update

from dsm_desktop.commands import credentials, custom_fields, groups, servers, tags
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store import audit
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import UnitOfWork

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """What is changed; what is not named stays. `values` by the names of servers.EDITABLE (the credential set too, None = by the
    rules), `names` by server id, `custom` by key (None clears), `groups` manual ones by id."""

    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    add_groups: Sequence[int] = ()
    remove_groups: Sequence[int] = ()

    @property
    def empty(self) -> bool:
        return not any(
            (self.values, self.names, self.custom, self.add_tags, self.remove_tags, self.add_groups, self.remove_groups)
        )  # fmt: skip


def edit_many(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], edit: BulkEdit) -> None:
    """Write the edit on every server. BadInput names what does not fit, ServersGone who is not there any more; then nothing of
    it is written."""
    who.require(Permission.CONFIGURE, "edit servers")
    ids = list(server_ids)
    servers.hold_servers(uow, ids)
    plain = {k: v for k, v in edit.values.items() if k != "assigned_credential_id"}
    if plain:
        servers.edit_servers(uow, who, ids, **plain)
    if "assigned_credential_id" in edit.values:
        credentials.assign_credential(uow, who, ids, edit.values["assigned_credential_id"])
    if edit.names:
        _name(uow, who, edit.names)
    if edit.custom:
        custom_fields.set_values(uow, who, ids, edit.custom)
    if edit.add_tags:
        tags.add_tags(uow, who, ids, edit.add_tags)
    if edit.remove_tags:
        tags.remove_tags(uow, who, ids, edit.remove_tags)
    for group_id in edit.add_groups:
        groups.set_members(uow, who, group_id, add=ids)
    for group_id in edit.remove_groups:
        groups.set_members(uow, who, group_id, remove=ids)


def _name(uow: UnitOfWork, who: Principal, names: Mapping[int, str]) -> None:
    for server_id, name in names.items():
        if len(name) > LONGEST_NAME:
            raise BadInput(f"A name has at most {LONGEST_NAME} characters.")
        uow.session.execute(update(Server).where(Server.id == server_id).values(name=name.strip()))
    audit.append(uow, who.name, "servers.name", f"{len(names)} servers")
    uow.changed("servers", "changed", *names)
