"""Erase drives so that nothing on them can be read again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from pydantic import Field

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import Danger, JobContext, Option, Params, Question, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import apply_time, changed, needs_restart, taken_out
from dsm_desktop.operations.storage_choice import chosen_drives, look, refuse_in_use
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.redfish.raid import IMMEDIATE, ON_RESET, Drive, erase_drive, refuses_time

WITHIN = timedelta(minutes=15)
"""How long the second confirmation is waited for; nobody answering means no."""


class NotConfirmed(DsmError):
    """The second confirmation was not given. Nothing was erased."""

    blame = Blame.USER


class EraseParams(Params):
    service_tag: str = Field(
        title="Service tag", description="typed once more: of the very server", min_length=5
    )
    drives: list[str] = Field(
        title="Drives", min_length=1, description="serial numbers or identifiers, one a line"
    )
    at_restart: bool = Field(
        False, title="At the next restart of the server", description="PCIe SSDs and BOSS cards need it"
    )


class EraseResult(Result):
    erased: list[str] = Field(title="Erased")
    waiting: list[str] = Field(default_factory=list, title="Waits for a restart")


@job(
    "secure_erase",
    label="Erase drives…",
    title="Erase drives of {target}",
    menu="Storage",
    needs=Permission.CONFIGURE,
    danger=Danger.DESTRUCTIVE,
    exclusive=True,
    requires=(idrac(9, "3.30"),),
    confirm=lambda _: "What is on the drives cannot be read again by anybody. A second question follows.",
)
async def secure_erase(ctx: JobContext, params: EraseParams) -> EraseResult:
    """Erase named drives of one server for ever: the service tag is typed, and a second question is asked before the first drive.

    Only drives that can (self-encrypting, PCIe SSD), outside any volume, and not known to hold a vSAN or VMFS datastore.
    """
    async with reported(ctx):
        if params.service_tag.strip().upper() != ctx.target.service_tag.upper():
            raise BadInput(
                f"The typed service tag is not that of {ctx.target.label}.",
                hint="Choose this one server alone and type its tag.",
                where=ctx.target.label,
            )
        drives = await ctx.step("look at the drives", partial(_plan, ctx, params), returns=list[Drive])
        named = ", ".join(f"{d.name or d.id} ({d.serial})" for d in drives)
        later = " at the next restart" if params.at_restart else ""
        answer = await ctx.decide(
            Question(
                key="erase",
                question=f"Erase for ever{later}, on {ctx.target.label} ({ctx.target.service_tag}): {named}?",
                options=[
                    Option(value="no", title="Do not erase"),
                    Option(value="erase", title="Erase", help="Cannot be undone.", danger=True),
                ],
                default="no",
                within=WITHIN,
            )
        )
        if answer != "erase" and not ctx.dry_run:
            raise NotConfirmed(
                "Nothing was erased.", hint="Start it again if it was meant.", where=ctx.target.label
            )
        return await _all(ctx, params, drives)


async def _all(ctx: JobContext, params: EraseParams, drives: list[Drive]) -> EraseResult:
    """Those that wait for the restart wait all together, or none: one that is refused takes the others out again."""
    if params.at_restart:
        jobs: list[str] = []
        async with taken_out(ctx, jobs, key="all drives"):
            for drive in drives:
                jobs.append(await _erase(ctx, params, drive))
            waiting, jobs[:] = ", ".join(jobs), []
    else:
        for drive in drives:
            await _erase(ctx, params, drive)
    serials = [d.serial for d in drives]
    if ctx.dry_run:
        return EraseResult(summary="Nothing was sent (dry run).", erased=[])
    if params.at_restart:
        said = f"{len(drives)} drives are erased when the server restarts ({waiting})."
        return EraseResult(summary=said, erased=[], waiting=serials)
    return EraseResult(summary=f"{len(drives)} drives were erased.", erased=serials)


async def _erase(ctx: JobContext, params: EraseParams, drive: Drive) -> str:
    """One drive after the other; returns its job. What was erased shows nowhere but in the iDRAC's own job: it must have
    ended well, or waits for the restart if that was asked for."""

    def send() -> str:
        """Looked at once more: the answer took a while and other drives took hours, and a bay may hold another drive now."""
        (now,) = _plan(ctx, params.model_copy(update={"drives": [drive.serial or drive.id]}))
        if (now.id, now.serial) != (drive.id, drive.serial):
            raise BadInput(
                f"{drive.name or drive.id} ({drive.serial}) is not where it was; it was not erased.",
                hint="Look at the tab Hardware, then start again for what is left.",
                where=ctx.target.label,
            )
        try:
            return erase_drive(ctx.redfish(), now, ON_RESET if params.at_restart else IMMEDIATE)
        except RedfishError as error:
            if params.at_restart or not refuses_time(error):
                raise
            raise needs_restart(
                ctx, f"{now.name or now.id} is erased only while the server restarts"
            ) from error

    return await changed(
        ctx,
        "erase a drive",
        send,
        plan=f"POST {drive.erase}",
        about=drive.id,
        shown=None,
        wait=not params.at_restart,
        key=drive.serial or drive.id,
    )


def _plan(ctx: JobContext, params: EraseParams) -> list[Drive]:
    found = look(ctx)
    drives = chosen_drives(ctx, found, params.drives)
    refuse_in_use(ctx, drives, found)
    for drive in drives:
        if not drive.erase:
            raise BadInput(
                f"{drive.name or drive.id} ({drive.serial}) cannot be erased by the iDRAC.",
                hint="It encrypts nothing itself; overwrite it from an operating system.",
                where=ctx.target.label,
            )
        apply_time(ctx, drive.erase_times, at_restart=params.at_restart)
    return drives
