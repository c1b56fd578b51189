"""What a field that means a record of the store can be: for lists to choose from, instead of numbers to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.configuration import profiles
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.queries.firmware_done import is_firmware
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.store.models import ServerGroup, Vcenter

NEWEST = 200
"""Jobs that are looked at for one to undo."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`value` for the field, `text` and the time `at` for people; `inside` = the vCenter (or host without one) it lies in, None: in none."""

    value: int | str
    text: str
    inside: int | None = None
    at: datetime | None = None


def _profiles(connection: Connection) -> list[Choice]:
    return [
        Choice(
            p.id, " · ".join(part for part in (p.name, p.model, "golden" * p.golden) if part), at=p.taken_at
        )
        for p in profiles(connection)
    ]


def _firmware_jobs(connection: Connection) -> list[Choice]:
    return [
        Choice(job.id, job.title, at=job.finished_at)
        for job in list_jobs(connection, limit=NEWEST)
        if is_firmware(job.kind) and job.state == JobState.COMPLETED and job.done and not job.dry_run
    ]


def _credentials(connection: Connection) -> list[Choice]:
    return [Choice(c.id, f"{c.name} ({c.username})") for c in credential_rows(connection)]


def _groups(connection: Connection) -> list[Choice]:
    rows = connection.execute(select(ServerGroup.id, ServerGroup.name).order_by(ServerGroup.name))
    return [Choice(row.id, row.name) for row in rows]


def _vcenters(connection: Connection) -> list[Choice]:
    rows = connection.execute(select(Vcenter.id, Vcenter.name, Vcenter.address).order_by(Vcenter.name))
    return [Choice(row.id, row.name or row.address) for row in rows]


def _places(connection: Connection) -> list[Choice]:
    """vCenters, and hosts that have none."""
    alone = [row for row in vsphere_view(connection).hosts if row.alone]
    return _vcenters(connection) + [Choice(row.vcenter_id, row.name) for row in alone]


def _clusters(connection: Connection) -> list[Choice]:
    return [Choice(c.moid, c.name, c.vcenter_id) for c in vsphere_view(connection).clusters]


def _datastores(connection: Connection) -> list[Choice]:
    return [Choice(d.moid, d.name, d.vcenter_id) for d in vsphere_view(connection).datastores if d.accessible]


SOURCES: Mapping[str, Callable[[Connection], list[Choice]]] = {
    "profile": _profiles,
    "firmware job": _firmware_jobs,
    "credential": _credentials,
    "group": _groups,
    "vcenter": _vcenters,
    "vcenter or host": _places,
    "cluster": _clusters,
    "datastore": _datastores,
}
"""Kind of record → what there is of it."""


def _store_names(connection: Connection) -> list[str]:
    return sorted({d.name for d in vsphere_view(connection).datastores if d.accessible})


def _depots(connection: Connection) -> list[str]:
    """Those that jobs were given, newest first."""
    given = (str(job.params.get("depot") or "") for job in list_jobs(connection, limit=NEWEST))
    return list(dict.fromkeys(filter(None, given)))


NAMES: Mapping[str, Callable[[Connection], list[str]]] = {"datastore name": _store_names, "depot": _depots}
"""Kind of name → those to choose from; another may be typed."""
