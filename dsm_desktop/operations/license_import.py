"""Put licence files onto iDRACs: to each the one that names its service tag."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import Field

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.certificate_request import folder_named
from dsm_desktop.operations.exporting import FOLDER
from dsm_desktop.operations.license_read import licences
from dsm_desktop.operations.reading import read_server, reported
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.redfish.licence_files import import_licence

MOST = 1_000_000
"""Bytes; licence files have some kilobytes."""


class NoLicenceFile(DsmError):
    """No file in the folder names this server's service tag."""

    blame = Blame.USER


class NotInstalled(DsmError):
    """The iDRAC took the file, and its list of licences is the same as before."""

    blame = Blame.PEER


class LicenseImportParams(Params):
    folder: str = Field(title="Folder", description=FOLDER, json_schema_extra={"widget": "folder"})


class LicenseImportResult(Result):
    file: str = Field(title="File")
    licences: list[str] = Field(title="Licences now")


@job(
    "license_import",
    label="Import licences…",
    title="Import the licence of {target}",
    menu="Licences",
    needs=Permission.CONFIGURE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
)
async def license_import(ctx: JobContext, params: LicenseImportParams) -> LicenseImportResult:
    """Give each iDRAC the licence file from the folder that names its service tag; its list of licences is read back.

    A file for another server is never sent. One that is already installed is a result, not an error.
    """
    async with reported(ctx):
        file = await ctx.step("find the file", partial(_find, ctx, params.folder))
        before = await read_server(ctx, "read licences", licences)
        known = {one["id"] for one in before["licences"]}
        bmc = ctx.redfish()

        def send() -> str:
            try:
                import_licence(bmc, Path(file).read_bytes())
            except RedfishError as error:
                if "LIC018" in error.ids:
                    return "already"
                raise
            return "taken"

        def there() -> str | None:
            return "taken" if {one["id"] for one in licences(bmc)["licences"]} - known else None

        how = await ctx.step(
            "import the licence",
            send,
            changing=True,
            interrupted=there,
            plan=f"POST DellLicenseManagementService.ImportLicense {Path(file).name}",
        )
        if ctx.dry_run:
            return LicenseImportResult(summary="Nothing was sent (dry run).", file=file, licences=[])
        after = (await ctx.step("read licences again", lambda: licences(bmc), attempts=3))["licences"]
    names = [one["name"] for one in after]
    if how == "already":
        return LicenseImportResult(summary="It was there already.", file=file, licences=names)
    if after == before["licences"]:
        raise NotInstalled(
            "the iDRAC took the file, and its licences are the same as before",
            hint="Look at its licence page; the file may hold what is installed already.",
            where=ctx.target.label,
        )
    return LicenseImportResult(summary="; ".join(names), file=file, licences=names)


def _find(ctx: JobContext, folder: str) -> str:
    """The newest file that names the service tag; the tag stands in every licence Dell binds to a server."""
    tag = ctx.target.service_tag
    if not tag:
        raise BadInput(
            f"The service tag of {ctx.target.label} is not known.", hint="Read its inventory.", where=folder
        )
    here = folder_named(folder)
    fitting = [
        f
        for f in here.iterdir()
        if f.is_file() and f.stat().st_size <= MOST and tag.upper().encode() in f.read_bytes().upper()
    ]
    if not fitting:
        raise NoLicenceFile(
            f"no file in {here} names the service tag {tag}",
            hint="Put the licence file that was bought for this server there.",
            where=ctx.target.label,
        )
    return str(max(fitting, key=lambda f: f.stat().st_mtime))
