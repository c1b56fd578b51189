"""Where a host finds the depot of an ESXi update: on a datastore, at a URL, served from this machine, or uploaded first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.core.vsphere import Datastore
from dsm_desktop.jobs import JobContext
from dsm_desktop.media.server import MediaServer
from dsm_desktop.vmware.store_paths import clean_path
from dsm_desktop.workflows.maintenance import ATTEMPTS, read_picture, target_host
from dsm_desktop.workflows.store_upload import Parcel, in_the_way, look, send

FOLDER = "depots"
_IN_STORE = re.compile(r"\A\[(?P<store>[^\]]+)\]\s*(?P<path>.+)\Z")


class DepotDiffers(DsmError):
    """What lies on the datastore is not the file that was sent."""

    blame = Blame.PEER


class DepotAt(BaseModel):
    """Where it is. `depot` a path (/vmfs/volumes/…, "[store] path") or URL as the host sees it; or `file`, an offline bundle on
    this machine, served over HTTP while the job runs, or with `store` (a datastore's name) uploaded there and left there."""

    model_config = ConfigDict(frozen=True)
    depot: str = ""
    file: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class Depot:
    """As the host sees it; `sha256` where its content must be compared, "" else."""

    path: str
    sha256: str = ""


@asynccontextmanager
async def depot_for(ctx: JobContext, at: DepotAt) -> AsyncIterator[Depot]:
    """What `-d` is given, valid within the block. Raises BadInput, NotServable, NoRoom, InTheWay."""
    if not at.file:
        yield Depot(as_path(at.depot))
    elif at.store:
        yield await put_depot(ctx, at, stores=lambda: read_picture(ctx).datastores, owner=ctx.target.label)
    elif ctx.dry_run:
        yield Depot(f"http://this-machine/{Path(at.file).name}")
    else:
        url = await ctx.run(partial(_offer, ctx, at.file))
        try:
            yield Depot(url)
        finally:
            await ctx.run(partial(_withdraw, ctx))


def as_path(depot: str) -> str:
    """ "[store] a/b.zip" → "/vmfs/volumes/store/a/b.zip"; paths and URLs stay. Raises BadInput for what a host cannot find."""
    found = _IN_STORE.match(depot.strip())
    if found:
        return f"/vmfs/volumes/{found['store']}/{clean_path(found['path'])}"
    if depot.strip().startswith(("/vmfs/volumes/", "http://", "https://")):
        return depot.strip()
    raise BadInput(
        f"'{depot}' is no place a host finds a depot at.",
        hint="Write /vmfs/volumes/STORE/folder/bundle.zip, [STORE] folder/bundle.zip, or a URL.",
    )


def _offer(ctx: JobContext, file: str) -> str:
    """Plain HTTP: the host has no reason to believe this machine's certificate, and the bundle is signed itself."""
    host, media = target_host(ctx), ctx.service(MediaServer)
    address = host.address or host.name
    return media.offer(file, job_id=ctx.job_id, addresses=[address], secure=False).url


def _withdraw(ctx: JobContext) -> None:
    host = target_host(ctx)
    ctx.service(MediaServer).withdraw(ctx.job_id, [host.address or host.name])


async def put_depot(
    ctx: JobContext,
    at: DepotAt,
    *,
    stores: Callable[[], Sequence[Datastore]],
    owner: str,
    vcenter: int | None = None,
    key: str = "",
) -> Depot:
    """Upload the file to the store, once: where one of that size is there already, nothing is sent. `stores` are those of
    `owner` (a host's or cluster's name), `vcenter` as of `JobContext.vcenter`. Raises BadInput, NoRoom, InTheWay."""
    file = Path(at.file)
    size = await ctx.step("measure the depot", partial(_size, file), key=key)
    sha256 = await ctx.step("checksum of the depot", partial(sha256_of, at.file), key=key)
    store = await ctx.step(
        "find datastore",
        partial(_store, stores, at.store, owner),
        key=key,
        returns=_Store,
        attempts=ATTEMPTS,
    )
    parcel = Parcel(file, size, sha256, store.moid, f"{FOLDER}/{file.name}", vcenter)
    there = await ctx.step(
        "look at the datastore", partial(look, ctx, parcel), key=key, returns=int | None, attempts=ATTEMPTS
    )
    if there is None:
        await send(ctx, parcel, replace=False, key=key)
    elif there != size:
        raise in_the_way(parcel, f"with {there} bytes instead of {size}")
    return Depot(f"/vmfs/volumes/{store.name}/{parcel.path}", sha256)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise BadInput(
            f"The bundle cannot be read: {error.strerror or error}.",
            hint="Give its whole path.",
            where=str(file),
        ) from error


class _Store(BaseModel):
    model_config = ConfigDict(frozen=True)
    moid: str
    name: str


def _store(stores: Callable[[], Sequence[Datastore]], name: str, owner: str) -> _Store:
    known = stores()
    found = next((d for d in known if name in (d.name, d.moid)), None)
    if found is None:
        raise BadInput(
            f"{owner} has no datastore '{name}'.",
            hint=f"It has {', '.join(d.name for d in known) or 'none'}.",
            where=owner,
        )
    return _Store(moid=found.moid, name=found.name)


def sha256_of(file: str) -> str:
    """Of a file on this machine, lower-case hex; in a pool thread."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


async def compare_depot(ctx: JobContext, depot: str, sha256: str, *, key: str) -> None:
    """The host reads the very file that was sent. SSH is on. Raises DepotDiffers."""

    def compare() -> bool:
        theirs = ctx.esxi().sha256(depot)
        if sha256 != theirs:
            raise DepotDiffers(
                f"{depot} is not the file that was sent.",
                hint="Remove it from the datastore and start again.",
                where=ctx.target.label,
                detail=f"here {sha256}\nthere {theirs}",
            )
        return True

    await ctx.step("compare the depot", compare, key=key, attempts=3)
