"""One edit of one or many servers: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from dsm_desktop.commands import credentials, custom_fields, groups, servers, tags
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.store import audit
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import UnitOfWork

LONGEST_NAME = 255
_BATCH = 500
OWN = "field."
"""So begins the name of an own field beside those of a server's columns."""
_WORDS = {
    "address": "BMC address",
    "asset_tag": "asset tag",
    "pdus": "PDUs",
    "trust_mode": "certificate",
    "old_tls": "old TLS",
    "assigned_credential_id": "credential set",
}
_CODED = ("trust_mode", "old_tls", "assigned_credential_id")
"""Their values are no words."""

Seen = Mapping[int, Mapping[str, Any]]
"""By server and field (a column, or `OWN` and a key), the value that stood there."""


class ChangedMeanwhile(DsmError):
    """Somebody has changed a value since it was shown to the one who edits it; nothing was written. `now`: what stands there."""

    blame = Blame.USER

    def __init__(self, now: Seen, labels: Sequence[str]) -> None:
        self.now = now
        changed = [(name, value) for values in now.values() for name, value in values.items()]
        fields = ", ".join(dict.fromkeys(_WORDS.get(name, name.removeprefix(OWN)) for name, _ in changed))
        name, value = changed[0]
        reads = f" It reads now: “{value or ''}”." if len(changed) == 1 and name not in _CODED else ""
        super().__init__(
            f"Somebody has changed this meanwhile: {fields}.{reads} Nothing was saved yet.",
            hint="Save once more to write yours over it, or copy what you typed and close this. The audit log says who it was.",
            where=", ".join(labels[:5]) + (" …" if len(labels) > 5 else ""),
        )


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """What is changed; what is not named stays. `values` by the names of servers.EDITABLE (the credential set too, None = by the
    rules), `names` by server id, `custom` by key (None clears), `groups` manual ones by id. `seen` is what was shown of that;
    empty: whatever stands there is written over."""

    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    add_groups: Sequence[int] = ()
    remove_groups: Sequence[int] = ()
    seen: Seen = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not any(
            (self.values, self.names, self.custom, self.add_tags, self.remove_tags, self.add_groups, self.remove_groups)
        )  # fmt: skip

    def wanted(self, server_id: int) -> dict[str, Any]:
        """What one server is to have, by the names of `seen`."""
        named = {"name": self.names[server_id]} if server_id in self.names else {}
        return {**self.values, **named, **{OWN + key: value for key, value in self.custom.items()}}


def edit_many(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], edit: BulkEdit) -> None:
    """Write the edit on every server. BadInput names what does not fit, ServersGone who is not there any more,
    ChangedMeanwhile what somebody else has written since it was seen; then nothing of it is written."""
    who.require(Permission.CONFIGURE, "edit servers")
    ids = list(server_ids)
    servers.hold_servers(uow, ids)
    _refuse_changed(uow, edit)
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


def _refuse_changed(uow: UnitOfWork, edit: BulkEdit) -> None:
    """What reads already as it shall is no quarrel. The rows stay locked to the end of the transaction."""
    now: dict[int, dict[str, Any]] = {}
    labels = []
    for row in _locked(uow, sorted(edit.seen)):
        seen, wanted = edit.seen[row.id], edit.wanted(row.id)
        # An own field that was empty is not among what was seen.
        stands = {name: _value(row, name) for name in sorted(wanted) if name in seen or name.startswith(OWN)}
        changed = {name: v for name, v in stands.items() if v not in (seen.get(name), wanted[name])}
        if changed:
            now[row.id] = changed
            labels.append(servers.label_of(row))
    if now:
        raise ChangedMeanwhile(now, labels)


def _locked(uow: UnitOfWork, ids: Sequence[int]) -> Iterator[Server]:
    for start in range(0, len(ids), _BATCH):
        some = select(Server).where(Server.id.in_(ids[start : start + _BATCH])).order_by(Server.id)
        yield from uow.session.scalars(some.with_for_update())


def _value(row: Server, name: str) -> Any:
    if name.startswith(OWN):
        return (row.custom or {}).get(name.removeprefix(OWN))
    return getattr(row, name)


def _name(uow: UnitOfWork, who: Principal, names: Mapping[int, str]) -> None:
    for server_id, name in names.items():
        if len(name) > LONGEST_NAME:
            raise BadInput(f"A name has at most {LONGEST_NAME} characters.")
        uow.session.execute(update(Server).where(Server.id == server_id).values(name=name.strip()))
    audit.append(uow, who.name, "servers.name", f"{len(names)} servers")
    uow.changed("servers", "changed", *names)
