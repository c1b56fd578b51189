"""What an update of ESXi leaves on a host when it is called off: an image that is installed is started by the next restart, whoever
makes it, so it is never left unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.workflows.maintenance import read_host


@asynccontextmanager
async def installed_is_told(ctx: JobContext) -> AsyncIterator[None]:
    """A cancel in the block says whether the host now waits for a restart, as its vCenter tells (summary.rebootRequired)."""
    try:
        yield
    except Cancelled as error:
        if ctx.dry_run or not await ctx.run(partial(_waits, ctx)):
            raise
        label = ctx.target.label
        raise Cancelled(
            f"{error.message} The new ESXi is installed on {label} and starts with its next restart.",
            hint=f"Restart {label} in maintenance mode when it suits, and look which build comes up.",
            where=label,
        ) from error


def _waits(ctx: JobContext) -> bool:
    try:
        return read_host(ctx).reboot_required
    except DsmError as error:
        ctx.log(f"Whether {ctx.target.label} waits for a restart was not seen: {error.message}", "warning")
        return False
