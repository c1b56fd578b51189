"""Hosts without a server, and servers that carry no host: the two sides of what is not linked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.queries.newest import server_label
from dsm_desktop.store.models import EsxiHost, Server


@dataclass(frozen=True, slots=True)
class LooseHost:
    """A host whose server is not known."""

    id: int
    name: str
    address: str
    service_tag: str


@dataclass(frozen=True, slots=True)
class LooseServer:
    """A server that no host is said to run on; many run something else. `host_name` as its iDRAC knows it."""

    id: int
    label: str
    service_tag: str
    model: str
    host_name: str


def loose_hosts(connection: Connection) -> list[LooseHost]:
    """By name."""
    h = EsxiHost
    query = select(h.id, h.name, h.address, h.service_tag).where(h.server_id.is_(None), h.gone.is_(False))
    return [LooseHost(*row) for row in connection.execute(query.order_by(h.name))]


def loose_servers(connection: Connection) -> list[LooseServer]:
    """By what they are called."""
    s, label = Server, server_label()
    taken = select(EsxiHost.server_id).where(EsxiHost.server_id.is_not(None), EsxiHost.gone.is_(False))
    query = select(s.id, label, s.service_tag, s.model, s.host_name).where(s.id.not_in(taken))
    return [
        LooseServer(row[0], row[1] or "", row[2] or "", row[3] or "", row[4] or "")
        for row in connection.execute(query.order_by(label))
    ]
