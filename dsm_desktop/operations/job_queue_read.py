"""Read the iDRACs' own job queues."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.device_queue import blocking, read_queue
from dsm_desktop.operations.reading import reported


class QueueReadParams(Params):
    """Nothing to choose."""


class QueueReadResult(Result):
    jobs: int = Field(title="Jobs")
    unfinished: int = Field(title="Not ended")
    blocking: str = Field(title="Blocks")
    lifecycle_controller: str = Field(title="Lifecycle Controller")


@job("job_queue_read", label="Read iDRAC jobs", title="iDRAC jobs of {target}", menu="iDRAC")
async def job_queue_read(ctx: JobContext, params: QueueReadParams) -> QueueReadResult:
    """Read the job queue and the state of the Lifecycle Controller of each iDRAC, and say which job blocks new work."""
    async with reported(ctx):
        seen = await read_queue(ctx)
    blocks, waiting = blocking(seen), len(seen["open"])
    said = blocks or (f"{seen['jobs']} jobs, none blocks" if seen["jobs"] else "the queue is empty")
    return QueueReadResult(
        summary=f"{said}.",
        jobs=seen["jobs"],
        unfinished=waiting,
        blocking=blocks,
        lifecycle_controller=seen["lc"],
    )
