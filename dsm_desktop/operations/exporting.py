"""What the job types share that bring a file from an iDRAC into a folder of this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.streams import FileDownload
from dsm_desktop.operations.certificate_request import file_stem, folder_named
from dsm_desktop.redfish.exports import fetch_file

MOST = 4 * 2**30
"""Bytes; the largest support collections seen have some hundred MB."""
EVERY = 10.0
FOLDER = "on the machine that runs the job"


async def exported(
    ctx: JobContext, folder: str, name: str, start: Callable[[], str], *, minutes: int = 30
) -> tuple[str, int]:
    """Let the device write a file and fetch it as "<service tag> <name>": (its path here, bytes); ("", 0) in a dry run."""
    await ctx.step("look at the folder", lambda: str(folder_named(folder)))
    path = await ctx.step(
        "start the export",
        start,
        changing=True,
        # The device keeps one export of a kind, made anew by each call: nothing is lost by asking again.
        interrupted=lambda: None,
        attempts=3,
        plan=f"POST DellLCService export of {name}",
    )
    if ctx.dry_run:
        return "", 0
    return await fetched(ctx, folder, name, path, minutes=minutes)


async def fetched(
    ctx: JobContext, folder: str, name: str, path: str, *, minutes: int = 30
) -> tuple[str, int]:
    """Stream a file of the device into the folder; it appears only when it is complete."""
    file = folder_named(folder) / f"{file_stem(ctx)} {name}"
    size = await ctx.wait_for(
        f"{name} to be ready",
        partial(_take, ctx, path, file),
        every=EVERY,
        timeout=minutes * 60,
        tolerate=(RetryLater,),
    )
    return str(file), size


def _take(ctx: JobContext, path: str, file: Path) -> int | None:
    def check() -> None:
        if ctx.stopping():
            raise Cancelled("Stopped while a file was being fetched.")

    def far(done: int, total: int) -> None:
        ctx.progress(done, total, f"{file.name}: {done / 1e6:.1f} MB")

    return fetch_file(ctx.redfish(), path, FileDownload(file, MOST, progress=far, check=check))
