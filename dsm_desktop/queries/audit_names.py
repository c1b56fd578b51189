"""Names of what audit entries hold by number: servers, hosts, vCenters, clusters and jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.queries.audit import AuditRow
from dsm_desktop.queries.newest import server_label
from dsm_desktop.store.models import EsxiHost, Job, Server, Vcenter, VsphereObject

_JOB = re.compile(r"job (\d+)")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class AuditNames:
    """By number; `things` by (vCenter, moid). What is gone from the store is in none of them."""

    servers: dict[int, str] = field(default_factory=dict)
    hosts: dict[int, str] = field(default_factory=dict)
    vcenters: dict[int, str] = field(default_factory=dict)
    things: dict[tuple[int, str], str] = field(default_factory=dict)
    jobs: dict[int, str] = field(default_factory=dict)


def audit_names(connection: Connection, rows: Sequence[AuditRow]) -> AuditNames:
    """For the entries of a page."""
    params = [row.detail.get("params") or {} for row in rows]
    servers = {i for row in rows for i in _ids(row.detail, "servers", "server")}
    hosts = {i for row in rows for i in _ids(row.detail, "host")} | {
        i for p in params for i in _ids(p, "hosts", "order")
    }
    places = {(p["vcenter_id"], p[key]) for p in params for key in ("cluster", "datastore") if _both(p, key)}
    jobs = {int(found[1]) for row in rows if (found := _JOB.match(row.subject))}
    moid = VsphereObject.moid.in_(sorted({moid for _, moid in places}))
    things = connection.execute(
        select(VsphereObject.vcenter_id, VsphereObject.moid, VsphereObject.name).where(moid)
    )
    return AuditNames(
        servers=_named(connection, Server.id, server_label(), servers),
        hosts=_named(connection, EsxiHost.id, EsxiHost.name, hosts),
        vcenters={
            row.id: row.name or row.address
            for row in connection.execute(select(Vcenter.id, Vcenter.name, Vcenter.address))
        },
        things={(vcenter, moid): name for vcenter, moid, name in things},
        jobs=_named(connection, Job.id, Job.title, jobs),
    )


def _both(params: dict[str, Any], key: str) -> bool:
    return isinstance(params.get("vcenter_id"), int) and bool(params.get(key))


def _ids(values: dict[str, Any], *keys: str) -> Iterable[int]:
    for key in keys:
        value = values.get(key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and not isinstance(one, bool):
                yield one


def _named(connection: Connection, key: Any, name: Any, ids: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _BATCH):
        query = select(key, name).where(key.in_(wanted[start : start + _BATCH]))
        found |= {number: str(said) for number, said in connection.execute(query)}
    return found
