"""How servers stand to the site's standard, and bringing them to it."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field, model_validator

from dsm_desktop.configuration.checking import Verdicts
from dsm_desktop.configuration.own_account import shuts_out
from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import BIOS, IDRAC, Deviation, SiteStandard, deviations
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import Generation
from dsm_desktop.jobs import Danger, JobContext, Result, job
from dsm_desktop.operations.bios import BiosTimed, BiosWhen, timed_danger, timed_warning
from dsm_desktop.operations.reading import reported
from dsm_desktop.store.configuration import (
    CURRENT,
    load_settings,
    load_standard,
    profile_settings,
    save_settings,
)
from dsm_desktop.workflows.attributes import change_attributes, read_all, username_of
from dsm_desktop.workflows.bios import change_bios
from dsm_desktop.workflows.bios_reading import read_bios
from dsm_desktop.workflows.profiles import ExportRequest, export_profile, run_import
from dsm_desktop.workflows.settings import Outcome, SettingResult, refuse, refuse_unproven, told

_OLD = (Generation.IDRAC7.value, Generation.IDRAC8.value)


class StandardParams(BiosTimed):
    standard: str = Field(min_length=1, max_length=80, title="Site standard", description="its name")
    fix: bool = Field(False, title="Fix what deviates", description="else the deviations are only told")
    only: list[str] = Field(
        default_factory=list,
        max_length=600,
        title="Only these settings",
        description="one a line: <component>#<name>; empty: all",
    )
    when: BiosWhen = Field(
        BiosWhen.RESTART, title="BIOS settings apply", description="now restarts the servers"
    )
    skip_refused: bool = Field(True, title="Leave out what a server refuses")

    @model_validator(mode="before")
    @classmethod
    def _older_name(cls, given: Any) -> Any:
        """Saved jobs and schedules of earlier versions call `when` "bios"; their window had no beginning and was none."""
        if isinstance(given, dict) and "bios" in given:
            rest = {name: value for name, value in given.items() if name != "bios"}
            when = given["bios"]
            return {"when": BiosWhen.RESTART if when == BiosWhen.WINDOW else when, **rest}
        return given


class StandardResult(Result):
    deviations: int = Field(0, title="Deviations")
    fixed: int = Field(0, title="Fixed and read back")
    waiting: int = Field(0, title="Waiting for a restart")
    missing: list[str] = Field(default_factory=list, title="This server does not have")
    settings: list[SettingResult] = Field(default_factory=list, title="Settings")


def danger_of(params: StandardParams) -> Danger:
    """Looking harms nobody; settings of an iDRAC change at once whatever is said of BIOS."""
    if not params.fix:
        return Danger.NONE
    return Danger.DESTRUCTIVE if timed_danger(params) is Danger.DESTRUCTIVE else Danger.DISRUPTIVE


def warning(params: StandardParams) -> str:
    """The confirmation's sentence."""
    if not params.fix:
        return ""
    bios = timed_warning(params)
    deviate = f" Where BIOS settings deviate: {bios}" if bios else ""
    return f"Settings of the iDRACs change at once.{deviate}"


@job(
    "site_standard_apply",
    label="Site standard…",
    title="Site standard '{standard}' on {target}",
    menu="Configuration",
    exclusive=True,
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    confirm=warning,
)
async def site_standard_apply(ctx: JobContext, params: StandardParams) -> StandardResult:
    """Compare each server with the site's standard (NTP, DNS, syslog, SNMP, alerts, web server, users, BIOS), and fix what deviates:
    iDRAC settings at once, BIOS settings when you say. On iDRAC8, which has no attributes, by a small configuration profile."""
    async with reported(ctx):
        document = await ctx.step("read the standard", partial(_document, ctx, params.standard))
        standard = SiteStandard.model_validate(document)
        old = ctx.target.generation in _OLD
        await _read(ctx, standard, old)
        found: list[dict[str, Any]] = await ctx.step(
            "compare with the standard", partial(_deviating, ctx, standard, frozenset(params.only))
        )
        wrong = {d["key"]: d for d in found if not d["missing"]}
        missing = [d["key"] for d in found if d["missing"]]
        if not params.fix or not wrong:
            return _told(wrong, missing, _lines(wrong, Outcome.NOT_APPLIED if wrong else Outcome.UNCHANGED))
        lines = await _fix(ctx, params, wrong, old)
    return _told(wrong, missing, lines, dry_run=ctx.dry_run, fixing=True)


def _document(ctx: JobContext, name: str) -> dict[str, Any]:
    found = ctx.save(lambda uow: load_standard(uow.session.connection(), name))
    if found is None:
        raise BadInput(f"There is no site standard '{name}'.", hint="Make it in the site standard's view.")
    return found


async def _read(ctx: JobContext, standard: SiteStandard, old: bool) -> None:
    if standard.bios:
        await read_bios(ctx, key="standard")
    if not old:
        await read_all(ctx, key="standard")
        return
    kept = await export_profile(
        ctx, ExportRequest(name="", components=("IDRAC",), origin="export", key="standard")
    )
    if kept is not None:
        await ctx.step("keep the iDRAC's settings", partial(_from_profile, ctx, int(kept["id"])))


def _from_profile(ctx: JobContext, profile_id: int) -> int:
    """iDRAC8: what a profile says of the iDRAC, under the names newer ones use."""

    def save(uow: Any) -> int:
        values = profile_settings(uow.session.connection(), profile_id)
        mine = {
            key.partition("#")[2].replace("#", "."): value
            for key, value in values.items()
            if key.startswith(f"{IDRAC}#")
        }
        save_settings(uow, ctx.target.server_id, IDRAC, CURRENT, mine, job_id=ctx.job_id)
        return len(mine)

    return ctx.save(save)


def _deviating(ctx: JobContext, standard: SiteStandard, only: frozenset[str]) -> list[dict[str, Any]]:
    def load(uow: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for area in sorted({key.partition("#")[0] for key in standard.desired()} | {IDRAC}):
            settings = load_settings(uow.session.connection(), ctx.target.server_id, area) or {}
            values |= {f"{area}#{name}": value for name, value in settings.items()}
        return values

    found: list[Deviation] = deviations(standard, ctx.save(load))
    return [
        {"key": d.key, "wanted": d.wanted, "found": d.found, "missing": d.missing}
        for d in found
        if not only or d.key in only
    ]


async def _fix(
    ctx: JobContext, params: StandardParams, wrong: dict[str, dict[str, Any]], old: bool
) -> list[SettingResult]:
    bios = {k.partition("#")[2]: d["wanted"] for k, d in wrong.items() if k.startswith(f"{BIOS}#")}
    rest = {k.partition("#")[2]: d["wanted"] for k, d in wrong.items() if not k.startswith(f"{BIOS}#")}
    lines: list[SettingResult] = []
    if rest and old:
        rows = {k: d for k, d in wrong.items() if not k.startswith(f"{BIOS}#")}
        kept = await ctx.step("keep the account in use", partial(_own_account, ctx, rows))
        lines += refuse(ctx, Verdicts(rest, kept, {}), skip=params.skip_refused)
        lines += await _by_profile(ctx, {k: d for k, d in rows.items() if k.partition("#")[2] not in kept})
    elif rest:
        lines += await change_attributes(ctx, rest, skip_refused=params.skip_refused)
    if bios:
        lines += await change_bios(ctx, bios, params.timing, skip_refused=params.skip_refused)
    return lines


def _own_account(ctx: JobContext, wrong: dict[str, dict[str, Any]]) -> dict[str, str]:
    wanted = {key.partition("#")[2]: d["wanted"] for key, d in wrong.items()}
    return shuts_out(_settings(ctx), wanted, username_of(ctx))


async def _by_profile(ctx: JobContext, wrong: dict[str, dict[str, Any]]) -> list[SettingResult]:
    """iDRAC8: a profile of these settings alone; it needs no restart."""
    rows = []
    for key, deviation in wrong.items():
        fqdd, _, name = key.partition("#")
        group, _, last = name.rpartition(".")
        rows.append((fqdd, f"{group}#{last}", str(deviation["wanted"])))
    done = await run_import(
        ctx, lambda: compose(rows), components=("IDRAC",), shutdown="NoReboot", power="On", minutes=10
    )
    if done is None:
        return _lines(wrong, Outcome.NOT_APPLIED)
    kept = await export_profile(
        ctx, ExportRequest(name="", components=("IDRAC",), origin="export", key="proof")
    )
    now = await ctx.step("read what was kept", partial(_now, ctx, int(kept["id"]) if kept else 0))
    lines = [
        SettingResult(
            name=key,
            old=str(d["found"]),
            wanted=str(d["wanted"]),
            now=str(now.get(key, "")),
            outcome=Outcome.APPLIED if str(now.get(key, "")) == str(d["wanted"]) else Outcome.NOT_APPLIED,
            why="" if str(now.get(key, "")) == str(d["wanted"]) else str(done["message"]),
        )
        for key, d in wrong.items()
    ]
    told(ctx, lines)
    refuse_unproven(ctx, lines)
    return lines


def _now(ctx: JobContext, profile_id: int) -> dict[str, Any]:
    _from_profile(ctx, profile_id)
    return {f"{IDRAC}#{name}": value for name, value in _settings(ctx).items()}


def _settings(ctx: JobContext) -> dict[str, Any]:
    def load(uow: Any) -> dict[str, Any]:
        return load_settings(uow.session.connection(), ctx.target.server_id, IDRAC) or {}

    return ctx.save(load)


def _lines(wrong: dict[str, dict[str, Any]], outcome: Outcome) -> list[SettingResult]:
    return [
        SettingResult(
            name=key,
            old=str(d["found"]),
            wanted=str(d["wanted"]),
            now=str(d["found"]),
            outcome=outcome,
            why="not fixed: only compared",
        )
        for key, d in wrong.items()
    ]


def _told(
    wrong: dict[str, Any],
    missing: list[str],
    lines: list[SettingResult],
    *,
    dry_run: bool = False,
    fixing: bool = False,
) -> StandardResult:
    fixed = sum(line.outcome is Outcome.APPLIED for line in lines)
    waiting = sum(line.outcome is Outcome.WAITING for line in lines)
    if not wrong:
        summary = "As the standard wants it."
    elif not fixing:
        summary = f"{len(wrong)} deviations."
    elif dry_run:
        summary = f"Dry run: {len(wrong)} deviations would be fixed."
    else:
        summary = f"{fixed} of {len(wrong)} deviations fixed and read back"
        summary += f", {waiting} wait for a restart." if waiting else "."
    if missing:
        summary += f" {len(missing)} settings this server does not have."
    return StandardResult(
        summary=summary,
        deviations=len(wrong),
        fixed=fixed,
        waiting=waiting,
        missing=missing[:100],
        settings=lines,
    )
