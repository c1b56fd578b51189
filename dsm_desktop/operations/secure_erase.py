"""Erase drives so that nothing on them can be read again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from pydantic import Field

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import Danger, JobContext, Option, Params, Question, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.storage_change import changed, chosen_drives, look, refuse_in_use
from dsm_desktop.redfish.raid import Drive, erase_drive

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


class EraseResult(Result):
    erased: list[str] = Field(title="Erased")


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
        answer = await ctx.decide(
            Question(
                key="erase",
                question=f"Erase for ever, on {ctx.target.label} ({ctx.target.service_tag}): {named}?",
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
        for drive in drives:
            await _erase(ctx, params, drive)
    if ctx.dry_run:
        return EraseResult(summary="Nothing was sent (dry run).", erased=[])
    return EraseResult(summary=f"{len(drives)} drives were erased.", erased=[d.serial for d in drives])


async def _erase(ctx: JobContext, params: EraseParams, drive: Drive) -> None:
    """One drive after the other. What was erased shows nowhere but in the iDRAC's own job: it must have ended well."""

    def send() -> str:
        """Looked at once more: the answer took a while and other drives took hours, and a bay may hold another drive now."""
        (now,) = _plan(ctx, params.model_copy(update={"drives": [drive.serial or drive.id]}))
        if (now.id, now.serial) != (drive.id, drive.serial):
            raise BadInput(
                f"{drive.name or drive.id} ({drive.serial}) is not where it was; it was not erased.",
                hint="Look at the tab Hardware, then start again for what is left.",
                where=ctx.target.label,
            )
        return erase_drive(ctx.redfish(), now)

    await changed(
        ctx,
        "erase a drive",
        send,
        plan=f"POST {drive.erase}",
        shown=None,
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
    return drives
