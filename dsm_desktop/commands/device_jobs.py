"""What an iDRAC's job queue held when it was read last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from dsm_desktop.redfish.device_jobs import DeviceJob as Seen
from dsm_desktop.store.discovered import hold_server
from dsm_desktop.store.models import Base, DeviceJob, DeviceQueue
from dsm_desktop.store.rows import fit
from dsm_desktop.store.unit_of_work import UnitOfWork


def save_device_jobs(uow: UnitOfWork, server_id: int, jobs: Sequence[Seen], lc_status: str = "") -> None:
    """Replace what is known of a server's queue; a job that has not moved keeps the time it was first seen so.
    NotFound when the server was removed."""
    hold_server(uow, server_id)
    table = Base.metadata.tables["device_jobs"]
    columns = (DeviceJob.job_id, DeviceJob.state, DeviceJob.percent, DeviceJob.first_seen)
    known = {
        (job_id, state, percent): since
        for job_id, state, percent, since in uow.session.execute(
            select(*columns).where(DeviceJob.server_id == server_id)
        )
    }
    uow.session.execute(delete(DeviceJob).where(DeviceJob.server_id == server_id))
    rows = {
        job.id: fit(
            table,
            {
                "server_id": server_id,
                "job_id": job.id,
                "name": job.name,
                "kind": job.kind,
                "state": job.state,
                "percent": job.percent,
                "message": job.message,
                "message_id": job.message_id,
                "start_time": job.starts,
                "end_time": job.completed or job.ends,
                "first_seen": known.get((job.id, job.state, job.percent), uow.now),
                "seen_at": uow.now,
            },
        )
        for job in jobs
        if job.id
    }
    if rows:
        uow.session.execute(table.insert(), list(rows.values()))
    uow.session.merge(DeviceQueue(server_id=server_id, lc_status=lc_status[:120], seen_at=uow.now))
    uow.changed("device_jobs", "changed", server_id)
