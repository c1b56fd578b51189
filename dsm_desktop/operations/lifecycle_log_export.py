"""Bring whole lifecycle logs into a folder."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.exporting import FOLDER, exported
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.exports import export_lifecycle_log


class LogExportParams(Params):
    folder: str = Field(title="Folder", description=FOLDER, json_schema_extra={"widget": "folder"})


class FileResult(Result):
    file: str = Field(title="File")
    size: int = Field(title="Bytes")


@job(
    "lifecycle_log_export",
    label="Export lifecycle log…",
    title="Lifecycle log of {target}",
    menu="Support",
    requires=(idrac(9, "3.30"),),
)
async def lifecycle_log_export(ctx: JobContext, params: LogExportParams) -> FileResult:
    """Let each iDRAC write its whole lifecycle log and bring it into a folder as XML; no share is needed."""
    async with reported(ctx):
        bmc = ctx.redfish()
        file, size = await exported(
            ctx, params.folder, "lifecycle log.xml", lambda: export_lifecycle_log(bmc)
        )
    return FileResult(
        summary=f"{size:,} bytes." if file else "Nothing was sent (dry run).", file=file, size=size
    )
