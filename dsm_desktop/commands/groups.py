"""Groups of servers: filled by hand, by a query, or by vCenter; nested, a group may stand in several."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import Server, ServerGroup, ServerGroupMember, ServerGroupParent
from dsm_desktop.store.unit_of_work import UnitOfWork

LONGEST = 120
_BATCH = 500


def add_group(
    uow: UnitOfWork,
    who: Principal,
    name: str,
    *,
    parent_id: int | None = None,
    kind: str = "manual",
    query: str = "",
    source: str = "",
    server_ids: Sequence[int] = (),
) -> int:
    """Make a group, with servers in it; returns its id. `kind` manual | saved_filter | vcenter_cluster."""
    who.require(Permission.CONFIGURE, "make groups")
    group = ServerGroup(name=_name(name), kind=kind, filter=query.strip(), source=source)
    uow.session.add(group)
    uow.session.flush()
    if parent_id is not None:
        nest_group(uow, who, parent_id, group.id)
    audit.append(uow, who.name, "groups.add", name, **({"query": query} if query else {}))
    if server_ids:
        set_members(uow, who, group.id, add=server_ids)
    uow.changed("server_groups", "added", group.id)
    return group.id


def edit_group(
    uow: UnitOfWork, who: Principal, group_id: int, *, name: str | None = None, query: str | None = None
) -> None:
    """Another name, or another query for a smart group."""
    who.require(Permission.CONFIGURE, "change groups")
    group = _group(uow, group_id)
    changed: dict[str, str] = {}
    if name is not None and _name(name) != group.name:
        changed["name"], group.name = _name(name), _name(name)
    if query is not None and query.strip() != group.filter:
        if group.kind != "saved_filter":
            raise BadInput(f"'{group.name}' has no query.", hint="Make a smart group from it.")
        changed["query"], group.filter = query.strip(), query.strip()
    if changed:
        audit.append(uow, who.name, "groups.edit", group.name, **changed)
        uow.changed("server_groups", "changed", group_id)


def nest_group(uow: UnitOfWork, who: Principal, parent_id: int, child_id: int) -> None:
    """Put a group into another (it may stand in several); a circle is refused."""
    who.require(Permission.CONFIGURE, "nest groups")
    if parent_id in _descendants(uow, child_id) | {child_id}:
        raise BadInput("A group cannot stand inside itself.", hint="Choose a parent that is not below it.")
    uow.session.merge(ServerGroupParent(parent_id=parent_id, child_id=child_id))
    uow.changed("server_groups", "changed", parent_id, child_id)


def move_group(uow: UnitOfWork, who: Principal, group_id: int, parent_id: int | None) -> None:
    """Stand a group in this parent alone; None = at the top."""
    who.require(Permission.CONFIGURE, "nest groups")
    group = _group(uow, group_id)
    if parent_id is not None:
        nest_group(uow, who, parent_id, group_id)
    others = delete(ServerGroupParent).where(ServerGroupParent.child_id == group_id)
    if parent_id is not None:
        others = others.where(ServerGroupParent.parent_id != parent_id)
    uow.session.execute(others)
    into = _group(uow, parent_id).name if parent_id is not None else "the top"
    audit.append(uow, who.name, "groups.move", group.name, into=into)
    uow.changed("server_groups", "changed", group_id)


def set_members(
    uow: UnitOfWork, who: Principal, group_id: int, *, add: Sequence[int] = (), remove: Sequence[int] = ()
) -> None:
    """Put servers into a manual group or take them out."""
    who.require(Permission.CONFIGURE, "change groups")
    group = _group(uow, group_id)
    if group.kind != "manual":
        raise BadInput(f"'{group.name}' is filled by itself ({group.kind}).", hint="Use a manual group.")
    m = ServerGroupMember
    for start in range(0, len(add), _BATCH):
        ids = list(add[start : start + _BATCH])
        there = set(uow.session.scalars(select(Server.id).where(Server.id.in_(ids))))
        inside = set(
            uow.session.scalars(select(m.server_id).where(m.group_id == group_id, m.server_id.in_(ids)))
        )
        uow.session.add_all(m(group_id=group_id, server_id=i) for i in sorted(there - inside))
    for start in range(0, len(remove), _BATCH):
        ids = list(remove[start : start + _BATCH])
        uow.session.execute(delete(m).where(m.group_id == group_id, m.server_id.in_(ids)))
    audit.append(uow, who.name, "groups.members", group.name, added=len(add), removed=len(remove))
    uow.changed("server_groups", "changed", group_id)


def remove_group(uow: UnitOfWork, who: Principal, group_id: int) -> None:
    """Remove a group; its servers and the groups in it stay."""
    who.require(Permission.CONFIGURE, "remove groups")
    group = _group(uow, group_id)
    uow.session.delete(group)
    audit.append(uow, who.name, "groups.remove", group.name)
    uow.changed("server_groups", "removed", group_id)


def _name(name: str) -> str:
    clean = " ".join(name.split())[:LONGEST]
    if not clean:
        raise BadInput("A group needs a name.")
    return clean


def _group(uow: UnitOfWork, group_id: int) -> ServerGroup:
    group = uow.session.get(ServerGroup, group_id)
    if group is None:
        raise NotFound(f"There is no group {group_id}.", hint="It may have been removed.")
    return group


def _descendants(uow: UnitOfWork, group_id: int) -> set[int]:
    found: set[int] = set()
    edge = [group_id]
    while edge:
        edge = list(
            uow.session.scalars(
                select(ServerGroupParent.child_id).where(ServerGroupParent.parent_id.in_(edge))
            )
        )
        edge = [g for g in edge if g not in found]
        found.update(edge)
    return found
