"""Support collections (TSR) of many servers into a folder, without a share and without the internet."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import JobContext, Paced, Result, idrac, job
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.operations.certificate_request import folder_named
from dsm_desktop.operations.exporting import EVERY, FOLDER, fetched
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.device_jobs import DeviceJob, device_job, device_jobs, task_path
from dsm_desktop.redfish.exports import accept_terms, collection_path, start_collection, terms_accepted


class TermsNotAccepted(DsmError):
    """SupportAssist's terms (EULA) were not accepted on this iDRAC, and the job was not told to accept them."""

    blame = Blame.USER


class CollectionFailed(DsmError):
    """The iDRAC's own job that collects has failed, or is gone."""

    blame = Blame.PEER


class Data(Worded):
    """What is collected."""

    HARDWARE = "hardware", "Hardware"
    OS = "operating system", "Operating system"
    TTY = "serial console", "Serial console"
    DEBUG = "debug logs", "Debug logs"
    TELEMETRY = "telemetry", "Telemetry"


_DELLS = {
    Data.HARDWARE: "HWData",
    Data.OS: "OSAppData",
    Data.TTY: "TTYLogs",
    Data.DEBUG: "DebugLogs",
    Data.TELEMETRY: "TelemetryReports",
}
"""DataSelectorArrayIn."""


class CollectionParams(Paced):
    folder: str = Field(title="Folder", description=FOLDER, json_schema_extra={"widget": "folder"})
    data: list[Data] = Field(
        default_factory=lambda: [Data.HARDWARE, Data.TTY, Data.DEBUG], title="Collect", min_length=1
    )
    mask: bool = Field(False, title="Leave names and addresses out")
    accept_terms: bool = Field(False, title="Accept SupportAssist's terms (EULA) where that is missing")
    minutes: int = Field(90, ge=5, le=600, title="Give up after", json_schema_extra={"unit": "minutes"})


class CollectionResult(Result):
    file: str = Field(title="File")
    size: int = Field(title="Bytes")


@job(
    "support_collection",
    label="Support collection (TSR)…",
    title="Support collection of {target}",
    menu="Support",
    exclusive=True,
    requires=(idrac(9, "3.30"),),
)
async def support_collection(ctx: JobContext, params: CollectionParams) -> CollectionResult:
    """Let each iDRAC make a support collection (TSR) and bring it into a folder of this machine, streamed; nothing goes to Dell.

    Takes some minutes per server. Data of the operating system need Dell's service module (iSM) in it.
    """
    async with reported(ctx):
        bmc = ctx.redfish()
        await ctx.step("look at the folder", lambda: str(folder_named(params.folder)))
        if not await ctx.step("look at the terms", partial(terms_accepted, bmc)):
            await _accept(ctx, params)
        known = await ctx.step("read the job queue", lambda: [j.id for j in device_jobs(bmc)], attempts=3)

        def begun() -> list[str] | None:
            new = (j for j in device_jobs(bmc) if j.id not in known and j.kind.startswith("SACollect"))
            return next(([j.id, task_path(bmc, j.id)] for j in new), None)

        started = await ctx.step(
            "start the collection",
            lambda: list(start_collection(bmc, [_DELLS[d] for d in params.data], mask=params.mask)),
            changing=True,
            interrupted=begun,
            plan=f"POST SupportAssistCollection {', '.join(params.data)}",
        )
        if ctx.dry_run:
            return CollectionResult(summary="Nothing was sent (dry run).", file="", size=0)
        job_id, task = started
        await _collected(ctx, job_id, params.minutes)
        path = await ctx.step("find the file", lambda: collection_path(bmc, task), attempts=3)
        name = f"support collection {ctx.started:%Y-%m-%d %H%M}.zip"
        file, size = await fetched(ctx, params.folder, name, path)
    return CollectionResult(summary=f"{size / 1e6:,.1f} MB.", file=file, size=size)


async def _accept(ctx: JobContext, params: CollectionParams) -> None:
    if not params.accept_terms:
        raise TermsNotAccepted(
            "SupportAssist's terms (EULA) are not accepted on this iDRAC",
            hint="Read them on its web page, then tick 'Accept', or accept them there.",
            where=ctx.target.label,
        )
    bmc = ctx.redfish()

    def accept() -> bool:
        accept_terms(bmc)
        return True

    await ctx.step(
        "accept the terms",
        accept,
        changing=True,
        interrupted=lambda: True if terms_accepted(bmc) else None,
        plan="POST SupportAssistAcceptEULA",
    )


async def _collected(ctx: JobContext, job_id: str, minutes: int) -> None:
    bmc = ctx.redfish()

    def ended() -> dict[str, str] | None:
        found: DeviceJob = device_job(bmc, job_id)
        ctx.progress(found.percent or 0, 100, found.message)
        return {"state": found.state, "message": found.message} if found.ended else None

    end = await ctx.wait_for(
        "the support collection", ended, every=EVERY, timeout=minutes * 60, tolerate=(RetryLater, NoAnswer)
    )
    if end["state"] not in ("Completed", "CompletedWithErrors"):
        raise CollectionFailed(
            f"{job_id} ended as {end['state']}: {end['message']}",
            hint="Look at the iDRAC's lifecycle log; data of the operating system need iSM.",
            where=ctx.target.label,
        )
    if end["state"] == "CompletedWithErrors":
        ctx.log(f"Not everything was collected: {end['message']}", "warning")
