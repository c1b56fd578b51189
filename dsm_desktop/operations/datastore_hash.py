"""Is a file on a datastore, byte for byte, the one of the library?"""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.net.ssh import SshUnreachable
from dsm_desktop.queries.library import image_file
from dsm_desktop.vmware.store_paths import clean_path


class DatastoreHashParams(Params):
    datastore: str = Field(
        min_length=1,
        title="Datastore",
        description="its name, as the host sees it",
        json_schema_extra={"suggest": "datastore name"},
    )
    path: str = Field(min_length=1, title="File", description="from the datastore's root, like iso/a.iso")
    item: str = Field(
        "",
        title="Compare with",
        description="of the library: file name, number or SHA-256; empty: only say the SHA-256",
        json_schema_extra={"suggest": "library:iso"},
    )


class DatastoreHashResult(Result):
    sha256: str = Field(title="SHA-256 on the datastore")
    same: bool | None = Field(title="The same as in the library")


class OtherContent(DsmError):
    """The file on the datastore is another than the one it was compared with."""

    blame = Blame.PEER


@job(
    "datastore_hash",
    label="Check a file on a host…",
    title="Hash {path} on {target}",
    targets=Targets.HOST,
    menu="vSphere",
)
async def datastore_hash(ctx: JobContext, params: DatastoreHashParams) -> DatastoreHashResult:
    """Let an ESXi host take the SHA-256 of a file on a datastore, and compare it with a file of the library. SSH must be running
    on the host; it is not started for this. Nothing is changed.
    """
    wanted = await ctx.run(partial(_wanted, ctx, params.item)) if params.item else ""
    if "/" in params.datastore or params.datastore in (".", ".."):
        raise BadInput(f"'{params.datastore}' is no name of a datastore.", hint="Give its name alone.")
    path = f"/vmfs/volumes/{params.datastore}/{clean_path(params.path)}"
    try:
        found = await ctx.run(lambda: ctx.esxi().sha256(path))
    except SshUnreachable as error:
        raise SshUnreachable(
            f"{ctx.target.label} does not answer by SSH, so it cannot read the file: {error.message}.",
            hint="Start SSH on the host in vCenter (Configure › Services), then start this again; stop it afterwards.",
            where=ctx.target.label,
            detail=error.where,
        ) from error
    if wanted and found != wanted:
        raise OtherContent(
            f"its SHA-256 is {found[:16]}…, the library's is {wanted[:16]}…",
            hint="Upload it again.",
            where=path,
            detail=f"there {found}\nhere {wanted}",
        )
    said = "is the file of the library" if wanted else f"has the SHA-256 {found}"
    return DatastoreHashResult(summary=f"{path} {said}.", sha256=found, same=True if wanted else None)


def _wanted(ctx: JobContext, item: str) -> str:
    host = ctx.service(MediaServer).host
    sha256: str = ctx.save(lambda uow: image_file(uow.session.connection(), item.strip(), host)).sha256
    return sha256
