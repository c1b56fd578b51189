"""Keep the licence files of iDRACs: a replaced board needs them again."""

from __future__ import annotations

import re
from functools import partial

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.certificate_request import file_stem, folder_named
from dsm_desktop.operations.exporting import FOLDER
from dsm_desktop.operations.license_read import licences
from dsm_desktop.operations.reading import read_server, reported
from dsm_desktop.redfish.licence_files import export_licence


class LicenseExportParams(Params):
    folder: str = Field(title="Folder", description=FOLDER, json_schema_extra={"widget": "folder"})


class LicenseExportResult(Result):
    files: list[str] = Field(title="Files")


@job(
    "license_export",
    label="Export licences…",
    title="Export the licences of {target}",
    menu="Licences",
    requires=(idrac(9, "3.30"),),
)
async def license_export(ctx: JobContext, params: LicenseExportParams) -> LicenseExportResult:
    """Write the licence files of each iDRAC into a folder, as "<service tag> <licence>.xml"."""
    await ctx.step("look at the folder", lambda: str(folder_named(params.folder)))
    held = (await read_server(ctx, "read licences", licences))["licences"]
    files = []
    async with reported(ctx):
        for one in held:
            files.append(
                await ctx.step(
                    "export", partial(_write, ctx, params.folder, one["id"]), key=one["id"], attempts=2
                )
            )
    return LicenseExportResult(summary=f"{len(files)} licences." if files else "No licence.", files=files)


def _write(ctx: JobContext, folder: str, ident: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", ident)
    file = folder_named(folder) / f"{file_stem(ctx)} {name}.xml"
    content = export_licence(ctx.redfish(), ident)
    partial_file = file.with_suffix(".part")
    partial_file.write_bytes(content)
    partial_file.replace(file)
    return str(file)
