"""Bring the iDRACs' own hardware inventories into a folder."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.exporting import FOLDER, exported
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.exports import export_hardware_inventory


class Schema(Worded):
    """How it is written; JSON since iDRAC9 6.00."""

    CIM_XML = "CIM-XML", "CIM-XML"
    SIMPLE = "Simple", "Simple"
    JSON = "JSON", "JSON"


class InventoryExportParams(Params):
    folder: str = Field(title="Folder", description=FOLDER, json_schema_extra={"widget": "folder"})
    schema_name: Schema = Field(Schema.CIM_XML, title="Form")


class FileResult(Result):
    file: str = Field(title="File")
    size: int = Field(title="Bytes")


@job(
    "hardware_inventory_export",
    label="Export hardware inventory…",
    title="Hardware inventory of {target}",
    menu="Support",
    requires=(idrac(9, "3.30"),),
)
async def hardware_inventory_export(ctx: JobContext, params: InventoryExportParams) -> FileResult:
    """Let each iDRAC write its hardware inventory in Dell's own form and bring it into a folder; no share is needed."""
    ending = "json" if params.schema_name is Schema.JSON else "xml"
    async with reported(ctx):
        bmc = ctx.redfish()
        file, size = await exported(
            ctx,
            params.folder,
            f"hardware inventory.{ending}",
            lambda: export_hardware_inventory(bmc, params.schema_name.value),
        )
    return FileResult(
        summary=f"{size:,} bytes." if file else "Nothing was sent (dry run).", file=file, size=size
    )
