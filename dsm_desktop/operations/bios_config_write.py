"""Change BIOS settings, withdraw what waits, or go back to default."""

from __future__ import annotations

import enum
from datetime import datetime

from pydantic import Field, field_validator, model_validator

from dsm_desktop.configuration.assignments import for_server, parse_assignments
from dsm_desktop.core.errors import BadInput
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.device_jobs import RebootKind
from dsm_desktop.workflows.bios import Timing, When, change_bios, reset_to_default, withdraw
from dsm_desktop.workflows.settings import Outcome, SettingResult


class BiosAction(enum.StrEnum):
    WRITE = "change settings"
    WITHDRAW = "withdraw what waits"
    RESET = "reset to default"


class BiosWhen(enum.StrEnum):
    NOW = "now"
    RESTART = "next restart"
    WINDOW = "window"
    STAGE = "stage only"


class BiosReboot(enum.StrEnum):
    """How a server is restarted that must be."""

    GRACEFUL = "graceful"
    GRACEFUL_THEN_FORCED = "graceful, then forced"
    POWER_CYCLE = "power cycle"


_REBOOTS = {
    BiosReboot.GRACEFUL: RebootKind.GRACEFUL,
    BiosReboot.GRACEFUL_THEN_FORCED: RebootKind.GRACEFUL_THEN_FORCED,
    BiosReboot.POWER_CYCLE: RebootKind.POWER_CYCLE,
}


class BiosWriteParams(Paced):
    action: BiosAction = Field(BiosAction.WRITE, title="Do")
    settings: list[str] = Field(
        default_factory=list,
        max_length=5000,
        title="Settings",
        description="one a line: Name=Value, or TAG/Name=Value for one server",
    )
    when: BiosWhen = Field(BiosWhen.NOW, title="When", description="now restarts the servers")
    reboot: BiosReboot = Field(BiosReboot.GRACEFUL, title="Restart")
    window_start: datetime | None = Field(
        None, title="Window begins", description="with its UTC offset, only for 'window'"
    )
    window_minutes: int = Field(60, ge=6, le=1440, title="Window", json_schema_extra={"unit": "minutes"})
    minutes: int = Field(60, ge=5, le=240, title="Give up after", json_schema_extra={"unit": "minutes"})
    skip_refused: bool = Field(False, title="Leave out what is refused", description="else nothing is sent")

    @field_validator("settings")
    @classmethod
    def _readable(cls, lines: list[str]) -> list[str]:
        try:
            parse_assignments(lines)
        except BadInput as error:
            raise ValueError(f"{error.message} {error.hint}") from None
        return lines

    @model_validator(mode="after")
    def _complete(self) -> BiosWriteParams:
        if self.action is BiosAction.WRITE and not self.settings:
            raise ValueError("name at least one setting")
        if self.when is BiosWhen.WINDOW and (self.window_start is None or self.window_start.tzinfo is None):
            raise ValueError("a window needs its beginning with a UTC offset")
        return self


class BiosWriteResult(Result):
    changed: int = Field(0, title="Changed and read back")
    waiting: int = Field(0, title="Waiting for a restart")
    refused: int = Field(0, title="Refused")
    settings: list[SettingResult] = Field(default_factory=list, title="Settings")


def danger_of(params: BiosWriteParams) -> Danger:
    """What restarts a server is confirmed, what forces it or resets it is typed."""
    if params.action is BiosAction.RESET:
        return Danger.DESTRUCTIVE
    if params.action is BiosAction.WITHDRAW or params.when is BiosWhen.STAGE:
        return Danger.NONE
    if params.when in (BiosWhen.NOW, BiosWhen.WINDOW) and params.reboot is not BiosReboot.GRACEFUL:
        return Danger.DESTRUCTIVE
    return Danger.DISRUPTIVE


def warning(params: BiosWriteParams) -> str:
    """The confirmation's sentence."""
    if params.action is BiosAction.RESET:
        return "Every BIOS setting goes back to its default at the next restart; the server may not start as before."
    if params.action is BiosAction.WITHDRAW:
        return ""
    return {
        BiosWhen.NOW: "The servers are restarted; everything that runs on them ends.",
        BiosWhen.WINDOW: "The servers are restarted by their iDRACs when the window begins.",
        BiosWhen.RESTART: "The settings change at each server's next restart, whoever does it.",
        BiosWhen.STAGE: "",
    }[params.when]


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
            await reset_to_default(ctx)
            return BiosWriteResult(
                summary="Defaults are set at the next restart." if not ctx.dry_run else "Dry run."
            )
        wanted = for_server(parse_assignments(params.settings), ctx.target.service_tag)
        if not wanted:
            return BiosWriteResult(summary="No setting is meant for this server.")
        lines = await change_bios(ctx, wanted, _timing(params), skip_refused=params.skip_refused)
    return summed(lines, dry_run=ctx.dry_run)


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


def _timing(params: BiosWriteParams) -> Timing:
    return Timing(
        When(params.when.value),
        _REBOOTS[params.reboot],
        params.window_start,
        params.window_minutes,
        params.minutes,
    )
