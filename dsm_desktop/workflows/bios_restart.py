"""The restart (a RID job) that an iDRAC makes with a BIOS job: told apart from those of others, and taken out with its job."""

from __future__ import annotations

from collections.abc import Collection

from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.redfish.device_jobs import delete_job, device_jobs
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.workflows.bios_reading import AWAY, EVERY

_LISTED = 60.0
"""Seconds in which an iDRAC lists the restart it has made with a job."""


async def its_restarts(ctx: JobContext, job_id: str) -> list[str]:
    """The restart that the iDRAC has made with a BIOS job, which some list late: none of anybody stood when the job was made, and
    it was looked at once after."""

    def shown() -> list[str] | None:
        jobs = device_jobs(ctx.redfish())
        open_ = [j.id for j in jobs if j.is_reboot and not j.ended]
        waits = any(j.id == job_id and j.scheduled for j in jobs)
        return None if waits and not open_ else open_

    try:
        return await ctx.wait_for(
            f"the restart made with {job_id}", shown, every=EVERY, timeout=_LISTED, tolerate=AWAY
        )
    except TimedOut:
        return []


def stop_restarts(ctx: JobContext, own: Collection[str]) -> str:
    """Take them out; the one that cannot be taken out any more, "" when there is none. Blocking."""
    bmc = ctx.redfish()
    for restart in [j for j in device_jobs(bmc) if j.id in own and not j.ended]:
        try:
            delete_job(bmc, restart.id)
        except RedfishError:  # JCP015: it runs
            return restart.id
    return ""
