"""Change BIOS settings, withdraw what waits, or go back to default."""

from __future__ import annotations

from pydantic import Field, model_validator

from dsm_desktop.configuration.assignments import AssignmentLines, for_server, parse_assignments
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Result, job
from dsm_desktop.operations.bios import BiosTimed, BiosWhen, timed_danger, timed_warning
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish import bios
from dsm_desktop.workflows.bios import change_bios
from dsm_desktop.workflows.bios_job import withdraw
from dsm_desktop.workflows.settings import Outcome, SettingResult


class BiosAction(Worded):
    WRITE = "change settings", "Change settings"
    WITHDRAW = "withdraw what waits", "Withdraw what waits"
    RESET = "reset to default", "Reset to default"


class BiosWriteParams(BiosTimed):
    action: BiosAction = Field(BiosAction.WRITE, title="Do")
    settings: AssignmentLines = Field(
        default_factory=list,
        max_length=5000,
        title="Settings",
        description="one a line: Name=Value, or TAG/Name=Value for one server",
    )
    skip_refused: bool = Field(False, title="Leave out what is refused", description="else nothing is sent")

    @model_validator(mode="after")
    def _complete(self) -> BiosWriteParams:
        if self.action is BiosAction.WRITE and not self.settings:
            raise ValueError("name at least one setting")
        if self.action is BiosAction.RESET and self.when is not BiosWhen.RESTART:
            raise ValueError("defaults are set at the next restart: choose 'next restart'")
        return self


class BiosWriteResult(Result):
    changed: int = Field(0, title="Changed and read back")
    waiting: int = Field(0, title="Waiting for a restart")
    refused: int = Field(0, title="Refused")
    settings: list[SettingResult] = Field(default_factory=list, title="Settings")


def danger_of(params: BiosWriteParams) -> Danger:
    """As the restart demands; going back to default is typed."""
    if params.action is BiosAction.RESET:
        return Danger.DESTRUCTIVE
    return Danger.NONE if params.action is BiosAction.WITHDRAW else timed_danger(params)


def warning(params: BiosWriteParams) -> str:
    """The confirmation's sentence."""
    if params.action is BiosAction.RESET:
        return "Every BIOS setting goes back to its default at the next restart; the server may not start as before."
    return "" if params.action is BiosAction.WITHDRAW else timed_warning(params)


@job(
    "bios_config_write",
    label="Change BIOS settings…",
    title="BIOS of {target}: {action}",
    menu="Configuration",
    exclusive=True,
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    confirm=warning,
)
async def bios_config_write(ctx: JobContext, params: BiosWriteParams) -> BiosWriteResult:
    """Change BIOS settings: every value is checked with the server's own registry and its dependencies before anything is sent,
    applied now, at the next restart or in a window, and read back afterwards. Also withdraws what waits, and resets to default.
    """
    async with reported(ctx):
        if params.action is BiosAction.WITHDRAW:
            count, jobs = await withdraw(ctx)
            if not count and not jobs:
                return BiosWriteResult(summary="Nothing was waiting.")
            with_job = f" and the job {jobs}" if jobs else ""
            return BiosWriteResult(summary=f"Withdrawn: {count} settings{with_job}.")
        if params.action is BiosAction.RESET:
            await _reset_to_default(ctx)
            return BiosWriteResult(
                summary="Defaults are set at the next restart." if not ctx.dry_run else "Dry run."
            )
        wanted = for_server(parse_assignments(params.settings), ctx.target.service_tag)
        if not wanted:
            return BiosWriteResult(summary="No setting is meant for this server.")
        lines = await change_bios(ctx, wanted, params.timing, skip_refused=params.skip_refused)
    return summed(lines, dry_run=ctx.dry_run)


async def _reset_to_default(ctx: JobContext) -> None:
    """Ask for all defaults at the next restart. Interrupted, the lifecycle log tells whether it was taken: a second request
    after a restart that came between would set back what has been chosen since."""
    bmc = ctx.redfish()
    mark = await ctx.step("note the lifecycle log", bmc.reset_mark, attempts=3)

    def send() -> bool:
        bios.reset_bios(bmc)
        return True

    await ctx.step(
        "reset BIOS to default",
        send,
        changing=True,
        interrupted=lambda: bmc.logged_since(mark, {bios.RESET_ASKED}) or None,
        plan="POST Bios.ResetBios",
    )


def summed(lines: list[SettingResult], *, dry_run: bool = False) -> BiosWriteResult:
    """The result of a change, with its sentence."""
    count = {o: sum(line.outcome is o for line in lines) for o in Outcome}
    parts = [
        f"{count[o]} {words}"
        for o, words in (
            (Outcome.APPLIED, "changed and read back"),
            (Outcome.WAITING, "waiting for the restart"),
            (Outcome.UNCHANGED, "already so"),
            (Outcome.REFUSED, "refused"),
        )
        if count[o]
    ]
    said = ", ".join(parts) or "nothing to do"
    return BiosWriteResult(
        summary=f"Dry run, nothing was sent: {said}." if dry_run else f"{said[:1].upper()}{said[1:]}.",
        changed=count[Outcome.APPLIED],
        waiting=count[Outcome.WAITING],
        refused=count[Outcome.REFUSED],
        settings=lines,
    )
