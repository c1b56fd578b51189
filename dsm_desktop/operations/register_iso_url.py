"""Put an image that lies on a server or share of the site on the library's list, without copying it here."""

from __future__ import annotations

from functools import partial

from pydantic import Field, field_validator

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.media.address import checked_address, file_name, look_at
from dsm_desktop.store.library import forget_address, save_address


class RegisterIsoUrlParams(Params):
    address: str = Field(
        min_length=1,
        max_length=1000,
        title="Address",
        description="http(s)://host/x.iso, nfs://host/share/x.iso or //host/share/x.iso",
    )
    remove: bool = Field(
        False, title="Take it off the list", description="what was mounted from it stays as it is"
    )

    @field_validator("address")
    @classmethod
    def _is_one(cls, text: str) -> str:
        try:
            return checked_address(text)
        except BadInput as error:
            raise ValueError(str(error)) from None


class RegisterIsoUrlResult(Result):
    name: str = Field(title="Name")
    size: int | None = Field(None, title="Bytes")
    item_id: int | None = Field(None, title="Number in the library")


@job(
    "register_iso_url",
    label="Register ISO address…",
    title="Register {address}",
    targets=Targets.NONE,
    menu="Library",
)
async def register_iso_url(ctx: JobContext, params: RegisterIsoUrlParams) -> RegisterIsoUrlResult:
    """List an image that stays on a web server or share of the site; servers mount it by its name as one of the library's.

    A web server is asked once for size and ranges, from this machine; shares are opened only by the iDRAC that mounts them.
    Nothing is copied, and the login of a share is chosen when it is mounted.
    """
    name = file_name(params.address)
    if params.remove:
        return await _forget(ctx, params.address, name)
    looked = await ctx.run(partial(look_at, params.address))
    if looked.problem:
        ctx.log(f"Not seen from this machine: {looked.problem}.", "warning")
    elif not looked.ranges:
        ctx.log("The server does not offer parts of the file; iDRACs read an image in parts.", "warning")
    number = None
    if not ctx.dry_run:
        keep = partial(ctx.save, lambda uow: save_address(uow, params.address, name, looked.size or 0))
        number = await ctx.run(keep)
    seen = "seen" if not looked.problem else f"not seen from this machine ({looked.problem})"
    return RegisterIsoUrlResult(
        summary=f"{name} is on the list, {seen}.", name=name, size=looked.size, item_id=number
    )


async def _forget(ctx: JobContext, address: str, name: str) -> RegisterIsoUrlResult:
    forget = partial(ctx.save, lambda uow: forget_address(uow, address))
    if not ctx.dry_run and not await ctx.run(forget):
        raise NotFound("This address is not on the list.", hint="See the library.", where=address)
    return RegisterIsoUrlResult(summary=f"{name} is off the list.", name=name)
