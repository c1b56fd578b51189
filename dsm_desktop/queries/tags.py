"""Tags of servers as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from dsm_desktop.store.models import ServerTag


def tag_counts(connection: Connection) -> dict[str, int]:
    """Every tag in use and on how many servers, by name."""
    query = select(ServerTag.tag, func.count()).group_by(ServerTag.tag).order_by(ServerTag.tag)
    return {tag: count for tag, count in connection.execute(query)}  # noqa: C416


def tags_by_server(connection: Connection, ids: Sequence[int] | None = None) -> dict[int, tuple[str, ...]]:
    """The tags of each server that has one, by name; of all servers or of these (a few hundred at most)."""
    found: dict[int, list[str]] = defaultdict(list)
    query = select(ServerTag.server_id, ServerTag.tag).order_by(ServerTag.tag)
    if ids is not None:
        query = query.where(ServerTag.server_id.in_(ids))
    for server_id, tag in connection.execute(query):
        found[server_id].append(tag)
    return {server_id: tuple(tags) for server_id, tags in found.items()}


def common_tags(connection: Connection, server_ids: list[int]) -> tuple[frozenset[str], frozenset[str]]:
    """For bulk edit: tags all of the servers have, and tags only some have."""
    by_server = tags_by_server(connection)
    sets = [frozenset(by_server.get(i, ())) for i in server_ids]
    if not sets:
        return frozenset(), frozenset()
    every = frozenset.intersection(*sets)
    return every, frozenset.union(*sets) - every
