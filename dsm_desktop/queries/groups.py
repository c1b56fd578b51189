"""Groups with their members counted through all levels; smart groups evaluated; servers named by a pasted list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.queries.query_values import FilterError
from dsm_desktop.queries.server_fields import words_of
from dsm_desktop.queries.server_query import parse_query
from dsm_desktop.queries.servers import GroupRow, ServerRow, list_groups
from dsm_desktop.store.models import ServerGroupParent


@dataclass(frozen=True, slots=True)
class GroupNode:
    """A group and whom it holds now. `server_ids` its own and those of all groups below; `worst` the worst health in it;
    `problem` why a smart group's query cannot be answered. `parents`: a group may stand in several; () = at the top."""

    id: int
    name: str
    kind: str
    filter: str
    parents: tuple[int, ...]
    children: tuple[int, ...]
    server_ids: frozenset[int]
    worst: str
    problem: str = ""

    @property
    def count(self) -> int:
        return len(self.server_ids)


_BADNESS = {"unknown": 0, "ok": 1, "warning": 2, "critical": 3}


def group_tree(connection: Connection, servers: Sequence[ServerRow]) -> list[GroupNode]:
    """Every group by name, smart ones evaluated over `servers` (the rows the grid has; queries that ask for more are asked
    of the store)."""
    groups = list_groups(connection)
    children: dict[int, set[int]] = defaultdict(set)
    parents: dict[int, set[int]] = defaultdict(set)
    for parent, child in connection.execute(select(ServerGroupParent.parent_id, ServerGroupParent.child_id)):
        children[parent].add(child)
        parents[child].add(parent)
    words: list[str] = []
    own: dict[int, frozenset[int]] = {}
    problems: dict[int, str] = {}
    for group in groups:
        own[group.id], problems[group.id] = _own(connection, group, servers, words)
    health = {row.id: row.health for row in servers}
    return [
        _node(group, parents, children, _with_below(group.id, own, children), health, problems[group.id])
        for group in groups
    ]


def _own(
    connection: Connection, group: GroupRow, servers: Sequence[ServerRow], words: list[str]
) -> tuple[frozenset[int], str]:
    if group.kind != "saved_filter":
        return group.members, ""
    try:
        test = parse_query(group.filter).test(connection)
    except FilterError as error:
        return frozenset(), f"{error.message} {error.hint}".strip()
    if test is None:
        return frozenset(row.id for row in servers), ""
    if not words:  # made once, for the first smart group
        words += [words_of(row) for row in servers]
    return frozenset(row.id for row, text in zip(servers, words, strict=True) if test(row, text)), ""


def _with_below(
    group_id: int, own: dict[int, frozenset[int]], children: dict[int, set[int]]
) -> frozenset[int]:
    found, edge = {group_id}, [group_id]
    while edge:
        edge = [c for g in edge for c in children.get(g, ()) if c not in found]
        found.update(edge)
    return frozenset().union(*(own.get(g, frozenset()) for g in found))


def _node(
    group: GroupRow, parents: dict[int, set[int]], children: dict[int, set[int]], members: frozenset[int],
    health: dict[int, str], problem: str,
) -> GroupNode:  # fmt: skip
    there = frozenset(i for i in members if i in health)
    worst = max((health[i] for i in there), key=lambda h: _BADNESS.get(h, 0), default="unknown")
    return GroupNode(
        group.id, group.name, group.kind, group.filter, tuple(sorted(parents.get(group.id, ()))),
        tuple(sorted(children.get(group.id, ()))), there, worst, problem,
    )  # fmt: skip


def pasted_tags(text: str, servers: Sequence[ServerRow]) -> tuple[list[int], list[str]]:
    """For "paste a list to select": ids of the servers named by service tag, name, host name or address, and what was not found."""
    by_word: dict[str, int] = {}
    for row in servers:
        short = row.host_name.split(".", 1)[0]
        for word in (short, row.host_name, row.name, row.address, row.endpoint, row.service_tag or ""):
            if word:
                by_word[word.lower()] = row.id
    ids: dict[int, None] = {}
    missing = []
    for word in text.replace(",", " ").replace(";", " ").split():
        found = by_word.get(word.strip("\"'").lower())
        if found is None:
            missing.append(word)
        else:
            ids[found] = None
    return list(ids), missing
