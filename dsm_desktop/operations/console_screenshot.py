"""Pictures of servers' screens, for the wall and one by one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dsm_desktop.commands.consoles import save_screenshot
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, Paced, Result, idrac, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.errors import Conflict, RedfishError
from dsm_desktop.redfish.exports import NO_SCREEN, screenshot


class NoPicture(DsmError):
    """There is nothing to be seen: the server is off, or shows no picture its iDRAC could take."""

    blame = Blame.PEER


class ScreenshotParams(Paced):
    """Only the pace."""


class ScreenshotResult(Result):
    size: int = Field(title="Bytes")


@job(
    "console_screenshot",
    label="Take screenshot",
    title="Screenshot of {target}",
    menu="Console",
    requires=(idrac(9, "3.30"),),
)
async def console_screenshot(ctx: JobContext, params: ScreenshotParams) -> ScreenshotResult:
    """Take a picture of each server's screen; the newest one is kept and shown on the wall (Fleet, Screens)."""

    def take(bmc: RedfishClient) -> dict[str, Any]:
        try:
            picture = screenshot(bmc)
        except RedfishError as error:
            if NO_SCREEN & set(error.ids):
                raise NoPicture(error.message, hint="Is the server on?", where=ctx.target.label) from error
            if "LC098" in error.ids:
                raise Conflict(error.message, ids=error.ids, where=ctx.target.label) from error
            raise
        with ctx.write() as uow:
            save_screenshot(uow, ctx.target.server_id, picture)
        return {"size": len(picture)}

    found = await read_server(ctx, "take a picture", take)
    return ScreenshotResult(summary=f"{found['size'] / 1000:.0f} kB.", size=found["size"])
