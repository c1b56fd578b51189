"""Open servers' consoles in the operator's browser, signed in where the iDRAC makes a one-time sign-in."""

from __future__ import annotations

from functools import partial

from pydantic import Field, SecretStr

from dsm_desktop.commands.consoles import leave_ticket, ticket_waits, withdraw_tickets
from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, Params, Result, TimedOut, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.console import console_address
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault

FETCHED = 30.0
"""Seconds a window has to take an address; then it is withdrawn."""
LOADED = 12.0
"""Seconds a browser gets to load the console before its session may be closed as idle (about ten on an iDRAC9)."""


class NobodyCame(DsmError):
    """No window took the console's address; it was withdrawn."""

    blame = Blame.HERE


class ConsoleParams(Params):
    """Nothing to choose."""


class ConsoleResult(Result):
    signs_in: bool = Field(title="Signed in by itself")


@job("console_launch", label="Open console", title="Console of {target}", menu="Console")
async def console_launch(ctx: JobContext, params: ConsoleParams) -> ConsoleResult:
    """Open each server's console in your browser; iDRAC9 4.40 and newer sign in by themselves, older ones show their console page.

    The one-time address goes sealed to the window that asked, once, and is never recorded. Start it from the window.
    """
    async with (
        reported(ctx),
        ctx.always(
            "address",
            "a console's one-time address that nobody took is withdrawn",
            partial(_withdraw, ctx),
            original={},
        ),
    ):
        signs_in = await ctx.step(
            "make the address",
            partial(_leave, ctx),
            changing=True,
            interrupted=partial(_left, ctx),
            attempts=2,
            plan="POST DelliDRACCardService.GetKVMSession",
        )
        if ctx.dry_run:
            return ConsoleResult(summary="Nothing was sent (dry run).", signs_in=False)
        try:
            await ctx.wait_for("a window to take it", partial(_taken, ctx), every=0.5, timeout=FETCHED)
        except TimedOut as error:
            raise NobodyCame(
                "No window took the console's address; it was withdrawn.",
                hint="Start it in the window, with the vault unlocked.",
                where=ctx.target.label,
            ) from error
        if signs_in:
            await ctx.sleep(LOADED)
    said = "Opened, signed in." if signs_in else "Opened; sign in on the iDRAC's page."
    return ConsoleResult(summary=said, signs_in=signs_in)


def _leave(ctx: JobContext) -> bool:
    """Make the address and seal it in one go: it is in no step's result. Whether it signs in by itself."""
    username = ctx.service(CredentialResolver).for_server(ctx.target.server_id).username
    address, signs_in = console_address(ctx.redfish(), username)
    with ctx.write() as uow:
        leave_ticket(uow, ctx.service(Vault), ctx.job_id, ctx.target.server_id, SecretStr(address))
    return signs_in


def _left(ctx: JobContext) -> bool | None:
    with ctx.write() as uow:
        return True if ticket_waits(uow, ctx.job_id, ctx.target.server_id) else None


def _taken(ctx: JobContext) -> bool | None:
    with ctx.write() as uow:
        return None if ticket_waits(uow, ctx.job_id, ctx.target.server_id) else True


def _withdraw(ctx: JobContext) -> None:
    with ctx.write() as uow:
        withdraw_tickets(uow, ctx.job_id, ctx.target.server_id)
