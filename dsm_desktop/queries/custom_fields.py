"""The operators' own columns: definitions, values, and what several servers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.store.models import CustomField, Server


@dataclass(frozen=True, slots=True)
class CustomFieldRow:
    """A definition. `key` in filters ("field.<key>"); `kind` text | number | date | choice | yes_no."""

    id: int
    key: str
    title: str
    kind: str
    choices: tuple[str, ...]
    help: str
    position: int


@dataclass(frozen=True, slots=True)
class CommonValue:
    """A field over several servers: `value` where all have the same, else `several` ("<several values>")."""

    value: Any
    several: bool


def list_custom_fields(connection: Connection) -> list[CustomFieldRow]:
    """Every definition in its order."""
    f = CustomField
    query = select(f.id, f.key, f.title, f.kind, f.choices, f.help, f.position).order_by(f.position, f.id)
    return [
        CustomFieldRow(i, key, title, kind, tuple(map(str, choices)), tip, position)
        for i, key, title, kind, choices, tip, position in connection.execute(query)
    ]


def custom_values(
    connection: Connection, server_ids: Sequence[int] | None = None
) -> dict[int, dict[str, Any]]:
    """The values of each server that has any, by key."""
    wanted = None if server_ids is None else frozenset(server_ids)
    return {
        i: values
        for i, values in connection.execute(select(Server.id, Server.custom))
        if values and (wanted is None or i in wanted)
    }


def common_values(connection: Connection, server_ids: Sequence[int]) -> dict[str, CommonValue]:
    """For bulk edit, every field by key."""
    values = custom_values(connection, server_ids)
    found = {}
    for field in list_custom_fields(connection):
        kept = {repr(v): v for v in (values.get(i, {}).get(field.key) for i in server_ids)}
        only = next(iter(kept.values())) if len(kept) == 1 else None
        found[field.key] = CommonValue(only, len(kept) > 1)
    return found
