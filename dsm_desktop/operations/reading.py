"""What all job types on one server share: a read that writes its failure on the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from dsm_desktop.commands.servers import note_problem
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import Access
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.links import ForeignLink
from dsm_desktop.net.logins import LoginHeld, LoginRefused
from dsm_desktop.net.tls import TlsFailed, TlsTooOld, Unreachable
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.errors import DeviceFault, PasswordChangeRequired, RedfishDisabled
from dsm_desktop.vault.resolve import NoCredential

_MEANS: tuple[tuple[tuple[type[DsmError], ...], Access], ...] = (
    ((LoginRefused, LoginHeld, NoCredential, PasswordChangeRequired), Access.NO_LOGIN),
    ((Unreachable, TlsTooOld), Access.UNREACHABLE),
    ((TlsFailed, ForeignLink), Access.UNTRUSTED),
    ((BadAnswer, RedfishDisabled, DeviceFault), Access.UNREACHABLE),
)


def access_after(error: DsmError) -> Access | None:
    """What an error says about how far we get with a server; None when it says nothing (a refused action, a slow answer)."""
    return next((access for classes, access in _MEANS if isinstance(error, classes)), None)


@asynccontextmanager
async def reported(ctx: JobContext) -> AsyncIterator[None]:
    """Around the work on a server: an error that means "no way in" is shown in the list of servers too."""
    try:
        yield
    except DsmError as error:
        access = access_after(error)
        if access is not None:
            await ctx.run(partial(_note, ctx, error, access))
        raise


async def read_server(
    ctx: JobContext, name: str, read: Callable[[RedfishClient], dict[str, Any]]
) -> dict[str, Any]:
    """One recorded step that reads the target and saves what it read; tried three times while the device is busy.

    `read` runs in a pool thread and returns the step's small JSON result.
    """

    def work() -> dict[str, Any]:
        return read(ctx.redfish())

    async with reported(ctx):
        return await ctx.step(name, work, attempts=3)


def _note(ctx: JobContext, error: DsmError, access: Access) -> None:
    with ctx.write() as uow:
        note_problem(uow, ctx.target.server_id, error, access)
