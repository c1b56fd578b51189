"""Which server a host runs on, and the groups that follow a vCenter's clusters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select

from dsm_desktop.core.service_tags import tag_in_uuid
from dsm_desktop.core.vsphere import Cluster
from dsm_desktop.store.models import EsxiHost, Server, ServerGroup, ServerGroupMember
from dsm_desktop.store.rows import clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork

BY_HAND = "hand"
"""What a person said stays."""
GROUP = "vcenter_cluster"


class _Host(NamedTuple):
    """What a host shows of the server it runs on, and which one was found."""

    id: int
    link: str
    server_id: int | None
    service_tag: str
    uuid: str
    bmc_address: str


_Server = tuple[int, str | None, str, str]
"""(id, service tag, uuid, address)"""


def link_hosts(uow: UnitOfWork, vcenter_id: int | None) -> list[int]:
    """Find the server under each host: by service tag, by the tag or value of its uuid, by the BMC's address. Returns the
    hosts whose link changed. A name is never enough, nor is what several hosts show (the tag of a chassis); a server on which
    a person has put another host is left alone."""
    changed = []
    left = _hosts_to_link(uow, vcenter_id)
    found = _found(left, _free_servers(uow))
    for host in left:
        link, server_id = found.get(host.id, ("", None))
        if (host.link, host.server_id) != (link, server_id):
            row = uow.session.get_one(EsxiHost, host.id)
            row.link, row.server_id = link, server_id
            changed.append(host.id)
    uow.session.flush()
    if changed:
        uow.changed("esxi_hosts", "changed", *changed)
    return changed


def _hosts_to_link(uow: UnitOfWork, vcenter_id: int | None) -> list[_Host]:
    """All but those that a person has linked. Columns, not rows: a host's facts are long, and thousands are looked through
    whenever one server tells who it is."""
    h = EsxiHost
    shown = (h.service_tag, h.uuid, h.facts["bmc_address"].as_string())
    here = h.vcenter_id.is_(None) if vcenter_id is None else h.vcenter_id == vcenter_id
    rows = uow.session.execute(select(h.id, h.link, h.server_id, *shown).where(here, h.gone.is_(False)))
    hosts = (_Host(i, why, server, tag, uuid, str(bmc or "")) for i, why, server, tag, uuid, bmc in rows)
    return [host for host in hosts if host.link != BY_HAND or host.server_id is None]


def _free_servers(uow: UnitOfWork) -> list[_Server]:
    """The servers on which nobody has put a host by hand."""
    h = EsxiHost
    by_hand = select(h.server_id).where(h.link == BY_HAND, h.gone.is_(False), h.server_id.is_not(None))
    columns = (Server.id, Server.service_tag, Server.uuid, Server.address)
    rows = uow.session.execute(select(*columns).where(Server.id.not_in(by_hand)))
    return [(row.id, row.service_tag, row.uuid, row.address) for row in rows]


def _found(hosts: Sequence[_Host], servers: Sequence[_Server]) -> dict[int, tuple[str, int]]:
    """Host → (why, server): one way after the other, each only for the hosts and servers that are left."""
    by_tag = {tag: server_id for server_id, tag, _, _ in servers if tag}
    by_uuid: dict[str, list[int]] = defaultdict(list)
    by_address: dict[str, list[int]] = defaultdict(list)
    for server_id, _, uuid, address in servers:
        by_uuid[uuid.lower()].append(server_id)
        by_address[address].append(server_id)
    ways: tuple[tuple[str, Callable[[_Host], int | None]], ...] = (
        ("tag", lambda host: by_tag.get(host.service_tag)),
        ("uuid", lambda host: by_tag.get(tag_in_uuid(host.uuid)) or _only(by_uuid, host.uuid)),
        ("bmc", lambda host: _only(by_address, host.bmc_address)),
    )
    found: dict[int, tuple[str, int]] = {}
    free = {server_id for server_id, _, _, _ in servers}
    for why, look in ways:
        claims = {host.id: look(host) for host in hosts if host.id not in found}
        counts = Counter(claims.values())
        for host_id, claimed in claims.items():
            if claimed is not None and claimed in free and counts[claimed] == 1:
                found[host_id] = (why, claimed)
        free -= {server_id for _, server_id in found.values()}
    return found


def vcenters_waiting_for(connection: Connection, server_id: int) -> set[int | None]:
    """The vCenters (None: hosts without one) with a host that may run on this server, or was found to and may not any more.
    Only those need to be linked anew: on a first reading thousands of servers tell who they are, one after the other."""
    columns = (Server.service_tag, Server.uuid, Server.address)
    tag, uuid, address = connection.execute(select(*columns).where(Server.id == server_id)).one()
    known = {text.lower() for text in (tag, uuid, address) if text}
    h = EsxiHost
    candidates = or_(h.server_id.is_(None), h.server_id == server_id, h.service_tag == (tag or None))
    shown = (h.service_tag, h.uuid, h.facts["bmc_address"].as_string())
    rows = connection.execute(select(h.vcenter_id, h.server_id, *shown).where(candidates, h.gone.is_(False)))
    return {
        vcenter_id
        for vcenter_id, linked, *texts in rows
        if linked == server_id
        or known & {str(text or "").lower() for text in (*texts, tag_in_uuid(texts[1] or ""))}
    }


def unlinked(connection: Connection, vcenter_id: int) -> list[str]:
    """Names of the hosts of a vCenter for which no server was found."""
    h = EsxiHost
    query = select(h.name).where(h.vcenter_id == vcenter_id, h.gone.is_(False), h.server_id.is_(None))
    return list(connection.scalars(query.order_by(h.name)))


def _only(found: dict[str, list[int]], key: str) -> int | None:
    """The one server of a key; None where it is empty or several share it."""
    return found[key][0] if key and len(found.get(key, ())) == 1 else None


def follow_clusters(
    uow: UnitOfWork, vcenter_id: int, instance_uuid: str, clusters: Sequence[Cluster]
) -> None:
    """One group for each cluster with the servers its hosts run on; groups of clusters that are gone go too."""
    members: dict[str, set[int]] = defaultdict(set)
    columns = (EsxiHost.cluster, EsxiHost.server_id)
    linked = EsxiHost.server_id.is_not(None)
    here = EsxiHost.vcenter_id == vcenter_id
    for moid, server_id in uow.session.execute(
        select(*columns).where(here, EsxiHost.gone.is_(False), linked)
    ):
        members[moid].add(int(server_id or 0))
    start = f"{instance_uuid}:"
    groups = {
        group.source: group
        for group in uow.session.scalars(select(ServerGroup).where(ServerGroup.kind == GROUP))
        if group.source.startswith(start)
    }
    for cluster in clusters:
        source, name = start + cluster.moid, clean_text(cluster.name, 120)
        group = groups.pop(source, None)
        if group is None:
            group = ServerGroup(name=name, kind=GROUP, source=source)
            uow.session.add(group)
            uow.session.flush()
            uow.changed("server_groups", "added", group.id)
        elif group.name != name:
            group.name = name
            uow.changed("server_groups", "changed", group.id)
        _set_members(uow, group.id, members[cluster.moid])
    for group in groups.values():
        uow.session.delete(group)
        uow.changed("server_groups", "removed", group.id)
    uow.session.flush()


def _set_members(uow: UnitOfWork, group_id: int, wanted: set[int]) -> None:
    m = ServerGroupMember
    there = set(uow.session.scalars(select(m.server_id).where(m.group_id == group_id)))
    if there == wanted:
        return
    uow.session.add_all(m(group_id=group_id, server_id=i) for i in sorted(wanted - there))
    if gone := there - wanted:
        uow.session.execute(delete(m).where(m.group_id == group_id, m.server_id.in_(gone)))
    uow.session.flush()
    uow.changed("server_groups", "changed", group_id)
