"""Bring a configuration profile onto servers: preview first, backup, import, and the truth about every setting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.operations.scp_export import Component
from dsm_desktop.operations.storage_choice import all_drives, look, refuse_in_use
from dsm_desktop.workflows.profile_import import ImportFailed, outcome, stored_text, wanted_settings
from dsm_desktop.workflows.profiles import ExportRequest, export_profile, run_import, run_preview
from dsm_desktop.workflows.settings import Outcome, SettingResult, told


class ImportShutdown(Worded):
    """NO_RESTART applies what needs none; the rest waits for the next restart."""

    GRACEFUL = "graceful", "Graceful"
    FORCED = "forced", "Forced"
    NO_RESTART = "no restart", "No: what needs one waits for it"


class HostAfter(Worded):
    ON = "on", "On"
    OFF = "off", "Off"


_SHUTDOWN = {
    ImportShutdown.GRACEFUL: "Graceful",
    ImportShutdown.FORCED: "Forced",
    ImportShutdown.NO_RESTART: "NoReboot",
}


class ScpImportParams(Paced):
    profile_id: int = Field(
        ge=1,
        title="Profile",
        description="number of a stored profile",
        json_schema_extra={"widget": "record", "suggest": "profile"},
    )
    components: list[Component] = Field(
        default_factory=lambda: [Component.ALL],
        title="Components",
        description="RAID only where it is chosen itself: ALL leaves it out",
    )
    settings: list[str] = Field(
        default_factory=list,
        max_length=5000,
        title="Only these settings",
        description="one a line: <component>#<name>; empty: the whole profile",
    )
    preview: bool = Field(True, title="Preview first", description="stops where the iDRAC objects")
    backup: bool = Field(True, title="Keep the present configuration", description="exported before, sealed")
    shutdown: ImportShutdown = Field(ImportShutdown.GRACEFUL, title="Restart the server")
    after: HostAfter = Field(HostAfter.ON, title="Afterwards the server is")
    minutes: int = Field(
        30, ge=5, le=60, title="Wait for its shutdown", json_schema_extra={"unit": "minutes"}
    )

    @property
    def raid(self) -> bool:
        """Volumes and drives are to be changed too: never by ALL alone."""
        return Component.RAID in self.components


class ScpImportResult(Result):
    changed: int = Field(0, title="Changed and read back")
    not_applied: int = Field(0, title="Not applied")
    secrets: int = Field(0, title="Secrets that cannot be read back")
    left_out: int = Field(0, title="RAID settings left out")
    backup_id: int | None = Field(None, title="Profile from before")
    message: str = Field("", title="The iDRAC says")
    settings: list[SettingResult] = Field(default_factory=list, title="Settings")


class PreviewObjects(DsmError):
    """The iDRAC objects to the profile in the preview; nothing was changed."""


def danger_of(params: ScpImportParams) -> Danger:
    """Whatever restarts the server, or may delete its volumes, is typed."""
    gentle = params.shutdown is ImportShutdown.NO_RESTART and not params.raid
    return Danger.DISRUPTIVE if gentle else Danger.DESTRUCTIVE


def warning(params: ScpImportParams) -> str:
    """The confirmation's sentence."""
    restarts = {
        ImportShutdown.GRACEFUL: "Where a setting needs it the server is restarted, its operating system is asked first.",
        ImportShutdown.FORCED: "Where a setting needs it the server is restarted by force; data not written yet is lost.",
        ImportShutdown.NO_RESTART: "Settings that need a restart wait for the next one.",
    }[params.shutdown]
    raid = (
        "VOLUMES MAY BE DELETED OR INITIALISED; their data are lost." if params.raid else "RAID is left out."
    )
    return f"{restarts} Users and addresses of the profile replace what is there. {raid}"


@job(
    "scp_import",
    label="Import a configuration…",
    title="Import configuration {profile_id} on {target}",
    menu="Configuration",
    exclusive=True,
    danger=Danger.DESTRUCTIVE,
    danger_of=danger_of,
    confirm=warning,
    requires=(idrac(8),),
)
async def scp_import(ctx: JobContext, params: ScpImportParams) -> ScpImportResult:
    """Import a stored configuration profile, or some settings of it: the iDRAC's own preview first, the present configuration kept,
    then the import, then every setting compared with what was wanted. An import that says it is done and changed less is told.
    RAID is left out unless chosen, and refused where a drive holds a vSAN or VMFS datastore."""
    keys = frozenset(line.strip() for line in params.settings if line.strip())
    async with reported(ctx):
        wanted = await wanted_settings(ctx, params.profile_id, keys, raid=params.raid)
        if wanted["raid"]:
            await ctx.step("look what the drives hold", partial(_refuse_in_use, ctx))
        text = partial(stored_text, ctx, params.profile_id, keys, raid=params.raid)
        if params.preview:
            await _previewed(ctx, text)
        before = await _exported(ctx, "before", "backup") if params.backup else None
        done = await run_import(
            ctx,
            text,
            components=_targets(params),
            shutdown=_SHUTDOWN[params.shutdown],
            power=params.after.value.capitalize(),
            minutes=params.minutes,
        )
        if done is None:
            return ScpImportResult(summary=f"Dry run: {wanted['count']} settings would be imported.")
        after = await _exported(ctx, "after", "export")
        reasons = [done["message"], *done["details"]]
        lines = await outcome(ctx, params.profile_id, keys, before, after or 0, reasons, raid=params.raid)
    told(ctx, lines[:500])
    return _judged(ctx, params, done, lines, wanted, before)


def _targets(params: ScpImportParams) -> tuple[str, ...]:
    chosen = [c.value for c in params.components]
    return ("ALL",) if not chosen or Component.ALL in params.components else tuple(chosen)


def _refuse_in_use(ctx: JobContext) -> bool:
    """A profile names volumes and slots, not data: any drive of the server may be meant."""
    refuse_in_use(ctx, all_drives(look(ctx)))
    return True


def _judged(
    ctx: JobContext,
    params: ScpImportParams,
    done: dict[str, object],
    lines: list[SettingResult],
    wanted: dict[str, Any],
    before: int | None,
) -> ScpImportResult:
    secrets, left_out = int(wanted["secrets"]), int(wanted["left_out"])
    changed = sum(line.outcome is Outcome.APPLIED for line in lines)
    missed = [line for line in lines if line.outcome is Outcome.NOT_APPLIED]
    message = str(done["message"])
    waits = params.shutdown is ImportShutdown.NO_RESTART
    if done["failed"] or (missed and not waits):
        raise ImportFailed(
            f"{len(missed)} of {len(missed) + changed} settings were not taken: {message or 'no reason given'}",
            hint="The log has each of them with its reason; the profile from before can be imported again.",
            where=ctx.target.label,
            detail="; ".join(f"{line.name}: {line.why}" for line in missed[:40]),
        )
    waiting = f", {len(missed)} wait for a restart" if missed else ""
    hidden = f"; {secrets} secrets cannot be read back" if secrets else ""
    without = f"; {left_out} RAID settings left out" if left_out else ""
    return ScpImportResult(
        summary=f"{changed} settings changed and read back{waiting}{hidden}{without}.",
        left_out=left_out,
        changed=changed,
        not_applied=len(missed),
        secrets=secrets,
        backup_id=before,
        message=message,
        settings=lines,
    )


async def _previewed(ctx: JobContext, text: Callable[[], str]) -> None:
    seen = await run_preview(ctx, text)
    if seen is not None and seen["failed"]:
        raise PreviewObjects(
            f"The iDRAC would not take the profile: {seen['message'] or 'it gave no reason'} Nothing was changed.",
            hint="Correct the profile, or import only the settings you need.",
            where=ctx.target.label,
            detail="; ".join(seen["details"])[:2000],
        )
    if seen is not None:
        ctx.log(f"Preview: {seen['message'] or 'no objection'}")


async def _exported(ctx: JobContext, moment: str, origin: str) -> int | None:
    kept = await export_profile(
        ctx,
        ExportRequest(name=f"{ctx.target.label}, {moment} job {ctx.job_id}", origin=origin, key=moment),
    )
    return None if kept is None else int(kept["id"])
