"""Put an ISO of the library onto a datastore."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.commands.library import note_use
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs import JobContext, Result, Targets, job
from dsm_desktop.media.server import MediaServer
from dsm_desktop.operations.browse_datastore import DatastoreParams
from dsm_desktop.operations.datastore_hash import OtherContent
from dsm_desktop.queries.library import ItemUnusable, image_file
from dsm_desktop.queries.roll_hosts import HostOutcome, outcomes
from dsm_desktop.vmware.store_paths import clean_path
from dsm_desktop.workflows.maintenance import ATTEMPTS
from dsm_desktop.workflows.store_upload import NotWhole, Parcel, in_the_way, look, send

HASH_HOURS = 12.0


class IsoUploadParams(DatastoreParams):
    item: str = Field(
        min_length=1,
        title="From the library",
        description="file name, number or SHA-256",
        json_schema_extra={"suggest": "library:iso"},
    )
    folder: str = Field(
        "iso",
        title="Folder",
        description="on the datastore; made where it is not there. vSAN and vVol stores need one",
    )
    replace: bool = Field(
        False,
        title="Replace a file of that name",
        description="otherwise one of another size or content stops the job",
    )
    hash_on: int = Field(
        0,
        ge=0,
        title="Compare the content on host",
        description="number of an ESXi host that reaches the datastore and where SSH runs; 0: only the size is compared",
    )


class IsoUploadResult(Result):
    path: str = Field(title="Path")
    size: int = Field(title="Bytes")
    sha256: str = Field(title="SHA-256 of the file here")
    proof: str = Field(title="Proof")


class _Chosen(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    file: str
    size: int
    sha256: str
    item_id: int

    def to(self, params: IsoUploadParams) -> Parcel:
        path = "/".join(part for part in (clean_path(params.folder), self.name) if part)
        return Parcel(Path(self.file), self.size, self.sha256, params.datastore, path, params.vcenter_id)


@job(
    "iso_upload",
    label="Upload ISO…",
    title="Upload {item} to {datastore}",
    targets=Targets.NONE,
    menu="vSphere",
    exclusive=True,
    lock=lambda params: f"datastore:{params.vcenter_id}:{params.datastore}:{params.folder}/{params.item}",
)
async def iso_upload(ctx: JobContext, params: IsoUploadParams) -> IsoUploadResult:
    """Send an ISO of the library to a datastore through vCenter, and compare its size there.

    vCenter takes a file only from its beginning, and leaves half of it when the connection breaks. So it is sent under a name
    of its own and gets its real one when it is whole; a file that had the name is untouched until then. An upload that was
    cut starts over, one that is already there with the same size (and content, where that is compared) is left as it is.
    vCenter tells no checksum: the proof is the size, and the SHA-256 where a host with SSH is named.
    """
    chosen: _Chosen = await ctx.step("choose file", partial(_choose, ctx, params.item), returns=_Chosen)
    parcel = chosen.to(params)
    path = parcel.path
    there = await ctx.step("look at the datastore", partial(look, ctx, parcel), attempts=ATTEMPTS)
    content = await _hashed(ctx, params, path, chosen) if there == chosen.size else ""
    sent = there != chosen.size or content == DIFFERS
    if sent:
        if there is not None and not params.replace:
            raise in_the_way(parcel, "with other content" if content else f"with {there} bytes")
        await send(ctx, parcel, replace=params.replace)
        if not ctx.dry_run:
            content = await _hashed(ctx, params, path, chosen)
    if ctx.dry_run:
        return IsoUploadResult(summary="Nothing was sent.", path=path, size=0, sha256="", proof="")
    if content == DIFFERS:
        raise NotWhole(
            "the file on the datastore has the right size and another content",
            hint="Run the job again with 'replace'; look at the store's and the network's health.",
            where=path,
        )
    await ctx.run(partial(_note, ctx, chosen.item_id))
    was = "is there now" if sent else "was there already"
    proof = "its size and SHA-256 are" if content == SAME else f"its size is as here; {content}"
    return IsoUploadResult(
        summary=f"{chosen.name} {was}, {chosen.size / 1e6:.0f} MB; {proof}{' as here' if content == SAME else ''}.",
        path=path,
        size=chosen.size,
        sha256=chosen.sha256,
        proof="sha256" if content == SAME else "size",
    )


SAME, DIFFERS = "same", "differs"


async def _hashed(ctx: JobContext, params: IsoUploadParams, path: str, chosen: _Chosen) -> str:
    """SAME, DIFFERS, or in words why the content was not compared: by a job of its own on the host that was named."""
    if not params.hash_on or ctx.dry_run:
        return "its content was not compared"
    name = await ctx.run(lambda: ctx.vcenter(params.vcenter_id).store(params.datastore).name)
    asked = {"datastore": name, "path": path, "item": chosen.sha256}
    child = await ctx.spawn("datastore_hash", asked, [params.hash_on])
    ctx.log(f"The content is compared by job {child}.")
    (end,) = await ctx.wait_for(
        "the host to have hashed the file",
        partial(_ended, ctx, child),
        every=1.0,
        timeout=HASH_HOURS * 3600,
        returns=list[HostOutcome],
    )
    if end.state == JobState.COMPLETED:
        return SAME
    if end.code == OtherContent.__name__:
        return DIFFERS
    return f"its content was not compared: {end.message.rstrip('.')}"


def _ended(ctx: JobContext, child: int) -> list[HostOutcome] | None:
    with ctx.write() as uow:
        found = outcomes(uow.session.connection(), [child])
    return found if found and all(o.ended for o in found) else None


def _choose(ctx: JobContext, item: str) -> _Chosen:
    host = ctx.service(MediaServer).host
    found = ctx.save(lambda uow: image_file(uow.session.connection(), item.strip(), host))
    try:
        about = found.path.stat()
        same = (about.st_size, about.st_mtime_ns) == (found.size, found.modified_ns)
    except OSError:
        same = False
    if not same:
        raise ItemUnusable(
            f"{found.name} has changed or gone since the library was scanned.",
            hint="Scan the library.",
            where=str(found.path),
        )
    return _Chosen(
        name=found.name, file=str(found.path), size=found.size, sha256=found.sha256, item_id=found.id
    )


def _note(ctx: JobContext, item_id: int) -> None:
    ctx.save(lambda uow: note_use(uow, item_id, None, ctx.job_id, "iso_upload"))
