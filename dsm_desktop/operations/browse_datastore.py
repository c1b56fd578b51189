"""What lies on a datastore."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, Targets, job


class DatastoreParams(Params):
    vcenter_id: int = Field(
        title="vCenter",
        description="number of the vCenter; of a host without one the host's own number with a minus: -3",
        json_schema_extra={"widget": "record", "suggest": "vcenter or host"},
    )
    datastore: str = Field(
        min_length=1,
        title="Datastore",
        description="its id, like datastore-12",
        json_schema_extra={"widget": "record", "suggest": "datastore"},
    )


class BrowseDatastoreParams(DatastoreParams):
    path: str = Field("", title="Folder", description="from the datastore's root; empty: the root")


class DatastoreFile(Result):
    path: str = Field(title="Path")
    folder: bool = Field(title="Folder")
    size: int = Field(title="Bytes")
    modified: datetime | None = Field(None, title="Changed")


class BrowseDatastoreResult(Result):
    files: list[DatastoreFile] = Field(default_factory=list, title="Files")


MOST = 2_000


@job(
    "browse_datastore",
    label="Browse datastore",
    title="Browse {datastore}",
    targets=Targets.NONE,
    menu="vSphere",
)
async def browse_datastore(ctx: JobContext, params: BrowseDatastoreParams) -> BrowseDatastoreResult:
    """List the files and folders in one folder of a datastore. Nothing is changed."""
    found = await ctx.run(lambda: ctx.vcenter(params.vcenter_id).browse(params.datastore, params.path))
    files = [
        DatastoreFile(path=f.path, folder=f.folder, size=f.size, modified=f.modified) for f in found[:MOST]
    ]
    folders = sum(f.folder for f in found)
    words = f"{folders} folders, {len(found) - folders} files"
    if len(found) > MOST:
        words += f", the first {MOST} are listed"
    return BrowseDatastoreResult(summary=f"{words}.", files=files)
