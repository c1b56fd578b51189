"""Which medium a job's parameters name, and what is written down of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.commands.library import note_use
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.media.server import MediaServer
from dsm_desktop.queries.library import ItemUnusable, address_of, find_item, image_file
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.virtual_media import Image, VirtualDrive, slots
from dsm_desktop.store.media import NewMount, SeenDrive, note_mount, save_drives
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workflows.virtual_media import Medium, MediumParams, address_for_log, offered, withdrawn


class NobodyServes(DsmError):
    """The program that would serve the file ends before the medium is ejected."""

    blame = Blame.USER


class Choice(BaseModel):
    """The medium as it was chosen when the job began: `file` of the library (with its item), or `address` of a share."""

    model_config = ConfigDict(frozen=True)
    name: str
    address: str = ""
    file: str = ""
    item_id: int | None = None


async def choose(ctx: JobContext, params: MediumParams, *, stays: bool) -> Choice:
    """What the parameters name, as a recorded step: a replay that only puts back must not fail because the file is gone.

    `stays` = it is mounted beyond the job's end. Raises NotFound, BadInput, ItemUnusable, NobodyServes.
    """
    choice = await ctx.step("choose medium", partial(_choice, ctx, params), returns=Choice)
    if stays and choice.file and not ctx.service(MediaServer).resident:
        raise NobodyServes(
            "This program ends with the command, and the server would lose its drive.",
            hint="Start the window or an agent first ('dsm-desktop agent'), or mount from a share.",
            where=ctx.target.label,
        )
    return choice


@asynccontextmanager
async def lent(ctx: JobContext, choice: Choice, params: MediumParams) -> AsyncIterator[Medium]:
    """The medium with the address the BMC is given, served while the block runs; withdrawn when the block fails."""
    medium = await ctx.run(partial(_medium, ctx, choice, params))
    try:
        yield medium
    except DsmError:
        if medium.file and not ctx.dry_run:
            await ctx.run(partial(withdrawn, ctx))
        raise


def _choice(ctx: JobContext, params: MediumParams) -> Choice:
    if params.image:
        address = params.image.strip()
        return Choice(name=address_for_log(address), address=address)
    host = ctx.service(MediaServer).host
    number = ctx.save(lambda uow: find_item(uow.session.connection(), params.item.strip()))
    if address := ctx.save(lambda uow: address_of(uow.session.connection(), number)):
        return Choice(name=address_for_log(address), address=address, item_id=number)
    item = ctx.save(lambda uow: image_file(uow.session.connection(), str(number), host))
    try:
        about = item.path.stat()
        same = (about.st_size, about.st_mtime_ns) == (item.size, item.modified_ns)
    except OSError:
        same = False
    if not same:
        raise ItemUnusable(
            f"{item.name} has changed or gone since the library was scanned.",
            hint="Scan the library.",
            where=str(item.path),
        )
    return Choice(name=item.name, file=str(item.path), item_id=item.id)


def _medium(ctx: JobContext, choice: Choice, params: MediumParams) -> Medium:
    if not choice.file:
        login = None
        if params.share_credential:
            found = ctx.service(CredentialResolver).with_credential(params.share_credential)
            login = (found.username, found.password.get_secret_value())
        return Medium(choice.name, Image(choice.address, login), item_id=choice.item_id)
    url = f"library:{choice.name}" if ctx.dry_run else offered(ctx, choice.file)
    return Medium(choice.name, Image(url), choice.file, choice.item_id)


def note_mounted(ctx: JobContext, medium: Medium, drive: VirtualDrive) -> None:
    """The mount is listed from now on, and served again after a restart of this program. May be repeated."""
    host = ctx.service(MediaServer).host if medium.file else ""
    mount = NewMount(
        drive=str(drive),
        image=medium.name if medium.file else medium.image.address,
        job_id=ctx.job_id,
        by=ctx.submitted_by,
        file=medium.file,
        host=host,
        item_id=medium.item_id,
    )

    def write(uow: UnitOfWork) -> None:
        note_mount(uow, ctx.target.server_id, mount)
        if medium.item_id is not None:
            note_use(uow, medium.item_id, ctx.target.server_id, ctx.job_id, "virtual media")

    ctx.save(write)


def note_drives(ctx: JobContext, bmc: RedfishClient) -> list[SeenDrive]:
    """Read every virtual drive and write down what is in it."""
    seen = [SeenDrive(str(s.drive), s.image or "(not told)" if s.inserted else "", s.via) for s in slots(bmc)]
    ctx.save(lambda uow: save_drives(uow, ctx.target.server_id, seen))
    return seen
