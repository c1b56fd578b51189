"""What the tasks of a new job work on: servers, ESXi hosts, or nothing of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.jobs.declaration import JobType, Targets
from dsm_desktop.store.models import EsxiHost, Server
from dsm_desktop.store.unit_of_work import UnitOfWork

_CHUNK = 500
NOUNS = {Targets.SERVER: "servers", Targets.HOST: "hosts", Targets.NONE: "servers"}
# What names a server, and what a job type may require of it.
_ASKED = [
    getattr(Server, name)
    for name in ("id", "name", "host_name", "service_tag", "address", "generation", "idrac_version", "model",
                 "licence", "power_state", "facts_at")
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aim:
    """What one task works on."""

    name: str
    server_id: int | None = None
    host_id: int | None = None


def aims_of(uow: UnitOfWork, declared: JobType, target_ids: Sequence[int]) -> list[Aim]:
    """What each task works on, in the order asked for, each once."""
    wanted = list(dict.fromkeys(target_ids))
    if declared.targets is Targets.NONE:
        if wanted:
            raise BadInput(
                f"'{declared.label}' works on no single servers.", hint="Start it without a selection."
            )
        return [Aim("")]
    if not wanted:
        noun = NOUNS[declared.targets]
        raise BadInput(
            f"'{declared.label}' needs at least one {noun[:-1]}.", hint=f"Select the {noun} first."
        )
    return _hosts(uow, wanted) if declared.targets is Targets.HOST else _servers(uow, declared, wanted)


def _hosts(uow: UnitOfWork, wanted: Sequence[int]) -> list[Aim]:
    columns = (EsxiHost.id, EsxiHost.name, EsxiHost.server_id)
    found = {row.id: row for row in uow.session.execute(select(*columns).where(EsxiHost.id.in_(wanted)))}
    missing = [host_id for host_id in wanted if host_id not in found]
    if missing:
        raise NotFound(
            f"{len(missing)} of the hosts are not in the list any more (id {missing[0]}).",
            hint="Refresh the list.",
        )
    return [Aim(found[i].name, found[i].server_id, i) for i in wanted]


def _servers(uow: UnitOfWork, declared: JobType, wanted: Sequence[int]) -> list[Aim]:
    rows: list[Any] = []
    for at in range(0, len(wanted), _CHUNK):
        rows += uow.session.execute(select(*_ASKED).where(Server.id.in_(wanted[at : at + _CHUNK])))
    names: dict[int, str] = {r.id: r.name or r.host_name or r.service_tag or r.address for r in rows}
    found = declared.fit(rows)
    if found.others:
        raise BadInput(
            f"'{declared.label.rstrip('…')}' cannot be done on {len(found.others)} of {len(wanted)} servers. "
            + found.sentence,
            hint="Leave those out." if found.fitting else "Choose other servers.",
        )
    missing = [server_id for server_id in wanted if server_id not in names]
    if missing:
        shown = ", ".join(map(str, missing[:5]))
        raise NotFound(
            f"{len(missing)} of {len(wanted)} servers are not on the list any more (id {shown}), so nothing was started.",
            hint="Somebody has removed them; the audit log says who. Choose the others again.",
        )
    return [Aim(names[server_id], server_id) for server_id in wanted]
