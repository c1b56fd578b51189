"""What an update of a host leaves when it is called off or fails: what is installed by then stays, and an image that waits is
started by the next restart, whoever makes it, so it is never left unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.vsphere import Connection
from dsm_desktop.jobs import JobContext
from dsm_desktop.workflows.maintenance import Seen, read_host


@dataclass
class Left:
    """`before`: the host as it was before the work; None: the work had not begun."""

    before: Seen | None = None


@asynccontextmanager
async def left_is_told(ctx: JobContext, firmware: Callable[[], list[str]] = list) -> AsyncIterator[Left]:
    """Around everything that empties the host and takes it back, because only then it is seen what a restart has brought. What stops
    the block says what is installed by then, `firmware` in words for its part, and how the host stands."""
    left = Left()
    try:
        yield left
    except DsmError as error:
        if not ctx.dry_run and (left.before or isinstance(error, Cancelled)):
            await ctx.run(partial(_tell, ctx, left.before, firmware, error))
        raise


def _tell(ctx: JobContext, before: Seen | None, firmware: Callable[[], list[str]], error: DsmError) -> None:
    done, rest = [], []
    try:
        done = firmware() if before else []
    except DsmError as unread:
        ctx.log(f"Which firmware {ctx.target.label} has now was not seen: {unread.message}", "warning")
    try:
        rest = _host_words(ctx, before, done, error)
    except DsmError as unread:
        ctx.log(f"How {ctx.target.label} stands now was not seen: {unread.message}", "warning")
    told = [f"Done by then: {'; '.join(done)}."] if done else []
    error.message = " ".join([error.message, *told, *rest])
    error.where = error.where or ctx.target.label


def _host_words(ctx: JobContext, before: Seen | None, done: list[str], error: DsmError) -> list[str]:
    host, label, said = read_host(ctx), ctx.target.label, []
    if host.connection is not Connection.CONNECTED:
        # What vCenter shows of its image is older than the restart it may be in.
        return [f"vCenter does not reach {label} now."] if isinstance(error, Cancelled) else []
    if before and host.build != before.build:
        done.append(f"ESXi {before.version} build {before.build} → {host.version} build {host.build}")
    elif before and host.reboot_required:
        said.append(f"The new ESXi is installed on {label} and starts with its next restart.")
        if not error.hint:
            error.hint = f"Restart {label} in maintenance mode when it suits, and look which build comes up."
    if not host.in_maintenance:
        said.append(f"{label} is in service.")
    elif before and before.in_maintenance:
        said.append(f"{label} is in maintenance mode, as it was before.")
    elif isinstance(error, Cancelled):
        said.append(f"{label} is in maintenance mode: see the restore list.")
    return said
