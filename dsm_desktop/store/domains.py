"""Racks and PDUs by server and by the ESXi host on it: for grouping servers by rack, and taking one of a rack or PDU at a time."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dsm_desktop.core.domains import Domain, Kind, pdu_names
from dsm_desktop.store.models import EsxiHost, Rack, RackPlace, Server


def rack_names(connection: Connection) -> dict[int, str]:
    """Room and name of the rack of every server that stands in one; by server id."""
    query = select(RackPlace.server_id, Rack.room, Rack.name).join(Rack, Rack.id == RackPlace.rack_id)
    return {i: f"{room} / {name}" if room else name for i, room, name in connection.execute(query)}


def domains_of_servers(connection: Connection) -> dict[int, frozenset[Domain]]:
    """Rack and PDUs of every server that has any; by server id. A PDU written in other capitals is the same one."""
    found = {i: {Domain(Kind.RACK, name)} for i, name in rack_names(connection).items()}
    spelling: dict[str, Domain] = {}
    written = select(Server.id, Server.pdus).where(Server.pdus != "").order_by(Server.id)
    for i, text in connection.execute(written):
        pdus = {spelling.setdefault(name.casefold(), Domain(Kind.PDU, name)) for name in pdu_names(text)}
        found.setdefault(i, set()).update(pdus)
    return {i: frozenset(domains) for i, domains in found.items()}


def domains_of_hosts(connection: Connection, vcenter_id: int) -> dict[str, frozenset[Domain]]:
    """The same of a vCenter's hosts, by moid, where a server is linked to the host."""
    by_server = domains_of_servers(connection)
    query = select(EsxiHost.moid, EsxiHost.server_id).where(
        EsxiHost.vcenter_id == vcenter_id, EsxiHost.gone.is_(False)
    )
    return {moid: by_server[server] for moid, server in connection.execute(query) if server in by_server}
