"""The hosts of a rolling update and what became of the jobs on them, for the job itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from dsm_desktop.core.states import JobState
from dsm_desktop.jobs.context import Target
from dsm_desktop.queries.firmware_done import installed, with_installed
from dsm_desktop.queries.waiting import holders
from dsm_desktop.store.models import (
    Decision,
    EsxiHost,
    Job,
    JobTask,
    Server,
    VsphereObject,
)

_LOOKED_AT = 200
"""So many of the latest updates of a model tell how long the next takes."""


@dataclass(frozen=True, slots=True)
class RollHost:
    """An ESXi host as a run needs it. `server_id` None = no known iDRAC."""

    id: int
    vcenter_id: int | None
    moid: str
    cluster: str
    name: str
    server_id: int | None


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """How the work on one host stands. `message` its progress, result or error in one sentence; `result` as the job type's."""

    host_id: int
    job_id: int
    task_id: int
    state: str
    message: str
    hint: str
    result: dict[str, Any] | None
    code: str = ""
    """Kind of its error."""
    begun: bool = True
    stays: str = ""
    """What work that ended before its time had installed by then."""
    waits: str = ""
    """Who has the server that it waits for, in words."""

    @property
    def ended(self) -> bool:
        return JobState(self.state).final


_HOST = (EsxiHost.id, EsxiHost.vcenter_id, EsxiHost.moid, EsxiHost.cluster, EsxiHost.name, EsxiHost.server_id)


def hosts_of_cluster(connection: Connection, vcenter_id: int, cluster: str) -> list[RollHost]:
    """By name; those that vCenter does not list any more are left out."""
    query = (
        select(*_HOST)
        .where(EsxiHost.vcenter_id == vcenter_id, EsxiHost.cluster == cluster, EsxiHost.gone.is_(False))
        .order_by(EsxiHost.name)
    )
    return [RollHost(*row) for row in connection.execute(query)]


def hosts_by_id(connection: Connection, ids: Sequence[int]) -> list[RollHost]:
    """In the order asked for; those that are not there are left out."""
    found = {row.id: RollHost(*row) for row in connection.execute(select(*_HOST).where(EsxiHost.id.in_(ids)))}
    return [found[i] for i in ids if i in found]


def outcomes(connection: Connection, job_ids: Sequence[int]) -> list[HostOutcome]:
    """The tasks of these jobs on hosts."""
    query = (
        select(
            JobTask.host_id,
            JobTask.target,
            JobTask.job_id,
            JobTask.id,
            JobTask.state,
            JobTask.message,
            JobTask.result,
            JobTask.error,
            JobTask.started_at,
        )
        .where(JobTask.job_id.in_(job_ids))
        .order_by(JobTask.id)
    )
    rows = connection.execute(query).all()
    stays = installed(connection, [row.id for row in rows if row.error and not row.result])
    held = holders(connection, job_ids)
    made = []
    for host, target, job, task, state, message, result, error, started in rows:
        said = (error or {}).get("message") or (result or {}).get("summary") or message
        if not said and state == JobState.CANCELLED and started is None:
            said = "Its job was called off before it had begun."
        where = str((error or {}).get("where") or "")
        if where and where not in said and where not in target:
            said = f"{where}: {said}"
        made.append(
            HostOutcome(
                host or 0,
                job,
                task,
                state,
                with_installed(str(said), stays.get(task, "")),
                str((error or {}).get("hint", "")),
                result,
                str((error or {}).get("code", "")),
                started is not None,
                stays.get(task, ""),
                held[task].words if task in held else "",
            )
        )
    return made


def idracs_of_hosts(connection: Connection, vcenter_id: int, moids: Sequence[str]) -> dict[str, Target]:
    """Host (moid) → the server it runs on, where one is linked."""
    query = (
        select(EsxiHost.moid, Server)
        .join(Server, Server.id == EsxiHost.server_id)
        .where(EsxiHost.vcenter_id == vcenter_id, EsxiHost.moid.in_(moids), EsxiHost.gone.is_(False))
    )
    found = {}
    with Session(connection) as session:
        for moid, row in session.execute(query):
            label = row.name or row.service_tag or row.address
            tag = row.service_tag or ""
            found[moid] = Target(row.id, label, row.address, row.port, tag, row.model, row.generation)
    return found


def minutes_measured(connection: Connection, model: str, restarts: int) -> list[float]:
    """What earlier updates of emptied hosts on servers of this model took, with as many restarts; the newest first."""
    query = (
        select(JobTask.started_at, JobTask.finished_at, JobTask.result)
        .join(Job, Job.id == JobTask.job_id)
        .join(Server, Server.id == JobTask.server_id)
        .where(
            Job.kind == "host_update",
            Job.dry_run.is_(False),
            JobTask.state == JobState.COMPLETED.value,
            Server.model == model,
        )
        .order_by(JobTask.id.desc())
        .limit(_LOOKED_AT)
    )
    return [
        (end - begin).total_seconds() / 60
        for begin, end, result in connection.execute(query)
        if begin and end and result and result.get("needed") and result.get("restarts") == restarts
    ]


def work_of(connection: Connection, parent: int) -> list[HostOutcome]:
    """How the tasks of all child jobs that change hosts stand, of those that somebody has tried again as well."""
    query = select(Job.id).where(Job.parent_id == parent, Job.kind == "host_update").order_by(Job.id)
    return outcomes(connection, list(connection.scalars(query)))


def who_answered(connection: Connection, task_id: int, key: str) -> str:
    """Who answered a question of a task: a person's name, or "deadline"."""
    query = select(Decision.answered_by).where(Decision.task_id == task_id, Decision.key == key)
    return connection.scalar(query) or ""


def clusters_known(connection: Connection) -> list[tuple[int, str, str]]:
    """(vCenter, moid, name) of every cluster, as vCenters showed them last, by name."""
    o = VsphereObject
    query = select(o.vcenter_id, o.moid, o.name).where(o.kind == "cluster").order_by(o.name)
    found = [(row.vcenter_id, row.moid, row.name) for row in connection.execute(query)]
    known = {(vcenter, moid) for vcenter, moid, _ in found}
    hosts = (
        select(EsxiHost.vcenter_id, EsxiHost.cluster)
        .where(EsxiHost.vcenter_id.is_not(None), EsxiHost.cluster != "", EsxiHost.gone.is_(False))
        .distinct()
    )
    # A cluster that hosts name and no copy has: its name is learned when it is read.
    found += [
        (vcenter, cluster, cluster)
        for vcenter, cluster in connection.execute(hosts)
        if vcenter is not None and (vcenter, cluster) not in known
    ]
    return found
