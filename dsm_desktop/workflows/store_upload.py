"""A file of this machine put onto a datastore: sent under a name of its own, and given its real one when it is whole.

vCenter and ESXi write an upload where it will lie, from its beginning only: what stood there is gone with the first byte, and
an upload that breaks leaves half a file. So nothing half ever has the real name, and a file that has it stays untouched until
its successor is there whole. After a kill the next runner goes by the size: whole, and it only needs its name; half, and it is
sent from the beginning. What is left under the name of its own is on the restore list.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dsm_desktop.core.errors import Blame, Cancelled, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.vmware.errors import Uncertain, VcenterFault
from dsm_desktop.workflows.maintenance import ATTEMPTS, NotYet, change, lasting

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient

SPARE = 64 * 2**20
"""Bytes that stay free: a datastore that is full to the last byte stops the VMs on it."""
_LOOK_SECONDS = 2.0


class NoRoom(DsmError):
    """The datastore has too little free space for the file."""

    blame = Blame.PEER


class InTheWay(DsmError):
    """Another file of that name lies there."""

    blame = Blame.USER


class NotWhole(DsmError):
    """The file on the datastore has another size than the one that was sent."""

    blame = Blame.PEER
    retryable = True


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes where: `size` bytes with the SHA-256 `sha256`, to `path` on the datastore `store` (moid). `vcenter` as of
    `JobContext.vcenter`."""

    file: Path
    size: int
    sha256: str
    store: str
    path: str
    vcenter: int | None = None

    def client(self, ctx: JobContext) -> VcenterClient:
        return ctx.vcenter(self.vcenter)

    def part(self, ctx: JobContext) -> str:
        """Where it lies until it is whole: of this content and this task, so nobody else's work is taken for it."""
        return f"{self.path}.{self.sha256[:8]}-{ctx.task_id}.part"

    def lies_at(self, ctx: JobContext, path: str) -> bool:
        """By its size; a part that is being written has less."""
        return self.client(ctx).file_size(self.store, path) == self.size


def look(ctx: JobContext, parcel: Parcel) -> int | None:
    """Bytes of what has the name already, None for nothing; in a pool thread. Raises BadInput where no file can lie there."""
    client = parcel.client(ctx)
    client.refuse_root(parcel.store, parcel.path)
    return client.file_size(parcel.store, parcel.path)


async def send(ctx: JobContext, parcel: Parcel, *, replace: bool, key: str = "") -> None:
    """Put it there; what has the name already is replaced only on demand. `key` tells uploads of one body apart. Raises NoRoom
    before anything is sent where there is too little, and when the store fills on the way; InTheWay; NotWhole."""
    part = parcel.part(ctx)
    await ctx.step("look for room", partial(_refuse_full, ctx, parcel), key=key, attempts=ATTEMPTS)
    async with ctx.always(
        "half-sent file",
        f"Remove what was sent of {parcel.file.name} ({part})",
        lasting(partial(_remove, ctx, parcel, part), _LOOK_SECONDS),
        original={"datastore": parcel.store, "path": part},
        key=key,
    ):
        await ctx.step(
            "upload",
            partial(_send, ctx, parcel, part),
            key=key,
            changing=True,
            interrupted=lambda: "sent" if parcel.lies_at(ctx, part) else None,
            attempts=ATTEMPTS,
            plan=f"PUT /folder/{part} ({parcel.size} bytes)",
        )
        await change(
            ctx,
            "give it its name",
            partial(_name, ctx, parcel, part, replace),
            key=key,
            taken=partial(_named, ctx, parcel, part),
            plan=f"MoveDatastoreFile_Task {part} to {parcel.path}",
        )
        if not ctx.dry_run:
            await ctx.step("compare the size", partial(_prove, ctx, parcel), key=key, attempts=ATTEMPTS)


def _refuse_full(ctx: JobContext, parcel: Parcel) -> None:
    store = parcel.client(ctx).store(parcel.store)
    if store.free < parcel.size + SPARE:
        raise _no_room(parcel, store.name, store.free)


def _no_room(parcel: Parcel, store: str, free: int) -> NoRoom:
    needed = parcel.size + SPARE
    told = f"The datastore {store} has no room for {parcel.file.name}: {free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB are needed."
    if free >= needed:
        told = (
            f"The datastore {store} was full before all of {parcel.file.name} ({parcel.size / 1e6:.0f} MB) had arrived, though "
            f"vCenter shows {free / 1e6:.0f} MB free: that is old, or there is a limit behind it (array, quota)."
        )
    return NoRoom(
        told,
        hint="Free space there, or choose another datastore; then start again.",
        where=f"[{store}] {parcel.path}",
    )


def _send(ctx: JobContext, parcel: Parcel, part: str) -> str:
    if parcel.lies_at(ctx, part):
        return "was there"
    client = parcel.client(ctx)
    if folder := parcel.path.rpartition("/")[0]:
        client.make_directory(parcel.store, folder)
    try:
        client.upload(parcel.store, part, _source(ctx, parcel))
    except (Uncertain, VcenterFault) as error:
        # The answer may be lost, or tell nothing of a full store: the file itself and the room that is left say more.
        if parcel.lies_at(ctx, part):
            return "sent"
        store = client.store(parcel.store)
        if getattr(error, "fault", "") == "NoDiskSpace" or store.free < SPARE:
            raise _no_room(parcel, store.name, store.free) from error
        if isinstance(error, VcenterFault):
            raise
        raise NotWhole(
            "The connection broke before the whole file had left.",
            hint="It is sent again from the beginning.",
            where=f"[{store.name}] {part}",
            detail=error.detail,
        ) from error
    return "sent"


def _source(ctx: JobContext, parcel: Parcel) -> PlainUpload:
    began = time.monotonic()

    def check() -> None:
        if ctx.stopping():
            raise Cancelled("Stopped while the file was being sent; what has arrived of it is removed.")

    def far(done: int, total: int) -> None:
        speed = done / 1e6 / max(0.1, time.monotonic() - began)
        ctx.progress(
            done, total, f"{parcel.file.name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB, {speed:.0f} MB/s"
        )

    return PlainUpload(parcel.file, progress=far, check=check, commit=ctx.still_ours)


def _name(ctx: JobContext, parcel: Parcel, part: str, replace: bool) -> str:
    if done := _named(ctx, parcel, part):
        return done
    try:
        parcel.client(ctx).move_file(parcel.store, part, parcel.path, replace=replace)
    except VcenterFault as fault:
        if fault.fault != "FileAlreadyExists":
            raise
        # Another job with the same file was quicker; what was sent here is removed at the end.
        if not parcel.lies_at(ctx, parcel.path):
            raise in_the_way(parcel, "which came there meanwhile") from fault
    return "named"


def _named(ctx: JobContext, parcel: Parcel, part: str) -> str | None:
    gone = parcel.client(ctx).file_size(parcel.store, part) is None
    return "named" if gone and parcel.lies_at(ctx, parcel.path) else None


def in_the_way(parcel: Parcel, what: str) -> InTheWay:
    return InTheWay(
        f"A file of that name {what} lies there.",
        hint="Look whose it is; then remove it or let it be replaced, choose another folder, or rename the file here.",
        where=parcel.path,
    )


def _prove(ctx: JobContext, parcel: Parcel) -> int:
    there = parcel.client(ctx).file_size(parcel.store, parcel.path)
    if there != parcel.size:
        raise NotWhole(
            f"{'Nothing' if there is None else f'{there} bytes'} of {parcel.size} bytes arrived.",
            hint="Run the job again; it is sent from the beginning.",
            where=parcel.path,
        )
    return there


def _remove(ctx: JobContext, parcel: Parcel, part: str) -> None:
    """The host goes on writing for a moment what has reached it; until then the file is locked."""
    client = parcel.client(ctx)
    if client.file_size(parcel.store, part) is None:
        return
    try:
        client.delete_file(parcel.store, part)
    except VcenterFault as fault:
        if fault.fault != "FileLocked":
            raise
        raise NotYet(fault.message, every=_LOOK_SECONDS, hint=fault.hint, where=part) from fault
