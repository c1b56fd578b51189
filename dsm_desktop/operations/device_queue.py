"""What the job types on an iDRAC's own queue share: reading it into the store, waiting for its services, never disturbing firmware."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.core import device_queue
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.tls import Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.queries.device_jobs import device_job_rows
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.device_jobs import DeviceJob, device_jobs
from dsm_desktop.redfish.lifecycle import LifecycleStatus, lifecycle_status

SETTLE = 60.0
"""Seconds after a forced clear or a restart in which an iDRAC still tells its state of before."""
EVERY = 20.0
"""Seconds between two looks at services that restart."""
SERVICES_BACK = 900.0
"""Seconds after which an iDRAC that does not answer is given up."""
WRITES_AT_MOST = timedelta(hours=2)
"""After this a firmware job that was seen open is believed to have ended; the longest known, a whole repository, takes an hour and a
half."""
SILENT = (Unreachable, NoAnswer, BadAnswer)
"""How an iDRAC answers that hangs, restarts or writes its own firmware: not at all, or no Redfish."""


class FirmwareBeingWritten(DsmError):
    """A firmware job works on the device; nothing may be cleared or restarted now."""

    blame = Blame.PEER


class QueueNotCleared(DsmError):
    """The device said yes, and jobs are still in its queue."""

    blame = Blame.PEER


def look(ctx: JobContext, bmc: RedfishClient) -> dict[str, Any]:
    """Read queue and Lifecycle Controller, save them, and say in small JSON what stands there.

    {"jobs": n, "open": [{"id", "name", "kind", "state", "percent"}], "lc": "", "why": "" (ready) or what stands in the way}
    """
    status = lifecycle_status(bmc)
    jobs = device_jobs(bmc)

    with ctx.write() as uow:
        save_device_jobs(uow, ctx.target.server_id, jobs, in_words(status))
    return {
        "jobs": len(jobs),
        "ids": [job.id for job in jobs],
        "open": [_small(job) for job in jobs if not job.ended],
        "lc": in_words(status),
        "why": status.why if status is not None else "",
        "lc_state": status.lc if status is not None else "",
    }


def in_words(status: LifecycleStatus | None) -> str:
    """ "" where the firmware does not tell."""
    if status is None:
        return ""
    return "ready" if status.ready else status.why


def _small(job: DeviceJob) -> dict[str, Any]:
    return {"id": job.id, "name": job.name, "kind": job.kind, "state": job.state, "percent": job.percent}


def refuse_while_writing(ctx: JobContext, seen: dict[str, Any]) -> None:
    """Raise FirmwareBeingWritten when a firmware job works, or the Lifecycle Controller applies one during the boot."""
    writing = [j for j in seen["open"] if device_queue.writes_firmware(j["kind"], j["state"])]
    if not writing and "is applying a job" in seen["why"]:
        writing = [j for j in seen["open"] if j["kind"] in device_queue.WRITES_FIRMWARE]
    if writing:
        job = writing[0]
        far = f", {job['percent']} %" if job["percent"] is not None else ""
        raise FirmwareBeingWritten(
            f"{job['id']} ({job['name']}) writes firmware ({job['state']}{far}); nothing was changed",
            hint="Wait until it has ended. To interrupt it could leave the device without firmware.",
            where=ctx.target.label,
        )


def refuse_if_it_wrote(ctx: JobContext) -> None:
    """Raise FirmwareBeingWritten when the queue, as it was read last, had a firmware job that may write still. For an iDRAC that
    cannot show its queue now: one that writes its own firmware looks exactly like one that hangs."""
    with ctx.write() as uow:
        rows = device_job_rows(uow.session.connection(), [ctx.target.server_id])
    for row in rows:
        left = WRITES_AT_MOST - (ctx.now() - row.seen_at)
        if (
            row.kind in device_queue.WRITES_FIRMWARE
            and device_queue.is_open(row.state)
            and left > timedelta()
        ):
            minutes = int(left.total_seconds() // 60) + 1
            raise FirmwareBeingWritten(
                f"the queue cannot be read, and when it was read last {row.job_id} ({row.name}, {row.state}) had not ended: "
                "the iDRAC may be writing firmware; nothing was changed",
                hint=f"Leave it alone. Read its job queue in some minutes; if it still does not answer, try again in {minutes} minutes.",
                where=ctx.target.label,
            )


def blocking(seen: dict[str, Any]) -> str:
    """Which job blocks and how, in a sentence; "" when none does."""
    for job in seen["open"]:
        return f"{job['id']} ({job['name']}, {job['state']}) {device_queue.blocks(job['kind'], job['state'])}"
    return ""


async def services_answer(ctx: JobContext, what: str) -> None:
    """Wait until queue and Lifecycle Controller answer again and are ready."""
    bmc = ctx.redfish()

    def answers() -> bool | None:
        status = lifecycle_status(bmc)
        if status is not None and (status.lc != "Ready" or status.data not in ("Ready", "")):
            return None
        device_jobs(bmc)
        return True

    if ctx.dry_run:
        return
    await ctx.sleep(SETTLE)
    await ctx.wait_for(what, answers, every=EVERY, timeout=SERVICES_BACK, tolerate=(DsmError,))


async def read_queue(ctx: JobContext, key: str = "") -> dict[str, Any]:
    """`look` as a recorded step."""
    return await ctx.step("read the job queue", partial(look, ctx, ctx.redfish()), key=key, attempts=3)
