"""What peers are believed by: the fingerprint on file of a vCenter, a host, its SSH key or an iDRAC, found by what a call met."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.store.models import Decision, EsxiHost, Job, JobTask, Server, Vcenter


class Pinned(enum.StrEnum):
    """Whose fingerprint it is; HOST = the certificate of an ESXi host without vCenter."""

    VCENTER = "vcenter"
    HOST = "host"
    SSH = "ssh"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Peer:
    """A row with a pin. `name` is what an operator calls it, `where` host and port."""

    kind: Pinned
    id: int
    name: str
    where: str


_PINS: dict[Pinned, Any] = {
    Pinned.VCENTER: Vcenter.fingerprint,
    Pinned.HOST: EsxiHost.fingerprint,
    Pinned.SSH: EsxiHost.ssh_key,
    Pinned.SERVER: Server.fingerprint,
}


def peer_by_certificate(connection: Connection, where: str) -> Peer | None:
    """Whose certificate is pinned for this address (an `Endpoint` in words: "host", "host:port")."""
    host, port = _host_and_port(where)
    tables: tuple[tuple[Pinned, Any], ...] = (
        (Pinned.VCENTER, select(Vcenter.id, Vcenter.name).where(*_at(Vcenter, host, port))),
        (
            Pinned.HOST,
            select(EsxiHost.id, EsxiHost.name).where(
                *_at(EsxiHost, host, port), EsxiHost.vcenter_id.is_(None)
            ),
        ),
        (Pinned.SERVER, select(Server.id, Server.name).where(*_at(Server, host, port))),
    )
    for kind, query in tables:
        row = connection.execute(query).first()
        if row is not None:
            return Peer(kind, row.id, row.name, where)
    return None


def _at(table: Any, host: str, port: int) -> tuple[Any, ...]:
    return table.address == host, table.port == port, table.fingerprint != ""


def _host_and_port(where: str) -> tuple[str, int]:
    host, colon, port = where.rpartition(":")
    if not colon or where.endswith("]"):
        host, port = where, "443"
    return host.strip("[]"), int(port)


def peer_by_ssh_key(connection: Connection, host_id: int, where: str) -> Peer | None:
    """An ESXi host as it is spoken to over SSH."""
    name = connection.scalar(select(EsxiHost.name).where(EsxiHost.id == host_id))
    return Peer(Pinned.SSH, host_id, name, where) if name is not None else None


def pin_of(connection: Connection, peer: Peer) -> str | None:
    """The fingerprint on file by now; None where the row is gone."""
    column = _PINS[peer.kind]
    pin: str | None = connection.scalar(select(column).where(column.class_.id == peer.id))
    return pin


def asked_elsewhere(connection: Connection, task_id: int, key_begins: str) -> int | None:
    """The job that has a question open whose key begins so; not this task's."""
    query = (
        select(JobTask.job_id)
        .join(Decision, Decision.task_id == JobTask.id)
        .where(
            Decision.answer.is_(None),
            Decision.task_id != task_id,
            Decision.key.startswith(key_begins, autoescape=True),
        )
        .order_by(Decision.id)
        .limit(1)
    )
    return connection.scalar(query)


def refused_in_the_work(connection: Connection, task_id: int, key_begins: str, answer: str) -> bool:
    """Whether a question whose key begins so was answered with `answer` in another task of the same work (a run and its hosts)."""
    work = func.coalesce(Job.parent_id, Job.id)
    own = select(work).join(JobTask, JobTask.job_id == Job.id).where(JobTask.id == task_id)
    query = (
        select(Decision.id)
        .join(JobTask, JobTask.id == Decision.task_id)
        .join(Job, Job.id == JobTask.job_id)
        .where(
            work == own.scalar_subquery(),
            Decision.task_id != task_id,
            Decision.answer == answer,
            Decision.key.startswith(key_begins, autoescape=True),
        )
        .limit(1)
    )
    return connection.scalar(query) is not None
