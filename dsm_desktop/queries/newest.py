"""Which inventory counts: the newest snapshot of each server; and how a server is called in a row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from dsm_desktop.store.models import InventorySnapshot, Server

Ids = Collection[int] | None
"""Ids of servers; None = all."""


def newest_snapshots() -> Select[int]:
    """Ids of the newest snapshot of every server."""
    return select(func.max(InventorySnapshot.id)).group_by(InventorySnapshot.server_id)


def is_newest() -> ColumnElement[bool]:
    """A condition on InventorySnapshot, for queries that meet few of them."""
    later = aliased(InventorySnapshot)
    return (
        ~select(later.id)
        .where(later.server_id == InventorySnapshot.server_id, later.id > InventorySnapshot.id)
        .exists()
    )


def server_label() -> ColumnElement[str]:
    """As ServerRow.label: its name, host name, service tag or address."""
    return func.coalesce(
        func.nullif(Server.name, ""), func.nullif(Server.host_name, ""), Server.service_tag, Server.address
    )


def wanted(rows: Any, ids: Ids) -> list[Any]:
    """The rows whose `server_id` is wanted; filtered here, because databases bound the number of bound values."""
    if ids is None:
        return list(rows)
    chosen = frozenset(ids)
    return [row for row in rows if row.server_id in chosen]
